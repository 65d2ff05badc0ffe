"""The command line: reads what was asked, calls the package, prints what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import math
import sys
import time
from typing import Any

import click

from petkeras import __version__
from petkeras.errors import PetkerasError
from petkeras.recipes import MOST_SIDE, PRESETS, TRANSFER, Recipe
from petkeras.text import printable

# TensorFlow takes seconds to load, so commands import what needs it when they run.

RECIPE_FIELDS = [field for field in dataclasses.fields(Recipe) if field.name != "name"]
WITHOUT_BACKBONE = (  # options of train that say nothing about a last layer
    "preset", "precision", "xla", "strategy", "devices", "film", "film_photo", "film_every",
    "pixel_scale", "initializer", "dense_bias", "conv_dropout", "dense_dropout", "flip", "shift",
    "zoom", "rotation", "light", "color",
)  # fmt: skip


def main():
    """Run the `petkeras` command; end a user's mistake in one line and exit code 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what a terminal's encoding has not
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        command = error.ctx.command_path if getattr(error, "ctx", None) else "petkeras"
        _fail(f"{error.format_message()} See '{command} --help'.")
    except PetkerasError as error:
        _fail(str(error))
    except OSError as error:
        why = error.strerror or error
        _fail(f"{error.filename or 'A file'} cannot be read or written: {why}.")
    except MemoryError:
        _fail("The memory is full. Lower '--image-size' or '--batch-size'.")
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(line):
    _complain(line)
    sys.exit(2)


def _complain(line):
    _say(f"petkeras: {line}", err=True)


def _say(line, err=False):
    """Print a line that may hold names of strangers' files: none can break or fake it."""
    click.echo(printable(line), err=err)


class _Command(click.Command):
    """A command that takes no empty words: '' as a path would be the folder at hand."""

    def invoke(self, context):
        for parameter in self.get_params(context):
            value = context.params.get(parameter.name)
            if value == "" or (isinstance(value, tuple) and "" in value):
                raise click.BadParameter("it must not be empty.", context, parameter)
        return super().invoke(context)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="petkeras")
def cli():
    """Train a small convolutional network on photographs of pets, and look inside it."""


cli.command_class = _Command


def _options(*options):
    """Apply click options in the order in which the help shall list them."""

    def decorate(command):
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _recipe_options(command):
    """Add an option for every field of the recipe."""
    return _options(*(_recipe_option(field) for field in RECIPE_FIELDS))(command)


def _recipe_option(field):
    flag = "--" + field.name.replace("_", "-")
    if isinstance(field.default, bool):
        flag = f"{flag}/--no-{field.name.replace('_', '-')}"
    return click.option(
        flag,
        field.name,
        default=None,
        type=type(field.default),
        help=f"Recipe: {field.metadata['help']}.",
    )


SOURCE = click.option(
    "--source",
    default="oxford",
    envvar="PETKERAS_PETS",
    show_default=True,
    show_envvar=True,
    help="oxford (downloaded once, 774 MiB), sample (drawn, no network), or a folder: with the two "
    "published archives, or with a sub-folder of pictures per class.",
)
BREEDS = click.option(
    "--breeds",
    default="shiba_inu,samoyed",
    show_default=True,
    help="Two names or more with commas between, or all, cats, dogs.",
)
IMAGE_SIZE = click.option(
    "--image-size",
    default=224,
    show_default=True,
    type=click.IntRange(max=MOST_SIDE),
    help="Height and width in pixels.",
)
TEST_FRACTION = click.option(
    "--test-fraction",
    default=0.15,
    show_default=True,
    help="Part of each breed that is held back for the test.",
)
SEED = click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Decides the split, the network's start, the order and the dropout.",
)
PRECISION = click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["float32", "bfloat16", "auto"]),
    help="What is computed in; weights are float32 always.",
)
DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    help="Where data sets and decoded pictures are kept. "
    "[default: $TFDS_DATA_DIR or ~/tensorflow_datasets]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


