"""A zoo of bad arguments, run folders and models: one clear line each, and nothing done."""

import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from conftest import picture_bytes

import petkeras as pk
from petkeras.cli import main as cli
from petkeras.runs.folder import LOCK

SECONDS = 120  # after which a command is taken to hang
RECIPE = dataclasses.replace(pk.MODERN, epochs=2, batch_size=8)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Hold `pets`, two classes of 10 pictures, and `run`, trained on them: neither is changed."""
    home = tmp_path_factory.mktemp("zoo")
    for place, name in enumerate(("above", "below")):
        (home / "pets" / name).mkdir(parents=True)
        for number in range(10):
            picture = picture_bytes(100 * place + number, (16, 16), "PNG")
            (home / "pets" / name / f"{number}.png").write_bytes(picture)
    data = pk.load_pets("all", home / "pets", 16, 0.3, data_dir=home / "data")
    model = pk.pet_net(image_size=16, recipe=RECIPE, seed=0)
    pk.train(model, data, RECIPE, home / "run", verbose=False, film=pk.Film({"conv1_1": [0]}))
    return home


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to be in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def run_dir(home, here):
    """A copy of the run, to be damaged."""
    shutil.copytree(home / "run", here.parent / "run")
    return here.parent / "run"


@pytest.fixture
def petkeras(home, here, monkeypatch, capfd):
    """Run a command; return its exit code, what it printed, and what it complained of."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TF_NUM_INTEROP_THREADS", "1")  # which `train` sets for its process
    monkeypatch.delenv("PETKERAS_PETS", raising=False)

    def hangs(*_):
        raise AssertionError(f"no end after {SECONDS} seconds")

    def run(*arguments):
        words = {"PETS": home / "pets", "RUN": here.parent / "run", "PHOTO": _photo(home)}
        arguments = [str(words.get(word, word)) for word in arguments]
        monkeypatch.setattr(sys, "argv", ["petkeras", *arguments])
        monkeypatch.setattr(signal, "SIGALRM", signal.SIGALRM)
        before = signal.signal(signal.SIGALRM, hangs)
        signal.alarm(SECONDS)
        try:
            with pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        printed = capfd.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


def _photo(home):
    return home / "pets" / "above" / "0.png"


@pytest.fixture
def refused(petkeras, here):
    """Run a command that must be refused in one line, with some words in it, and leave nothing."""

    def check(arguments, *words):
        code, _, err = petkeras(*arguments)
        assert code == 2, err
        assert err.startswith("petkeras: ")
        assert err.endswith("\n")
        assert err[:-1].isprintable(), err  # in one line, and without colors
        assert len(err) < 1000
        for word in words:
            assert word in err
        assert list(here.iterdir()) == []
        return err

    return check


TRAIN = ("train", "--source", "PETS", "--image-size", "16", "--epochs", "1", "--run-dir", "new")
DATA = ("data", "--source", "PETS", "--image-size", "16")


# Arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        # What is not there
        (["trian"], "No such command 'trian'"),
        (["train", "--epoch-count", "3"], "No such option '--epoch-count'"),
        (["train", "--source"], "Option '--source' requires an argument"),
        ([*TRAIN, "--breeds", "above,bellow"], "Unknown breed 'bellow'. Did you mean 'below'?"),
        ([*TRAIN, "--breeds", "above"], "must name two breeds or more"),
        ([*TRAIN, "--breeds", "above,Above, above"], "must name two breeds or more"),
        ([*TRAIN, "--breeds", ","], "Unknown breed ''"),
        ([*TRAIN, "--recipe", "old"], "'old' is not one of 'article', 'modern'"),
        ([*TRAIN, "--precision", "half"], "'half' is not one of 'float32', 'bfloat16', 'auto'"),
        ([*TRAIN, "--schedule", "linear"], "'--schedule' must be 'constant' or 'cosine'"),
        ([*TRAIN, "--initializer", "zeros"], "'--initializer' must be 'article' or 'he'"),
        ([*TRAIN, "--backbone", "resnet"], "'--backbone' must be mobilenet_v2, vgg16"),
        ([*TRAIN, "--backbone", "RUN\nmobilenet_v2"], "'--backbone' must be mobilenet_v2"),
        ([*TRAIN, "--backbone", "PETS"], "pets is not a run folder"),
        ([*TRAIN, "--weights", "x.h5"], "'--weights' applies only to a '--backbone'"),
        ([*TRAIN, "--xla", "--deterministic"], "leave out '--deterministic' or '--xla'"),
        ([*TRAIN, "--xla", "--backbone", "vgg16"], "leave out '--xla'"),
        ([*TRAIN, "--strategy", "both"], "'both' is not one of 'mirrored', 'multiworker'"),
        ([*TRAIN, "--strategy", "multiworker"], "finds no other machines: set TF_CONFIG"),
        ([*TRAIN[:-2], "--strategy", "multiworker"], "Set '--run-dir' to a folder on a disk"),
        ([*TRAIN, "--strategy", "multiworker", "--devices", "2"], "only for the mirrored strategy"),
        ([*TRAIN, "--strategy", "mirrored", "--devices", "0"], "0 is not in the range"),
        ([*TRAIN, "--devices", "2"], "'--devices' applies only to '--strategy mirrored'"),
        ([*TRAIN, "--strategy", "mirrored", "--backbone", "vgg16"], "leave out '--strategy'"),
        (["train", "--resume", "nowhere"], "nowhere is not a run folder"),
        (["train", "--repeat", "nowhere"], "nowhere is not a run folder"),
        (["train", "--repeat", "RUN", "--resume", "RUN"], "leave out '--repeat'"),
        (["evaluate", "nowhere"], "nowhere is not a run folder"),
        (["predict", "nowhere", "PHOTO"], "nowhere is not a run folder"),
        (["visualize", "PETS"], "pets is not a run folder"),
        (["visualize", "PHOTO"], "is not a run folder"),
        # Pictures
        ([*DATA[:2], "nowhere", *DATA[3:]], "must be 'oxford', 'sample' or an existing folder"),
        ([*DATA[:2], "PHOTO", *DATA[3:]], "must be 'oxford', 'sample' or an existing folder"),
        ([*DATA[:2], "a\nb\x1b[31m", *DATA[3:]], r"b\x1b[31m"),
        ([*DATA[:2], "RUN", *DATA[3:]], "'--source' must be"),
        ([*DATA, "--data-dir", "PHOTO"], "is a file"),
        ([*DATA, "--data-dir", "/proc/1/none"], "could not be saved in /proc/1/none"),
        # Numbers
        ([*TRAIN, "--image-size", "0"], "'--image-size' must be"),
        ([*TRAIN, "--image-size", "-1"], "'--image-size' must be"),
        ([*TRAIN, "--image-size", "3.5"], "'3.5' is not a valid integer"),
        ([*TRAIN, "--image-size", "100000"], "100000 is not in the range x<=4096"),
        ([*DATA, "--image-size", "100000"], "100000 is not in the range x<=4096"),
        ([*TRAIN, "--epochs", "0"], "'--epochs' must be a positive integer"),
        ([*TRAIN, "--epochs", "1" + 30 * "0"], "'--epochs' must be a positive integer"),
        ([*TRAIN, "--batch-size", "0"], "'--batch-size' must be a positive integer"),
        ([*TRAIN, "--batch-size", "-1"], "'--batch-size' must be a positive integer"),
        ([*TRAIN, "--warmup", "-1"], "'--warmup' must be an integer, 0 or more"),
        ([*TRAIN, "--checkpoint-every", "-1"], "'--checkpoint-every' must be an integer"),
        ([*TRAIN, "--checkpoint-minutes", "nan"], "'--checkpoint-minutes' must be a finite number"),
        ([*TRAIN, "--summary-every", "0"], "'--summary-every' must be a positive integer"),
        ([*TRAIN, "--film-every", "-5"], "'--film-every' must be an integer, 0 or more"),
        ([*TRAIN, "--learning-rate", "nan"], "'--learning-rate' must be a finite number above 0"),
        ([*TRAIN, "--learning-rate", "inf"], "'--learning-rate' must be a finite number above 0"),
        ([*TRAIN, "--learning-rate", "1e400"], "'--learning-rate' must be a finite number above 0"),
        ([*TRAIN, "--learning-rate", "1e300"], "'--learning-rate' must be a finite number above 0"),
        ([*TRAIN, "--learning-rate", "-0.1"], "'--learning-rate' must be a finite number above 0"),
        ([*TRAIN, "--learning-rate", "fast"], "'fast' is not a valid float"),
        ([*TRAIN, "--pixel-scale", "0"], "'--pixel-scale' must be a finite number above 0"),
        ([*TRAIN, "--conv-dropout", "1"], "'--conv-dropout' must be in [0, 1)"),
        ([*TRAIN, "--dense-dropout", "nan"], "'--dense-dropout' must be in [0, 1)"),
        ([*TRAIN, "--dense-bias", "inf"], "'--dense-bias' must be a finite number"),
        ([*TRAIN, "--zoom", "-0.5"], "'--zoom' must be in [0, 1)"),
        ([*TRAIN, "--rotation", "181"], "'--rotation' must be in [0, 180] degrees"),
        ([*TRAIN, "--stop-loss", "-1"], "'--stop-loss' must be a finite number, 0 or more"),
        ([*TRAIN, "--test-fraction", "0"], "'--test-fraction' must be between 0 and 1"),
        ([*TRAIN, "--test-fraction", "1"], "'--test-fraction' must be between 0 and 1"),
        ([*TRAIN, "--test-fraction", "nan"], "'--test-fraction' must be between 0 and 1"),
        ([*TRAIN, "--test-fraction", "0.01"], "its test part would be empty"),
        ([*TRAIN, "--test-fraction", "0.99"], "its training part would be empty"),
        ([*TRAIN, "--seed", "-1"], "'--seed' must be an integer from 0 to 2**31"),
        ([*TRAIN, "--seed", str(2**31)], "'--seed' must be an integer from 0 to 2**31"),
        (["lab", "--port", "0"], "0 is not in the range"),
        (["lab", "PHOTO"], "is a file"),
        # The film
        ([*TRAIN, "--film", "conv9:0"], "There is no layer 'conv9'. The layers are: "),
        ([*TRAIN, "--film", ":0"], "There is no layer ''. The layers are: "),
        ([*TRAIN, "--film", "fc1:0"], "Layer 'fc1' has no feature maps"),
        ([*TRAIN, "--film", "conv1_1:32"], "Layer 'conv1_1' has the filters 0 to 31"),
        ([*TRAIN, "--film", "conv1_1:-1"], "Layer 'conv1_1' has the filters 0 to 31"),
        ([*TRAIN, "--film", "conv1_1"], "'--film' must be a layer and its filters"),
        ([*TRAIN, "--film", "conv1_1:"], "'--film' must be a layer and its filters"),
        ([*TRAIN, "--film", "conv1_1:1,,2"], "'--film' must be a layer and its filters"),
        ([*TRAIN, "--film", "a\nb:x"], r"a\nb:x"),
        ([*TRAIN, "--film-photo", "none.jpg"], "none.jpg cannot be used"),
        ([*TRAIN, "--film-photo", "PETS"], "pets cannot be used"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_refused_in_one_line(refused, arguments, words):
    refused(arguments, words)


OF_TEXT = (
    "source", "breeds", "recipe", "precision", "run-dir", "data-dir", "film", "film-photo",
    "resume", "repeat", "strategy", "backbone", "weights", "schedule", "initializer",
)  # fmt: skip


@pytest.mark.parametrize("option", OF_TEXT)
def test_an_empty_word_is_not_the_folder_at_hand(refused, option):
    refused(["train", f"--{option}", ""], f"--{option}")


@pytest.mark.parametrize(
    "arguments", [("predict", "RUN", ""), ("predict", "", "PHOTO"), ("lab", "", "--copy-only")]
)
def test_an_empty_argument_is_refused(refused, arguments):
    refused(arguments, "it must not be empty")


def test_every_option_that_takes_text_is_tried_empty():
    options = {p.opts[0]: p for p in cli.train.params}
    text = {flag for flag, p in options.items() if p.type.name in ("text", "path", "choice")}
    assert text | {"--data-dir"} == {f"--{option}" for option in OF_TEXT}


@pytest.mark.parametrize(
    "more",
    [
        ("--batch-size", 10**9, "--warmup", 10**9),
        ("--image-size", 1, "--conv-dropout", 0.999999999999, "--checkpoint-minutes", 1e-9),
        ("--image-size", 5, "--film", "conv1_1:0", "--film", "conv1_1:5", "--film", "pool1:1,1"),
    ],
)
def test_the_edge_of_what_is_allowed_trains(petkeras, here, more):
    code, _, err = petkeras(*TRAIN, *more)
    assert (code, err) == (0, "")
    assert np.isfinite(pk.Run(here / "new").history.epochs[-1].test_loss)
    if "--film" in more:
        film = json.loads((here / "new" / "evolution" / "film.json").read_text())
        assert film["filters"] == {"conv1_1": [0, 5], "pool1": [1, 1]}


def test_an_empty_class_folder_is_no_class(refused, here):
    for name in ("full", "empty"):
        (here.parent / "two" / name).mkdir(parents=True)
    (here.parent / "two" / "full" / "a.png").write_bytes(picture_bytes(0))
    refused(["data", "--source", here.parent / "two"], "nor two or more sub-folders with pictures")


# Run folders


def test_a_run_folder_that_cannot_be_made_is_refused(refused, here):
    places = here.parent / "places"
    (places / "full").mkdir(parents=True)
    (places / "full" / "notes.txt").touch()
    (places / "file").touch()
    (places / "link").symlink_to(places / "nowhere")
    (places / "loop").symlink_to(places / "loop")
    for name, words in (
        ("full", "full is not empty. Choose another '--run-dir'"),
        ("file", "file is not a folder. Choose another '--run-dir'"),
        ("link", "link is not a folder. Choose another '--run-dir'"),
        ("loop", "loop is not a folder. Choose another '--run-dir'"),
        ("file/run", "cannot be written: Not a directory"),
        (300 * "x", "File name too long"),
    ):
        refused([*TRAIN, "--run-dir", places / name], words)
    assert not (places / "nowhere").exists()
    refused([*TRAIN, "--run-dir", "/proc/1/run"], "/proc/1/run cannot be written")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_folder_that_is_read_only_is_refused(refused, here):
    place = here.parent / "locked"
    place.mkdir(mode=0o500)
    refused([*TRAIN, "--run-dir", place], "locked cannot be written: Permission denied")


def test_the_run_of_another_recipe_is_refused(refused, run_dir):
    refused([*TRAIN, "--run-dir", run_dir], "holds a different run: batch_size is 8 there, not 10")


def changed(**fields):
    """Return a function that puts values into a config: `recipe__epochs=0` into its recipe."""

    def change(text):
        config = json.loads(text)
        for path, value in fields.items():
            *parents, name = path.split("__")
            place = config
            for parent in parents:
                place = place[parent]
            if value is ...:
                del place[name]
            else:
                place[name] = value
        return json.dumps(config)

    return change


CONFIGS = {
    "empty": (lambda text: "", "Expecting value"),
    "truncated": (lambda text: text[:200], "damaged"),
    "not JSON": (lambda text: "recipe: modern", "Expecting value"),
    "not text": (lambda text: b"\xff\xfe\x00\x01\x80", "damaged"),
    "a list": (lambda text: "[]", "the file must hold named fields"),
    "a NaN": (changed(recipe__learning_rate=float("nan")), "NaN is not a number"),
    "an infinity": (lambda text: text.replace('"seed": 0', '"seed": -Infinity'), "not a number"),
    "too large a number": (lambda text: text.replace("0.001", "1e999"), "must be a finite number"),
    "nested without end": (lambda text: 100_000 * "[" + 100_000 * "]", "nested too deeply"),
    "too long": (lambda text: text + 2**22 * " ", "longer than"),
    "without a recipe": (changed(recipe=...), "the file lacks 'recipe'"),
    "a text as recipe": (changed(recipe="modern"), "'recipe' must be"),
    "half a recipe": (changed(recipe__pixel_scale=...), "'recipe' lacks 'pixel_scale'"),
    "another's recipe": (changed(recipe__momentum=0.9), "'recipe' has no field 'momentum'"),
    "no epochs": (changed(recipe__epochs=0), "'epochs' must be a positive integer"),
    "no name": (changed(recipe__name=None), "'name' must be a string"),
    "one class": (
        changed(class_names=["above"]),
        "'class_names' must be two or more different names",
    ),
    "one class twice": (
        changed(class_names=["a", "a"]),
        "'class_names' must be two or more different",
    ),
    "numbers as classes": (
        changed(class_names=[1, 2]),
        "'class_names' must be two or more different",
    ),
    "other classes": (changed(class_names=["a", "b"]), "'data' must have the run's classes"),
    "no size": (changed(image_size=0), "'image_size' must be"),
    "a vast size": (changed(image_size=10**6), "'image_size' must be 1 to 4096 pixels"),
    "another size": (changed(image_size=8), "classes and image size"),
    "a vast seed": (changed(seed=10**30), "'seed' must be"),
    "no pictures": (changed(pictures__test=0), "'pictures' must be"),
    "no digest": (changed(pictures__sha256="../../x"), "'pictures' must be"),
    "no precision": (changed(dtype_policy="int3"), "'dtype_policy' must be one of float32"),
    "no versions": (changed(versions=[1]), "'versions' must be strings by name"),
    "no device": (changed(device=3), "'device' must be a string"),
    "no boolean": (changed(deterministic="yes"), "'deterministic' must be true or false"),
    "nor that": (changed(xla=1), "'xla' must be true or false"),
    "no film": (changed(film={"conv1_1": "all"}), "'film' must be"),
    "no backbone": (changed(backbone="vgg16"), "'backbone' must be"),
    "no epochs before": (changed(epochs_before=5), "'epochs_before' must be"),
    "half the data": (changed(data__seed=...), "'data' lacks 'seed'"),
    "no source": (changed(data__source=7), "the source in 'data' must be a string"),
    "escapes": (changed(recipe={"\x1b[2J\nok": 1}), "damaged"),
}
OF_A_RUN = {
    "predict": ("predict", "RUN", "PHOTO"),
    "evaluate": ("evaluate", "RUN"),
    "visualize": ("visualize", "RUN"),
    "resume": ("train", "--resume", "RUN"),
    "repeat": ("train", "--repeat", "RUN", "--run-dir", "new"),
    "backbone": (*TRAIN, "--backbone", "RUN"),
}


@pytest.mark.parametrize("damage", CONFIGS)
def test_a_damaged_config_is_refused_by_all_commands(refused, run_dir, damage):
    change, words = CONFIGS[damage]
    file = run_dir / "config.json"
    changed = change(file.read_text())
    file.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    for command in OF_A_RUN.values():
        refused(command, "config.json is damaged: ", words)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("../../x", "must be 'oxford', 'sample' or an existing folder"),
        ("\x1b[2Jnowhere\n", r"\x1b[2Jnowhere"),
        ("~nobody/x", "must be 'oxford', 'sample' or an existing folder"),
    ],
)
def test_pictures_are_not_taken_from_just_anywhere(refused, run_dir, source, words):
    file = run_dir / "config.json"
    file.write_text(changed(data__source=source)(file.read_text()))
    for name in ("evaluate", "resume", "repeat"):
        refused(OF_A_RUN[name], words)


