"""The commands as a user types them."""

import dataclasses
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from conftest import halves_data, picture_bytes, published_archives, two_breeds
from PIL import Image

import petkeras as pk
from petkeras.cli.main import main as cli
from petkeras.data.pipeline import preprocess


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    """Two breeds of 20 pictures in the published layout."""
    folder = tmp_path_factory.mktemp("published")
    published_archives(folder, two_breeds(20), unlisted={"samoyed_100.mat": b"MATLAB"})
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def petkeras(monkeypatch, capfd, data_dir):
    """Run a command; return its exit code, what it printed, and what it complained of."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("PETKERAS_PETS", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["petkeras", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capfd.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.fixture
def train(petkeras, pets):
    def run(run_dir, *more):
        return petkeras(
            "train",
            "--source",
            pets,
            "--image-size",
            16,
            "--epochs",
            2,
            "--run-dir",
            run_dir,
            *more,
        )

    return run


def complaint(result):
    """Return the one line that a user's mistake is answered with."""
    code, _, err = result
    assert code == 2
    assert err.startswith("petkeras: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    """The folder of a run of petkeras's own network, at 16 pixels."""
    run_dir = tmp_path_factory.mktemp("runs") / "backbone"
    recipe = dataclasses.replace(pk.MODERN, epochs=1, pixel_scale=64.0)
    model = pk.pet_net(image_size=16, recipe=recipe, seed=0)
    pk.train(model, halves_data(), recipe, run_dir, verbose=False)
    return run_dir


# Help


def test_help_lists_what_there_is(petkeras):
    code, out, _ = petkeras("--help")
    assert code == 0
    for command in ("train", "evaluate", "predict", "visualize", "data", "doctor", "lab"):
        assert re.search(rf"^  {command} ", out, re.MULTILINE)
        assert petkeras(command, "--help")[0] == 0


def test_every_field_of_the_recipe_is_an_option(petkeras):
    _, out, _ = petkeras("train", "--help")
    for name in pk.Recipe.__dataclass_fields__:
        if name != "name":
            assert f"--{name.replace('_', '-')} " in out
    for option in ("--image-size", "--test-fraction", "--seed", "--precision", "--run-dir"):
        assert option in out


@pytest.mark.parametrize(
    "command", ["", "train", "evaluate", "predict", "visualize", "data", "doctor", "lab"]
)
def test_help_does_not_load_tensorflow(command):
    script = (
        "import sys; from petkeras.cli.main import cli\n"
        f"cli({[*command.split(), '--help']}, standalone_mode=False)\n"
        "assert 'tensorflow' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


# From photographs to a breed


def test_train_evaluate_predict(train, petkeras, pets, tmp_path):
    run_dir = tmp_path / "runs" / "first"
    code, out, _ = train(run_dir, "--breeds", "Samoyed,shiba inu", "--precision", "float32")
    assert code == 0
    said = out.splitlines()
    assert "samoyed and shiba_inu, 34 to train and 6 to test." in said[0]
    assert said[1] == "1 file: not a picture, ignored (samoyed_100.mat)"
    assert re.match(r"Training on the .* in float32\.", said[2])
    assert re.search(r"\d \(95% interval 0\.\d{3} to [01]\.\d{3}\) on the test part", said[-1])
    assert said[-1].endswith(f"See it: tensorboard --logdir {run_dir}")
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
    assert re.search(
        r"test +6 +\d+\.\d{4} +[01]\.\d{3} +[01]\.\d{3} to [01]\.\d{3} +[0-3]/3 +[0-3]/3", out
    )
    assert "The test part has 6 pictures only" in out

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


def test_photographs_come_from_the_environment_too(petkeras, pets, monkeypatch):
    monkeypatch.setenv("PETKERAS_PETS", str(pets))
    code, out, _ = petkeras("data", "--image-size", 8)
    assert code == 0
    assert str(pets) in out


def test_data_is_a_table_of_breeds_pictures_sizes_and_dirty_files(petkeras, pets):
    code, out, _ = petkeras("data", "--source", pets, "--breeds", "all", "--image-size", 8)
    assert code == 0
    assert re.search(r"samoyed +20 +17 +3 +40x30 +40x30 +40x30", out)
    assert "1 file: not a picture, ignored (samoyed_100.mat)" in out
    _, out, _ = petkeras("data", "--list")
    assert len(re.findall(r" (?:cat|dog) ", out)) == 37


def test_choose_asks_until_it_can_be_understood(petkeras, train, pets, tmp_path, monkeypatch):
    answers = iter(["samoyed", "samoyed, bug", "2, samoyed"])
    monkeypatch.setattr(cli.click, "prompt", lambda question: next(answers))
    code, out, _ = train(tmp_path / "run", "--choose")
    assert code == 0
    assert "  1  samoyed\n  2  shiba_inu\n" in out
    assert "Two breeds or more are needed" in out
    assert "Unknown breed 'bug'" in out
    assert pk.Run(tmp_path / "run").class_names == ("shiba_inu", "samoyed")


# Ctrl-C, and going on


def test_ctrl_c_keeps_the_model_and_resume_ends_the_run(train, petkeras, pets, tmp_path, data_dir):
    run_dir = tmp_path / "run"
    command = [
        sys.executable, "-m", "petkeras", "train", "--source", str(pets), "--image-size", "16",
        "--epochs", "2000", "--run-dir", str(run_dir),
    ]  # fmt: skip
    environment = {**os.environ, "TFDS_DATA_DIR": str(data_dir)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        while not process.stdout.readline().startswith("epoch"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == ""
    assert f"Go on: petkeras train --resume {run_dir}" in out
    assert (run_dir / "model.keras").exists()

    assert "leave out --flip" in complaint(petkeras("train", "--resume", run_dir, "--flip"))
    done = pk.Run(run_dir).history.epochs[-1].epoch
    code, out, _ = petkeras("train", "--resume", run_dir, "--epochs", done + 2)
    assert code == 0
    assert "Going on from step " in out
    assert pk.Run(run_dir).history.epochs[-1].epoch == done + 2


def test_the_same_command_again_goes_on_and_another_is_refused(train, tmp_path):
    run_dir = tmp_path / "run"
    assert train(run_dir)[0] == 0
    history = pk.Run(run_dir).history
    assert train(run_dir)[0] == 0
    assert pk.Run(run_dir).history == history
    code, out, _ = train(run_dir, "--epochs", 3)
    assert code == 0
    assert "Going on from step" in out
    assert "learning_rate is 0.001 there, not 0.1" in complaint(
        train(run_dir, "--epochs", 3, "--learning-rate", 0.1)
    )
    assert "trained for 3 epochs already, not 2" in complaint(train(run_dir, "--epochs", 2))


def test_repeat_does_the_same_and_says_so(train, petkeras, tmp_path, pets):
    run_dir, again = tmp_path / "run", tmp_path / "again"
    train(run_dir, "--film", "conv1_1:3")
    code, out, _ = petkeras("train", "--repeat", run_dir, "--run-dir", again)
    assert code == 0
    assert f"Every loss and accuracy is that of {run_dir}, to the last bit." in out
    for one, other in zip(pk.Run(run_dir).model.weights, pk.Run(again).model.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert json.loads((again / "evolution/film.json").read_text())["filters"] == {"conv1_1": [3]}
    assert "is not empty" in complaint(petkeras("train", "--repeat", run_dir, "--run-dir", again))
    assert "leave out --seed" in complaint(petkeras("train", "--repeat", run_dir, "--seed", 1))
    for breed in ("samoyed", "shiba_inu"):
        (tmp_path / "others" / breed).mkdir(parents=True)
        for number in range(8):
            file = tmp_path / "others" / breed / f"{number}.jpg"
            file.write_bytes(picture_bytes(number))
    others = ("--run-dir", tmp_path / "x", "--source", tmp_path / "others")
    assert "are not those that the run was trained on" in complaint(
        petkeras("train", "--repeat", run_dir, *others)
    )


def test_of_several_processes_that_repeat_a_run_the_first_one_tells(
    train, petkeras, tmp_path, monkeypatch
):
    train(tmp_path / "run")
    monkeypatch.setattr("petkeras.hardware.strategies.is_chief", lambda strategy: False)
    again = ("train", "--repeat", tmp_path / "run", "--run-dir", tmp_path / "again")
    assert petkeras(*again) == (0, "", "")
    assert petkeras("train", "--resume", tmp_path / "run", "--epochs", 3) == (0, "", "")
    assert not (tmp_path / "again").exists()


def test_a_terminal_gets_a_progress_bar(pets, tmp_path, data_dir):
    command = [
        sys.executable, "-m", "petkeras", "train", "--source", str(pets), "--image-size", "16",
        "--epochs", "2", "--run-dir", str(tmp_path / "run"),
    ]  # fmt: skip
    environment = {**os.environ, "TFDS_DATA_DIR": str(data_dir), "TERM": "xterm", "COLUMNS": "120"}
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        screen, end = "", time.monotonic() + 120
        while time.monotonic() < end:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            screen += read.decode(errors="replace")
    os.close(ours)
    assert process.returncode == 0
    for part in ("epoch 2/2", "loss ", "accuracy ", "steps/s", "left"):
        assert part in screen


# A user's mistakes


def test_a_loss_that_is_not_finite_is_one_line(train, tmp_path):
    said = complaint(train(tmp_path / "run", "--learning-rate", "3e38", "--warmup", 0))
    assert "The loss became" in said


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["trian"], ["No such command 'trian'", "petkeras --help"]),
        (["train", "--epochs", "many"], ["'many' is not a valid integer", "petkeras train --help"]),
        (["train", "--epochs", "0"], ["`epochs` must be a whole number above 0"]),
        (["train", "--recipe", "old"], ["'old' is not one of 'article', 'modern'"]),
        (["train", "--conv-dropout", "1"], ["`conv_dropout` must be in [0, 1)"]),
        (["train", "--precision", "half"], ["'half' is not one of"]),
        (["train", "--source", "/nowhere"], ["'oxford', 'sample' or a folder", "/nowhere"]),
        (["train", "--source", "PETS", "--breeds", "samoid,shiba"], ["Unknown breed 'samoid'"]),
        (["train", "--source", "PETS", "--breeds", "samoyed"], ["Two breeds or more"]),
        (["train", "--source", "PETS", "--test-fraction", "0"], ["`test_fraction` must be"]),
        (["train", "--source", "PETS", "--image-size", "0"], ["`image_size` must be"]),
        (["train", "--source", "PETS", "--run-dir", "PETS"], ["is not empty", "--run-dir"]),
        (["train", "--resume", "/nowhere"], ["/nowhere is not a run folder"]),
        (["evaluate", "/nowhere"], ["/nowhere is not a run folder"]),
        (["predict", "/nowhere", "a.jpg"], ["/nowhere is not a run folder"]),
        (["predict", "/nowhere"], ["Missing argument 'PHOTOGRAPHS...'"]),
    ],
)
def test_a_mistake_is_answered_in_one_line(petkeras, pets, arguments, parts):
    arguments = [str(pets) if word == "PETS" else word for word in arguments]
    said = complaint(petkeras(*arguments))
    for part in parts:
        assert part in said


# Visualize


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "run"


def test_visualize_draws_a_run_into_its_folder(petkeras, train, shown, tmp_path):
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
        (("--layer", "fc1"), "Layer 'fc1' has no feature maps. Layers that have: conv1_1"),
        (("no_such.jpg",), "no_such.jpg cannot be used: it cannot be opened (No such file"),
    ],
)
def test_visualize_says_what_it_cannot_show(petkeras, shown, arguments, message):
    assert message in complaint(petkeras("visualize", shown, *arguments))


