"""The course is copied into the reader's folder, where the reader's changes stay."""

import json
import os
import re
import signal
import sys
import tomllib
import webbrowser
from pathlib import Path

import jupytext
import nbformat
import pytest

from petkeras.course import lab
from petkeras.errors import PetkerasError

ROOT = Path(__file__).parents[2]
FILES = {"01_a.ipynb": b"one", "02_b.ipynb": b"two"}


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.glob("*.ipynb")}


LANGUAGES = pytest.mark.parametrize(("lang", "folder"), [("en", "."), ("zh_CN", "zh_CN")])


@LANGUAGES
def test_every_notebook_is_there_and_links_to_the_glossary_beside_it(lang, folder):
    files = lab.chapters(lang)
    notebooks = {file.name for file in (ROOT / "notebooks" / folder).glob("*.ipynb")}
    assert len(notebooks) == 13
    assert set(files) == notebooks | {"glossary.md"}
    for name in notebooks:
        notebook = nbformat.reads(files[name].decode(), as_version=4)
        text = "\n".join(cell.source for cell in notebook.cells)
        assert "../docs/" not in text
        assert set(re.findall(r"\]\((\w[^):#]*)#", text)) <= {"glossary.md"}


@pytest.mark.parametrize(
    ("lang", "terms"),
    [
        ("en", {"ReLU", "Max-pool", "tf.data"}),
        ("zh_CN", {"ReLU", "最大池化（Max-pool）", "tf.data"}),
    ],
)
def test_links_use_jupyterlabs_anchors(lang, terms):
    files = {name: content.decode() for name, content in lab.chapters(lang).items()}
    headings = re.findall(r"^## (.+)$", files["glossary.md"], re.MULTILINE)
    known = {heading.replace(" ", "-") for heading in headings}  # JupyterLab's createHeaderId
    linked = set()
    for text in files.values():
        linked |= set(re.findall(r"\]\((?:glossary\.md)?#([^)]*)\)", text))
    assert terms <= linked <= known


def test_a_wheel_holds_the_notebooks_and_the_glossary():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["only-include"] == ["petkeras", "notebooks", "docs/glossary.md"]
    assert wheel["exclude"] == ["notebooks/**/*.py"]
    assert wheel["sources"] == dict.fromkeys(["docs", "notebooks"], "petkeras/notebooks")


def test_in_a_wheel_the_notebooks_are_in_the_package(monkeypatch, tmp_path):
    package = tmp_path / "petkeras"
    (package / "notebooks").mkdir(parents=True)
    monkeypatch.setattr(lab, "__file__", str(package / "course" / "lab.py"))
    with pytest.raises(PetkerasError, match="were not installed with petkeras"):
        lab.chapters()
    notebook = {"a": "[a](../docs/glossary.md#tape)", "metadata": {"kernelspec": {}}}
    (package / "notebooks" / "01_a.ipynb").write_text(json.dumps(notebook))
    (package / "notebooks" / "01_a.py").write_bytes(b"")
    (package / "notebooks" / "glossary.md").write_bytes(b"## Tape")
    files = lab.chapters()
    assert list(files) == ["01_a.ipynb", "glossary.md"]
    assert files["glossary.md"] == b"## Tape"
    metadata = {"kernelspec": {}, "jupytext": {"formats": "ipynb"}}
    assert json.loads(files["01_a.ipynb"]) == {"a": "[a](glossary.md#Tape)", "metadata": metadata}
    chinese = package / "notebooks" / "zh_CN"
    chinese.mkdir()
    notebook["a"] = "[a](../../docs/glossary.md#tape)"
    (chinese / "01_a.ipynb").write_text(json.dumps(notebook))
    (chinese / "glossary.md").write_text("## 梯度带（Tape）", encoding="utf-8")
    files = lab.chapters("zh_CN")
    assert list(files) == ["01_a.ipynb", "glossary.md"]
    assert json.loads(files["01_a.ipynb"])["a"] == "[a](glossary.md#梯度带（Tape）)"