def test_a_run_of_pictures_from_python_is_told_from_one_of_the_command(refused, run_dir):
    file = run_dir / "config.json"
    file.write_text(changed(data={})(file.read_text()))
    for name in ("evaluate", "resume", "repeat"):
        refused(OF_A_RUN[name], "was trained in Python on pictures that")


def test_classes_of_other_names_are_not_taken_for_the_runs_own(refused, run_dir):
    file, names = run_dir / "config.json", ["Above", "below"]
    file.write_text(changed(class_names=names, data__breeds=names)(file.read_text()))
    for name in ("evaluate", "resume", "repeat"):
        refused(OF_A_RUN[name], "are not those that", "was trained on")


def test_a_full_memory_is_one_line(refused, monkeypatch):
    def load_pets(**_):
        raise MemoryError

    monkeypatch.setattr("petkeras.data.pets.load_pets", load_pets)
    refused(DATA, "Out of memory. Lower '--image-size' or '--batch-size'")


def test_a_terminal_that_has_no_such_letters_is_no_traceback(petkeras, home, here, monkeypatch):
    shutil.copytree(home / "pets", here.parent / "own")
    (here.parent / "own" / "above").rename(here.parent / "own" / "köter")
    stdout = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    code, _, err = petkeras("data", "--source", here.parent / "own", "--image-size", 16)
    stdout.flush()
    assert (code, err) == (0, "")
    assert b"k\\xf6ter " in stdout.buffer.getvalue()


