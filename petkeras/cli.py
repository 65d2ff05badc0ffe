"""The command line: reads what was asked, calls the package, prints what came of it."""

from __future__ import annotations

import dataclasses
import json
import sys
import time

import click

from petkeras import __version__
from petkeras.errors import PetkerasError
from petkeras.recipes import PRESETS, TRANSFER, Recipe

# TensorFlow takes seconds to load, so commands import what needs it when they run.

RECIPE_FIELDS = [field for field in dataclasses.fields(Recipe) if field.name != "name"]
WITHOUT_BACKBONE = (  # options of train that say nothing about a last layer
    "preset", "precision", "film", "film_photo", "film_every", "pixel_scale", "initializer",
    "dense_bias", "conv_dropout", "dense_dropout", "flip", "shift", "zoom", "rotation", "light",
    "color",
)  # fmt: skip


def main():
    """Run the `petkeras` command; end a user's mistake in one line and exit code 2."""
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as error:
        command = error.ctx.command_path if getattr(error, "ctx", None) else "petkeras"
        _fail(f"{error.format_message()} See '{command} --help'.")
    except PetkerasError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'A file'} cannot be read or written: {error.strerror}.")
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(line):
    click.echo(f"petkeras: {line}", err=True)
    sys.exit(2)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="petkeras")
def cli():
    """Train a small convolutional network on photographs of pets, and look inside it."""


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
    "--image-size", default=224, show_default=True, help="Height and width in pixels."
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
@_options(IMAGE_SIZE, TEST_FRACTION, SEED)
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["float32", "bfloat16", "auto"]),
    help="What is computed in; weights are float32 always.",
)
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
    help="Go on with an interrupted run; everything else is as it was begun with.",
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
def train(context, resume, **options):
    """Train the article's network, and keep all that happens in a run folder."""
    if resume:
        run_dir, history = _resume(context, resume, options["data_dir"])
    elif options["backbone"]:
        run_dir, history = _transfer(context, options)
    else:
        run_dir, history = _train(options)
    if history.interrupted:
        click.echo(
            f"Stopped. The model so far is {run_dir}/model.keras. "
            f"Go on: petkeras train --resume {run_dir}"
        )
        return 130
    last = history.epochs[-1]
    click.echo(
        f"Trained in {last.seconds:.0f} s: accuracy {last.accuracy:.3f} in training, "
        f"{last.test_accuracy:.3f} on the test part. Kept in {run_dir}. "
        f"See it: tensorboard --logdir {run_dir}"
    )
    return 0


def _train(options):
    if options["weights"]:
        raise PetkerasError("--weights are those of a --backbone: name it.")
    recipe, run_dir, data = _prepare(options, PRESETS[options["preset"]])
    from petkeras import devices, pet_net
    from petkeras.training import train

    seed = options["seed"]
    devices.prepare_gpus()
    policy = devices.dtype_policy(options["precision"])
    model = pet_net(len(data.class_names), options["image_size"], recipe, seed, policy)
    film = _film(options["film"], options["film_photo"], options["image_size"])
    return run_dir, train(model, data, recipe, run_dir, seed, film=film)


def _prepare(options, preset):
    """Return the recipe that was asked for, a run folder that is free, and the pictures."""
    changed = {
        field.name: options[field.name]
        for field in RECIPE_FIELDS
        if options[field.name] is not None
    }
    recipe = dataclasses.replace(preset, **changed)
    run_dir = options["run_dir"] or time.strftime("runs/%Y-%m-%d_%H-%M-%S")
    if options["choose"]:
        options["breeds"] = _choose(options["source"], options["data_dir"])
    from petkeras import load_pets
    from petkeras.runs import check_free

    check_free(run_dir)
    data = load_pets(
        **{
            name: options[name]
            for name in ("breeds", "source", "image_size", "test_fraction", "seed", "data_dir")
        }
    )
    _say_data(data)
    return recipe, run_dir, data


def _transfer(context, options):
    unused = [name for name in _given(context) if name in WITHOUT_BACKBONE]
    if unused:
        names = ", ".join(_flag(name) for name in unused)
        raise PetkerasError(f"With --backbone only the last layer is trained: leave out {names}.")
    recipe, run_dir, data = _prepare(options, TRANSFER)
    from petkeras import transfer

    weights = options["weights"] or "imagenet"
    weights = None if weights == "none" else weights
    return run_dir, transfer(
        options["backbone"], data, recipe, run_dir, weights, seed=options["seed"]
    )


def _film(layers, photograph, image_size):
    """Return the `Film` that was asked for by `--film` and `--film-photo`."""
    from petkeras.recorder import Film
    from petkeras.runs import read_photograph

    filters = {}
    for text in layers:
        name, _, numbers = text.partition(":")
        try:
            filters[name] = [int(number) for number in numbers.split(",")]
        except ValueError:
            raise PetkerasError(
                f"--film must be a layer and its filters, such as conv1_2:0,5,7. Received: {text!r}"
            ) from None
    image = read_photograph(photograph, image_size) if photograph else None
    return Film(filters or None, image)


