"""Make README.md from nbs/index.ipynb: python tools/readme.py

With --check nothing is written: one line on stderr says what is out of step, and the exit code
is 1. The check also reads every notebook and page: an address of this project names the owner of
settings.ini.
"""
import argparse
import copy
import posixpath
import re
import sys
from configparser import ConfigParser
from pathlib import Path

import nbformat
import yaml
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent
HEADER = "<!-- Made from nbs/index.ipynb by tools/readme.py. Change it there. -->"

DIRECTIVE = re.compile(r"^#\|[ \t]*([\w-]+):?[ \t]*(.*)\n?", re.MULTILINE)
CODE_SPAN = re.compile(r"(^```.*?^```|^~~~.*?^~~~|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
# Quarto's {width=…} has no place in a README
INLINE_LINK = re.compile(r"(\]\([ \t]*<?)([^)\s>]+)(>?[^)\n]*\))(?:\{[^}\n]*\})?")
TAG_LINK = re.compile(r"(\b(?:src|href)=[\"'])([^\"']+)([\"'])")
NAMED_LINK = re.compile(r"(^\[[^\]]+\]:[ \t]+)(\S+)()", re.MULTILINE)


class ReadmeError(Exception):
    "What the reader of the notebook has to change, in one line."


def relink(target: str) -> str:
    """A link as seen from the top of the project; what the notebook calls 05_resnet.ipynb is
    nbs/05_resnet.ipynb here."""
    if re.match(r"[a-zA-Z][\w+.-]*:|#|/", target): return target
    path, mark, place = target.partition("#")
    path = posixpath.normpath(posixpath.join("nbs", path))
    if not (ROOT / path).exists():
        raise ReadmeError(f"nbs/index.ipynb links to {target}, and there is no {path}.")
    return path + mark + place


def relink_text(text: str) -> str:
    "Every relative link and picture of a markdown text, code left alone."
    pieces = CODE_SPAN.split(text)
    for pattern in (INLINE_LINK, TAG_LINK, NAMED_LINK):
        pieces[::2] = [pattern.sub(lambda found: found[1] + relink(found[2]) + found[3], piece)
            for piece in pieces[::2]]
    return "".join(pieces)


def front_matter(source: str) -> str:
    "Title and description of a YAML header, as markdown; the rest of it is for the site alone."
    header = yaml.safe_load(source.strip().removeprefix("---").removesuffix("---")) or {}
    lines = [f"# {header['title']}"] if "title" in header else []
    if "description" in header: lines.append(f"> {header['description']}")
    return "\n\n".join(lines)


def check_outputs(cell) -> None:
    "A README can show text; a stored picture or table would have to become a file first."
    for output in cell.outputs:
        kinds = set(output.get("data", {}))
        wrong = kinds - {"text/plain", "text/markdown"}
        if output.output_type == "error": wrong = {"error"}
        if output.get("name") == "stderr": wrong = {"text on stderr"}
        if wrong:
            first = cell.source.splitlines()[0] if cell.source else ""
            raise ReadmeError(f"nbs/index.ipynb: the cell that starts with {first!r} stores "
                f"{sorted(wrong)[0]}, which a README can't show. Put a picture under nbs/images "
                "and link it, print text, or mark the cell '#| output: false'.")


def shown_code(cell) -> bool:
    "Prepare a code cell for the README; False where nothing of it is shown."
    directives = {name: value.strip().lower() for name, value in DIRECTIVE.findall(cell.source)}
    cell.source = DIRECTIVE.sub("", cell.source).strip("\n")
    installs = directives.get("eval") == "false" and cell.source.startswith("!pip install")
    if "hide" in directives or directives.get("include") == "false" or installs: return False
    if "hide_output" in directives or directives.get("output") == "false": cell.outputs = []
    hidden = "hide_input" in directives or directives.get("echo") == "false" or not cell.source
    cell.metadata["transient"] = {"remove_source": hidden}  # nbconvert's own word for it
    check_outputs(cell)
    return bool(cell.outputs) or not hidden


def shown_cells(notebook) -> list:
    "The cells of a notebook as the README shows them."
    cells = []
    for cell in copy.deepcopy(notebook.cells):
        if cell.cell_type == "raw": cell = nbformat.v4.new_markdown_cell(front_matter(cell.source))
        if cell.cell_type == "markdown": cell.source = relink_text(cell.source)
        elif not shown_code(cell): continue
        if cell.source or cell.get("outputs"): cells.append(cell)
    return cells


def tidy(text: str) -> str:
    """One empty line between blocks and one line end at the end, whatever version of nbconvert made
    it; code blocks as they are."""
    lines, fenced = [], False
    for line in text.splitlines():
        if not line.strip() and not fenced:
            if lines and lines[-1]: lines.append("")
            continue
        if line.startswith(("```", "~~~")): fenced = not fenced
        lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def make_readme() -> str:
    "The whole text of README.md."
    index = ROOT / "nbs" / "index.ipynb"
    if not index.exists(): raise ReadmeError("There is no nbs/index.ipynb to make README.md from.")
    notebook = nbformat.read(index, as_version=4)
    notebook.cells = shown_cells(notebook)
    # nbdev_clean drops it; it is the word after ```
    notebook.metadata["language_info"] = {"name": "python"}
    return f"{HEADER}\n\n" + tidy(MarkdownExporter().from_notebook_node(notebook)[0])


def pages() -> list[Path]:
    "Every file in which an address of this project may stand."
    found = [*ROOT.glob("*.md"), *ROOT.glob(".github/workflows/*.yml"),
        *ROOT.glob("nbs/**/*.ipynb")]
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def check_owner() -> None:
    "Every address of this project names the owner who stands in settings.ini."
    config = ConfigParser()
    config.read(ROOT / "settings.ini", encoding="utf-8")
    owner, repo = config["DEFAULT"]["user"], config["DEFAULT"]["repo"]
    hosts = r"(?:github\.com[/:]|githubusercontent\.com/|/github/)"
    address = re.compile(rf"{hosts}([\w.-]+)/{repo}\b|([\w-]+)\.github\.io/{repo}\b")
    for path in pages():
        for found in address.finditer(path.read_text(encoding="utf-8")):
            if owner != (found[1] or found[2]):
                raise ReadmeError(f"{path.relative_to(ROOT)} links to {found[0]}; in settings.ini "
                    f"the owner is {owner}.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true",
        help="write nothing; exit code 1 when README.md is out of step")
    arguments = parser.parse_args()
    readme = ROOT / "README.md"
    try:
        text = make_readme()
        if not arguments.check: readme.write_text(text, encoding="utf-8")
        elif not readme.exists() or readme.read_text(encoding="utf-8") != text:
            raise ReadmeError(
                "README.md is out of step with nbs/index.ipynb. Run: python tools/readme.py")
        check_owner()
    except ReadmeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__": sys.exit(main())