def test_visualize_of_what_is_no_run_says_so(petkeras, tmp_path):
    assert "is not a run folder" in complaint(petkeras("visualize", tmp_path))


@pytest.mark.parametrize(
    ("film", "message"),
    [
        ("conv1_2", "--film must be a layer and its filters, such as conv1_2:0,5,7. Received: "),
        ("conv1_2:a", "--film must be a layer and its filters"),
        ("conv1_2:99", "layer 'conv1_2' has the filters 0 to 31. Received: 99"),
        ("fc1:0", "there is no layer 'fc1' with feature maps"),
    ],
)
def test_a_film_of_what_is_not_there_is_refused(train, tmp_path, film, message):
    assert message in complaint(train(tmp_path / "run", "--film", film))
    assert not (tmp_path / "run").exists()


def test_the_film_can_be_of_a_photograph_of_ones_own(train, tmp_path):
    (tmp_path / "photo.png").write_bytes(picture_bytes(7, (16, 16), "PNG"))
    assert train(tmp_path / "run", "--film-photo", tmp_path / "photo.png")[0] == 0
    filmed = np.load(tmp_path / "run" / "evolution" / "photograph.npy")
    with Image.open(tmp_path / "photo.png") as picture:
        np.testing.assert_array_equal(filmed, np.asarray(picture))


