"""`petkeras train`."""

import dataclasses
import json
import os
import pty
import re
import time

import numpy as np
import pytest
from conftest import halves_data, picture_bytes
from PIL import Image

import petkeras as pk
from petkeras.cli import main as cli


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """The folder of a run of petkeras's own network, at 16 pixels."""
    run_dir = tmp_path_factory.mktemp("runs") / "backbone"
    recipe = dataclasses.replace(pk.MODERN, epochs=1, pixel_scale=64.0)
    model = pk.pet_net(image_size=16, recipe=recipe, seed=0)
    pk.train(model, halves_data(), recipe, run_dir, verbose=False)
    return run_dir


def test_tensorflow_is_told_to_run_one_operation_at_a_time(petkeras, monkeypatch):
    name = "TF_NUM_INTEROP_THREADS"
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    for before, then in ((None, "1"), ("7", "7")):
        monkeypatch.setenv(name, before or "")
        if before is None:
            monkeypatch.delenv(name)
        assert petkeras("train", "--resume", "nowhere")[0] == 2
        assert os.environ[name] == then


def test_a_validation_part_is_held_back_with_a_backbone_too(train, petkeras, backbone, tmp_path):
    for folder, more in (("plain", ()), ("transfer", ("--backbone", backbone))):
        code, out, _ = train(tmp_path / folder, "--validation-fraction", 0.2, *more)
        assert code == 0
        counts = "28 to train, 6 to validate and 6 to test."
        assert f"samoyed, {counts}" in out or f"shiba_inu, {counts}" in out
        code, out, _ = petkeras("evaluate", tmp_path / folder, "--json")
        assert {part: m["pictures"] for part, m in json.loads(out).items()} == {
            "train": 28, "validation": 6, "test": 6,
        }  # fmt: skip


def test_recipes_and_their_options(train, tmp_path):
    code, _, _ = train(
        tmp_path / "run", "--recipe", "article", "--conv-dropout", 0, "--dense-dropout", 0, "--flip"
    )
    assert code == 0
    recipe = pk.Run(tmp_path / "run").recipe
    assert (recipe.name, recipe.learning_rate, recipe.pixel_scale) == ("article", 1e-5, 1.0)
    assert (recipe.conv_dropout, recipe.dense_dropout, recipe.flip) == (0.0, 0.0, True)


