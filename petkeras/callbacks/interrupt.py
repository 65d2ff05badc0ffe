"""The callback that handles Ctrl-C: training ends after the current step."""

from __future__ import annotations

import signal

from petkeras.callbacks.base import RunCallback


class InterruptGuard(RunCallback):
    """Let Ctrl-C (or a notebook's stop button) end training after the current step.

    A second Ctrl-C interrupts at once. Outside the main thread, where Python handles no signals,
    this callback does nothing. If `model.fit` ends with an error, call `close`.

    Args:
        step: the `SharedStep` of `pk.train`, through which several processes agree to stop after
            the same step; in `model.fit` there is none.

    Attributes:
        pressed: whether Ctrl-C was pressed.
    """

    def __init__(self, step=None):
        super().__init__()
        self.shared_step = step
        self.pressed = self._stops = self._is_installed = False
        self._handler_before = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.pressed = self._stops = False

        def note(*_):
            self.pressed = True
            self.close()  # a second Ctrl-C goes to the previous handler

        try:
            self._handler_before = signal.signal(signal.SIGINT, note)
            self._is_installed = True
        except ValueError:
            pass  # not in the main thread

    def on_train_batch_end(self, batch, logs=None):
        step, self._stops = self.shared_step, self.pressed
        if step and not step.is_alone:
            step.stop_requested, self._stops = self.pressed, step.stops
        ends_epoch = self.loop and self.loop.steps_done % self.loop.steps_per_epoch == 0
        if self._stops and not ends_epoch:  # an epoch that is whole is evaluated first
            self._stop()

    def on_epoch_end(self, epoch, logs=None):
        is_alone = self.shared_step is None or self.shared_step.is_alone
        if self._stops or (self.pressed and is_alone):
            self._stop()

    def _stop(self):
        if self.loop and not self.model.stop_training:  # else it has ended by itself
            self.loop.interrupted = self.loop.steps_done < self.loop.total_steps
        self.model.stop_training = True

    def on_train_end(self, logs=None):
        self.close()

    def close(self):
        if self._is_installed:
            before = signal.SIG_DFL if self._handler_before is None else self._handler_before
            signal.signal(signal.SIGINT, before)
            self._is_installed = False