# Doctor and lab


def test_doctor_tells_line_by_line_or_as_json(petkeras, monkeypatch):
    monkeypatch.setattr("petkeras.hardware.machine._probe", lambda: "ImportError: broken")
    code, out, err = petkeras("doctor")
    assert (code, err) == (1, "")
    assert re.search(
        r"\nproblem  tensorflow +\S+ cannot be loaded: ImportError: broken\. Do: ", out
    )
    code, out, _ = petkeras("doctor", "--json")
    assert code == 1
    assert json.loads(out)["can_train"] is False
    versions = {"version": "2.99", "gpus": [], "build": {}}
    monkeypatch.setattr("petkeras.hardware.machine._probe", lambda: versions)
    monkeypatch.setattr("petkeras.hardware.machine.free_memory", lambda: 10**10)
    assert petkeras("doctor")[0] == 0


def test_lab_copies_the_notebooks_and_keeps_what_was_changed(petkeras, tmp_path):
    code, out, _ = petkeras("lab", tmp_path / "mine", "--copy-only")
    assert code == 0
    assert re.search(r"^Copied: .*08_training\.ipynb.*, glossary\.md$", out, re.MULTILINE)
    (tmp_path / "mine" / "08_training.ipynb").write_text("mine")
    code, out, _ = petkeras("lab", tmp_path / "mine", "--copy-only")
    assert code == 0
    assert "Kept as you changed them" in out
    assert (tmp_path / "mine" / "08_training.ipynb").read_text() == "mine"