def test_evaluate_says_that_the_pictures_are_others_now(petkeras, run_dir):
    file = run_dir / "config.json"
    file.write_text(changed(pictures__sha256=64 * "0")(file.read_text()))
    code, out, err = petkeras("evaluate", run_dir)
    assert code == 0
    assert "on Pictures from" in out
    assert "are not those that" in err


COLUMNS = "epoch,step,loss,accuracy,test_loss,test_accuracy,seconds\n"


@pytest.mark.parametrize(
    "text", [COLUMNS + "1,2,x,1,1,1,1\n", COLUMNS + "1,2,1,1,1,1,1,9\n", 200_000 * "a"]
)
def test_a_damaged_history_is_refused(refused, run_dir, text):
    (run_dir / "history.csv").write_text(text)
    for name in ("resume", "repeat"):
        refused(OF_A_RUN[name], "history.csv is damaged on line ")


class Bomb:
    """Make a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch '{self.file}'",)


@pytest.fixture
def trace(here):
    """A file that code of a stranger would make, were it run."""
    trace = here.parent / "code-was-run"
    yield trace
    assert not trace.exists()


USING = ("predict", "evaluate", "visualize", "backbone")  # a run's network and its mean


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda trace: np.array([Bomb(trace)], object), "Object arrays cannot be loaded"),
        (lambda trace: np.zeros((8, 8, 3), np.float32), "finite numbers, (16, 16, 3) float32"),
        (lambda trace: np.float32(0), "finite numbers, (16, 16, 3) float32"),
        (lambda trace: np.full((16, 16, 3), np.nan, np.float32), "finite numbers"),
        (lambda trace: np.full((16, 16, 3), "text"), "finite numbers"),
        (b"", "No data left in file"),
        (b"\x93NUMPY\x01\x00v\x00{", "mean.npy is damaged"),
        (b"cposix\nsystem\n", "mean.npy is damaged"),
    ],
)  # fmt: skip
def test_a_damaged_mean_is_refused_and_never_unpickled(refused, run_dir, trace, content, words):
    file = run_dir / "mean.npy"
    file.unlink()
    if callable(content):
        np.save(file, content(trace), allow_pickle=True)
    else:
        file.write_bytes(content)
    for name in USING:
        refused(OF_A_RUN[name], words)


def rezip(file, **contents):
    """Write a `.keras` file anew, with other contents of its members; `None` leaves one out."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members |= {name.replace("__", "."): data for name, data in contents.items()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)