@cli.command()
@_options(SOURCE, BREEDS)
@click.option(
    "--recipe",
    "preset",
    type=click.Choice(list(PRESETS)),
    default="modern",
    show_default=True,
    help="The article's recipe to the letter, or one with what was learned since.",
)
@click.option("--choose", is_flag=True, help="Ask for the breeds at the prompt.")
@_options(IMAGE_SIZE, TEST_FRACTION, SEED, PRECISION)
@click.option(
    "--run-dir",
    type=click.Path(),
    help="The run folder to be made. [default: runs/DATE_TIME]",
)
@DATA_DIR
@click.option(
    "--film",
    multiple=True,
    metavar="LAYER:FILTERS",
    help="Filters to film, such as conv1_2:0,5,7; can be given for several layers. [default: the "
    "first 8 of each convolution]",
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
    help="Go on with a run that was interrupted, or has ended and is given more --epochs; all else "
    "is as it was begun with. The same command again does so, too.",
)
@click.option(
    "--repeat",
    type=click.Path(),
    metavar="RUN",
    help="Do again what a run did, into another run folder, and compare.",
)
@click.option(
    "--deterministic",
    is_flag=True,
    help="Use only operations that give the same bits each time, on a GPU too; slower there.",
)
@click.option(
    "--xla",
    is_flag=True,
    help="Compile the step with XLA: for one GPU, where it may be faster; on a CPU much slower.",
)
@click.option(
    "--strategy",
    type=click.Choice(["mirrored", "multiworker"]),
    help="Share each batch among all GPUs of this machine, or among the machines that TF_CONFIG or "
    "Slurm names.",
)
@click.option(
    "--devices",
    type=click.IntRange(min=1),
    help="Of --strategy mirrored: how many devices. [default: all GPUs]",
)
@click.option(
    "--backbone",
    metavar="NAME_OR_RUN",
    help="Keep a network that is trained already, and learn a last layer on top of it: "
    "mobilenet_v2, vgg16, inception_v3 or a run folder.",
)
@click.option(
    "--weights",
    metavar="PATH",
    help="Of a named --backbone: a file of weights for it without its top, imagenet (downloaded "
    "once) or none. [default: imagenet]",
)
@_recipe_options
@click.pass_context
def train(context, **options):
    """Train the article's network, and keep all that happens in a run folder."""
    if options["deterministic"] and options["xla"]:
        raise PetkerasError(
            "XLA has no max-pooling that is deterministic on a GPU: leave out --deterministic or "
            "--xla."
        )
    strategy = _strategy(options)
    if options["resume"]:
        run_dir, history = _resume(context, options, strategy)
    elif options["repeat"]:
        run_dir, history = _repeat(context, options, strategy)
    elif options["backbone"]:
        run_dir, history = _transfer(context, options)
    else:
        run_dir, history = _train(options, strategy)
    from petkeras import Run
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.intervals import describe_accuracy

    if not is_chief(strategy):  # the first process tells
        return 130 if history.interrupted else 0

    if history.interrupted:
        _say(
            f"Stopped. The model so far is {run_dir}/model.keras. "
            f"Go on: petkeras train --resume {run_dir}"
        )
        return 130
    last = history.epochs[-1]
    count = Run(run_dir).config["pictures"]["test"]
    _say(
        f"Trained in {last.seconds:.0f} s: accuracy {last.accuracy:.3f} in training, "
        f"{describe_accuracy(last.test_accuracy, count)} on the test part. Kept in {run_dir}. "
        f"See it: tensorboard --logdir {run_dir}"
    )
    return 0


def _strategy(options):
    """Return the strategy that was asked for; it must be there before TensorFlow starts."""
    kind = options["strategy"]
    if kind is None and options["devices"]:
        raise PetkerasError("--devices are those of '--strategy mirrored': add it.")
    if kind is None or options["backbone"]:  # which is refused together with it
        return None
    if kind == "multiworker" and not (options["run_dir"] or options["resume"]):
        raise PetkerasError("Name a '--run-dir' that is on a disk which all machines share.")
    from petkeras.hardware.strategies import make_strategy

    return make_strategy(kind, options["devices"])


