"""What petkeras's callbacks share: the step and the seconds, in `pk.train` and in `model.fit`."""

from __future__ import annotations

import time

import keras


class RunCallback(keras.callbacks.Callback):
    """A Keras callback that knows how far the training has come.

    `pk.train` passes its `petkeras.training.Loop` as `params["loop"]`; `model.fit` has none, and
    what only the loop knows, such as the gradients, is left out there.
    """

    _started = 0.0

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()

    @property
    def loop(self):
        """The `Loop` of `pk.train`, or `None` in `model.fit`."""
        return (self.params or {}).get("loop")

    @property
    def step(self):
        """The number of steps taken so far."""
        return self.loop.steps_done if self.loop else int(self.model.optimizer.iterations)

    @property
    def seconds(self):
        """Seconds spent on training so far, those before a run was resumed included."""
        return self.loop.seconds if self.loop else time.monotonic() - self._started

    def close(self):
        """Release what the callback holds; called when training ends, and after an error."""
