"""Train again with the settings of an existing run: resume it, or repeat it elsewhere."""

from __future__ import annotations

import contextlib

from petkeras.callbacks.filters import Film
from petkeras.data.pets import load_pets
from petkeras.errors import PetkerasError
from petkeras.hardware import devices
from petkeras.models import pet_net
from petkeras.runs.config import describe_pictures
from petkeras.runs.train import train
from petkeras.runs.transfer import transfer

COMPARED = ("loss", "accuracy", "test_loss", "test_accuracy")  # columns of history.csv


def load_pictures(run, data_dir=None, source=None):
    """Return the pictures that a run was trained on, as its `config.json` describes them.

    Args:
        run: a `Run`.
        data_dir: see `load_pets`.
        source: where the pictures are now; by default, where they were during training.

    Returns:
        A `PetData`. Its pictures may have changed since then; `has_same_pictures` checks.

    Raises:
        PetkerasError: the source cannot be read, or has other classes.
    """
    origin = run.config["data"]
    if not origin:
        raise PetkerasError(
            f"{run.run_dir} was trained in Python on pictures that `load_pets` did not load, so "
            "they cannot be loaded again. Continue in Python, with the same `data`."
        )
    data = load_pets(**{**origin, "source": source or origin["source"]}, data_dir=data_dir)
    if data.class_names != run.class_names:
        raise PetkerasError(
            f"The classes in {data.origin['source']} are not those that {run.run_dir} was trained "
            "on."
        )
    return data


def has_same_pictures(run, data):
    """Return True if `data` holds exactly the pictures that a run was trained on."""
    return describe_pictures(data) == run.config["pictures"]


def prepare_again(run, data_dir=None, source=None):
    """Set up TensorFlow as it was for a run, for the whole process; return the run's pictures.

    Args and Returns: see `load_pictures`.

    Raises:
        PetkerasError: the pictures cannot be loaded, or are not exactly the run's.
    """
    if run.config.get("deterministic"):
        devices.make_deterministic()
    if run.config.get("xla"):
        devices.use_xla()
    devices.prepare_gpus()
    data = load_pictures(run, data_dir, source)
    if not has_same_pictures(run, data):
        raise PetkerasError(
            f"The pictures in {data.origin['source']} are not those that the run was trained on. "
            "Set `source` to the original ones."
        )
    return data


def train_again(run, data, recipe, run_dir, resume=False, photograph=None, strategy=None):
    """Train with the settings of a run: resume it, or repeat it in another run folder.

    Args:
        run: the `Run`.
        data: the run's pictures, as `prepare_again` returns them.
        recipe: the run's recipe; more epochs are allowed if `resume`.
        run_dir: the run's own folder if `resume`, otherwise a new one.
        resume: resume the run from its newest checkpoint.
        photograph: the image that the filters are filmed on, `(size, size, 3)` uint8; by default
            the first of the test part.
        strategy: see `train`.

    Returns:
        A `History`.

    Raises:
        PetkerasError: see `train` and `transfer`; or the run has a backbone, and `strategy` is set.
    """
    config, seed = run.config, run.config["seed"]
    if "network" in config:
        raise PetkerasError(
            f"{run.run_dir} was trained in Python on a network of its own, '{config['network']}'. "
            "Continue in Python: make the network again, and call `pk.train(..., resume=True)`."
        )
    if "backbone" in config:
        if strategy:
            raise PetkerasError("A last layer is trained on one device: leave out `strategy`.")
        names = config["backbone"]
        return transfer(
            **names, data=data, recipe=recipe, run_dir=run_dir, seed=seed, resume=resume
        )
    with strategy.scope() if strategy else contextlib.nullcontext():
        classes, size = len(data.class_names), config["image_size"]
        model = pet_net(classes, size, recipe, seed, config["dtype_policy"])
    film = Film(config.get("film"), photograph)
    return train(model, data, recipe, run_dir, seed, resume, film=film, strategy=strategy)


def compare_runs(run, repeated):
    """Return sentences that say whether a repeated `Run` gave the same results, bit for bit."""
    lines = [
        f"The {name} {verb}: {run.config[name]} then, {repeated.config[name]} now."
        for name, verb in (("versions", "differ"), ("device", "differs"))
        if run.config[name] != repeated.config[name]
    ]
    if "epochs_before" in run.config:
        before = " and ".join(map(str, run.config["epochs_before"]))
        lines.append(f"{run.run_dir} was first trained for {before} epochs, and later for more.")
    then, now = run.history, repeated.history
    same = all(then.column(name) == now.column(name) for name in COMPARED)
    lines.append(
        f"All losses and accuracies equal those of {run.run_dir}, to the last bit."
        if same
        else f"Losses or accuracies differ from those of {run.run_dir}."
    )
    return lines