def test_jupytext_keeps_no_second_file_of_a_readers_notebook(tmp_path):
    lab.copy_chapters(tmp_path)
    for file in tmp_path.glob("*.ipynb"):
        notebook = nbformat.read(file, as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        assert notebook.metadata.jupytext == {"formats": "ipynb"}
        assert jupytext.read(file).cells == notebook.cells


def test_a_second_copy_changes_nothing(tmp_path):
    folder = tmp_path / "new" / "folder"
    assert lab.copy_chapters(folder, FILES) == dict.fromkeys(FILES, "copied")
    assert contents(folder) == FILES
    assert lab.copy_chapters(folder, FILES) == dict.fromkeys(FILES, "same")


def test_only_files_that_the_reader_left_alone_are_updated(tmp_path):
    lab.copy_chapters(tmp_path, FILES)
    (tmp_path / "01_a.ipynb").write_bytes(b"mine")
    newer = {"01_a.ipynb": b"one, newer", "02_b.ipynb": b"two, newer", "03_c.ipynb": b"three"}
    results = lab.copy_chapters(tmp_path, newer)
    assert list(results.values()) == ["kept", "updated", "copied"]
    assert contents(tmp_path) == {**newer, "01_a.ipynb": b"mine"}
    assert list(lab.copy_chapters(tmp_path, newer).values()) == ["kept", "same", "same"]
    (tmp_path / "01_a.ipynb").rename(tmp_path / "mine.ipynb")  # as the command advises
    assert lab.copy_chapters(tmp_path, newer)["01_a.ipynb"] == "copied"
    assert contents(tmp_path) == {**newer, "mine.ipynb": b"mine"}


@pytest.mark.parametrize("damage", ["", "{", "[]", '"text"', '{"01_a.ipynb": 3}'])
def test_a_file_without_a_known_hash_is_the_readers(tmp_path, damage):
    (tmp_path / lab.COPIED).write_text(damage)
    (tmp_path / "01_a.ipynb").write_bytes(b"mine")
    assert list(lab.copy_chapters(tmp_path, FILES).values()) == ["kept", "copied"]
    assert (tmp_path / "01_a.ipynb").read_bytes() == b"mine"
    assert set(json.loads((tmp_path / lab.COPIED).read_text())) >= {"02_b.ipynb"}


def test_a_folder_has_the_course_in_one_language(tmp_path):
    lab.copy_chapters(tmp_path, FILES)
    with pytest.raises(PetkerasError, match=r"has the course in another language: en\. Name"):
        lab.copy_chapters(tmp_path, {"01_a.ipynb": "一".encode()}, "zh_CN")
    assert contents(tmp_path) == FILES
    chinese = tmp_path / "zh"
    assert lab.copy_chapters(chinese, FILES, "zh_CN") == dict.fromkeys(FILES, "copied")
    assert lab.copy_chapters(chinese, FILES, "zh_CN") == dict.fromkeys(FILES, "same")


def test_a_file_cannot_be_the_folder(tmp_path):
    (tmp_path / "notes").touch()
    with pytest.raises(PetkerasError, match=r"notes is a file\. Name a folder"):
        lab.copy_chapters(tmp_path / "notes", FILES)


def test_jupyterlab_runs_in_the_folder_and_keeps_ctrl_c(tmp_path, monkeypatch):
    (tmp_path / "jupyterlab.py").write_text(
        "import json, os, pathlib, sys\n"
        "pathlib.Path('was.json').write_text(json.dumps([os.getcwd(), sys.argv[1:]]))\n"
        "sys.exit(3)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)  # found even where JupyterLab is not installed
    folder = tmp_path / "folder"
    folder.mkdir()
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    assert lab.open_jupyterlab(folder, ["--no-browser", "--port=9"]) == 3
    assert signal.getsignal(signal.SIGINT) is before
    where, arguments = json.loads((folder / "was.json").read_text())
    assert Path(where) == folder.resolve()
    first = "--LabApp.default_url=/lab/tree/00_start_here.ipynb"
    assert arguments == [first, "--no-browser", "--port=9"]
    assert lab.FIRST in lab.chapters()
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    lab.open_jupyterlab(folder)
    assert json.loads((folder / "was.json").read_text())[1] == [first, "--allow-root"]


@pytest.mark.parametrize(
    ("platform", "environment", "found", "expected"),
    [
        ("linux", {}, True, False),
        ("linux", {"DISPLAY": ":0"}, True, True),
        ("linux", {"DISPLAY": ":0"}, False, False),
        ("darwin", {}, True, True),
    ],
)
def test_a_browser_needs_a_screen(platform, environment, found, expected, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)

    def get():
        if not found:
            raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", get)
    assert lab.has_browser() == expected


def test_without_jupyterlab_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyterlab", None)  # what a failed import leaves
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PetkerasError, match=r"pip install 'petkeras\[lab\]'"):
        lab.open_jupyterlab(tmp_path)


def test_nothing_is_written_through_a_link_or_over_a_folder(tmp_path):
    folder, outside = tmp_path / "mine", tmp_path / "outside"
    (folder / "02_b.ipynb").mkdir(parents=True)
    (folder / "01_a.ipynb").symlink_to(outside)
    assert lab.copy_chapters(folder, FILES) == {"01_a.ipynb": "kept", "02_b.ipynb": "kept"}
    assert not outside.exists()


def test_a_damaged_list_of_hashes_counts_as_empty(tmp_path):
    for text in (b"{", b"[]", b"\xff", 100_000 * b"["):
        (tmp_path / lab.COPIED).write_bytes(text)
        (tmp_path / "01_a.ipynb").write_bytes(b"mine")
        assert lab.copy_chapters(tmp_path, FILES)["01_a.ipynb"] == "kept"


def test_a_dangling_link_is_not_a_folder(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PetkerasError, match=r"link is a file\. Name a folder"):
        lab.copy_chapters(tmp_path / "link", FILES)
