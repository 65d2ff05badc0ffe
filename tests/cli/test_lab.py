"""`petkeras lab`."""

import re


def test_lab_copies_the_notebooks_and_keeps_changed_ones(petkeras, tmp_path):
    code, out, _ = petkeras("lab", tmp_path / "mine", "--copy-only")
    assert code == 0
    assert re.search(r"^Copied: .*08_training\.ipynb.*, glossary\.md$", out, re.MULTILINE)
    (tmp_path / "mine" / "08_training.ipynb").write_text("mine")
    code, out, _ = petkeras("lab", tmp_path / "mine", "--copy-only")
    assert code == 0
    assert "Kept with your changes" in out
    assert (tmp_path / "mine" / "08_training.ipynb").read_text() == "mine"


def test_lab_passes_its_options_to_jupyterlab(petkeras, complaint, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(
        "petkeras.course.lab.open_jupyterlab", lambda *given: started.append(given) or 5
    )
    monkeypatch.chdir(tmp_path)
    assert petkeras("lab", "--no-browser", "--port", 9000)[0] == 5
    assert started == [("petkeras-notebooks", ["--no-browser", "--port=9000"])]
    assert (tmp_path / "petkeras-notebooks" / "08_training.ipynb").exists()
    assert "70000 is not in the range" in complaint(petkeras("lab", "--port", 70000))
    (tmp_path / "file").touch()
    assert "is a file. Name a folder" in complaint(petkeras("lab", tmp_path / "file"))
