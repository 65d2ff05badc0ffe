"""`petkeras data`: load pictures and describe them."""

from __future__ import annotations

import click

from petkeras.cli.command import Command, load_tensorflow
from petkeras.cli.options import (
    BREEDS,
    DATA_DIR,
    IMAGE_SIZE,
    SEED,
    SOURCE,
    TEST_FRACTION,
    VALIDATION_FRACTION,
    add_options,
    load_pictures,
)
from petkeras.cli.printing import name_source, print_problems, print_table


@click.command(cls=Command)
@add_options(SOURCE, BREEDS, IMAGE_SIZE, TEST_FRACTION, VALIDATION_FRACTION, SEED, DATA_DIR)
@click.option("--list", "list_breeds", is_flag=True, help="List the 37 Oxford-IIIT Pet breeds.")
def data(list_breeds, **options):
    """Download or draw pictures, and describe them breed by breed."""
    if list_breeds:
        from petkeras.data.breeds import BREEDS, CATS

        rows = [(name, "cat" if name in CATS else "dog") for name in BREEDS]
        print_table("The breeds of the Oxford-IIIT Pet dataset", ("breed", "species"), rows)
        return
    load_tensorflow()
    from petkeras.data.pets import class_table

    loaded = load_pictures(options)
    print_table(name_source(loaded), *class_table(loaded))
    print_problems(loaded)
