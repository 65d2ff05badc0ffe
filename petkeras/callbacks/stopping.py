"""Callbacks that stop training: when the loss is low enough, or not finite."""

from __future__ import annotations

import math

from petkeras.callbacks.base import RunCallback
from petkeras.errors import PetkerasError


class NonFiniteLossGuard(RunCallback):
    """Stop with an error when a batch's loss is infinite or NaN.

    Args:
        learning_rate: the rate that the message reports; by default the optimizer's current one.

    Raises:
        PetkerasError: the loss is not finite; the message says what to try.
    """

    def __init__(self, learning_rate=None):
        super().__init__()
        self.learning_rate = learning_rate

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        rate = self.learning_rate or float(self.model.optimizer.learning_rate)
        raise PetkerasError(
            f"The loss became {loss} at step {self.step}, so training was stopped. Try a lower "
            f'`learning_rate` (it was {rate:g}), a longer `warmup`, or `dtype="float32"`.'
        )


class StopAtLoss(RunCallback):
    """Stop after an epoch whose mean training loss is below a limit.

    Args:
        stop_loss: the limit; 0 never stops.
    """

    def __init__(self, stop_loss):
        super().__init__()
        self.stop_loss = stop_loss

    def on_epoch_end(self, epoch, logs=None):
        if (logs or {}).get("loss", math.inf) < self.stop_loss:
            self.model.stop_training = True
