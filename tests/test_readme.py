"""README.md and the page on exporting: their blocks run as written, in their order.

The pictures are few and small, and the trainings short. Everything else is what the page says.
"""

import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import picture_bytes, published_archives, two_breeds

import petkeras as pk
from petkeras.cli import main as cli
from petkeras.data import oxford, pets
from petkeras.report import figures

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "howto" / "export.md")
SIZE = 16  # pixels

# What a command of a shell block is run with in addition: later options replace earlier ones.
SHORTER = {
    "data": ["--image-size", str(SIZE)],
    "train": ["--image-size", str(SIZE), "--epochs", "1"],
    "train --resume": ["--epochs", "2"],
}
# Commands that are only parsed by the shell, and why.
NOT_RUN = {
    "pip": "it installs packages",
    "python3": "it makes a virtual environment",
    "pytest": "it runs this test",
    "tensorboard": "it is a server",
    "petkeras bench": "it takes minutes",
    "petkeras doctor": "its result depends on the machine",
    "petkeras lab": "it is a server",
}
# Python blocks with these words run only where such a package is installed: petkeras needs none.
NEEDED = ("onnx", "ai_edge_litert")
# Code of a Python block, and what it is replaced by.
REPLACED = {
    'source="sample"': f'source="sample", image_size={SIZE}',
    "pk.pet_net(recipe=pk.MODERN": f"pk.pet_net(image_size={SIZE}, recipe=short",
    "data, pk.MODERN, ": "data, short, ",
}


def blocks(page):
    """Return a list of (language, code) of a page's blocks."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def shell(tmp_path):
    """Run a shell block in which each program only notes its arguments; return these, in a list."""
    programs, notes = tmp_path / "programs", tmp_path / "notes"
    programs.mkdir()
    for name in {key.split()[0] for key in NOT_RUN}:
        (programs / name).write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"with open({str(notes)!r}, 'a') as file:\n"
            f"    print(json.dumps([{name!r}, *sys.argv[1:]]), file=file)\n"
        )
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"

    def run(code):
        notes.unlink(missing_ok=True)
        Path(".venv/bin").mkdir(parents=True, exist_ok=True)
        Path(".venv/bin/activate").touch()  # as `python3 -m venv .venv` makes it
        subprocess.run(["bash", "-e", "-c", code], check=True, env={**os.environ, "PATH": path})
        return [json.loads(line) for line in notes.read_text().splitlines()]

    return run


@pytest.fixture
def petkeras(monkeypatch, capfd):
    """Run a command of petkeras in this process, made shorter."""

    def run(*words):
        group = "train --resume" if "--resume" in words else words[0]
        monkeypatch.setattr(sys, "argv", ["petkeras", *words, *SHORTER.get(group, ())])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code, (words, capfd.readouterr().err)

    return run


def test_the_command_that_runs_all_tests_is_run_as_it_is_written():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    reading = re.search(r"^command=(?:.*\\\n)*.*$", script, re.M)[0]
    printed = subprocess.run(
        ["bash", "-ec", f'{reading}\nprintf %s "$command"'],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    [written] = [code for _, code in blocks(ROOT / "README.md") if " pytest " in code]
    assert printed.stdout.decode() == re.sub(r" *\\\n *", " ", written).strip()


def test_no_line_of_a_shell_block_is_cut_off_on_a_code_hosts_page():
    lines = [line for _, code in blocks(ROOT / "README.md") for line in code.splitlines()]
    assert max(map(len, lines)) <= 100


def test_every_block_runs_in_the_order_of_the_page(tmp_path, monkeypatch, shell, petkeras):
    published_archives(tmp_path / "pets", two_breeds(20))
    monkeypatch.setattr(
        oxford, "open_download", lambda where: oxford.open_archives(tmp_path / "pets", where)
    )
    monkeypatch.setattr(pets, "_drawn_archives", lambda where: tmp_path / "pets")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "1")  # which `train` sets for its process
    for slow in ("filter", "_film", "attribution", "activation_maximization"):
        monkeypatch.setattr(figures, f"{slow}_figures", lambda inputs: [])  # tests/report has them
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    for number, name in enumerate(("photo.jpg", "photo1.jpg", "photo2.png")):  # the reader's own
        kind = "PNG" if name.endswith("png") else "JPEG"
        Path(name).write_bytes(picture_bytes(number, kind=kind))

    ran, left_out, replaced = set(), set(), set()
    short = dataclasses.replace(pk.MODERN, epochs=1, film_every=1)
    names = {"short": short}
    for language, code in (block for page in PAGES for block in blocks(page)):
        if language == "sh":
            for words in shell(code):
                command = " ".join(words[:2]) if words[0] == "petkeras" else words[0]
                if command in NOT_RUN:
                    left_out.add(command)
                    continue
                petkeras(*words[1:])
                ran.add(command)
            continue
        assert language == "python"
        if any(word in code and importlib.util.find_spec(word) is None for word in NEEDED):
            continue
        for old, new in REPLACED.items():
            if old in code:
                code, replaced = code.replace(old, new), replaced | {old}
        exec(compile(code, "a block", "exec"), names)

    wanted = ("data", "train", "evaluate", "predict", "visualize", "explore")
    assert ran == {f"petkeras {name}" for name in wanted}
    assert (left_out, replaced) == (set(NOT_RUN), set(REPLACED))
    assert Path("runs/drawn/report.html").stat().st_size > 100_000
    assert Path("conv1_2.gif").read_bytes().startswith(b"GIF")
    assert Path("pets.tflite").exists()
    assert pk.Run("runs/drawn").history.column("epoch") == [1, 2]
    expected = pk.Run("runs/mine").predict(["photo.jpg"])
    exported = names["tf"].nn.softmax(names["logits"]).numpy()
    assert abs(exported - expected).max() < 1e-5
