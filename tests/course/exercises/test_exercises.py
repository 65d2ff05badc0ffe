"""Every exercise of every notebook: its check fails on the untouched cell, passes on the solution.

An exercise is a code cell tagged `exercise`, whose last line is its check. It uses only `pk`, `np`,
`tf`, `keras`, `math` and what it defines itself, so that it runs here on its own. Its solution is
the whole cell again, in a ```python block inside <details> in a Markdown cell after it.
"""

import math
import re
from pathlib import Path

import jupytext
import keras
import numpy as np
import pytest
import tensorflow as tf

import petkeras as pk

NOTEBOOKS = sorted((Path(__file__).parents[3] / "notebooks").glob("*.py"))
CHINESE = re.compile("[\u4e00-\u9fff]")
THREE_WORDS = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")  # of an English sentence
CALL = re.compile(r"^pk\.check\.(chapter\d\d)\.(exercise_\d)\(.*\)$")


def exercises():
    """Return parameters: the code of each untouched cell, and of its solution."""
    found = []
    for notebook in NOTEBOOKS:
        cells = jupytext.read(notebook).cells
        for place, cell in enumerate(cells):
            if "exercise" not in cell.metadata.get("tags", []):
                continue
            chapter, name = CALL.match(cell.source.strip().splitlines()[-1]).groups()
            assert chapter == f"chapter{notebook.stem[:2]}"
            after = "\n".join(c.source for c in cells[place + 1 :] if c.cell_type == "markdown")
            solutions = re.findall(
                r"<details>.*?```python\n(.*?)```.*?</details>", after, re.DOTALL
            )
            call = f"pk.check.{chapter}.{name}("
            solution = next(text for text in solutions if call in text)
            found.append(pytest.param(cell.source, solution, id=f"{chapter}-{name}"))
    return found


def run(code):
    """Run a cell, and return the value of its last line."""
    *lines, last = code.strip().splitlines()
    names = {"pk": pk, "np": np, "tf": tf, "keras": keras, "math": math}
    exec("\n".join(lines), names)
    return eval(last, names)


@pytest.mark.parametrize(("untouched", "solution"), exercises())
def test_the_check_fails_on_the_untouched_cell_and_passes_on_the_solution(untouched, solution):
    answer = run(untouched)
    assert not answer
    assert repr(answer).startswith("Not yet: ")
    assert run(solution)


@pytest.mark.parametrize(("untouched", "solution"), exercises())
def test_in_chinese_the_check_answers_in_chinese(monkeypatch, untouched, solution):
    monkeypatch.setenv("PETKERAS_LANG", "zh_CN")
    for code, verdict in ((untouched, "还差一点"), (solution, "答对了")):
        answer = run(code)
        assert repr(answer).startswith(f"{verdict}：")
        assert f"{verdict}。</strong>" in answer._repr_html_()
        assert CHINESE.search(answer.text)
        assert not THREE_WORDS.search(answer.text)
