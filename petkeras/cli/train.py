"""`petkeras train`: train a new run, resume one, or repeat one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time

import click

from petkeras.cli.command import Command, load_tensorflow
from petkeras.cli.messages import translate
from petkeras.cli.options import (
    BREEDS,
    DATA_DIR,
    IMAGE_SIZE,
    PRECISION,
    SEED,
    SOURCE,
    TEST_FRACTION,
    VALIDATION_FRACTION,
    add_options,
    given_options,
    load_pictures,
    quote_options,
    recipe_changes,
    recipe_options,
)
from petkeras.cli.printing import print_data, print_line
from petkeras.errors import PetkerasError
from petkeras.recipes import PRESETS, TRANSFER
from petkeras.system.memory import training_environment

# Options that are allowed with --resume or --repeat; the run's config.json sets the others.
WITH_RESUME = (
    "resume", "source", "data_dir", "epochs", "checkpoint_every", "checkpoint_minutes",
    "strategy", "devices",
)  # fmt: skip
WITH_REPEAT = ("repeat", "source", "data_dir", "run_dir", "film_photo", "strategy", "devices")
# Options that do not apply to the last layer, the only one that is trained with --backbone.
NOT_WITH_BACKBONE = (
    "preset", "precision", "xla", "strategy", "devices", "film", "film_photo", "film_every",
    "pixel_scale", "initializer", "dense_bias", "conv_dropout", "dense_dropout", "flip", "shift",
    "zoom", "rotation", "light", "color",
)  # fmt: skip


@click.command(cls=Command)
@add_options(SOURCE, BREEDS)
@click.option(
    "--recipe",
    "preset",
    type=click.Choice(list(PRESETS)),
    default="modern",
    show_default=True,
    help="The article's own settings, or settings that work better.",
)
@click.option("--choose", is_flag=True, help="Choose the breeds at a prompt.")
@add_options(IMAGE_SIZE, TEST_FRACTION, VALIDATION_FRACTION, SEED, PRECISION)
@click.option(
    "--run-dir",
    type=click.Path(),
    help="The run folder to create. [default: runs/DATE_TIME]",
)
@DATA_DIR
@click.option(
    "--film",
    multiple=True,
    metavar="LAYER:FILTERS",
    help="Filters to film, such as conv1_2:0,5,7; repeat the option for several layers. [default: "
    "the first 8 of each convolution]",
)
@click.option(
    "--film-photo",
    type=click.Path(),
    metavar="PHOTO",
    help="The photograph to film them on. [default: the first of the test part]",
)
@click.option(
    "--resume",
    type=click.Path(),
    metavar="RUN",
    help="Resume an interrupted run, or continue a finished one with more --epochs. All other "
    "settings are the run's own. Repeating the command that started a run resumes it, too.",
)
@click.option(
    "--repeat",
    type=click.Path(),
    metavar="RUN",
    help="Train again with the settings of a run, in another run folder, and compare the results.",
)
@click.option(
    "--deterministic",
    is_flag=True,
    help="Use only operations that give the same bits every time, even on a GPU, where it is "
    "slower.",
)
@click.option(
    "--xla",
    is_flag=True,
    help="Compile the training step with XLA. On one GPU it may be faster; on a CPU it is much "
    "slower.",
)
@click.option(
    "--strategy",
    type=click.Choice(["mirrored", "multiworker"]),
    help="Split each batch across all GPUs of this machine (mirrored), or across the machines that "
    "TF_CONFIG or Slurm names (multiworker).",
)
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    help="With --strategy mirrored: the number of devices. [default: all GPUs]",
)
@click.option(
    "--backbone",
    metavar="NAME_OR_RUN",
    help="Train only a new last layer, on top of a pretrained network: mobilenet_v2, vgg16, "
    "inception_v3, drawn_pets (small, and learned from drawings) or a run folder.",
)
@click.option(
    "--weights",
    metavar="PATH",
    help="Weights of a named --backbone: a file without the top layers, imagenet (downloaded "
    "once; drawn_pets has its own) or none. [default: imagenet]",
)
@recipe_options
@click.pass_context
def train(context, **options):
    """Train a network, and save everything in a run folder."""
    _check_combinations(options, given_options(context))
    preset = TRANSFER if options["backbone"] else PRESETS[options["preset"]]
    recipe = dataclasses.replace(preset, **recipe_changes(options))
    for name, value in training_environment().items():
        os.environ.setdefault(name, value)
    load_tensorflow()
    strategy = None
    if options["strategy"]:  # first: it configures TensorFlow's devices before they are used
        from petkeras.hardware.strategies import make_strategy

        strategy = make_strategy(options["strategy"], options["devices"])
    if options["resume"]:
        run_dir, history = _resume(options, strategy)
    elif options["repeat"]:
        run_dir, history = _repeat(options, strategy)
    else:
        run_dir, history = _train_new(options, recipe, strategy)
    return _print_result(run_dir, history, strategy)


def _check_combinations(options, given):
    """Reject options that contradict each other, and let an existing run set its own source."""
    if options["deterministic"] and options["xla"]:
        raise PetkerasError(
            "XLA has no deterministic max pooling on a GPU: leave out '--deterministic' or '--xla'."
        )
    if options["devices"] and options["strategy"] is None:
        raise PetkerasError("'--devices' applies only to '--strategy mirrored': add it.")
    for name, allowed in (("resume", WITH_RESUME), ("repeat", WITH_REPEAT)):
        if options[name]:
            refused = [other for other in given if other not in allowed]
            if refused:
                raise PetkerasError(
                    f"'--{name}' takes all settings from {options[name]}/config.json: leave out "
                    f"{quote_options(refused)}."
                )
            if "source" not in given:
                options["source"] = None
            break
    else:
        _check_new(options, given)
    if options["strategy"] == "multiworker" and not (options["run_dir"] or options["resume"]):
        raise PetkerasError("Set '--run-dir' to a folder on a disk that all machines share.")


def _check_new(options, given):
    refused = [name for name in given if name in NOT_WITH_BACKBONE]
    if options["backbone"] and refused:
        raise PetkerasError(
            f"With '--backbone' only the last layer is trained: leave out {quote_options(refused)}."
        )
    if options["weights"] and not options["backbone"]:
        raise PetkerasError("'--weights' applies only to a '--backbone': add it.")


def _train_new(options, recipe, strategy):
    """Train a new run; if `--run-dir` holds the same run, resume it."""
    from petkeras.hardware import devices
    from petkeras.hardware.strategies import is_chief
    from petkeras.models import pet_net
    from petkeras.runs.folder import check_free, is_run
    from petkeras.runs.train import train
    from petkeras.runs.transfer import transfer

    run_dir = options["run_dir"] or _name_run_dir()
    if options["choose"]:
        options["breeds"] = _choose_breeds(options["source"], options["data_dir"])
    if not is_run(run_dir) and is_chief(strategy):
        check_free(run_dir)
    if options["deterministic"]:
        devices.make_deterministic()
    if options["xla"]:
        devices.use_xla()
    data = load_pictures(options)
    if is_chief(strategy):
        print_data(data)
    resume, seed = is_run(run_dir), options["seed"]
    if options["backbone"]:
        weights = None if options["weights"] == "none" else options["weights"] or "imagenet"
        return run_dir, transfer(options["backbone"], data, recipe, run_dir, weights, seed, resume)
    devices.prepare_gpus()
    policy = devices.dtype_policy(options["precision"])
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = pet_net(len(data.class_names), options["image_size"], recipe, seed, policy)
    film = _make_film(options["film"], options["film_photo"], options["image_size"])
    return run_dir, train(
        model, data, recipe, run_dir, seed, resume=resume, film=film, strategy=strategy
    )


def _make_film(layers, photograph, image_size):
    """Return the `Film` that `--film` and `--film-photo` describe."""
    from petkeras.callbacks.filters import Film

    filters = {}
    for text in layers:
        name, _, numbers = text.partition(":")
        try:
            filters.setdefault(name, []).extend(int(number) for number in numbers.split(","))
        except ValueError:
            raise PetkerasError(
                f"'--film' must be a layer and its filters, such as conv1_2:0,5,7. Received: {text}"
            ) from None
    return Film(filters or None, _read_photograph(photograph, image_size))


def _read_photograph(photograph, image_size):
    from petkeras.runs.run import read_photograph

    return read_photograph(photograph, image_size) if photograph else None


def _resume(options, strategy):
    from petkeras.runs.run import Run

    run = Run(options["resume"])
    recipe = dataclasses.replace(run.recipe, **recipe_changes(options))
    return run.run_dir, _train_again(run, recipe, run.run_dir, options, strategy, resume=True)


def _repeat(options, strategy):
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.folder import check_free
    from petkeras.runs.repeat import compare_runs
    from petkeras.runs.run import Run

    run, run_dir = Run(options["repeat"]), options["run_dir"] or _name_run_dir()
    run.history  # noqa: B018 -- a damaged one is reported now, not after the training
    if is_chief(strategy):
        check_free(run_dir)
    history = _train_again(run, run.recipe, run_dir, options, strategy)
    if is_chief(strategy) and not history.interrupted:
        for line in compare_runs(run, Run(run_dir)):
            print_line(line)
    return run_dir, history


def _train_again(run, recipe, run_dir, options, strategy, resume=False):
    """Train with the settings in a run's config.json, on the same pictures."""
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.repeat import prepare_again, train_again

    data = prepare_again(run, options["data_dir"], options["source"])
    if is_chief(strategy):
        print_data(data)
    photograph = _read_photograph(options["film_photo"], run.config["image_size"])
    return train_again(run, data, recipe, run_dir, resume, photograph, strategy)


