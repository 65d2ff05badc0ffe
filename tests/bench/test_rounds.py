"""The rounds: contenders in turn, each in a process of its own, and the report about them."""

import json
import os
import subprocess

import pytest

from petkeras.bench import rounds, tables
from petkeras.bench.rounds import Result, ratio
from petkeras.bench.worker import CONTENDERS
from petkeras.cli import main as cli
from petkeras.errors import PetkerasError

SECONDS = {"petkeras float32": 0.4, "Keras fit float32": 0.8, "PyTorch float32": 1.6}
PROFILE = {"milliseconds": {"Conv2D": 30.0, "Relu": 10.0}, "step": 50.0}
RATES = {"float32": 1e11, "bfloat16": 2e11, "bandwidth": 1e10}


def worked(name, task=None):
    if name == "limits":
        return {"rates": RATES, "inputs": 500.0}
    if name == "profile":
        return PROFILE
    waiting = 0.02 if name.startswith("petkeras") else None
    figures = {"seconds": SECONDS[name], "waiting": waiting}
    return {**figures, "first_step": 1e10, "memory": 2_000_000_000}


@pytest.fixture
def recorded(monkeypatch):
    """Run nothing, but record what would have run."""
    asked = []
    monkeypatch.setattr(rounds, "work", lambda *work: asked.append(work[0]) or worked(*work))
    return asked


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # the command sets it; restored after a test


def test_contenders_take_turns(recorded):
    names = ["petkeras float32", "Keras fit float32"]
    (one, other), dropped = rounds.run(names, 3, {"steps": 5})
    assert recorded == names * 3
    assert (one.seconds, other.step) == ([0.4] * 3, 0.8)
    assert ratio(one, other) == pytest.approx(0.5)
    assert (one.waiting, other.waiting, dropped) == ([0.02] * 3, [], [])


def test_one_that_fails_is_dropped_and_reported(monkeypatch):
    def work(name, task):
        if name == "PyTorch float32":
            raise PetkerasError("no compiler")
        return worked(name)

    monkeypatch.setattr(rounds, "work", work)
    results, dropped = rounds.run(["PyTorch float32", "Keras fit float32"], 2, {})
    assert [result.name for result in results] == ["Keras fit float32"]
    assert dropped == ["no compiler"]
    with pytest.raises(PetkerasError, match="no compiler"):
        rounds.run(["PyTorch float32"], 2, {})


def test_a_ratio_is_of_rounds_that_were_neighbors():
    one = Result("one", seconds=[1.0, 2.0, 6.0])
    other = Result("other", seconds=[2.0, 4.0, 4.0])
    assert ratio(one, other) == 0.5


def test_pytorchs_best_counts_in_each_precision():
    seconds = {
        "petkeras float32": 1.0,
        "petkeras bfloat16": 0.5,
        "PyTorch float32": 4.0,
        "PyTorch float32, compiled": 2.0,
        "PyTorch bfloat16": 1.0,
        "PyTorch bfloat16, compiled": 5.0,
    }
    assert tables.ratios([Result(name, [value]) for name, value in seconds.items()]) == [
        ("petkeras float32", "PyTorch's best float32 (PyTorch float32, compiled)", 0.5),
        ("petkeras bfloat16", "petkeras float32", 0.5),
        ("petkeras bfloat16", "PyTorch's best bfloat16 (PyTorch bfloat16)", 0.5),
    ]


