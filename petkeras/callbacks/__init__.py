"""What watches a training run: Keras callbacks, for `pk.train` and for `model.fit`.

`pk.train` adds those that its arguments and its recipe ask for. Anyone's `keras.callbacks.Callback`
works beside them in `pk.train(..., callbacks=[...])`, and they work in `model.fit`:

    model.fit(x, y, callbacks=[pk.callbacks.TensorBoard("runs/mine")])
"""

from petkeras.callbacks.checkpoint import Checkpoint
from petkeras.callbacks.filters import FilterFilm
from petkeras.callbacks.history import RecordHistory
from petkeras.callbacks.progress import ProgressLines
from petkeras.callbacks.stopping import InterruptGuard, NonFiniteLossGuard, StopAtLoss
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