def _train(options, strategy):
    if options["weights"]:
        raise PetkerasError("--weights are those of a --backbone: name it.")
    recipe, run_dir, data = _prepare(options, PRESETS[options["preset"]], strategy)
    from petkeras import pet_net
    from petkeras.hardware import devices
    from petkeras.runs.folder import is_run
    from petkeras.training import train

    seed = options["seed"]
    devices.prepare_gpus()
    policy = devices.dtype_policy(options["precision"])
    with _scope(strategy):
        model = pet_net(len(data.class_names), options["image_size"], recipe, seed, policy)
    film = _film(options["film"], options["film_photo"], options["image_size"])
    resume = is_run(run_dir)
    return run_dir, train(
        model, data, recipe, run_dir, seed, resume=resume, film=film, strategy=strategy
    )


def _scope(strategy):
    return strategy.scope() if strategy else contextlib.nullcontext()


def _prepare(options, preset, strategy=None):
    """Return the recipe that was asked for, its run folder, and the pictures.

    The folder is free, or that of a run, with which to go on if it is this one.
    """
    recipe = dataclasses.replace(preset, **_recipe_changes(options))
    run_dir = options["run_dir"] or _new_run_dir()
    if options["choose"]:
        options["breeds"] = _choose(options["source"], options["data_dir"])
    from petkeras import load_pets
    from petkeras.hardware import devices
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.folder import check_free, is_run

    if not is_run(run_dir) and is_chief(strategy):
        check_free(run_dir)
    if options["deterministic"]:
        devices.make_deterministic()
    if options["xla"]:
        devices.use_xla()
    data = load_pets(
        **{
            name: options[name]
            for name in ("breeds", "source", "image_size", "test_fraction", "seed", "data_dir")
        }
    )
    if is_chief(strategy):
        _say_data(data)
    return recipe, run_dir, data


def _recipe_changes(options):
    """Return the fields of the recipe for which an option was given."""
    return {
        field.name: options[field.name]
        for field in RECIPE_FIELDS
        if options[field.name] is not None
    }


def _new_run_dir():
    return time.strftime("runs/%Y-%m-%d_%H-%M-%S")


def _transfer(context, options):
    unused = [name for name in _given(context) if name in WITHOUT_BACKBONE]
    if unused:
        names = ", ".join(_flag(name) for name in unused)
        raise PetkerasError(f"With --backbone only the last layer is trained: leave out {names}.")
    recipe, run_dir, data = _prepare(options, TRANSFER)
    from petkeras import transfer
    from petkeras.runs.folder import is_run

    weights = options["weights"] or "imagenet"
    weights = None if weights == "none" else weights
    resume, seed = is_run(run_dir), options["seed"]
    return run_dir, transfer(options["backbone"], data, recipe, run_dir, weights, seed, resume)


def _film(layers, photograph, image_size):
    """Return the `Film` that was asked for by `--film` and `--film-photo`."""
    from petkeras.callbacks.filters import Film
    from petkeras.runs.run import read_photograph

    filters = {}
    for text in layers:
        name, _, numbers = text.partition(":")
        try:
            filters.setdefault(name, []).extend(int(number) for number in numbers.split(","))
        except ValueError:
            raise PetkerasError(
                f"--film must be a layer and its filters, such as conv1_2:0,5,7. Received: {text!r}"
            ) from None
    image = read_photograph(photograph, image_size) if photograph else None
    return Film(filters or None, image)


def _resume(context, options, strategy):
    run_dir = options["resume"]
    allowed = ("epochs", "checkpoint_every", "checkpoint_minutes", "strategy", "devices")
    _check_given(context, options, "resume", allowed)
    from petkeras import Run

    run = Run(run_dir)
    recipe = dataclasses.replace(run.recipe, **_recipe_changes(options))
    return run_dir, _train_as(run, recipe, run_dir, options, strategy, resume=True)


