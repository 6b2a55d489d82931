"""Find links that lead nowhere:   python tools/check_links.py FOLDER

FOLDER holds what nbdev makes of the notebooks (_proc), or the pages that Quarto makes of that
(_docs). A link inside the site must lead to a page that is there, and to a heading on it; an
address elsewhere must be well formed (nothing is fetched). Each dead link is a line on stderr; the
exit code is then 1.
"""
import argparse
import json
import posixpath
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
CODE = re.compile(r"^```.*?^```|^~~~.*?^~~~|`[^`\n]+`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*$", re.MULTILINE)
LINK = re.compile(r"\]\([ \t]*<?([^)\s>]+)>?[^)\n]*\)")
HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)


@dataclass
class Page:
    "What can be linked to on a page, and what it links to."
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)


class PageParser(HTMLParser):
    "Reads a page of the site."

    def __init__(self, page: Page):
        super().__init__()
        self.page = page

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attributes if value}
        self.page.anchors |= {values[name] for name in ("id", "name") if name in values}
        names = {"a": "href", "link": "href", "img": "src", "script": "src"}
        if names.get(tag) in values: self.page.links.append(values[names[tag]])


def heading_id(text: str) -> str:
    "The anchor that Pandoc gives a heading (its manual, auto_identifiers)."
    explicit = re.search(r"\{[^}]*#([\w.:-]+)[^}]*\}\s*$", text)
    if explicit: return explicit[1]
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", text)
    text = re.sub(r"[^\w\s.-]", "", text.replace("\\", "")).strip().lower()
    return re.sub(r"^[^a-z]+", "", re.sub(r"\s+", "-", text)) or "section"


def read_notebook(path: Path) -> tuple[str, Page]:  # the name of its page, and what is on it
    "Read a notebook as nbdev leaves it for Quarto."
    page, name = Page(), path.stem + ".html"
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        texts, source = [], "".join(cell["source"])
        if cell["cell_type"] == "raw":
            name = (re.findall(r"^output-file: (\S+)$", source, re.MULTILINE) or [name])[0]
        if cell["cell_type"] == "markdown": texts.append(source)
        for output in cell.get("outputs", []):  # of show_doc: a heading and a link to the source
            texts.append("".join(output.get("data", {}).get("text/markdown", "")))
        for text in texts:
            fenced = re.sub(r"^(```|~~~).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
            for heading in HEADING.findall(fenced):
                anchor, number = heading_id(heading), 1
                while anchor in page.anchors:
                    anchor, number = f"{heading_id(heading)}-{number}", number + 1
                page.anchors.add(anchor)
            page.links += LINK.findall(CODE.sub("`", text))
    return name, page


def read_site(folder: Path) -> dict[str, Page]:  # path within the site → page
    "All pages of a folder, from HTML where it holds HTML, else from notebooks."
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        if "site_libs" in path.relative_to(folder).parts: continue
        page = pages[path.relative_to(folder).as_posix()] = Page()
        PageParser(page).feed(path.read_text(encoding="utf-8"))
    if pages: return pages
    for path in sorted(folder.rglob("*.ipynb")):
        place = path.relative_to(folder)
        if place.parts[0] == "tests": continue  # not on the site
        name, page = read_notebook(path)
        pages[(place.parent / name).as_posix()] = page
        pages[place.as_posix()] = Page(page.anchors)  # notebooks link to each other by file
    return pages


def well_formed(address: str) -> bool:
    "Whether an address outside the site could be one."
    try: parts = urlsplit(address)
    except ValueError: return False
    if parts.scheme == "mailto": return "@" in parts.path
    return parts.scheme in ("http", "https") and HOST.fullmatch(parts.netloc) is not None


def dead_links(pages: dict[str, Page], folder: Path, site: str) -> Iterator[str]:
    "One sentence for each link that leads nowhere."
    for name, page in pages.items():
        for link in dict.fromkeys(page.links):
            inside = link.removeprefix(site).lstrip("/") if link.startswith(site) else None
            if inside is None and (re.match(r"[a-z][\w+.-]*:|//", link, re.IGNORECASE)):
                if link.startswith(("data:", "javascript:")): continue
                if not well_formed(link if not link.startswith("//") else "https:" + link):
                    yield f"{name}: {link} is not a well-formed address"
                continue
            path, _, anchor = (link if inside is None else inside).partition("#")
            path = unquote(path.partition("?")[0])
            start = posixpath.dirname(name) if inside is None else ""
            target = posixpath.normpath(posixpath.join(start, path)) if path else name
            if inside is not None and not path: target = "index.html"
            if target in pages:
                if anchor and unquote(anchor) not in pages[target].anchors:
                    yield f"{name}: {link} leads to {target}, which has no heading of that name"
            elif not (folder / target).exists() or target.endswith(".ipynb"):
                yield f"{name}: {link} leads to {target}, which is not there"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    config = ConfigParser()
    config.read(ROOT / "settings.ini", encoding="utf-8")
    site = config["DEFAULT"]["doc_host"] + config["DEFAULT"]["doc_baseurl"]
    pages = read_site(folder)
    if not pages:
        print(f"{folder} holds no page. Run nbdev_docs first.", file=sys.stderr)
        return 1
    dead = list(dead_links(pages, folder, site))
    for complaint in dead: print(complaint, file=sys.stderr)
    print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links, "
        f"{len(dead)} dead")
    return 1 if dead else 0


if __name__ == "__main__": sys.exit(main())
