"""`petkeras evaluate`, `predict` and `visualize`."""

import json
import re

import keras
import numpy as np
import pytest
from conftest import picture_bytes

import petkeras as pk
from petkeras.cli.runs import _print_breeds
from petkeras.data.pipeline import preprocess
from petkeras.report import figures


def test_train_evaluate_predict(train, petkeras, pets, tmp_path):
    run_dir = tmp_path / "runs" / "first"
    code, out, _ = train(run_dir, "--breeds", "Samoyed,shiba inu", "--precision", "float32")
    assert code == 0
    said = out.splitlines()
    assert "samoyed and shiba_inu, 34 to train and 6 to test." in said[0]
    assert said[1] == "1 file: not a picture, ignored (samoyed_100.mat)"
    assert re.match(r"Training on the .* in float32\.", said[2])
    assert re.search(r"\d \(95% interval 0\.\d{3} to [01]\.\d{3}\) on the test part", said[-1])
    assert said[-1].endswith(f"View it: tensorboard --logdir {run_dir}")
    config = json.loads((run_dir / "config.json").read_text())
    assert config["recipe"]["epochs"] == 2
    assert config["class_names"] == ["samoyed", "shiba_inu"]

    code, out, _ = petkeras("evaluate", run_dir, "--json")
    measured = json.loads(out)
    last = pk.Run(run_dir).history.epochs[-1]
    assert code == 0
    assert measured["test"]["accuracy"] == pytest.approx(last.test_accuracy)
    assert measured["test"]["loss"] == pytest.approx(last.test_loss, rel=1e-4)
    right = sum(breed["right"] for breed in measured["train"]["breeds"].values())
    assert right / measured["train"]["pictures"] == pytest.approx(measured["train"]["accuracy"])
    code, out, _ = petkeras("evaluate", run_dir)
    assert re.search(r"test +6 +\d+\.\d{4} +[01]\.\d{3} +[01]\.\d{3} to [01]\.\d{3}", out)
    for name in ("samoyed", "shiba_inu"):
        counts = [measured[part]["breeds"][name]["right"] for part in ("train", "test")]
        assert re.search(rf"{name} +{counts[0]}/17 +{counts[1]}/3", out)
    assert "The test part has only 6 pictures" in out

    photographs = [tmp_path / "photo 1.jpg", tmp_path / "photo2.png"]
    photographs[0].write_bytes(picture_bytes(1))
    photographs[1].write_bytes(picture_bytes(2, kind="PNG", mode="RGBA"))
    code, out, _ = petkeras("predict", run_dir, *photographs, "--json")
    answers = json.loads(out)
    assert [answer["photograph"] for answer in answers] == [str(file) for file in photographs]
    for answer in answers:
        assert list(answer["probabilities"]) == ["samoyed", "shiba_inu"]
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
        best = max(answer["probabilities"], key=answer["probabilities"].get)
        assert answer["breed"] == best
    code, out, _ = petkeras("predict", run_dir, *photographs)
    for answer in answers:
        shown = re.search(rf"{re.escape(answer['photograph'])} .*", out).group()
        assert answer["breed"] in shown
        assert f"{answer['probabilities']['samoyed']:.4f}" in shown

    # bit for bit what a plain keras.saving.load_model gives
    run = pk.Run(run_dir)
    model = keras.saving.load_model(run_dir / "model.keras")
    for answer in answers:
        image = run.read([answer["photograph"]])[0]
        logits = model(preprocess(image[None], run.mean, run.recipe), training=False)
        row = np.asarray(keras.ops.softmax(logits))[0].tolist()
        assert row == list(answer["probabilities"].values())


def measure(classes):
    """Return what `evaluate_run` returns: of breed i, i of 40 test pictures are right."""
    names = [f"breed_of_a_name_that_is_rather_long_{i:02d}" for i in range(classes)]
    part = {name: {"pictures": 40, "right": i} for i, name in enumerate(names)}
    return {"train": {"breeds": part}, "test": {"breeds": part}}


def listed(text):
    return [int(number) for number in re.findall(r"long_(\d+)", text)]


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_breeds_are_listed_below_each_other_and_of_many_the_worst_and_the_best(
    columns, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", columns)
    _print_breeds(measure(6), every=False)
    out = capsys.readouterr().out
    assert listed(out) == list(range(6))
    _print_breeds(measure(37), every=False)
    out = capsys.readouterr().out
    assert listed(out) == [0, 1, 2, 3, 4, 32, 33, 34, 35, 36]
    assert "the 5 worst and the 5 best of 37 on the test part. List all: --all or --json" in out
    _print_breeds(measure(37), every=True)
    out = capsys.readouterr().out
    assert listed(out) == list(range(37))
    assert out.count("12/40") == 2
    assert max(map(len, out.splitlines())) <= int(columns)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "run"


def test_visualize_draws_a_run_into_its_folder(petkeras, train, shown, tmp_path, monkeypatch):
    for slow in ("attribution_figures", "activation_maximization_figures"):  # tests/report has them
        monkeypatch.setattr(figures, slow, lambda inputs: [])
    assert train(shown, "--film", "conv1_2:0,3", "--film-every", 2)[0] == 0
    photograph = tmp_path / "it's <me>.png"
    photograph.write_bytes(picture_bytes(5, (33, 80), "PNG", "RGBA"))
    code, out, err = petkeras("visualize", shown, photograph, "--layer", "conv1_1")
    assert (code, err) == (0, "")
    assert f"All on one page: {shown}/report.html" in out
    files = {file.name for file in (shown / "figures").iterdir()}
    assert {"curves.png", "evolution-conv1_2.gif", "activations-conv1_1.png"} <= files
    assert "evolution-conv1_1.gif" not in files  # it was not filmed
    assert "it&#x27;s &lt;me&gt;.png" in (shown / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layer", "conv5"), "There is no layer 'conv5'. The layers are: conv1_1, conv1_2"),
        (
            ("--layer", "fc1"),
            "Layer 'fc1' has no feature maps. Layers with feature maps are: conv1_1",
        ),
        (("no_such.jpg",), "no_such.jpg cannot be used: it cannot be opened (No such file"),
    ],
)
def test_visualize_reports_what_it_cannot_draw(petkeras, complaint, shown, arguments, message):
    assert message in complaint(petkeras("visualize", shown, *arguments))


def test_visualize_refuses_a_folder_that_is_not_a_run(petkeras, complaint, tmp_path):
    assert "is not a run folder" in complaint(petkeras("visualize", tmp_path))