def _resume(context, run_dir, data_dir):
    given = [name for name in _given(context) if name not in ("resume", "data_dir")]
    if given:
        raise PetkerasError(
            f"--resume takes everything from {run_dir}/config.json: leave out "
            f"{', '.join(_flag(name) for name in given)}."
        )
    from petkeras import Run, devices, load_pets, pet_net, transfer
    from petkeras.training import train

    run = Run(run_dir)
    data = load_pets(**run.config["data"], data_dir=data_dir)
    _say_data(data)
    if "backbone" in run.config:
        return run_dir, transfer(
            **run.config["backbone"],
            data=data,
            recipe=run.recipe,
            run_dir=run_dir,
            seed=run.config["seed"],
            resume=True,
        )
    devices.prepare_gpus()
    model = pet_net(
        len(run.class_names),
        run.config["image_size"],
        run.recipe,
        run.config["seed"],
        run.config["dtype_policy"],
    )
    history = train(model, data, run.recipe, run_dir, run.config["seed"], resume=True)
    return run_dir, history


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
        click.echo(f"{number:3d}  {name}")
    while True:
        answer = click.prompt("Which breeds? Two names or numbers or more, with commas between")
        words = [word.strip() for word in answer.split(",") if word.strip()]
        words = [_by_number(word, names) for word in words]
        try:
            return resolve(words, names)
        except PetkerasError as error:
            click.echo(error)


def _by_number(word, names):
    in_list = word.isdecimal() and 1 <= int(word) <= len(names)
    return names[int(word) - 1] if in_list else word


@cli.command()
@click.argument("run_dir", type=click.Path())
@_options(DATA_DIR, JSON)
def evaluate(run_dir, data_dir, as_json):
    """Measure a trained run on its training and test parts, without dropout."""
    from petkeras import Run, load_pets
    from petkeras.training import evaluate

    run = Run(run_dir)
    data = load_pets(**run.config["data"], data_dir=data_dir)
    measured = {}
    for part, pictures in (("train", data.train), ("test", data.test)):
        loss, accuracy, logits = evaluate(run.model, pictures, run.mean, run.recipe)
        classes = pictures.labels.argmax(axis=1)
        right = logits.argmax(axis=1) == classes
        measured[part] = {
            "pictures": len(pictures),
            "loss": loss,
            "accuracy": accuracy,
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
            *(f"{breed['right']}/{breed['pictures']}" for breed in m["breeds"].values()),
        )
        for part, m in measured.items()
    ]
    _table(
        f"{run_dir} on {_origin(data)}",
        ("part", "pictures", "loss", "accuracy", *data.class_names),
        rows,
    )


@cli.command()
@click.argument("run_dir", type=click.Path())
@click.argument("photographs", nargs=-1, required=True, type=click.Path())
@JSON
def predict(run_dir, photographs, as_json):
    """Tell the breeds in photographs, with their probabilities."""
    from petkeras import Run

    run = Run(run_dir)
    probabilities = run.predict(photographs).tolist()  # (photographs, classes)
    answers = [
        {
            "photograph": photograph,
            "breed": run.class_names[row.index(max(row))],
            "probabilities": dict(zip(run.class_names, row, strict=True)),
        }
        for photograph, row in zip(photographs, probabilities, strict=True)
    ]
    if as_json:
        click.echo(json.dumps(answers, indent=2))
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
    _table(f"Breeds by {run_dir}", ("photograph", "breed", *columns), rows)


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
    from petkeras.visualize.gallery import make_scene, write_figures
    from petkeras.visualize.report import write_report

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
    click.echo(f"{len(exhibits)} figures are in {run_dir}/figures. All on one page: {report}")


def _data_if_there(run, data_dir):
    """Return a run's pictures; where they are gone, say so and return `None`."""
    from petkeras import load_pets

    try:
        return load_pets(**run.config["data"], data_dir=data_dir)
    except PetkerasError as error:
        click.echo(f"Without the pictures that it was trained on: {error}")
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
@JSON
def doctor(as_json):
    """Tell what runs on this machine, and what to do about what does not."""
    from petkeras import doctor, machine

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
    from petkeras.lab import copy_chapters, open_jupyterlab

    became = copy_chapters(folder)
    for what, meaning in LAB_MEANINGS.items():
        names = [name for name, outcome in became.items() if outcome == what]
        if names:
            click.echo(f"{meaning}: {', '.join(names)}")
    click.echo(f"The notebooks are in {folder}.")
    if copy_only:
        return 0
    arguments = ["--no-browser"] if no_browser else []
    return open_jupyterlab(folder, [*arguments, *([f"--port={port}"] if port else [])])


def _say_data(data):
    click.echo(
        f"{_origin(data)}: {' and '.join(data.class_names)}, "
        f"{len(data.train)} to train and {len(data.test)} to test."
    )
    _say_problems(data)


def _say_problems(data):
    from petkeras.data.pictures import summarize

    if data.problems:
        click.echo(summarize(data.problems))


def _origin(data):
    source = data.origin["source"]
    if source == "sample":
        return "Drawn pets (source sample)"
    return f"Pictures of {source}"


def _table(title, columns, rows):
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        numeric = all(row[place][:1].isdigit() for row in rows)
        table.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold",  # a long file name goes on in the next line; nothing is cut off
            no_wrap=place > 0,
        )
    for row in rows:
        table.add_row(*row)
    click.echo(title)
    Console().print(table, highlight=False)
