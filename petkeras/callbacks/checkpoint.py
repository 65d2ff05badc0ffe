"""Checkpoints: everything that a run needs to resume after a crash, written atomically."""

from __future__ import annotations

import math
import os
import shutil
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from petkeras.callbacks.base import RunCallback
from petkeras.errors import PetkerasError
from petkeras.system.files import local_path

NUM_KEPT = 2  # during training: the newest, and one more in case that is damaged


class Checkpoint(RunCallback):
    """Save the model, its optimizer and the position in the run, every few steps or minutes.

    The last checkpoint is written when training ends, and the others are deleted. Put this callback
    last, so that a checkpoint includes what the other callbacks did in the same step.

    In `model.fit`, restore with `Checkpoints(run_dir, model=model, optimizer=model.optimizer)`.

    Args:
        run_dir: the run folder; checkpoints go into its folder `checkpoints/`.
        every: steps between two checkpoints; 0 to save by time only.
        minutes: minutes between two checkpoints; 0 to save by steps only.
        flush: a function that is called before each checkpoint, such as `TensorBoard.flush`.
        state: the dict that `make_state` returns; by default it is made when training starts.
    """

    def __init__(self, run_dir, every=0, minutes=5.0, flush=None, state=None):
        super().__init__()
        self.run_dir, self.every, self.minutes, self.flush = run_dir, every, minutes, flush
        self.state, self.checkpoints, self.saved_at = state, None, 0.0
        self.is_usable = True  # as long as the loss is finite

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.state is None:
            self.state = make_state(self.model, self.model.optimizer)
        self.checkpoints = Checkpoints(self.run_dir, **self.state)
        self.saved_at = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.is_usable = math.isfinite((logs or {}).get("loss", 0.0))
        # After an epoch's last step, the epoch's own entries must be written first.
        is_last = self.params["steps"] is not None and batch + 1 == self.params["steps"]
        if not is_last:
            self._save_if_due()

    def on_epoch_end(self, epoch, logs=None):
        self._save_if_due()

    def on_train_end(self, logs=None):
        if self.is_usable:
            self.save(kept=1)

    def _save_if_due(self):
        by_steps = self.is_due(self.every)
        by_clock = 0 < self.minutes * 60 <= time.monotonic() - self.saved_at
        # The last step is saved here, before `on_train_end`, where others may change the weights.
        if (by_steps or by_clock or self.is_last_step) and self.is_usable:
            self.save()

    def save(self, kept=NUM_KEPT):
        """Save a checkpoint of the current step now, and keep the newest `kept`."""
        if self.flush is not None:
            self.flush()
        self.state["step"].assign(self.step)
        self.state["seconds"].assign(self.seconds)
        if self.loop:
            self.state["sums"].assign(self.loop.sums)
        self.checkpoints.save(self.step, kept)
        self.saved_at = time.monotonic()


def make_state(model, optimizer):
    """Return the contents of a checkpoint, as keyword arguments of `Checkpoints`."""
    return {
        "model": model,
        "random": [v.value for v in model.variables if not v.trainable],  # dropout's state
        "optimizer": optimizer,
        "step": tf.Variable(0, dtype=tf.int64),
        "sums": tf.Variable(np.zeros(3, np.float32)),  # the epoch's loss, accuracy and images
        "seconds": tf.Variable(0.0, dtype=tf.float64),
    }


class Checkpoints:
    """Write and read `RUN/checkpoints/`.

    Each checkpoint is a folder such as `step_0000120`. It is written under another name, synced to
    disk, and then renamed, so every `step_...` is complete no matter when the process dies.

    Args:
        run_dir: the run folder.
        **state: the models, optimizers and `tf.Variable`s to save.

    Example:

    >>> import tempfile
    >>> import tensorflow as tf
    >>> from petkeras.callbacks.checkpoint import Checkpoints
    >>> step = tf.Variable(7)
    >>> checkpoints = Checkpoints(tempfile.mkdtemp(), step=step)
    >>> checkpoints.save(7)
    >>> _ = step.assign(9)
    >>> checkpoints.restore()
    7
    >>> int(step)
    7

    Reference: TensorFlow's guide "Training checkpoints".
    """

    def __init__(self, run_dir, **state):
        self.folder = local_path("run_dir", run_dir) / "checkpoints"
        self.state = tf.train.Checkpoint(**state)

    def save(self, step, kept=NUM_KEPT):
        """Save the state at a step, and keep only the newest `kept` checkpoints.

        Raises:
            PetkerasError: the disk is full or not writable; older checkpoints are untouched.
        """
        partial = self.folder / "incomplete"
        shutil.rmtree(partial, ignore_errors=True)  # left by a process that died
        if step not in list_steps(self.folder):
            self._write(step, partial)
        for old in list_steps(self.folder)[:-kept]:
            os.replace(self.folder / f"step_{old:07d}", partial)
            shutil.rmtree(partial)

    def _write(self, step, partial):
        try:
            partial.mkdir(parents=True)
            self.state.write(str(partial / "state"))
            for file in partial.iterdir():
                _sync_to_disk(file)
            os.replace(partial, self.folder / f"step_{step:07d}")
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(partial, ignore_errors=True)
            why = "the disk is full" if "No space left" in str(error) else _reason(error)
            raise PetkerasError(
                f"The checkpoint of step {step} could not be written to {self.folder}: {why}. "
                f"{self.how_to_resume()}."
            ) from None

    def restore(self, repair=True):
        """Restore the newest checkpoint that can be read, and delete damaged ones.

        Args:
            repair: whether to delete damaged ones; a process that only reads keeps them.

        Returns:
            The step of the checkpoint, or `None` if there is none.

        Raises:
            PetkerasError: a checkpoint belongs to another network.
        """
        for step in reversed(list_steps(self.folder)):
            place = self.folder / f"step_{step:07d}"
            try:
                self.state.read(str(place / "state")).assert_existing_objects_matched()
            except (AssertionError, ValueError) as error:
                reason = str(error).strip().splitlines()[0]
                raise PetkerasError(f"{place} belongs to another network: {reason}") from None
            except (OSError, IndexError, tf.errors.OpError):
                if repair:
                    print(f"{place} is damaged: resuming from the previous checkpoint.", flush=True)
                    shutil.rmtree(place)
                continue
            return step
        return None

    def how_to_resume(self):
        """Return a sentence that says how to resume a run that failed."""
        steps = list_steps(self.folder)
        if not steps:
            return "There is no checkpoint yet, so start over"
        return (
            f"The checkpoint of step {steps[-1]} is intact. Once the problem is fixed, resume with "
            f"`pk.train(..., run_dir={str(self.folder.parent)!r}, resume=True)`"
        )


def list_steps(folder):
    """Return the steps of the checkpoints in a folder, in ascending order."""
    return sorted(
        int(place.name.removeprefix("step_"))
        for place in Path(folder).glob("step_*")
        if place.name.removeprefix("step_").isdigit()
    )


def _reason(error):
    """Return an error's reason without the names of TensorFlow's operations."""
    text = getattr(error, "strerror", None) or str(error)
    return text.splitlines()[0].split(" [Op:")[0].split("; ")[-1]


def _sync_to_disk(file):
    """Flush a file to disk, so that it survives a power failure."""
    with open(file, "rb+") as stream:
        os.fsync(stream.fileno())
