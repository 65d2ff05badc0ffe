"""Take widgets out of the executed notebooks; their pictures stay.

    python docs/strip_widgets.py [NOTEBOOK ...]

A notebook that is opened again, or read on the site, has no kernel that could bring a stored widget
back to life: it would show an error in place of the picture that is stored beside the widget.
"""

import sys
from pathlib import Path

import nbformat

VIEW = "application/vnd.jupyter.widget-view+json"
NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def strip(notebook):
    """Remove the widgets' views and state from a notebook; return True if there were any."""
    found = notebook.metadata.pop("widgets", None) is not None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found |= output.get("data", {}).pop(VIEW, None) is not None
    return found


def main():
    """Strip the notebooks that were named, or all."""
    for file in [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.rglob("[0-9]*.ipynb")):
        notebook = nbformat.read(file, as_version=nbformat.NO_CONVERT)
        if strip(notebook):
            nbformat.write(notebook, file)


if __name__ == "__main__":
    main()