def another_network(file):
    pk.pet_net(num_classes=3, image_size=16).save(file)


def vast_weights(file):
    rezip(file, model__weights__h5=bytes(2**26))


def weights_that_are_no_numbers(file):
    model = keras.saving.load_model(file)
    model.get_layer("fc1").bias.assign(np.full(512, np.nan))
    model.save(file)


def weights_of_another(file):
    other = file.with_name("other.keras")
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save(other)
    with zipfile.ZipFile(other) as archive:
        rezip(file, model__weights__h5=archive.read("model.weights.h5"))


def not_a_network(file):
    layer = keras.saving.serialize_keras_object(keras.layers.Flatten())
    rezip(file, config__json=json.dumps(layer))


def a_pipe(file):
    file.unlink()
    os.mkfifo(file)


MODELS = {
    "empty": (lambda file: file.write_bytes(b""), "cannot be loaded: it is damaged"),
    "truncated": (lambda file: os.truncate(file, 5000), "cannot be loaded: it is damaged"),
    "no zip": (lambda file: file.write_bytes(b"model"), "cannot be loaded: it is damaged"),
    "a folder": (lambda file: (file.unlink(), file.mkdir()), "has no model.keras yet"),
    "a pipe": (a_pipe, "has no model.keras yet"),
    "missing": (lambda file: file.unlink(), "has no model.keras yet"),
    "no config": (lambda file: rezip(file, config__json=None), "no item named 'config.json'"),
    "no weights": (lambda file: rezip(file, model__weights__h5=None), "no item named 'model.weig"),
    "a damaged config": (lambda file: rezip(file, config__json="{"), "cannot be loaded"),
    "an empty config": (lambda file: rezip(file, config__json="{}"), "it does not hold a network"),
    "deep config": (lambda file: rezip(file, config__json=10**5 * "["), "nested too deeply"),
    "vast config": (lambda file: rezip(file, config__json=2**23 * " "), "8388608 bytes"),
    "no network": (not_a_network, "it does not hold a network"),
    "damaged weights": (lambda file: rezip(file, model__weights__h5=b"x"), "cannot be loaded"),
    "weights of another": (weights_of_another, "cannot be loaded"),
    "vast weights": (vast_weights, "67108864 bytes"),
    "not finite": (weights_that_are_no_numbers, "some of its weights are not finite"),
    "another network": (another_network, "a network for 2 classes and pictures of 16 x 16"),
}  # fmt: skip