def _print_result(run_dir, history, strategy):
    """Print how a training ended, and return the command's exit code."""
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.intervals import describe_accuracy
    from petkeras.runs.run import Run

    if not is_chief(strategy):  # only the first process prints
        return 130 if history.interrupted else 0
    if history.interrupted:
        print_line(
            f"Stopped. The model so far is saved as {run_dir}/model.keras. "
            f"Resume: petkeras train --resume {run_dir}"
        )
        return 130
    last = history.epochs[-1]
    count = Run(run_dir).config["pictures"]["test"]
    print_line(
        f"Trained in {last.seconds:.0f} s. Accuracy: {last.accuracy:.3f} on the training part, "
        f"{describe_accuracy(last.test_accuracy, count)} on the test part. Saved in {run_dir}. "
        f"View it: tensorboard --logdir {run_dir}"
    )
    return 0


def _choose_breeds(source, data_dir):
    """Show the breeds of a source, and ask until at least two of them are chosen."""
    from petkeras.data.breeds import resolve
    from petkeras.data.pets import open_source

    names = open_source(source, data_dir).class_names
    for number, name in enumerate(names, start=1):
        print_line(f"{number:3d}  {name}")
    while True:
        answer = click.prompt(
            "Which breeds? Type two or more names or numbers, separated by commas"
        )
        words = [word.strip() for word in answer.split(",") if word.strip()]
        try:
            return resolve([_by_number(word, names) for word in words], names)
        except PetkerasError as error:
            print_line(translate(str(error), train))


def _by_number(word, names):
    in_list = word.isdecimal() and 1 <= int(word) <= len(names)
    return names[int(word) - 1] if in_list else word


def _name_run_dir():
    return time.strftime("runs/%Y-%m-%d_%H-%M-%S")
