"""The group of commands, and how it reports a user's mistakes."""

import re
import subprocess
import sys

import pytest

import petkeras as pk

COMMANDS = ("train", "evaluate", "predict", "visualize", "data", "bench", "doctor", "lab")


def test_help_lists_the_commands(petkeras):
    code, out, _ = petkeras("--help")
    assert code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", out, re.MULTILINE)
        assert petkeras(command, "--help")[0] == 0


def test_every_field_of_the_recipe_is_an_option(petkeras):
    _, out, _ = petkeras("train", "--help")
    for name in pk.Recipe.__dataclass_fields__:
        if name != "name":
            assert f"--{name.replace('_', '-')} " in out
    for option in ("--image-size", "--test-fraction", "--seed", "--precision", "--run-dir"):
        assert option in out


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_does_not_load_tensorflow(command):
    script = (
        "import sys; from petkeras.cli import cli\n"
        f"cli({[*command.split(), '--help']}, standalone_mode=False)\n"
        "assert not {'tensorflow', 'keras', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["trian"], ["No such command 'trian'", "petkeras --help"]),
        (["train", "--epochs", "many"], ["'many' is not a valid integer", "petkeras train --help"]),
        (["train", "--epochs", "0"], ["'--epochs' must be", "Received: --epochs=0"]),
        (["train", "--recipe", "old"], ["'old' is not one of 'article', 'modern'"]),
        (["train", "--conv-dropout", "1"], ["'--conv-dropout' must be in [0, 1)"]),
        (["train", "--precision", "half"], ["'half' is not one of"]),
        (
            ["train", "--source", "/nowhere"],
            ["'--source' must be 'oxford', 'sample' or", "/nowhere"],
        ),
        (["train", "--source", "PETS", "--breeds", "samoid,shiba"], ["Unknown breed 'samoid'"]),
        (
            ["train", "--source", "PETS", "--breeds", "samoyed"],
            ["'--breeds' must name two breeds or more"],
        ),
        (["train", "--source", "PETS", "--test-fraction", "0"], ["'--test-fraction' must be"]),
        (["train", "--source", "PETS", "--image-size", "0"], ["'--image-size' must be"]),
        (["train", "--source", "PETS", "--run-dir", "PETS"], ["is not empty", "--run-dir"]),
        (["train", "--resume", "/nowhere"], ["/nowhere is not a run folder"]),
        (["evaluate", "/nowhere"], ["/nowhere is not a run folder"]),
        (["predict", "/nowhere", "a.jpg"], ["/nowhere is not a run folder"]),
        (["predict", "/nowhere"], ["Missing argument 'PHOTOGRAPHS...'"]),
    ],
)
def test_a_mistake_is_reported_in_one_line(petkeras, complaint, pets, arguments, parts):
    arguments = [str(pets) if word == "PETS" else word for word in arguments]
    said = complaint(petkeras(*arguments))
    for part in parts:
        assert part in said


@pytest.mark.parametrize(
    "command", ["train", "evaluate x", "predict x y", "visualize x", "data", "bench", "lab"]
)
def test_under_another_backend_a_command_ends_in_one_line(start, complaint, command):
    with start(command.split(), KERAS_BACKEND="jax") as process:
        out, err = process.communicate()
    assert "Keras must run on TensorFlow" in complaint((process.returncode, out, err))


@pytest.mark.parametrize("command", ["doctor --help", "doctor --json", "train --help"])
def test_help_and_doctor_run_under_another_backend(start, command):
    with start(command.split(), KERAS_BACKEND="jax") as process:
        _, err = process.communicate()
    assert (process.returncode, err) == (command == "doctor --json", "")