def _repeat(context, options, strategy):
    then_dir, run_dir = options["repeat"], options["run_dir"] or _new_run_dir()
    _check_given(context, options, "repeat", ("run_dir", "film_photo", "strategy", "devices"))
    from petkeras import Run
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.folder import check_free

    then = Run(then_dir)
    then_history = then.history  # what is damaged is told now, not after the training
    if is_chief(strategy):
        check_free(run_dir)
    history = _train_as(then, then.recipe, run_dir, options, strategy)
    if is_chief(strategy) and not history.interrupted:
        _compare(then, then_history, Run(run_dir), history)
    return run_dir, history


def _compare(then, then_history, now, history):
    """Say whether a run that was repeated gave the same figures, and what was not the same."""
    for what in ("versions", "device"):
        if then.config[what] != now.config[what]:
            _say(f"Other {what} than here: {then.config[what]} there, {now.config[what]} here.")
    if "epochs_before" in then.config:
        _say(f"{then.run_dir} was given more epochs later, after {then.config['epochs_before']}.")
    columns = ("loss", "accuracy", "test_loss", "test_accuracy")
    same = [then_history.column(name) == history.column(name) for name in columns]
    _say(
        f"Every loss and accuracy is that of {then.run_dir}, to the last bit."
        if all(same)
        else f"Losses or accuracies differ from those of {then.run_dir}."
    )


def _train_as(run, recipe, run_dir, options, strategy, resume=False):
    """Train what a run's `config.json` tells, in a run folder."""
    from petkeras import pet_net, transfer
    from petkeras.callbacks.filters import Film
    from petkeras.hardware import devices
    from petkeras.hardware.strategies import is_chief
    from petkeras.runs.config import describe_pictures
    from petkeras.training import train

    config = run.config
    if config.get("deterministic"):
        devices.make_deterministic()
    if config.get("xla"):
        devices.use_xla()
    devices.prepare_gpus()
    data = _pictures_of(run, options["data_dir"], options["source"])
    if describe_pictures(data) != config["pictures"]:
        raise PetkerasError(
            f"The pictures of {data.origin['source']} are not those that the run was trained on: "
            "name a place where they are with '--source'."
        )
    if is_chief(strategy):
        _say_data(data)
    size, seed = config["image_size"], config["seed"]
    if "backbone" in config:
        if strategy:
            raise PetkerasError("A last layer is trained on one device: leave out --strategy.")
        names = config["backbone"]
        return transfer(
            **names, data=data, recipe=recipe, run_dir=run_dir, seed=seed, resume=resume
        )
    with _scope(strategy):
        model = pet_net(len(data.class_names), size, recipe, seed, config["dtype_policy"])
    film = Film(config.get("film"), _film((), options["film_photo"], size).image)
    return train(model, data, recipe, run_dir, seed, resume, film=film, strategy=strategy)


def _pictures_of(run, data_dir, source=None):
    """Load the pictures that a run was trained on, as its `config.json` tells."""
    from petkeras import load_pets

    origin = run.config["data"]
    if not origin:
        raise PetkerasError(
            f"{run.run_dir} was trained in Python, on pictures that petkeras did not load. Go on "
            "there: this command cannot find them."
        )
    data = load_pets(**{**origin, "source": source or origin["source"]}, data_dir=data_dir)
    if data.class_names != run.class_names:
        raise PetkerasError(f"{run.run_dir} does not tell the classes of {_origin(data)} apart.")
    return data


def _check_given(context, options, option, allowed):
    """Refuse what a run's config.json decides; a source that was not typed is that of the run."""
    given = _given(context)
    allowed = (option, "source", "data_dir", *allowed)
    refused = [name for name in given if name not in allowed]
    if refused:
        raise PetkerasError(
            f"--{option} takes everything from {options[option]}/config.json: leave out "
            f"{', '.join(_flag(name) for name in refused)}."
        )
    if "source" not in given:
        options["source"] = None


