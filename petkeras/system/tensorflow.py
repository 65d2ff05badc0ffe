"""Load TensorFlow: check that Keras runs on it, and mute the lines that it prints meanwhile."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile

from petkeras.errors import PetkerasError


@contextlib.contextmanager
def loading_tensorflow():
    """Mute standard error during a block that may load TensorFlow, unless it is already loaded.

    While loading, TensorFlow prints about six lines to file descriptor 2 at any log level, and a
    notebook would save them.

    Raises:
        PetkerasError: Keras is set to run on a backend other than TensorFlow.
    """
    _check_backend()
    if "tensorflow" in sys.modules:
        yield
        return
    with muted_stderr():
        yield


def _check_backend():
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if "keras" in sys.modules:
        config = getattr(sys.modules["keras"], "config", None)  # None while Keras is loading
        backend = config.backend() if config else backend
    if backend != "tensorflow":
        raise PetkerasError(
            "petkeras calls TensorFlow's operations, so Keras must run on TensorFlow. Received: "
            f"the backend {backend}. Set KERAS_BACKEND=tensorflow before Python starts; in a "
            "notebook, restart the kernel and begin with %env KERAS_BACKEND=tensorflow"
        )


@contextlib.contextmanager
def muted_stderr(show=True):
    """Redirect file descriptor 2 to a file.

    If there is no standard error, do nothing.

    Args:
        show: whether to show the file's contents if the block fails.
    """
    try:
        stderr = os.dup(2)
    except OSError:  # closed, as in a daemon
        yield
        return
    with tempfile.TemporaryFile() as file:
        if sys.stderr is not None:
            sys.stderr.flush()
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            if show:
                file.seek(0)
                os.write(stderr, file.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
