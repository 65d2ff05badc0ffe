"""A run folder: what a training run leaves behind, and how to read it again."""

from __future__ import annotations

import csv
import errno
import hashlib
import json
import os
import platform
import re
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import filelock
import keras
import numpy as np
import tensorflow as tf

import petkeras
from petkeras import devices
from petkeras.data.pictures import decode, read_file
from petkeras.data.pipeline import preprocess
from petkeras.data.words import one_line
from petkeras.errors import PetkerasError
from petkeras.loading import load_model, read_array
from petkeras.run_config import read_config


@dataclass(frozen=True)
class Epoch:
    """Hold one row of `history.csv`.

    `loss` and `accuracy` are means over the epoch's training pictures as they were trained on,
    with dropout; `test_loss` and `test_accuracy` are over the whole test part, without dropout,
    after the epoch's last step. `seconds` counts from the run's start.
    """

    epoch: int
    step: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


@dataclass
class History:
    """Hold how a run went.

    Args:
        epochs: one `Epoch` per epoch that was finished.
        step_losses: the loss of every step, each over its batch.
        interrupted: whether the run was stopped before its end.
    """

    epochs: list[Epoch] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    interrupted: bool = False

    def column(self, name):
        """Return a column, such as `"test_accuracy"`, as a list with a value per epoch."""
        return [getattr(epoch, name) for epoch in self.epochs]


