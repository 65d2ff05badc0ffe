"""`import petkeras` is quick and quiet, and Keras knows the layers all the same."""

import os
import subprocess
import sys
import types

import pytest

import petkeras
from petkeras.errors import PetkerasError
from petkeras.system import tensorflow as quiet


def python(*arguments, **environment):
    arguments = ("-c", *arguments) if len(arguments) == 1 else arguments
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_import_does_not_load_tensorflow():
    done = python(
        "import sys, petkeras, petkeras.cli.main\n"
        "print([name for name in ('tensorflow', 'keras', 'numpy') if name in sys.modules])"
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("order", ["petkeras, keras", "keras, petkeras", "petkeras, tensorflow"])
def test_keras_knows_the_layers_whatever_is_imported_first(order):
    done = python(
        f"import {order}, keras\n"
        "print(keras.saving.get_registered_object('petkeras>Conv2D').__module__)"
    )
    assert done.stdout == "petkeras.layers\n"


def test_tensorflow_loads_without_noise():
    done = python("import petkeras\npetkeras.pet_net(image_size=8)\nprint('made')")
    assert (done.stdout, done.stderr) == ("made\n", "")


# Another backend


def test_another_backend_is_refused_with_what_to_do():
    done = python("import petkeras", KERAS_BACKEND="jax")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("petkeras.errors.PetkerasError: petkeras calls TensorFlow's operations")
    assert "Received: the backend jax. Set KERAS_BACKEND=tensorflow before Python starts" in last


def test_a_command_under_another_backend_ends_in_that_one_line():
    done = python("-m", "petkeras", "lab", KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("petkeras: petkeras calls TensorFlow's operations")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["doctor", "--json"], ["--version"], ["train", "--help"]])
def test_what_only_tells_something_runs_under_another_backend(monkeypatch, arguments):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/petkeras", *arguments])
    quiet._refuse("jax")


def test_keras_that_runs_on_another_backend_already_is_refused(monkeypatch):
    keras = types.SimpleNamespace(config=types.SimpleNamespace(backend=lambda: "torch"))
    monkeypatch.setitem(sys.modules, "keras", keras)
    with pytest.raises(PetkerasError, match="the backend torch"):
        quiet.install()


def test_an_empty_backend_is_none():
    done = python("import os, petkeras; print(os.environ['KERAS_BACKEND'])", KERAS_BACKEND="")
    assert done.stdout == "tensorflow\n"


def test_every_public_name_is_there():
    for name in petkeras.__all__:
        assert getattr(petkeras, name) is not None
    assert dir(petkeras) == sorted(petkeras.__all__)
    with pytest.raises(AttributeError, match="'nothing'"):
        petkeras.nothing  # noqa: B018


# oneDNN


@pytest.mark.parametrize(
    ("processor", "before", "then"),
    [("x86_64", None, "1"), ("AMD64", None, "1"), ("x86_64", "0", "0"), ("aarch64", None, None)],
)
def test_onednn_is_switched_on_where_it_is_faster_unless_that_was_decided(
    monkeypatch, processor, before, then
):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", before or "")
    if before is None:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    monkeypatch.setattr("platform.machine", lambda: processor)
    monkeypatch.setattr("sys.meta_path", list(sys.meta_path))
    quiet.install()
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == then
