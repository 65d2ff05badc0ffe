"""What all contenders share: the steps to train, their images, and a clock.

Nothing here imports TensorFlow or Keras, because PyTorch's compiler and TensorFlow can crash in
the same process. Only the methods of `Task` that return petkeras objects load them.
"""

from __future__ import annotations

import dataclasses
import resource
import sys
import time

import numpy as np

# Steps that are not timed. They include tracing the step and everything that the first TensorBoard
# entry needs, and they touch the memory for the first time.
WARM_UP = 5


class StepClock:
    """Record when each step ends, and how much memory the process has used by then.

    Everything after the last step (evaluation, checkpoints, saving) is left out. A loop that takes
    no callbacks calls `on_train_batch_end` itself.
    """

    def __init__(self):
        super().__init__()
        self.begins: list[float] = []  # seconds, as `time.perf_counter` returns them
        self.ends: list[float] = []
        self.first_step = 0.0  # seconds, as `time.time` returns them
        self.memory = 0  # bytes

    def on_train_batch_end(self, batch, logs=None):
        # Keras and petkeras call this with numbers, not tensors: the step is done, on JAX too.
        self.ends.append(time.perf_counter())
        if len(self.ends) == 1:
            self.first_step = time.time()
        unit = 1 if sys.platform == "darwin" else 1024  # bytes
        self.memory = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def figures(self):
        """Return the measurements as a dict.

        Returns:
            `seconds`: the mean time per step after the warm-up. `waiting`: the fraction of that
            time spent waiting for the next batch, or `None` if it was not measured. `first_step`:
            the wall-clock time at which the first step ended. `memory`: the process's peak memory
            in bytes.
        """
        total, waiting = self.ends[-1] - self.ends[WARM_UP - 1], None
        if self.begins:
            waits = zip(self.begins[WARM_UP:], self.ends[WARM_UP - 1 :], strict=False)
            waiting = sum(begin - previous_end for begin, previous_end in waits) / total
        return {
            "seconds": total / (len(self.ends) - WARM_UP),
            "waiting": waiting,
            "first_step": self.first_step,
            "memory": self.memory,
        }


@dataclasses.dataclass(frozen=True)
class Task:
    """Describe what all contenders train.

    Args:
        steps: timed steps; the warm-up steps come before them.
        batch_size: images per step.
        image_size: height and width of an image in pixels.
        device: `"cpu"` or `"gpu"`. TensorFlow finds its own; PyTorch needs to know.
    """

    steps: int
    batch_size: int
    image_size: int
    device: str = "cpu"

    @property
    def all_steps(self):
        """The number of steps, including the warm-up."""
        return WARM_UP + self.steps

    def images(self):
        """Return as many images of noise as the steps need, and their labels."""
        return noise_images(self.all_steps * self.batch_size, self.image_size)

    @property
    def recipe(self):
        """The article's recipe, with one epoch of these steps and no checkpoint during it."""
        from petkeras.recipes import ARTICLE

        return dataclasses.replace(
            ARTICLE, epochs=1, batch_size=self.batch_size, checkpoint_minutes=0.0
        )

    def data(self):
        """Return a `PetData` of noise, with exactly as many training images as the steps need."""
        from petkeras.data.pets import PetData
        from petkeras.data.pipeline import Pictures, mean_image

        images, labels = self.images()
        train = Pictures(images, labels, tuple(map(str, range(len(images)))))
        test = Pictures(images[: self.batch_size], labels[: self.batch_size], train.names)
        return PetData(train, test, ("one", "other"), mean_image(images))

    def batches(self):
        """Return the batches, made by petkeras's input pipeline."""
        from petkeras.data.pipeline import training_batches

        data = self.data()
        return training_batches(data.train, data.mean, self.recipe)


def noise_images(count, image_size):
    """Return noise images and labels; the content does not affect the time.

    Returns:
        `(count, image_size, image_size, 3)` uint8 and `(count, 2)` float32, one-hot.
    """
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, image_size, image_size, 3), dtype=np.uint8)
    return images, np.eye(2, dtype=np.float32)[np.arange(count) % 2]


def numpy_batches(task):
    """Yield (images minus their mean, labels) as NumPy arrays for each step of a `Task`."""
    size = task.batch_size
    images, labels = task.images()
    mean = images.mean(axis=0, dtype=np.float64).astype(np.float32)
    for first in range(0, len(images), size):
        yield images[first : first + size].astype(np.float32) - mean, labels[first : first + size]
