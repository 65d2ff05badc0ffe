"""The rounds: in turn, each in a process of its own, and what is told of them."""

import json

import pytest

from petkeras import cli
from petkeras.bench import rounds, tables
from petkeras.bench.rounds import Result, ratio
from petkeras.errors import PetkerasError

SECONDS = {"petkeras float32": 0.4, "Keras fit float32": 0.8, "PyTorch float32": 1.6}
RATES = {"float32": 1e11, "bfloat16": 2e11, "bandwidth": 1e10}


def worked(name, task=None):
    if name == "limits":
        return {"rates": RATES, "inputs": 500.0}
    return {"seconds": SECONDS[name], "first_step": 1e10, "memory": 2_000_000_000}


@pytest.fixture
def pretend(monkeypatch):
    """Let nothing run, and take note of what would have."""
    asked = []
    monkeypatch.setattr(rounds, "work", lambda *work: asked.append(work[0]) or worked(*work))
    return asked


def test_contenders_take_turns(pretend):
    names = ["petkeras float32", "Keras fit float32"]
    one, other = rounds.run(names, 3, {"steps": 5})
    assert pretend == names * 3
    assert (one.seconds, other.step) == ([0.4] * 3, 0.8)
    assert ratio(one, other) == pytest.approx(0.5)


def test_a_ratio_is_of_rounds_that_were_neighbors():
    one = Result("one", seconds=[1.0, 2.0, 6.0])
    other = Result("other", seconds=[2.0, 4.0, 4.0])
    assert ratio(one, other) == 0.5


def test_pytorchs_best_counts():
    results = [Result("petkeras float32", [1.0]), Result("PyTorch float32", [4.0])]
    results.append(Result("PyTorch float32, compiled", [2.0]))
    assert tables.ratios(results) == [("petkeras float32", "PyTorch float32, compiled", 0.5)]


def test_an_unknown_contender_is_named():
    with pytest.raises(PetkerasError, match=r"no contender 'Theano'\. There are: petkeras float32"):
        rounds.choose(["Theano"])
    assert rounds.choose(["Keras fit float32"]) == ["Keras fit float32"]


def test_a_contender_that_fails_is_told_of():
    with pytest.raises(PetkerasError, match="'nobody' did not end well: KeyError: 'nobody'"):
        rounds.work("nobody", {})


def bench(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["petkeras", "bench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, *capsys.readouterr()


def test_the_command_prints_a_table_json_or_a_page(pretend, monkeypatch, capsys):
    chosen = [word for name in SECONDS if "PyTorch" not in name for word in ("--contender", name)]
    arguments = ("--image-size", "16", "--rounds", "2", *chosen)
    code, out, err = bench(monkeypatch, capsys, *arguments)
    assert code == 0
    assert "petkeras float32 / Keras fit float32: 0.50" in out
    assert "100 billion in float32, 200 in bfloat16. Memory: 10.0 GB/s" in out
    assert err.startswith("round 1 of 2: petkeras float32\n")
    code, out, _ = bench(monkeypatch, capsys, *arguments, "--json")
    measured = json.loads(out)
    assert measured["contenders"]["petkeras float32"]["seconds"] == [0.4, 0.4]
    assert measured["ratios"][0]["ratio"] == pytest.approx(0.5)
    assert measured["input_pictures_per_second"] == 500
    code, out, _ = bench(monkeypatch, capsys, *arguments, "--markdown")
    assert out.startswith("# How fast\n")
    assert "| petkeras float32 | 0.400 | 0.400 | 0.400 | 25.0 |" in out


@pytest.mark.parametrize(
    ("option", "value", "least"),
    [("--rounds", 0, 1), ("--steps", 3, 5), ("--batch-size", 0, 1), ("--image-size", 0, 1)],
)
def test_numbers_out_of_range_are_refused(monkeypatch, capsys, option, value, least):
    code, out, err = bench(monkeypatch, capsys, option, str(value))
    assert (code, out) == (2, "")
    assert err == f"petkeras: {option} must be {least} or more. Received: {value}\n"
