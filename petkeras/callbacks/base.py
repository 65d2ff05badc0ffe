"""The base class of petkeras's callbacks, for `pk.train` and `model.fit`."""

from __future__ import annotations

import time

import keras


class RunCallback(keras.callbacks.Callback):
    """A Keras callback that knows how far training has progressed.

    `pk.train` passes its `petkeras.training.Loop` as `params["loop"]`; `model.fit` has no
    loop, so callbacks there leave out what only the loop knows, such as the gradients.
    """

    _started = 0.0
    _first_step = 0

    def on_train_begin(self, logs=None):
        self._started, self._first_step = time.monotonic(), self.step
        self._last_steps = {}  # for each `every`, the step of the last call of `is_due`

    @property
    def loop(self):
        """The `Loop` of `pk.train`, or `None` in `model.fit`."""
        return (self.params or {}).get("loop")

    @property
    def step(self):
        """The number of steps taken so far."""
        return self.loop.steps_done if self.loop else int(self.model.optimizer.iterations)

    @property
    def is_last_step(self):
        """Whether training ends with this step, as far as that is known."""
        ends = self.loop and self.loop.steps_done == self.loop.total_steps
        return bool(self.model.stop_training or ends)

    def is_due(self, every):
        """Return True if the steps since the last call reached or passed a multiple of `every`.

        In `model.fit` a batch may be several steps, or none.
        """
        step, last = self.step, self._last_steps.get(every, self._first_step)
        self._last_steps[every] = step
        return every > 0 and step // every > last // every

    @property
    def seconds(self):
        """Seconds of training so far, including those before the run was resumed."""
        return self.loop.seconds if self.loop else time.monotonic() - self._started

    def close(self):
        """Release resources; called when training ends, even after an error."""
