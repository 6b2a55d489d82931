"""Run notebooks and store their outputs:   python tools/execute.py [nbs/01_images.ipynb …]

Without an argument it runs all of them. A cell marked `#| eval: false`, `#| slow`, `#| gpu` is left
as it is (--slow runs the slow ones too).
It stops at the first error; a notebook that failed is not written. Follow it with nbdev_clean.
"""
import argparse
import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent


class SkippingClient(NotebookClient):
    "An nbclient that leaves cells with certain directives alone."
    skipped = re.compile(r"^#\|\s*(eval:\s*false|slow|gpu|notest)\b", re.MULTILINE)

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        if cell.cell_type == "code" and self.skipped.search(cell.source): return cell
        return await super().async_execute_cell(cell, cell_index, **kwargs)


def join_streams(notebook) -> None:
    "Progress bars write many pieces to stderr: keep none of them, and join what was printed."
    for cell in notebook.cells:
        if cell.cell_type != "code": continue
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]


def execute(path: Path) -> None:
    "Run one notebook in its own folder and write it back with its outputs."
    notebook = nbformat.read(path, as_version=4)
    SkippingClient(notebook, timeout=3600, kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}}).execute()
    join_streams(notebook)
    nbformat.write(notebook, path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--slow", action="store_true", help="run the cells marked slow too")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    if arguments.slow:
        SkippingClient.skipped = re.compile(r"^#\|\s*(eval:\s*false|gpu|notest)\b", re.MULTILINE)
    for path in arguments.notebooks or sorted(path for path in (ROOT / "nbs").rglob("*.ipynb")
        if "/." not in str(path)):
        print(path, flush=True)
        try: execute(path.resolve())
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__": sys.exit(main())