def _given(context):
    """List the parameters that were typed, not left at their defaults."""
    return [
        name
        for name in context.params
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]


def _flag(name):
    return "--recipe" if name == "preset" else "--" + name.replace("_", "-")


def _choose(source, data_dir):
    """Show the breeds of a source and ask until two or more of them are named."""
    from petkeras.data.breeds import resolve
    from petkeras.data.pets import open_source

    names = open_source(source, data_dir).class_names
    for number, name in enumerate(names, start=1):
        _say(f"{number:3d}  {name}")
    while True:
        answer = click.prompt("Which breeds? Two names or numbers or more, with commas between")
        words = [word.strip() for word in answer.split(",") if word.strip()]
        words = [_by_number(word, names) for word in words]
        try:
            return resolve(words, names)
        except PetkerasError as error:
            _say(error)


def _by_number(word, names):
    in_list = word.isdecimal() and 1 <= int(word) <= len(names)
    return names[int(word) - 1] if in_list else word


@cli.command()
@click.argument("run_dir", type=click.Path())
@_options(DATA_DIR, JSON)
def evaluate(run_dir, data_dir, as_json):
    """Measure a trained run on its training and test parts, without dropout."""
    from petkeras import Run
    from petkeras.runs.config import describe_pictures
    from petkeras.runs.intervals import accuracy_interval, find_caveats
    from petkeras.training import evaluate

    run = Run(run_dir)
    model, mean = run.model, run.mean
    data = _pictures_of(run, data_dir)
    if describe_pictures(data) != run.config["pictures"]:
        _complain(
            f"The pictures of {data.origin['source']} are not those that {run_dir} was trained on: "
            "it may have learned some of the test part."
        )
    measured: dict[str, Any] = {}
    for part, pictures in (("train", data.train), ("test", data.test)):
        loss, accuracy, logits = evaluate(model, pictures, mean, run.recipe)
        if not math.isfinite(loss):
            raise PetkerasError(
                f"{run_dir}/model.keras gives no finite numbers: its weights are damaged."
            )
        classes = pictures.labels.argmax(axis=1)
        right = logits.argmax(axis=1) == classes
        measured[part] = {
            "pictures": len(pictures),
            "loss": loss,
            "accuracy": accuracy,
            "interval": accuracy_interval(int(right.sum()), len(pictures)),
            "breeds": {
                name: {
                    "pictures": int((classes == i).sum()),
                    "right": int(right[classes == i].sum()),
                }
                for i, name in enumerate(data.class_names)
            },
        }
    if as_json:
        click.echo(json.dumps(measured, indent=2))
        return
    rows = [
        (
            part,
            str(m["pictures"]),
            f"{m['loss']:.4f}",
            f"{m['accuracy']:.3f}",
            "{:.3f} to {:.3f}".format(*m["interval"]),
            *(f"{breed['right']}/{breed['pictures']}" for breed in m["breeds"].values()),
        )
        for part, m in measured.items()
    ]
    _table(
        f"{run_dir} on {_origin(data)}",
        ("part", "pictures", "loss", "accuracy", "95% interval", *data.class_names),
        rows,
    )
    for caveat in find_caveats(measured["test"]["accuracy"], data.test.labels, data.class_names):
        _say(caveat)


@cli.command()
@click.argument("run_dir", type=click.Path())
@click.argument("photographs", nargs=-1, required=True, type=click.Path())
@JSON
def predict(run_dir, photographs, as_json):
    """Tell the breeds in photographs, with their probabilities."""
    from petkeras import Run

    run = Run(run_dir)
    run.model, run.mean  # noqa: B018 -- what is wrong with the run is told before its pictures
    answers, failed = [], []
    for photograph in photographs:
        try:
            row = run.predict([photograph])[0].tolist()  # (classes,)
        except PetkerasError as error:
            failed.append({"photograph": photograph, "error": str(error)})
            answers.append(failed[-1])
            continue
        answers.append(
            {
                "photograph": photograph,
                "breed": run.class_names[row.index(max(row))],
                "probabilities": dict(zip(run.class_names, row, strict=True)),
            }
        )
    if as_json:
        click.echo(json.dumps(answers, indent=2))
    else:
        _show_answers(run, [answer for answer in answers if answer not in failed])
        for answer in failed:
            _complain(answer["error"])
    return 2 if failed else 0


