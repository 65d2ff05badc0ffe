"""`petkeras lab`."""

import re

import pytest

from petkeras import language
from petkeras.system import fonts


def test_lab_copies_the_notebooks_and_keeps_changed_ones(petkeras, tmp_path):
    code, out, _ = petkeras("lab", tmp_path / "mine", "--copy-only")
    assert code == 0
    assert re.search(r"^Copied: .*08_training\.ipynb.*, glossary\.md$", out, re.MULTILINE)
    (tmp_path / "mine" / "08_training.ipynb").write_text("mine")
    code, out, _ = petkeras("lab", tmp_path / "mine", "--copy-only")
    assert code == 0
    assert "Kept with your changes" in out
    assert (tmp_path / "mine" / "08_training.ipynb").read_text() == "mine"


@pytest.fixture
def started(tmp_path, monkeypatch):
    """Return the list to which each start of JupyterLab adds its arguments."""
    monkeypatch.setattr(language, "_chosen", None)  # and as it was before, when the test has ended
    started = []
    monkeypatch.setattr(
        "petkeras.course.lab.open_jupyterlab", lambda *given: started.append(given) or 5
    )
    monkeypatch.setattr("petkeras.course.lab.has_browser", lambda: True)
    monkeypatch.setattr("petkeras.course.lab.is_container", lambda: False)
    monkeypatch.chdir(tmp_path)
    return started


def test_lab_passes_its_options_to_jupyterlab(petkeras, complaint, started, tmp_path):
    assert petkeras("lab", "--no-browser", "--port", 9000)[0] == 5
    assert started == [("petkeras-notebooks", ["--no-browser", "--port=9000"])]
    assert (tmp_path / "petkeras-notebooks" / "08_training.ipynb").exists()
    assert "70000 is not in the range" in complaint(petkeras("lab", "--port", 70000))
    (tmp_path / "file").touch()
    assert "is a file. Name a folder" in complaint(petkeras("lab", tmp_path / "file"))


def test_lab_in_chinese_has_a_folder_of_its_own(
    petkeras, complaint, started, tmp_path, monkeypatch
):
    monkeypatch.setattr(fonts, "font_families", lambda: ["DejaVu Sans"])
    assert "没有安装中文字体" in petkeras("lab", "--lang", "zh")[1]
    monkeypatch.setattr(fonts, "missing_letters", lambda text: [])
    assert "没有" not in petkeras("lab", "mine", "--lang", "zh")[1]
    assert [folder for folder, _ in started] == ["petkeras-notebooks-zh", "mine"]
    assert "08 · 训练" in (tmp_path / "mine" / "08_training.ipynb").read_text(encoding="utf-8")
    assert "'fr' is not one of 'en', 'zh'" in complaint(petkeras("lab", "--lang", "fr"))


def test_without_a_choice_the_course_is_in_the_environments_language(
    petkeras, started, monkeypatch
):
    monkeypatch.setenv("PETKERAS_LANG", "zh")
    petkeras("lab")
    assert started[0][0] == "petkeras-notebooks-zh"


def test_what_follows_two_dashes_goes_to_jupyterlab(petkeras, complaint, started):
    petkeras("lab", "--", "--ip=0.0.0.0", "--", "x")
    petkeras("lab", "mine", "--port", 9000, "--", "--ServerApp.token=a")
    assert started == [
        ("petkeras-notebooks", ["--ip=0.0.0.0", "--", "x"]),
        ("mine", ["--port=9000", "--ServerApp.token=a"]),
    ]
    assert "No such option '--ip'" in complaint(petkeras("lab", "--ip=0.0.0.0"))
    assert "[DIR] [-- JUPYTERLAB_OPTIONS]" in petkeras("lab", "--help")[1]


def test_without_a_browser_a_line_says_what_to_open(petkeras, started, monkeypatch):
    assert "browser" not in petkeras("lab")[1]
    monkeypatch.setattr("petkeras.course.lab.has_browser", lambda: False)
    assert "ssh -L 8888:localhost:8888" in petkeras("lab")[1]
    monkeypatch.setattr("petkeras.course.lab.is_container", lambda: True)
    out = petkeras("lab", "--", "--port=9001")[1]
    assert "-p 127.0.0.1:9001:9001" in out
    assert "petkeras lab -- --ip=0.0.0.0" in out
    assert [arguments for _, arguments in started] == [
        [],
        ["--no-browser"],
        ["--no-browser", "--port=9001"],
    ]