@pytest.mark.parametrize("damage", MODELS)
def test_a_damaged_model_is_refused(refused, run_dir, damage):
    change, words = MODELS[damage]
    change(run_dir / "model.keras")
    for name in USING:
        refused(OF_A_RUN[name], "model.keras", words)


def test_a_checkpoint_that_is_gone_is_missed(refused, run_dir):
    shutil.rmtree(run_dir / "checkpoints")
    refused(OF_A_RUN["resume"], "has no checkpoint to resume from")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("film.json", b'{"filters": {"../../evil": [0]}}'),
        ("film.json", b'{"filters": {"fc1": [0]}}'),
        ("start.npz", b"cposix\nsystem\n"),
        ("photograph.npy", b""),
    ],
)
def test_a_damaged_film_is_not_gone_on_with(refused, run_dir, name, content):
    (run_dir / "evolution" / name).write_bytes(content)
    said = refused([*OF_A_RUN["resume"], "--epochs", "3"])
    assert f"{name} is damaged" in said or "Layer 'fc1' has no feature maps" in said


def test_a_film_of_another_network_is_not_gone_on_with(refused, run_dir):
    np.savez(run_dir / "evolution" / "start.npz", conv1_1=np.zeros(3, np.float32))
    refused([*OF_A_RUN["resume"], "--epochs", "3"], "its kernels do not fit the network")


def test_a_file_that_only_looks_like_a_frame_is_left_alone(petkeras, run_dir):
    (run_dir / "evolution" / "step_mine.npz").write_bytes(b"mine")
    assert petkeras(*OF_A_RUN["resume"], "--epochs", "3")[0] == 0
    assert (run_dir / "evolution" / "step_mine.npz").read_bytes() == b"mine"


def test_figures_go_nowhere_else_through_a_link(refused, run_dir, home):
    shutil.rmtree(run_dir / "figures")
    (run_dir / "figures").symlink_to(home / "pets")
    refused(OF_A_RUN["visualize"], "figures is a link")


