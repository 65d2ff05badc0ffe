"""Every notebook agrees with its pair, and was executed in order, without a slip."""

import re
from pathlib import Path

import jupytext
import pytest

FOLDER = Path(__file__).parent.parent / "notebooks"
ENGLISH, CHINESE = sorted(FOLDER.glob("*.ipynb")), sorted(FOLDER.glob("zh_CN/*.ipynb"))
REPAIR = "Run: jupytext --execute --to ipynb notebooks/*.py (or notebooks/zh_CN/*.py)"
STRIP = "Run: python docs/strip_widgets.py"


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_notebook_has_its_pair_and_its_translation():
    assert ENGLISH
    assert [path.name for path in CHINESE] == [path.name for path in ENGLISH]
    for notebooks in (ENGLISH, CHINESE):
        scripts = sorted(notebooks[0].parent.glob("*.py"))
        assert [path.stem for path in notebooks] == [path.stem for path in scripts]


@pytest.mark.parametrize(
    "path", ENGLISH + CHINESE, ids=lambda path: str(path.relative_to(FOLDER).with_suffix(""))
)
class TestNotebook:
    def test_agrees_with_its_pair(self, path):
        def content(file):
            cells = jupytext.read(file).cells
            return [(c.cell_type, c.metadata.get("tags", []), c.source) for c in cells]

        assert content(path) == content(path.with_suffix(".py")), REPAIR

    def test_was_executed_in_order(self, path):
        counts = [cell.execution_count for cell in code_cells(jupytext.read(path))]
        assert counts == list(range(1, len(counts) + 1)), REPAIR

    def test_shows_no_error_no_warning_and_no_path(self, path):
        for cell in code_cells(jupytext.read(path)):
            for output in cell.outputs:
                assert output.output_type != "error"
                assert output.get("name") != "stderr", output.text
                text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
                assert not re.search(r"(^|[\s'\"=(])(/\w[\w.-]*/|[A-Z]:\\)|Warning", text), text

    def test_keeps_pictures_of_widgets_and_no_widget(self, path):
        notebook = jupytext.read(path)
        assert "widgets" not in notebook.metadata, STRIP
        for cell in code_cells(notebook):
            for output in cell.outputs:
                assert not any("widget" in kind for kind in output.get("data", {})), STRIP
            if re.search(r"^pk\.explore\(", cell.source, re.M):
                assert any("image/png" in output.get("data", {}) for output in cell.outputs)

    def test_has_short_cells(self, path):
        added = 'pk.language.use("zh")\n'  # which the English chapters do not have
        sources = [cell.source.replace(added, "") for cell in code_cells(jupytext.read(path))]
        assert max(len(source.splitlines()) for source in sources) <= 12
