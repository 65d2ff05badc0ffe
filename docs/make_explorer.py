"""Make docs/explorer.html, the explorer that the site shows: a network trained on drawn pets.

    python docs/make_explorer.py [RUN]
    python docs/make_explorer.py --refresh

The first takes about a minute on two cores, or a few seconds with an existing run. The second takes
the network from the page, and gives it the present front end.
"""

import dataclasses
import os
import sys
import tempfile
from pathlib import Path

import petkeras as pk
from petkeras.explorer.page import read_page, write_page

PAGE = Path(__file__).resolve().parent / "explorer.html"
IMAGE_SIZE = 48
MAX_BYTES = 4_000_000


def main():
    """Make the page, and check its size."""
    if sys.argv[1:] == ["--refresh"]:
        refresh()
    else:
        make(sys.argv[1:])
    print(f"{PAGE.name}: {PAGE.stat().st_size:,} bytes")
    if PAGE.stat().st_size > MAX_BYTES:
        sys.exit(f"The page is larger than {MAX_BYTES:,} bytes.")


def refresh():
    """Write the page again with the contents that it has."""
    write_page(read_page(PAGE), PAGE)


def make(runs):
    """Write the page of an existing run, or of a new one."""
    data = pk.load_pets(source="sample", image_size=IMAGE_SIZE)
    with tempfile.TemporaryDirectory() as temporary:
        if not runs:
            os.chdir(temporary)  # the page shows the run's path as it is given
            train(data, "runs/drawn")
        page = pk.explore(*runs or ["runs/drawn"], data=data, layer="conv1_2", lang="en")
        page.save(PAGE)
        os.chdir(PAGE.parent)


def train(data, run_dir):
    """Train for eight epochs, filming five steps."""
    recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=68)
    model = pk.pet_net(image_size=IMAGE_SIZE, recipe=recipe, seed=0)
    pk.train(model, data, recipe, run_dir)


if __name__ == "__main__":
    main()