def test_a_second_training_in_a_run_folder_is_refused(refused, run_dir, home):
    script = (
        "import sys, filelock\n"  # not petkeras, which takes seconds to load
        f"with filelock.FileLock({str(run_dir / LOCK)!r}):\n"
        "    print('claimed', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "claimed\n"
        refused(OF_A_RUN["resume"], "Another process is training in", "another '--run-dir'")
        other.stdin.close()
    assert other.returncode == 0


# Photographs


ODD_NAMES = (
    "with space.png", "quo'te\".png", "köter 犬.png", "line\nend.png", "\x1b[31mred.png",
    "[bold]x.png", "[/]:dog:.png", "--json", "\udcff.png", "\u202egnp.png",
)  # fmt: skip


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_of_any_name_is_told_of_in_its_own_row(petkeras, run_dir, home, name):
    place = run_dir.parent / "photos"
    (place / name).parent.mkdir(parents=True)
    shutil.copy(_photo(home), place / name)
    code, out, err = petkeras("predict", run_dir, "--", place / name, place / f"no {name}")
    assert code == 2
    assert len(out.splitlines()) == 6  # a title, a table of one row, and no more
    assert all(line.isprintable() for line in [*out.splitlines(), *err.splitlines()])
    assert "cannot be used: it cannot be opened (No such file or directory)" in err
    assert err.count("\n") == 1
    shown = name if name.isprintable() else name.encode("unicode_escape", "surrogatepass").decode()
    assert f"/{shown}" in out or "\\" in shown


def test_predict_goes_on_with_the_good_ones(petkeras, run_dir, home):
    place = run_dir.parent
    (place / "empty.jpg").touch()
    (place / "text.jpg").write_text("hello")
    os.mkfifo(place / "pipe.jpg")
    bad = ["none.jpg", "empty.jpg", "text.jpg", "pipe.jpg", "pets"]
    (place / "pets").mkdir()
    files = [place / bad[0], _photo(home), *(place / name for name in bad[1:]), "-"]
    code, out, err = petkeras("predict", run_dir, *files)
    assert code == 2
    assert out.count("0.png") == 1
    assert [line.split(" cannot be used: ")[0] for line in err.splitlines()] == [
        f"petkeras: {file}" for file in files if file != _photo(home)
    ]
    code, out, err = petkeras("predict", run_dir, *files, "--json")
    answers = json.loads(out)
    assert (code, err) == (2, "")
    assert [answer["photograph"] for answer in answers] == list(map(str, files))
    assert ["error" in answer for answer in answers] == [file != _photo(home) for file in files]
    alone = json.loads(petkeras("predict", run_dir, _photo(home), "--json")[1])
    assert alone == [answers[1]]
    code, out, err = petkeras("predict", run_dir, place / "empty.jpg", place / "none.jpg")
    assert (code, out, err.count("\n")) == (2, "", 2)


def test_an_answer_that_is_no_number_is_no_answer(refused, run_dir):
    model = keras.saving.load_model(run_dir / "model.keras")
    model.get_layer("softmax").bias.assign([3e38, 3e38])
    model.get_layer("softmax").kernel.assign(np.full((512, 2), 3e38))
    model.get_layer("fc1").bias.assign(np.full(512, 1e3))
    model.save(run_dir / "model.keras")
    for name in ("predict", "evaluate"):
        refused(OF_A_RUN[name], "returns values that are not finite")


# Models from strangers


def network(layer):
    """Describe a network of one layer, given as the description of it that a file holds."""
    images = keras.Input((16, 16, 3), name="images")
    x = keras.layers.Flatten(name="flatten")(images)
    config = keras.saving.serialize_keras_object(keras.Model(images, x))
    config["config"]["layers"][1] |= layer
    return config


def saved_with(layer):
    """Return a function that makes a `.keras` file carry a layer of such a description."""
    return lambda file, trace: rezip(file, config__json=json.dumps(network(layer(trace))))


def with_a_lambda(file, trace):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Lambda(lambda x: __import__("os").system("touch code-was-run") or x)(images)
    keras.Model(images, x).save(file)
    Path("code-was-run").unlink()  # when it was made


def with_a_lambda_in_hdf5(file, trace):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Lambda(lambda x: __import__("os").system("touch code-was-run") or x)(images)
    keras.Model(images, x).save(file.with_name("model.h5"))
    os.replace(file.with_name("model.h5"), file)
    Path("code-was-run").unlink()  # when it was made


def call(module, name, *arguments):
    """Describe a layer that is a function of a module, called with arguments."""
    return lambda trace: {
        "module": module,
        "class_name": name,
        "registered_name": None,
        "config": {"name": "flatten"},
        "inbound_nodes": [{"args": [a.format(trace=trace) for a in arguments], "kwargs": {}}],
    }


def function(module, name):
    return lambda trace: {
        "module": module,
        "class_name": "function",
        "registered_name": "petkeras>Conv2D",
        "config": name,
    }


def compiled_with_code(file, trace):
    config = json.loads(zipfile.ZipFile(file).read("config.json"))
    config["compile_config"] = {"loss": call("os", "system")(trace)}
    config["config"]["layers"][1]["config"]["kernel_initializer"] = call("os", "system")(trace)
    rezip(file, config__json=json.dumps(config))


def with_assets_that_climb(file, trace):
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(f"../{trace.name}", b"")
        archive.writestr(str(trace), b"")
        archive.writestr(f"assets/../../{trace.name}", b"")


def layer(name, **config):
    return lambda trace: {
        "module": "keras.layers",
        "class_name": name,
        "registered_name": None,
        "config": {"name": "flatten", **{k: v.format(trace=trace) for k, v in config.items()}},
    }


STRANGERS = {
    "a lambda": (with_a_lambda, "(Lambda)"),
    "a lambda, named as ours": (
        saved_with(lambda trace: {"class_name": "Lambda", "registered_name": "petkeras>Conv2D"}),
        "(Lambda)",
    ),
    "a lambda of the old format": (
        saved_with(lambda trace: {"class_name": "Lambda", "module": None}), "(Lambda)",
    ),
    "bytes of a lambda": (
        saved_with(lambda trace: {"class_name": "__lambda__", "config": {"value": "4wEA"}}),
        "__lambda__",
    ),
    "os.system": (saved_with(call("os", "system", "touch {trace}")), "(os.system)"),
    "subprocess.Popen": (saved_with(call("subprocess", "Popen", "ls")), "(subprocess.Popen)"),
    "builtins.eval": (saved_with(call("builtins", "eval", "1")), "(builtins.eval)"),
    "get_file": (saved_with(call("keras.utils", "get_file", "x", "file://")), "get_file"),
    "unsafe mode": (
        saved_with(call("keras.config", "enable_unsafe_deserialization")), "enable_unsafe",
    ),
    "load_model": (saved_with(call("keras.saving", "load_model", "x.keras")), "load_model"),
    "a function": (saved_with(function("os", "system")), "(os.system)"),
    "a function of Keras": (saved_with(function("keras.utils", "get_file")), "get_file"),
    "a SavedModel": (saved_with(layer("TFSMLayer", filepath="{trace}")), "(TFSMLayer)"),
    "a PyTorch module": (saved_with(layer("TorchModuleWrapper", module="x")), "(TorchModule"),
    "a file of words": (
        saved_with(layer("StringLookup", vocabulary="/etc/passwd")), "(StringLookup)",
    ),
    "private parts of Keras": (
        saved_with(call("keras.src.layers.preprocessing.index_lookup", "IndexLookup")), "IndexLo",
    ),
    "a class of nobody's": (saved_with(call("their_package.layers", "Attention")), "Attention"),
    "code in its initializer": (compiled_with_code, "(os.system)"),
    "HDF5 with a lambda": (with_a_lambda_in_hdf5, "cannot be loaded"),
}  # fmt: skip


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_model_that_carries_code_is_refused_and_nothing_is_run(refused, run_dir, trace, stranger):
    make, words = STRANGERS[stranger]
    make(run_dir / "model.keras", trace)
    for name in USING:
        said = refused(OF_A_RUN[name], "model.keras", words)
        assert "contains or requests code" in said or "cannot be loaded" in said


def test_members_of_a_model_that_climb_out_are_not_unpacked(petkeras, run_dir, trace, home):
    expected = pk.Run(home / "run").predict([_photo(home)])
    with_assets_that_climb(run_dir / "model.keras", trace)
    code, out, _ = petkeras("predict", run_dir, "PHOTO", "--json")
    assert code == 0
    assert list(json.loads(out)[0]["probabilities"].values()) == expected[0].tolist()


def test_a_loss_that_is_code_is_left_out_unseen(run_dir, home, trace):
    file = run_dir / "model.keras"
    config = json.loads(zipfile.ZipFile(file).read("config.json"))
    config["compile_config"] = {"loss": call("os", "system")(trace), "optimizer": "adam"}
    rezip(file, config__json=json.dumps(config))
    assert not pk.Run(run_dir).model.compiled


def test_weights_of_strangers_are_refused_and_never_unpickled(refused, here, trace):
    file = here.parent / "weights.h5"
    with h5py.File(file, "w") as weights:
        import pickle

        weights.attrs["training_config"] = np.void(pickle.dumps(Bomb(trace)))
        weights.attrs["layer_names"] = [b"conv"]
        weights.create_group("conv").attrs["weight_names"] = [b"kernel"]
    more = ("--image-size", "32", "--backbone", "mobilenet_v2", "--weights")
    refused([*TRAIN, *more, file], "weights.h5 is damaged, or does not hold the weights of mobi")
    for name, words in (
        ("none.h5", "there is no file"), ("weights.txt", "must be 'imagenet', or a file that ends"),
    ):  # fmt: skip
        (here.parent / "weights.txt").touch()
        refused([*TRAIN, *more, here.parent / name], words)


def test_nothing_in_the_package_unpickles():
    for file in Path(pk.__file__).parent.rglob("*.py"):
        text = file.read_text()
        assert "pickle.load" not in text
        assert "allow_pickle=True" not in text
        assert "safe_mode=False" not in text
        assert text.count("np.load(") == text.count("allow_pickle=False"), file


def test_a_network_of_kerass_own_parts_is_harmless(run_dir):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2")(images / 255.0)
    x = keras.layers.BatchNormalization()(x)
    x = keras.Sequential([keras.layers.MaxPooling2D(), keras.layers.ReLU()])(x)
    x = keras.layers.Activation("gelu", dtype="mixed_bfloat16")(keras.ops.square(x))
    logits = keras.layers.Dense(2, kernel_constraint="max_norm", dtype="float32")(
        keras.layers.Flatten()(x)
    )
    keras.Model(images, logits).save(run_dir / "model.keras")
    assert pk.Run(run_dir).model.output_shape == (None, 2)


@keras.saving.register_keras_serializable(package="zoo")
class Mine(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_a_layer_that_this_process_has_registered_is_harmless(run_dir):
    images = keras.Input((16, 16, 3))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(Mine()(images)))
    keras.Model(images, logits).save(run_dir / "model.keras")
    assert isinstance(pk.Run(run_dir).model.layers[1], Mine)


# The lab


def test_the_lab_writes_through_no_link(petkeras, here):
    folder, outside = here.parent / "lab", here.parent / "outside"
    folder.mkdir()
    (folder / "08_training.ipynb").symlink_to(outside)
    (folder / ".petkeras-lab.json").write_bytes(10**5 * b"[")
    code, out, _ = petkeras("lab", folder, "--copy-only")
    assert code == 0
    assert "Kept with your changes" in out
    assert not outside.exists()
