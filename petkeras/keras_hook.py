"""Let Keras know petkeras's layers as soon as it is imported, and TensorFlow load quietly.

`import petkeras` must not load TensorFlow, which takes seconds. Yet `keras.saving.load_model` must
know our layers after it. So petkeras waits for the first `import keras`, whoever makes it, and
registers its layers then.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.util
import os
import platform
import sys
import tempfile
from pathlib import Path

from petkeras.errors import PetkerasError


def install():
    """Register petkeras's layers with Keras: now if it is loaded, else as soon as it is.

    Raises:
        PetkerasError: Keras is set to run on something else than TensorFlow. The `petkeras` command
            ends with that line instead; only its help and `petkeras doctor` go on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if platform.machine().lower() in ("x86_64", "amd64"):
        # oneDNN's convolutions, which TensorFlow leaves out where a processor has AVX2 alone:
        # a step of the article's network takes 0.98 s with them, 1.18 s without.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"  # Keras, too, takes "" for unset
    os.environ["KERAS_BACKEND"] = backend
    if "keras" in sys.modules:
        backend = sys.modules["keras"].config.backend()
    if backend != "tensorflow":
        _refuse(backend)
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _Waiting("keras", then=_register))
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Waiting("tensorflow", then=lambda: None))


def _refuse(backend):
    """Raise; in the `petkeras` command, which could not catch it here, say it and exit."""
    line = (
        "petkeras calls TensorFlow's operations, so Keras must run on TensorFlow. Received: the "
        f"backend {backend}. Set KERAS_BACKEND=tensorflow before Python starts; in a notebook, "
        "restart the kernel and begin with %env KERAS_BACKEND=tensorflow"
    )
    program, *arguments = sys.argv or [""]
    if Path(program).stem not in ("petkeras", "-m"):  # "-m" at this time: python -m petkeras
        raise PetkerasError(line)
    if arguments[:1] != ["doctor"] and not {"-h", "--help", "--version"} & set(arguments):
        print(f"petkeras: {line}", file=sys.stderr)
        sys.exit(2)


class _Waiting(importlib.abc.MetaPathFinder):
    """Stand first in Python's list of finders until the awaited module has been loaded."""

    def __init__(self, name, then):
        self.name = name
        self.then = then
        self.asking = False

    def find_spec(self, name, path=None, target=None):
        if name != self.name or self.asking:
            return None
        self.asking = True  # the others, not this one again
        spec = importlib.util.find_spec(name)
        self.asking = False
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_quietly(module):
            sys.meta_path.remove(self)
            with without_stderr():
                load(module)
            self.then()

        spec.loader.exec_module = load_quietly  # type: ignore[method-assign]
        return spec


def _register():
    import petkeras.layers
    import petkeras.optimizers  # noqa: F401  (to import it is to register it)


@contextlib.contextmanager
def without_stderr():
    """Send what TensorFlow's C++ prints while it loads to a file; show it if loading fails."""
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            file.seek(0)
            os.write(stderr, file.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