def test_lab_opens_jupyterlab_with_what_it_is_told(petkeras, tmp_path, monkeypatch):
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


# On a backbone


def test_train_on_a_backbone_evaluate_and_predict(train, petkeras, backbone, tmp_path):
    run_dir = tmp_path / "shoulders"
    code, out, _ = train(run_dir, "--backbone", backbone)
    assert code == 0
    said = out.splitlines()
    assert said[2] == "Computing 512 features of each of 40 pictures."
    assert re.search(r"\d \(95% interval 0\.\d{3} to [01]\.\d{3}\) on the test part", said[-1])
    assert said[-1].endswith(f"See it: tensorboard --logdir {run_dir}")
    run = pk.Run(run_dir)
    assert run.config["backbone"] == {"backbone": str(backbone), "weights": None}
    assert (run.recipe.name, run.recipe.epochs, run.recipe.pixel_scale) == ("transfer", 2, 64.0)

    code, out, _ = petkeras("evaluate", run_dir, "--json")
    assert code == 0
    last = run.history.epochs[-1]
    assert json.loads(out)["test"]["accuracy"] == pytest.approx(last.test_accuracy)
    (tmp_path / "photo.jpg").write_bytes(picture_bytes(1))
    assert petkeras("predict", run_dir, tmp_path / "photo.jpg")[0] == 0


def test_an_interrupted_run_on_a_backbone_goes_on(train, petkeras, backbone, tmp_path, monkeypatch):
    note, seen = pk.training.Trainer._note_step, []

    def pressed(*arguments):
        seen.append(True)
        if len(seen) == 5:
            signal.raise_signal(signal.SIGINT)
        return note(*arguments)

    monkeypatch.setattr(pk.training.Trainer, "_note_step", pressed)
    code, out, _ = train(tmp_path / "run", "--backbone", backbone)
    assert code == 130
    assert "Go on: petkeras train --resume" in out
    assert petkeras("train", "--resume", tmp_path / "run")[0] == 0
    assert len(pk.Run(tmp_path / "run").history.epochs) == 2


def test_a_named_backbone_takes_its_weights_from_none_or_a_file(train, tmp_path):
    code, _, _ = train(
        tmp_path / "run", "--backbone", "mobilenet_v2", "--weights", "none", "--image-size", 32
    )
    assert code == 0
    assert pk.Run(tmp_path / "run").config["backbone"]["weights"] is None
    result = train(
        tmp_path / "other", "--backbone", "mobilenet_v2", "--weights", "none.h5",
        "--image-size", 32,
    )  # fmt: skip
    assert "`weights`: there is no file none.h5." in complaint(result)
    assert not (tmp_path / "other").exists()


def test_what_a_backbone_has_no_use_for_is_told(train, backbone, tmp_path):
    result = train(
        tmp_path, "--backbone", backbone, "--recipe", "article", "--flip", "--film-every", 5
    )
    assert complaint(result).endswith(
        "the last layer is trained: leave out --recipe, --flip, --film-every.\n"
    )
    assert "--weights are those of a --backbone" in complaint(
        train(tmp_path / "run", "--weights", "x.h5")
    )
    message = complaint(train(tmp_path / "run", "--backbone", "resnet"))
    assert "`backbone` must be mobilenet_v2, vgg16, inception_v3, a run folder" in message