def _show_answers(run, answers):
    if not answers:
        return
    if len(run.class_names) <= 4:  # a column for each fits
        columns = run.class_names
        shown = [answer["probabilities"].values() for answer in answers]
    else:
        columns = ("probability",)
        shown = [[max(answer["probabilities"].values())] for answer in answers]
    rows = [
        (answer["photograph"], answer["breed"], *(f"{value:.4f}" for value in values))
        for answer, values in zip(answers, shown, strict=True)
    ]
    _table(f"Breeds by {run.run_dir}", ("photograph", "breed", *columns), rows)


@cli.command()
@click.argument("run_dir", type=click.Path())
@click.argument("photographs", nargs=-1, type=click.Path())
@click.option(
    "--layer",
    "layers",
    multiple=True,
    help="A layer whose feature maps to show; can be given several times. Grad-CAM takes the last. "
    "[default: each convolution]",
)
@DATA_DIR
def visualize(run_dir, photographs, layers, data_dir):
    """Draw all figures of a run into RUN/figures/, and one page of them: RUN/report.html."""
    import matplotlib

    matplotlib.use("Agg")  # figures go into files: no window, no display needed
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from petkeras import Run
    from petkeras.report.figures import make_scene, write_figures
    from petkeras.report.page import write_report

    run = Run(run_dir)
    run.model  # noqa: B018 -- a run without a model is told of before its pictures are read
    scene = make_scene(run, _data_if_there(run, data_dir), photographs, layers)
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("", total=None)
        exhibits = write_figures(
            scene, progress=lambda title: progress.update(task, description=title)
        )
    report = write_report(scene, exhibits)
    _say(f"{len(exhibits)} figures are in {run_dir}/figures. All on one page: {report}")


def _data_if_there(run, data_dir):
    """Return a run's pictures; where they are gone, say so and return `None`."""
    try:
        return _pictures_of(run, data_dir)
    except PetkerasError as error:
        _say(f"Without the pictures that it was trained on: {error}")
        return None


@cli.command()
@_options(SOURCE, BREEDS, IMAGE_SIZE, TEST_FRACTION, SEED, DATA_DIR)
@click.option("--list", "list_breeds", is_flag=True, help="List the 37 breeds of oxford and stop.")
def data(list_breeds, **options):
    """Fetch or draw pictures, and show what there is."""
    if list_breeds:
        from petkeras.data import breeds

        rows = [(name, "cat" if name in breeds.CATS else "dog") for name in breeds.BREEDS]
        _table("The breeds of the Oxford-IIIT Pet dataset", ("breed", "species"), rows)
        return
    from petkeras import load_pets
    from petkeras.data.pets import class_table

    loaded = load_pets(**options)
    columns, rows = class_table(loaded)
    _table(_origin(loaded), columns, rows)
    _say_problems(loaded)


