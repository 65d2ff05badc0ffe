"""Checkpoints: all that a run needs to go on after a crash, on the disk whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import tensorflow as tf

from petkeras.errors import PetkerasError

KEPT = 2  # while training: the newest, and one more in case the disk damages it


class Checkpoints:
    """Write and read `RUN/checkpoints/`.

    Each checkpoint is a folder such as `step_0000120`. It is written under another name, brought to
    the disk, and renamed as a whole: whenever the process dies, every `step_...` is complete.

    Args:
        run_dir: the run folder.
        **state: what is to be kept: models, optimizers, `tf.Variable`s.

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
        self.folder = Path(run_dir) / "checkpoints"
        self.state = tf.train.Checkpoint(**state)

    def save(self, step, kept=KEPT):
        """Keep the state as that of a step; in all, the newest `kept` of them.

        Raises:
            PetkerasError: it could not be written, as on a full disk; older ones are as they were.
        """
        half_made = self.folder / "incomplete"
        shutil.rmtree(half_made, ignore_errors=True)  # of a process that died
        if step not in list_steps(self.folder):
            self._write(step, half_made)
        for old in list_steps(self.folder)[:-kept]:
            os.replace(self.folder / f"step_{old:07d}", half_made)
            shutil.rmtree(half_made)

    def _write(self, step, half_made):
        try:
            half_made.mkdir(parents=True)
            self.state.write(str(half_made / "state"))
            for file in half_made.iterdir():
                _bring_to_disk(file)
            os.replace(half_made, self.folder / f"step_{step:07d}")
        except (OSError, tf.errors.OpError) as error:
            shutil.rmtree(half_made, ignore_errors=True)
            why = "the disk is full" if "No space left" in str(error) else _reason(error)
            raise PetkerasError(
                f"The checkpoint of step {step} could not be written to {self.folder}: {why}. "
                f"{self.say_what_is_left()}."
            ) from None

    def restore(self, mend=True):
        """Take up the newest state that can be read, and remove what is damaged.

        Args:
            mend: whether to remove it; a process that only reads leaves it.

        Returns:
            Its step, or `None` where there is none.

        Raises:
            PetkerasError: a state does not fit what is to take it up.
        """
        for step in reversed(list_steps(self.folder)):
            place = self.folder / f"step_{step:07d}"
            try:
                self.state.read(str(place / "state")).assert_existing_objects_matched()
            except (AssertionError, ValueError) as error:
                reason = str(error).strip().splitlines()[0]
                raise PetkerasError(f"{place} is of another network: {reason}") from None
            except (OSError, IndexError, tf.errors.OpError):
                if mend:
                    print(f"{place} is damaged: going on from the one before it.", flush=True)
                    shutil.rmtree(place)
                continue
            return step
        return None

    def say_what_is_left(self):
        """Return a sentence that tells how a run goes on that could not be ended."""
        steps = list_steps(self.folder)
        if not steps:
            return "There is no checkpoint yet: begin anew"
        return (
            f"The checkpoint of step {steps[-1]} is whole: when that is mended, go on with "
            f"'petkeras train --resume {self.folder.parent}'"
        )


def list_steps(folder):
    """List the steps of which a folder holds checkpoints, ascending."""
    return sorted(
        int(place.name.removeprefix("step_"))
        for place in Path(folder).glob("step_*")
        if place.name.removeprefix("step_").isdigit()
    )


def _reason(error):
    """Return an error's reason without TensorFlow's names of operations around it."""
    text = getattr(error, "strerror", None) or str(error)
    return text.splitlines()[0].split(" [Op:")[0].split("; ")[-1]


def _bring_to_disk(file):
    """Wait until a file would survive a power cut, too."""
    with open(file, "rb+") as stream:
        os.fsync(stream.fileno())
