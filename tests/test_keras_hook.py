"""`import petkeras` is quick and quiet, and Keras knows the layers all the same."""

import os
import subprocess
import sys

import pytest

import petkeras


def python(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_import_does_not_load_tensorflow():
    done = python(
        "import sys, petkeras, petkeras.cli\n"
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


def test_another_backend_is_refused_with_what_to_do():
    done = python("import petkeras", KERAS_BACKEND="numpy")
    assert "Set KERAS_BACKEND=tensorflow before Python starts." in done.stderr


def test_every_public_name_is_there():
    for name in petkeras.__all__:
        assert getattr(petkeras, name) is not None
    assert dir(petkeras) == sorted(petkeras.__all__)
    with pytest.raises(AttributeError, match="'nothing'"):
        petkeras.nothing  # noqa: B018