@cli.command()
@click.option("--rounds", default=5, show_default=True, help="How often each of them runs.")
@click.option("--steps", default=20, show_default=True, help="Training steps timed in a round.")
@click.option("--batch-size", default=10, show_default=True, help="Pictures in a step.")
@IMAGE_SIZE
@click.option(
    "--device",
    type=click.Choice(["cpu", "gpu"]),
    help="Where all of them train. [default: gpu where there is one]",
)
@click.option(
    "--contender",
    multiple=True,
    metavar="NAME",
    help="One that shall run; can be given several times. [default: all that can run here]",
)
@click.option("--profile", is_flag=True, help="Tell which operations a step's time goes to, only.")
@click.option(
    "--source",
    help="Time whole trainings instead, on these pictures; as in 'petkeras train'.",
)
@_options(BREEDS, PRECISION)
@click.option(
    "--accuracy",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True),
    help="With --source: the test accuracy until which is trained.",
)
@DATA_DIR
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a page for docs/.")
@JSON
@click.pass_context
def bench(context, as_markdown, as_json, **options):
    """Time a training step, beside what Keras, PyTorch and the article make of the same network.

    With --source: the time that a training takes to come to an accuracy, a seed a round.
    """
    for name, least in (("rounds", 1), ("steps", 1), ("batch_size", 1), ("image_size", 1)):
        if options[name] < least:
            raise PetkerasError(f"{_flag(name)} must be {least} or more. Received: {options[name]}")
    from petkeras.bench.kinds import check, make_report

    check(options, [_flag(name) for name in _given(context)])
    report = make_report(options, said=lambda line: _say(line, err=True))
    if as_json:
        click.echo(json.dumps(report.facts, indent=2))
    elif as_markdown:
        click.echo(report.markdown())
    else:
        _show_report(report)


def _show_report(report):
    for part in report.parts:
        if part.page_only:
            continue
        if part.columns:
            _table(part.title, part.columns, part.rows)
        else:
            _say(f"{part.title}:")
        for line in part.lines:
            _say(line)


@cli.command()
@JSON
def doctor(as_json):
    """Tell what runs on this machine, and what to do about what does not."""
    from petkeras.hardware import doctor, machine

    facts = doctor.examine(machine.look())
    if as_json:
        click.echo(doctor.as_json(facts))
    else:
        for fact in facts:
            color = {doctor.OK: "green", doctor.NOTE: "yellow", doctor.PROBLEM: "red"}[fact.state]
            state, rest = doctor.line(fact).split(" ", 1)
            click.echo(f"{click.style(state, fg=color)} {rest}")
    return 0 if doctor.can_train(facts) else 1


LAB_MEANINGS = {
    "copied": "Copied",
    "updated": "Updated to petkeras's newer version",
    "kept": "Kept as you changed them (for petkeras's version, rename yours and run this again)",
}


@cli.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(), default="petkeras-notebooks")
@click.option("--copy-only", is_flag=True, help="Copy the notebooks; do not start JupyterLab.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="JupyterLab's port. [default: 8888]")
def lab(folder, copy_only, no_browser, port):
    """Copy the course's notebooks to DIR, and open them in JupyterLab.

    DIR is ./petkeras-notebooks unless named. What you have changed there is never written over.
    """
    from petkeras.course.lab import copy_chapters, open_jupyterlab

    became = copy_chapters(folder)
    for what, meaning in LAB_MEANINGS.items():
        names = [name for name, outcome in became.items() if outcome == what]
        if names:
            click.echo(f"{meaning}: {', '.join(names)}")
    _say(f"The notebooks are in {folder}.")
    if copy_only:
        return 0
    arguments = ["--no-browser"] if no_browser else []
    return open_jupyterlab(folder, [*arguments, *([f"--port={port}"] if port else [])])


def _say_data(data):
    _say(
        f"{_origin(data)}: {' and '.join(data.class_names)}, "
        f"{len(data.train)} to train and {len(data.test)} to test."
    )
    _say_problems(data)


def _say_problems(data):
    from petkeras.data.pictures import summarize

    if data.problems:
        _say(summarize(data.problems))


def _origin(data):
    source = data.origin["source"]
    if source == "sample":
        return "Drawn pets (source sample)"
    return f"Pictures of {source}"


def _table(title, columns, rows):
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = all(row[place][:1].isdigit() for row in rows)
        table.add_column(
            Text(printable(column)),
            justify="right" if numeric else "left",
            overflow="fold",  # a long file name goes on in the next line; nothing is cut off
            no_wrap=place > 0,
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))  # as they are, no [b]markup[/b]
    _say(title)
    Console().print(table, highlight=False)
