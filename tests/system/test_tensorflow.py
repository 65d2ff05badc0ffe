"""`import petkeras` is plain: quick, quiet, and without a trace in the process."""

import json
import os
import subprocess
import sys
import types

import pytest

import petkeras
from petkeras.errors import PetkerasError
from petkeras.system.tensorflow import loading_tensorflow, muted_stderr

DEFAULTS = {"TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND"}


def python(*arguments, without=(), **environment):
    """Run Python in a process of its own, without the defaults that this one has set."""
    arguments = ("-c", *arguments) if len(arguments) == 1 else arguments
    environment = {**os.environ, **environment}
    for name in {*DEFAULTS, *without} - set(environment) | set(without):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment
    )


PLAIN = """
import json, os, sys
before = list(sys.meta_path), dict(os.environ), sys.stdout, sys.stderr
import petkeras
import petkeras.cli.main
after = list(sys.meta_path), dict(os.environ), sys.stdout, sys.stderr
print(json.dumps({
    "hooks": before[0] == after[0],
    "streams": before[2:] == after[2:],
    "class": type(petkeras).__name__,
    "environment": {k: v for k, v in after[1].items() if before[1].get(k) != v},
    "lost": sorted(before[1].keys() - after[1].keys()),
    "loaded": sorted(n for n in ("tensorflow", "keras", "numpy") if n in sys.modules),
}))
"""


def test_importing_it_leaves_the_process_as_it_was():
    done = python(PLAIN, without=DEFAULTS)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found.pop("environment").keys() <= DEFAULTS
    assert found == {
        "hooks": True, "streams": True, "class": "module", "lost": [], "loaded": [],
    }  # fmt: skip


def test_what_the_user_has_set_stays():
    chosen = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_ENABLE_ONEDNN_OPTS": "0", "KERAS_BACKEND": "jax"}
    found = json.loads(python(PLAIN, **chosen).stdout)
    assert found["environment"] == {}


INTERRUPTED = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "keras.src.layers":
            sys.meta_path.remove(self)
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
try:
    import petkeras.layers
except KeyboardInterrupt:
    pass
"""


@pytest.mark.parametrize(
    ("before", "order"),
    [(INTERRUPTED, "petkeras.layers, keras"), ("", "keras, petkeras.layers")],
    ids=["after an import was interrupted", "after Keras"],
)
def test_keras_knows_the_layers_once_they_are_imported(before, order):
    done = python(
        f"{before}import {order}, keras\n"
        "print(keras.saving.get_registered_object('petkeras>Conv2D').__module__)"
    )
    assert done.stdout == "petkeras.layers\n"


def test_a_saved_network_is_loaded_without_further_imports(tmp_path):
    file = tmp_path / "model.keras"
    done = python(
        f"import petkeras as pk; pk.pet_net(image_size=8).save({str(file)!r}); print('saved')"
    )
    assert done.stdout == "saved\n"
    done = python(f"import petkeras as pk; print(pk.load_model({str(file)!r}).name)")
    assert (done.stdout, done.stderr) == ("pet_net\n", "")


def test_tensorflow_loads_without_noise():
    done = python("import petkeras\npetkeras.pet_net(image_size=8)\nprint('made')")
    assert (done.stdout, done.stderr) == ("made\n", "")


def test_nothing_is_muted_once_tensorflow_is_loaded(capfd):
    with loading_tensorflow():
        os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_what_was_muted_is_shown_if_the_block_fails(capfd):
    with muted_stderr():
        os.write(2, b"never seen")

    def fail():
        with muted_stderr():
            os.write(2, b"why it failed")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    os.write(2, b", and after")
    assert capfd.readouterr().err == "why it failed, and after"


def test_without_a_standard_error_everything_works(tmp_path):
    script = "import petkeras as pk, keras; pk.pet_net(image_size=8); print('made')"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, script], capture_output=True, text=True
    )
    assert done.stdout == "made\n"


# Another backend


def test_another_backend_is_refused_with_what_to_do_when_a_name_is_first_used():
    done = python("import petkeras; print(petkeras.__version__); petkeras.Run", KERAS_BACKEND="jax")
    assert done.stdout == f"{petkeras.__version__}\n"
    last = done.stderr.splitlines()[-1]
    assert last.startswith("petkeras.errors.PetkerasError: petkeras calls TensorFlow's operations")
    assert "Received: the backend jax. Set KERAS_BACKEND=tensorflow before Python starts" in last


@pytest.mark.parametrize("arguments", [["data", "--source", "sample"], ["predict", "run", "x.jpg"]])
def test_a_command_under_another_backend_ends_in_that_one_line(arguments):
    done = python("-m", "petkeras", *arguments, KERAS_BACKEND="jax")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("petkeras: petkeras calls TensorFlow's operations")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--version"], ["train", "--help"], ["lab", "--help"]])
def test_what_only_tells_something_runs_under_another_backend(arguments):
    done = python("-m", "petkeras", *arguments, KERAS_BACKEND="jax")
    assert (done.returncode, done.stderr) == (0, "")


def test_keras_that_runs_on_another_backend_already_is_refused(monkeypatch):
    keras = types.SimpleNamespace(config=types.SimpleNamespace(backend=lambda: "torch"))
    monkeypatch.setitem(sys.modules, "keras", keras)
    with pytest.raises(PetkerasError, match="the backend torch"):
        petkeras.pet_net  # noqa: B018


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
def test_onednn_is_switched_on_where_it_is_faster_unless_that_was_decided(processor, before, then):
    name = "TF_ENABLE_ONEDNN_OPTS"
    done = python(
        f"import platform; platform.machine = lambda: {processor!r}\n"
        f"import os, petkeras; print(os.environ.get({name!r}))",
        without=[name] if before is None else (),
        **({} if before is None else {name: before}),
    )
    assert done.stdout == f"{then}\n"