def test_the_run_folder_is_named_for_the_time_unless_named(petkeras, pets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, _ = petkeras("train", "--source", pets, "--image-size", 8, "--epochs", 1)
    assert code == 0
    (run_dir,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", run_dir.name)


def test_choose_asks_until_the_answer_is_valid(train, tmp_path, monkeypatch):
    answers = iter(["samoyed", "samoyed, bug", "2, samoyed"])
    monkeypatch.setattr(cli.click, "prompt", lambda question: next(answers))
    code, out, _ = train(tmp_path / "run", "--choose")
    assert code == 0
    assert "  1  samoyed\n  2  shiba_inu\n" in out
    assert "'--breeds' must name two breeds or more" in out
    assert "Unknown breed 'bug'" in out
    assert pk.Run(tmp_path / "run").class_names == ("shiba_inu", "samoyed")


def test_ctrl_c_keeps_the_model_and_resume_finishes_the_run(
    petkeras, interrupted, complaint, tmp_path
):
    run_dir = tmp_path / "run"
    code, out, err = interrupted(run_dir)
    assert code == 130
    assert err == ""
    assert f"Resume: petkeras train --resume {run_dir}" in out
    assert (run_dir / "model.keras").exists()

    assert "leave out '--flip'" in complaint(petkeras("train", "--resume", run_dir, "--flip"))
    done = pk.Run(run_dir).history.epochs[-1].epoch
    code, out, _ = petkeras("train", "--resume", run_dir, "--epochs", done + 2)
    assert code == 0
    assert "Resuming from step " in out
    assert pk.Run(run_dir).history.epochs[-1].epoch == done + 2


def test_the_same_command_again_resumes_and_a_different_one_is_refused(train, complaint, tmp_path):
    run_dir = tmp_path / "run"
    assert train(run_dir)[0] == 0
    history = pk.Run(run_dir).history
    assert train(run_dir)[0] == 0
    assert pk.Run(run_dir).history == history
    code, out, _ = train(run_dir, "--epochs", 3)
    assert code == 0
    assert "Resuming from step" in out
    assert "learning_rate is 0.001 there, not 0.1" in complaint(
        train(run_dir, "--epochs", 3, "--learning-rate", 0.1)
    )
    assert "has already trained for 3 epochs, which is more than 2" in complaint(
        train(run_dir, "--epochs", 2)
    )


def test_repeat_gives_the_same_results_and_says_so(train, petkeras, complaint, tmp_path):
    run_dir, again = tmp_path / "run", tmp_path / "again"
    train(run_dir, "--film", "conv1_1:3")
    code, out, _ = petkeras("train", "--repeat", run_dir, "--run-dir", again)
    assert code == 0
    assert f"All losses and accuracies equal those of {run_dir}, to the last bit." in out
    for one, other in zip(pk.Run(run_dir).model.weights, pk.Run(again).model.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert json.loads((again / "evolution/film.json").read_text())["filters"] == {"conv1_1": [3]}
    assert "is not empty" in complaint(petkeras("train", "--repeat", run_dir, "--run-dir", again))
    assert "leave out '--seed'" in complaint(petkeras("train", "--repeat", run_dir, "--seed", 1))
    for breed in ("samoyed", "shiba_inu"):
        (tmp_path / "others" / breed).mkdir(parents=True)
        for number in range(8):
            file = tmp_path / "others" / breed / f"{number}.jpg"
            file.write_bytes(picture_bytes(number))
    others = ("--run-dir", tmp_path / "x", "--source", tmp_path / "others")
    assert "are not those that the run was trained on" in complaint(
        petkeras("train", "--repeat", run_dir, *others)
    )


def test_of_several_processes_only_the_first_one_prints(train, petkeras, tmp_path, monkeypatch):
    train(tmp_path / "run")
    monkeypatch.setattr("petkeras.hardware.strategies.is_chief", lambda strategy: False)
    again = ("train", "--repeat", tmp_path / "run", "--run-dir", tmp_path / "again")
    assert petkeras(*again) == (0, "", "")
    assert petkeras("train", "--resume", tmp_path / "run", "--epochs", 3) == (0, "", "")
    assert not (tmp_path / "again").exists()


def test_a_terminal_gets_a_progress_bar(start, train_command, tmp_path):
    ours, theirs = pty.openpty()
    command = train_command(tmp_path / "run")
    with start(command, theirs, theirs, TERM="xterm", COLUMNS="120") as process:
        os.close(theirs)
        screen, end = "", time.monotonic() + 120
        while time.monotonic() < end:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the process has closed its end
                break
            screen += read.decode(errors="replace")
    os.close(ours)
    assert process.returncode == 0
    for part in ("epoch 2/2", "loss ", "accuracy ", "steps/s", "left"):
        assert part in screen


def test_a_loss_that_is_not_finite_is_reported_in_one_line(train, complaint, tmp_path):
    said = complaint(train(tmp_path / "run", "--learning-rate", "3e38", "--warmup", 0))
    assert "The loss became" in said


@pytest.mark.parametrize(
    ("film", "message"),
    [
        ("conv1_2", "'--film' must be a layer and its filters, such as conv1_2:0,5,7. Received: "),
        ("conv1_2:a", "'--film' must be a layer and its filters"),
        ("conv1_2:99", "Layer 'conv1_2' has the filters 0 to 31. Received: 99"),
        ("fc1:0", "Layer 'fc1' has no feature maps"),
    ],
)
def test_a_film_of_unknown_filters_is_refused(train, complaint, tmp_path, film, message):
    assert message in complaint(train(tmp_path / "run", "--film", film))
    assert not (tmp_path / "run").exists()


def test_the_film_can_show_any_photograph(train, tmp_path):
    (tmp_path / "photo.png").write_bytes(picture_bytes(7, (16, 16), "PNG"))
    assert train(tmp_path / "run", "--film-photo", tmp_path / "photo.png")[0] == 0
    filmed = np.load(tmp_path / "run" / "evolution" / "photograph.npy")
    with Image.open(tmp_path / "photo.png") as picture:
        np.testing.assert_array_equal(filmed, np.asarray(picture))


def test_train_on_a_backbone_evaluate_and_predict(train, petkeras, backbone, tmp_path):
    run_dir = tmp_path / "transfer"
    code, out, _ = train(run_dir, "--backbone", backbone)
    assert code == 0
    said = out.splitlines()
    assert said[2] == "Computing 512 features of each of 40 pictures."
    assert re.search(r"\d \(95% interval 0\.\d{3} to [01]\.\d{3}\) on the test part", said[-1])
    assert said[-1].endswith(f"View it: tensorboard --logdir {run_dir}")
    run = pk.Run(run_dir)
    assert run.config["backbone"] == {"backbone": str(backbone), "weights": None}
    assert (run.recipe.name, run.recipe.epochs, run.recipe.pixel_scale) == ("transfer", 2, 64.0)

    code, out, _ = petkeras("evaluate", run_dir, "--json")
    assert code == 0
    last = run.history.epochs[-1]
    assert json.loads(out)["test"]["accuracy"] == pytest.approx(last.test_accuracy)
    (tmp_path / "photo.jpg").write_bytes(picture_bytes(1))
    assert petkeras("predict", run_dir, tmp_path / "photo.jpg")[0] == 0


def test_an_interrupted_run_on_a_backbone_resumes(petkeras, interrupted, backbone, tmp_path):
    code, out, _ = interrupted(tmp_path / "run", "--backbone", backbone)
    assert code == 130
    assert "Resume: petkeras train --resume" in out
    done = pk.Run(tmp_path / "run").history.epochs[-1].epoch
    assert petkeras("train", "--resume", tmp_path / "run", "--epochs", done + 2)[0] == 0
    assert len(pk.Run(tmp_path / "run").history.epochs) == done + 2


@pytest.mark.parametrize(
    "name", ["drawn_pets", pytest.param("mobilenet_v2", marks=pytest.mark.slow)]
)
def test_a_named_backbone_needs_no_weights(train, name, tmp_path):
    code, _, _ = train(
        tmp_path / "run", "--backbone", name, "--weights", "none", "--image-size", 32
    )
    assert code == 0
    assert pk.Run(tmp_path / "run").config["backbone"]["weights"] is None


def test_a_named_backbone_needs_a_file_that_is_there(train, complaint, tmp_path):
    result = train(
        tmp_path / "other", "--backbone", "mobilenet_v2", "--weights", "none.h5",
        "--image-size", 32,
    )  # fmt: skip
    assert "'--weights': there is no file none.h5." in complaint(result)
    assert not (tmp_path / "other").exists()


def test_the_backbone_that_comes_with_petkeras_needs_no_network(train, petkeras, tmp_path):
    code, out, _ = train(tmp_path / "run", "--backbone", "drawn_pets", "--image-size", 32)
    assert code == 0
    assert "Computing 128 features" in out
    run = pk.Run(tmp_path / "run")
    assert run.config["backbone"] == {"backbone": "drawn_pets", "weights": "drawn"}
    assert petkeras("evaluate", tmp_path / "run")[0] == 0


def test_options_that_do_not_apply_to_a_backbone_are_refused(train, complaint, backbone, tmp_path):
    result = train(
        tmp_path, "--backbone", backbone, "--recipe", "article", "--flip", "--film-every", 5
    )
    assert complaint(result).endswith(
        "the last layer is trained: leave out '--recipe', '--flip', '--film-every'.\n"
    )
    assert "'--weights' applies only to a '--backbone'" in complaint(
        train(tmp_path / "run", "--weights", "x.h5")
    )
    message = complaint(train(tmp_path / "run", "--backbone", "resnet"))
    assert "'--backbone' must be mobilenet_v2, vgg16, inception_v3, drawn_pets, a run" in message