def installed(monkeypatch, *modules):
    """Let only these modules seem to be installed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in modules or None)


def test_an_unknown_contender_is_named():
    with pytest.raises(
        PetkerasError, match=r"contender 'Theano'\. The contenders are: petkeras fl"
    ):
        rounds.choose(["Theano"], "cpu")
    assert rounds.choose(["Keras fit float32"], "cpu") == (["Keras fit float32"], [])


def test_what_is_not_installed_is_left_out(monkeypatch):
    monkeypatch.setattr("petkeras.hardware.devices.computes_bfloat16", lambda: True)
    installed(monkeypatch, "torch", "jax")
    assert rounds.choose([], "gpu") == (list(CONTENDERS), [])
    installed(monkeypatch, "torch")
    chosen, lines = rounds.choose([], "gpu")
    assert chosen == [name for name in CONTENDERS if name != "Keras fit float32, JAX"]
    assert lines == ["Left out: JAX, which is not installed."]
    with pytest.raises(PetkerasError, match="'Keras fit float32, JAX' needs JAX, which is not"):
        rounds.choose(["Keras fit float32, JAX"], "gpu")
    installed(monkeypatch)
    assert not any("PyTorch" in name for name in rounds.choose([], "gpu")[0])


def test_bfloat16_is_left_out_where_it_has_no_instructions(monkeypatch):
    monkeypatch.setattr("petkeras.hardware.devices.computes_bfloat16", lambda: False)
    installed(monkeypatch, "torch", "jax")
    chosen, (line,) = rounds.choose([], "gpu")
    assert chosen == [name for name in CONTENDERS if "bfloat16" not in name]
    assert line.startswith("Left out: bfloat16, for which this machine has no instructions.")
    assert rounds.choose(["petkeras bfloat16"], "cpu") == (["petkeras bfloat16"], [])


def test_xla_is_left_out_on_a_cpu(monkeypatch):
    monkeypatch.setattr("petkeras.hardware.devices.computes_bfloat16", lambda: True)
    installed(monkeypatch, "torch", "jax")
    chosen, (line,) = rounds.choose([], "cpu")
    assert chosen == [name for name in CONTENDERS if "XLA" not in name]
    assert line == "Left out: XLA, which is several times slower on a CPU."
    assert rounds.choose(["petkeras float32, XLA"], "cpu") == (["petkeras float32, XLA"], [])


@pytest.mark.parametrize(
    ("asked", "gpus", "device", "hidden"),
    [("cpu", ["a card"], "cpu", "-1"), (None, [], "cpu", "-1"), (None, ["a card"], "gpu", "")],
)
def test_all_train_on_the_same_device(monkeypatch, asked, gpus, device, hidden):
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: gpus)
    assert rounds.choose_device(asked) == device
    assert os.environ["CUDA_VISIBLE_DEVICES"] == hidden


@pytest.mark.parametrize(("device", "platform"), [("cpu", "cpu"), ("gpu", "cuda")])
def test_keras_on_jax_is_a_module_of_its_own(monkeypatch, device, platform):
    started = []

    def run(command, env, **_):
        started.append((command, env))
        return subprocess.CompletedProcess(command, 0, '{"seconds": 1.0}\n', "")

    monkeypatch.setattr("subprocess.run", run)
    assert rounds.work("Keras fit float32, JAX", {"device": device}) == {"seconds": 1.0}
    (command, environment), *_ = started
    assert command[1:] == ["-m", "petkeras.bench.builtin", json.dumps({"device": device})]
    assert (environment["KERAS_BACKEND"], environment["JAX_PLATFORMS"]) == ("jax", platform)


@pytest.mark.parametrize(
    ("name", "onednn", "threads"),
    [
        ("petkeras float32", "1", "1"),
        ("Keras fit float32", "", None),
        ("Keras fit float32, same settings", "1", "1"),
        ("the article's loop", "", None),
        ("limits", "1", "1"),
        ("profile", "1", "1"),
    ],
)
def test_each_has_its_own_settings(monkeypatch, name, onednn, threads):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    started = []

    def run(command, env, **_):
        started.append(env)
        return subprocess.CompletedProcess(command, 0, "{}\n", "")

    monkeypatch.setattr("subprocess.run", run)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    rounds.work(name, {"device": "cpu"})
    assert started[0]["TF_ENABLE_ONEDNN_OPTS"] == onednn
    assert started[0].get("TF_NUM_INTEROP_THREADS") == threads


def test_a_contender_that_fails_is_reported():
    with pytest.raises(PetkerasError, match="'nobody' failed: KeyError: 'nobody'"):
        rounds.work("nobody", {})


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "import os, sys; print('one\\n\\ntwo\\nthree\\nLLVM ERROR: twice', file=sys.stderr); "
            "sys.stderr.flush(); os.kill(os.getpid(), 6)",
            "it was ended by SIGABRT. It said last: two three LLVM ERROR: twice",
        ),
        ("import os; os.kill(os.getpid(), 9)", "it was ended by SIGKILL. It said nothing."),
        ("raise SystemExit(3)", "it ended with exit status 3. It said nothing."),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("pass", "it ended with exit status 0. It said nothing."),  # without any figures
    ],
)
def test_an_unexpected_end_is_described_on_one_line(monkeypatch, program, message):
    run = subprocess.run
    monkeypatch.setattr(
        "subprocess.run", lambda command, **how: run([command[0], "-c", program], **how)
    )
    with pytest.raises(PetkerasError) as raised:
        rounds.work("Keras fit float32", {})
    assert str(raised.value) == f"The contender 'Keras fit float32' failed: {message}"


def bench(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["petkeras", "bench", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code, *capsys.readouterr()


def test_the_command_prints_a_table_json_or_a_page(recorded, monkeypatch, capsys):
    chosen = [word for name in SECONDS if "PyTorch" not in name for word in ("--contender", name)]
    arguments = ("--image-size", "16", "--rounds", "2", *chosen)
    code, out, err = bench(monkeypatch, capsys, *arguments)
    assert code == 0
    assert "petkeras float32 / Keras fit float32: 0.50" in out
    assert "100 billion in float32, 200 in bfloat16. Memory: 10.0 GB/s" in out
    assert "25.0 images per second; waiting for images: 2.0% of a step." in out
    assert err.startswith("round 1 of 2: petkeras float32\n")
    code, out, _ = bench(monkeypatch, capsys, *arguments, "--json")
    measured = json.loads(out)
    assert measured["contenders"]["petkeras float32"]["seconds"] == [0.4, 0.4]
    assert measured["ratios"][0]["ratio"] == pytest.approx(0.5)
    assert measured["input_pictures_per_second"] == 500
    assert measured["machine"]["processor"]
    assert measured["profile"] == PROFILE
    code, out, _ = bench(monkeypatch, capsys, *arguments, "--markdown")
    assert out.startswith("# How fast a training step is\n")
    # An epoch has 34 steps.
    assert "| petkeras float32 | 0.400 | 0.400 | 0.400 | 13.6 |" in out
    headings = [line[3:] for line in out.splitlines() if line.startswith("## ")]
    assert headings == [
        "Contenders",
        "The machine",
        "A training step, in seconds",
        "Ratios of seconds per step: below 1, the first is faster",
        "The machine's limits",
        "Operations of a training step",
        "To repeat it",
    ]
    assert "| Conv2D | 75.0% | 30.00 |" in out
    assert "| Keras fit float32 | Keras's built-in layers, Adam and `model.fit`" in out
    assert "--image-size 16 --batch-size 10 --steps 20 --rounds 2 --markdown`" in out
    assert "`--contender 'petkeras float32' --contender 'Keras fit float32'`" in out


@pytest.mark.parametrize("option", ["--rounds", "--steps", "--batch-size", "--image-size"])
def test_numbers_out_of_range_are_refused(monkeypatch, capsys, option):
    code, out, err = bench(monkeypatch, capsys, option, "0")
    assert (code, out) == (2, "")
    assert err == f"petkeras: '{option}' must be 1 or more. Received: 0\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--device gpu", "TensorFlow found no GPU: leave out '--device gpu'."),
        ("--accuracy 0.8 --breeds a,b", "noise: leave out '--accuracy', '--breeds'."),
        ("--profile --rounds 2", "single training in float32 is measured: leave out '--rounds'."),
        ("--source pets --steps 9 --profile", "are timed: leave out '--steps', '--profile'."),
        ("--source pets --accuracy 0", "'--accuracy': 0.0 is not in the range 0<x<=1."),
    ],
)
def test_what_cannot_be_done_is_one_line(monkeypatch, capsys, words, line):
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: [])
    code, out, err = bench(monkeypatch, capsys, *words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


def test_a_profile_is_of_the_cpu(monkeypatch, capsys):
    monkeypatch.setattr(rounds, "work", worked)
    code, out, err = bench(monkeypatch, capsys, "--profile", "--device", "cpu")
    assert (code, err) == (0, "")
    assert out.split("Conv2D", 1)[1].split()[:2] == ["75.0%", "30.00"]
    assert "All 2 operations: 40.0 ms per step. A step took 50.0 ms" in out
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: ["a card"])
    code, _, err = bench(monkeypatch, capsys, "--profile")
    assert (code, err.count("add '--device cpu'")) == (2, 1)
