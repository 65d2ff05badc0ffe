"""Keras callbacks for training runs, in `pk.train` and in `model.fit`.

`pk.train` adds those that its arguments and its recipe call for, and takes any other
`keras.callbacks.Callback` in `pk.train(..., callbacks=[...])`. In `model.fit`, pass them yourself:

    model.fit(x, y, callbacks=[pk.callbacks.TensorBoard("runs/mine")])
"""

from petkeras.callbacks.checkpoint import Checkpoint
from petkeras.callbacks.filters import FilterFilm
from petkeras.callbacks.history import RecordHistory
from petkeras.callbacks.interrupt import InterruptGuard
from petkeras.callbacks.progress import ProgressLines
from petkeras.callbacks.stopping import NonFiniteLossGuard, StopAtLoss
from petkeras.callbacks.tensorboard import TensorBoard

__all__ = [
    "Checkpoint",
    "FilterFilm",
    "InterruptGuard",
    "NonFiniteLossGuard",
    "ProgressLines",
    "RecordHistory",
    "StopAtLoss",
    "TensorBoard",
]
