"""Options that several commands share, and one option for each field of a recipe."""

from __future__ import annotations

import dataclasses

import click

from petkeras.recipes import MAX_SIDE, Recipe

RECIPE_FIELDS = [field for field in dataclasses.fields(Recipe) if field.name != "name"]

SOURCE = click.option(
    "--source",
    default="oxford",
    envvar="PETKERAS_PETS",
    show_default=True,
    show_envvar=True,
    help="Where the pictures come from: oxford (downloaded once, 774 MiB), sample (drawn, works "
    "offline), or a folder that holds the two published archives or one subfolder of pictures per "
    "class, split into train and test subfolders or not.",
)
BREEDS = click.option(
    "--breeds",
    help="Two or more names, separated by commas; or all, cats or dogs. [default: "
    "shiba_inu,samoyed; all classes of a folder]",
)
IMAGE_SIZE = click.option(
    "--image-size",
    default=224,
    show_default=True,
    type=click.IntRange(max=MAX_SIDE),
    help="Height and width of the pictures, in pixels. At 64, two breeds are learned as well as at "
    "224, in a tenth of the time.",
)
TEST_FRACTION = click.option(
    "--test-fraction",
    default=0.15,
    show_default=True,
    help="Fraction of each breed's pictures that is held out for testing.",
)
VALIDATION_FRACTION = click.option(
    "--validation-fraction",
    default=0.0,
    show_default=True,
    help="Fraction of each breed's training pictures that is held out for validation.",
)
SEED = click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Fixes the split, the initial weights, the order of the pictures and the dropout.",
)
LANG = click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    help="The language: English or Chinese. [default: PETKERAS_LANG, or the locale's]",
)
PRECISION = click.option(
    "--precision",
    default="auto",
    show_default=True,
    type=click.Choice(["float32", "bfloat16", "auto"]),
    help="Precision to compute in. The weights are always float32.",
)
DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(file_okay=False),
    help="Folder for data sets and decoded pictures. "
    "[default: $TFDS_DATA_DIR or ~/tensorflow_datasets]",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")


def add_options(*options):
    """Return a decorator that adds click options in the order in which help lists them."""

    def decorate(command):
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def recipe_options(command):
    """Add an option for every field of the recipe."""
    return add_options(*map(_recipe_option, RECIPE_FIELDS))(command)


def _recipe_option(field):
    flag = option_name(field.name)
    if isinstance(field.default, bool):
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    return click.option(
        flag,
        field.name,
        default=None,
        type=type(field.default),
        help=f"Recipe: {field.metadata['help']}.",
    )


def recipe_changes(options):
    """Return the fields of the recipe that were given as options, as a dict."""
    names = [field.name for field in RECIPE_FIELDS]
    return {name: options[name] for name in names if options[name] is not None}


def given_options(context):
    """Return the parameters that were typed, not left at their defaults."""
    return [
        name
        for name in context.params
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]


def option_name(parameter):
    """Return the option that sets a parameter, such as `--image-size` for `image_size`."""
    return "--recipe" if parameter == "preset" else "--" + parameter.replace("_", "-")


def quote_options(parameters):
    """Return the options that set some parameters, quoted for a message."""
    return ", ".join(f"'{option_name(parameter)}'" for parameter in parameters)


def load_pictures(options):
    """Load the pictures that a command's options describe."""
    from petkeras import load_pets

    names = ("breeds", "source", "image_size", "test_fraction", "seed", "data_dir")
    return load_pets(
        **{name: options[name] for name in names},
        validation_fraction=options["validation_fraction"],
    )