def write_history(file: Path, epochs):
    """Write `history.csv`, whole or not at all."""
    half_made = file.with_suffix(".csv.tmp")
    with open(half_made, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([column.name for column in fields(Epoch)])
        writer.writerows(asdict(epoch).values() for epoch in epochs)
    os.replace(half_made, file)


def read_history(file: Path):
    """Read what `write_history` wrote; an empty list where there is none yet.

    Raises:
        PetkerasError: it is damaged; the message names the line.
    """
    if not file.is_file():
        return []
    kinds: dict[str, Any] = {c.name: int if c.type == "int" else float for c in fields(Epoch)}
    epochs: list[Epoch] = []
    try:
        with open(file, newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                epochs.append(Epoch(**{name: kinds[name](value) for name, value in row.items()}))
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise PetkerasError(
            f"{file} is damaged in line {len(epochs) + 2}: {one_line(error)}"
        ) from None
    return epochs


LOCK = "lock"  # a file in the run folder, held by the process that trains there
# What may be different when a run goes on; of the pictures, a digest is compared, not their place.
MAY_CHANGE = ("epochs", "checkpoint_every", "checkpoint_minutes", "source")


def check_free(run_dir):
    """Raise a PetkerasError if a run folder cannot be made because something is there."""
    run_dir = Path(run_dir)
    if run_dir.is_dir() and all(entry.name == LOCK for entry in run_dir.iterdir()):
        return
    if os.path.lexists(run_dir):
        resume = f", or go on with '--resume {run_dir}'" if is_run(run_dir) else ""
        what = "is not empty" if run_dir.is_dir() else "is no folder"
        raise PetkerasError(f"{run_dir} {what}. Name another '--run-dir'{resume}.")


@contextmanager
def claim(run_dir):
    """Make a run folder if there is none, and keep other trainings out of it for the while.

    Raises:
        PetkerasError: a training is at work there, or the folder cannot be made.
    """
    run_dir = Path(run_dir)
    lock = filelock.FileLock(run_dir / LOCK)
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise PetkerasError(
            f"Another training is at work in {run_dir}. Wait for its end, or name another "
            "'--run-dir'."
        ) from None
    except FileExistsError:
        raise PetkerasError(f"{run_dir} is no folder. Name another '--run-dir'.") from None
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()


def start_run(run_dir, config):
    """Make what is in a run folder, and write its `config.json`.

    Raises:
        PetkerasError: the folder holds something already, or cannot be made.
    """
    check_free(run_dir)
    run_dir = Path(run_dir)
    try:
        for name in ("checkpoints", "figures", "tensorboard/train", "tensorboard/test"):
            (run_dir / name).mkdir(parents=True)
        write_config(run_dir, config)
    except OSError as error:
        raise PetkerasError(f"{run_dir} cannot be written: {error.strerror}.") from None


def go_on_with(run_dir, config):
    """Check that a run was begun with a config, and let its epochs be those of the config.

    Raises:
        PetkerasError: the folder is no run folder, or its run was begun with something else.
    """
    run = Run(run_dir)
    changed = difference(run.config, config)
    if changed:
        raise PetkerasError(
            f"{run_dir} is of another run: {changed}. Name another '--run-dir', or go on as it was "
            f"begun with '--resume {run_dir}'."
        )
    then, now = run.recipe.epochs, config["recipe"]["epochs"]
    epochs = run.history.column("epoch")
    if epochs and now < epochs[-1]:
        raise PetkerasError(f"{run_dir} has trained for {epochs[-1]} epochs already, not {now}.")
    if then != now:
        raised = [*run.config.get("epochs_before", []), then]
        write_config(run_dir, {**config, "epochs_before": raised})


def difference(one, other):
    """Name the first thing in which two configs differ that decides what a run computes.

    Returns:
        Such as `"learning_rate is 0.001 there, not 0.01"`, or `None`.
    """
    for there, here, names in (
        (one["recipe"], other["recipe"], other["recipe"]),
        (one["data"], other["data"], other["data"]),
        (one, other, ("seed", "dtype_policy", "deterministic", "xla", "backbone")),
    ):
        for name in names:
            if name not in MAY_CHANGE and there.get(name) != here.get(name):
                return f"{name} is {there.get(name)!r} there, not {here.get(name)!r}"
    if one["pictures"] != other["pictures"]:
        return "its pictures were others"
    return None


def is_run(run_dir):
    """Tell whether a folder is a run folder."""
    return (Path(run_dir) / "config.json").is_file()


def check_is_run(run_dir):
    """Raise a PetkerasError if a folder is not a run folder."""
    if not is_run(run_dir):
        raise PetkerasError(
            f"{run_dir} is not a run folder: it has no config.json. "
            "'petkeras train --run-dir FOLDER' makes one."
        )


def make_config(data, recipe, seed, policy):
    """Return all that is needed to repeat a run, as `config.json` holds it."""
    return {
        "recipe": asdict(recipe),
        "data": data.origin,
        "class_names": list(data.class_names),
        "image_size": int(data.mean.shape[0]),
        "pictures": describe_pictures(data),
        "seed": seed,
        "dtype_policy": policy,
        "deterministic": devices.is_deterministic(),
        **({"xla": True} if devices.uses_xla() else {}),
        "device": devices.describe(),
        "versions": {
            "petkeras": petkeras.__version__,
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def describe_pictures(data):
    """Count the pictures of both parts, with a digest that tells them from all others."""
    digest = hashlib.sha256()
    for part in (data.train, data.test):
        for image in part.images:  # one at a time: they may be more than fit into memory
            digest.update(np.ascontiguousarray(image))
        digest.update(np.ascontiguousarray(part.labels))
    return {"train": len(data.train), "test": len(data.test), "sha256": digest.hexdigest()}


def write_config(run_dir, config):
    """Write `config.json`, whole or not at all."""
    half_made = Path(run_dir) / "config.json.tmp"
    half_made.write_text(json.dumps(config, indent=2) + "\n")
    os.replace(half_made, Path(run_dir) / "config.json")


def save_model(run_dir, model, mean):
    """Write `model.keras` and `mean.npy`, each whole or not at all."""
    run_dir = Path(run_dir)
    parts, half_made = run_dir / "incomplete", run_dir / "incomplete.keras"
    shutil.rmtree(parts, ignore_errors=True)  # of a process that died
    half_made.unlink(missing_ok=True)
    _check_room(run_dir, 2 * 4 * model.count_params())  # bytes: its parts, and the file of them
    try:
        # Keras would put a .keras file together in memory; its parts it writes to the disk.
        keras.saving.save_model(model, parts, zipped=False)
        with zipfile.ZipFile(half_made, "w") as archive:
            for file in filter(Path.is_file, parts.iterdir()):
                archive.write(file, file.name)
        os.replace(half_made, run_dir / "model.keras")
    except RuntimeError as error:  # of h5py, as it closes a file that it could not write
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(half_made)) from None
    finally:
        shutil.rmtree(parts, ignore_errors=True)
        half_made.unlink(missing_ok=True)
    np.save(run_dir / "incomplete.npy", np.asarray(mean, np.float32))
    os.replace(run_dir / "incomplete.npy", run_dir / "mean.npy")


def _check_room(folder, needed):
    """Raise an `OSError` where the disk is full: h5py, which finds out later, may crash of it."""
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def read_photograph(file, image_size):
    """Return a picture file as `(image_size, image_size, 3)` uint8: upright, in color, squashed.

    Raises:
        PetkerasError: the file is missing or no picture.
    """
    try:
        return decode(read_file(Path(file)), image_size)[0]
    except ValueError as error:
        raise PetkerasError(f"{file} cannot be used: {error}.") from None


class Run:
    """Read a run folder.

    Args:
        run_dir: the folder.

    Attributes:
        config: what `config.json` holds.
        class_names: the breeds, in the order of the model's outputs.
        recipe: the `Recipe`.

    Raises:
        PetkerasError: the folder is no run folder, or what is read of it is damaged.

    Example:

    >>> import petkeras as pk
    >>> run = pk.Run("runs/real")  # doctest: +SKIP
    >>> run.history.column("test_accuracy")[-1]  # doctest: +SKIP
    0.95
    >>> run.predict(["photo1.jpg"])  # doctest: +SKIP
    array([[0.9871, 0.0129]], dtype=float32)
    """

    def __init__(self, run_dir):
        self.run_dir = Path(run_dir)
        check_is_run(self.run_dir)
        self.config, self.recipe = read_config(self.run_dir / "config.json")
        self.class_names = tuple(self.config["class_names"])
        self._model = None

    @property
    def model(self):
        """The trained `keras.Model`, loaded in safe mode when it is first asked for."""
        if self._model is None:
            file = self._file("model.keras")
            model = load_model(file)
            if not self._fits(model):
                size = self.config["image_size"]
                raise PetkerasError(
                    f"{file} is of another run: it does not tell {len(self.class_names)} classes "
                    f"apart in pictures of {size} x {size} pixels, as config.json says."
                )
            self._model = model
        return self._model

    def _fits(self, model):
        if (len(model.inputs), len(model.outputs)) != (1, 1) or len(model.input_shape) != 4:
            return False
        batch, height, width, colors = model.input_shape
        sides = {height, width} <= {None, self.config["image_size"]}  # None: of any size
        classes = (None, len(self.class_names))
        return (batch, colors, model.output_shape) == (None, 3, classes) and sides

    @property
    def mean(self):
        """The mean image of the training part, `(size, size, 3)` float32."""
        size = self.config["image_size"]
        return read_array(self._file("mean.npy"), (size, size, 3), np.float32)

    @property
    def history(self):
        """The run's `History`, as far as `history.csv` tells."""
        epochs = read_history(self.run_dir / "history.csv")
        finished = bool(epochs) and (
            epochs[-1].epoch >= self.recipe.epochs or epochs[-1].loss < self.recipe.stop_loss
        )
        return History(epochs, interrupted=not finished)

    def predict(self, files):
        """Return each photograph's probability of each class.

        One photograph goes through the network at a time, so that a result does not depend on
        which others are asked about with it.

        Args:
            files: paths of pictures.

        Returns:
            `(files, classes)` float32; each row sums to 1.

        Raises:
            PetkerasError: a file is missing or no picture.
        """
        images = self.read(files)  # (files, size, size, 3) uint8
        mean = self.mean
        rows = []
        for image in images:
            x = preprocess(image[None], mean, self.recipe)  # (1, size, size, 3)
            logits = self.model(x, training=False)  # (1, classes)
            rows.append(tf.nn.softmax(logits)[0].numpy())
        if not np.isfinite(rows).all():
            raise PetkerasError(
                f"{self.run_dir}/model.keras gives no finite numbers: its weights are damaged."
            )
        return np.array(rows, np.float32).reshape(-1, len(self.class_names))

    def read(self, files):
        """Read photographs as the network sees them: upright, in color, squashed to squares.

        Args:
            files: paths of pictures.

        Returns:
            `(files, size, size, 3)` uint8.

        Raises:
            PetkerasError: a file is missing or no picture.
        """
        size = self.config["image_size"]
        return np.array([read_photograph(file, size) for file in files], np.uint8).reshape(
            -1, size, size, 3
        )

    def preprocess(self, images):
        """Return what the network takes, `(n, size, size, 3)` float32, for uint8 pictures."""
        return preprocess(images, self.mean, self.recipe)

    def _file(self, name):
        file = self.run_dir / name
        if not file.is_file():
            raise PetkerasError(
                f"{self.run_dir} has no {name} yet: its training was stopped before it was saved. "
                f"Go on with 'petkeras train --resume {self.run_dir}'."
            )
        return file
