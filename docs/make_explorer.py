"""Make docs/explorer.html, the explorer that the site shows: a network trained on drawn pets.

    python docs/make_explorer.py [RUN]

This takes about a minute on two cores, or a few seconds with an existing run.
"""

import dataclasses
import sys
import tempfile
from pathlib import Path

import petkeras as pk

DOCS = Path(__file__).parent
IMAGE_SIZE = 48  # of the sizes at which the network learns the drawn pets, the smallest page
MAX_BYTES = 4_000_000


def main():
    """Train, and write the page."""
    data = pk.load_pets(source="sample", image_size=IMAGE_SIZE)
    with tempfile.TemporaryDirectory() as temporary:
        run_dir = sys.argv[1] if len(sys.argv) == 2 else train(data, Path(temporary) / "run")
        explorer = pk.explore(run_dir, data=data, layer="conv1_2")
        page = explorer.save(DOCS / "explorer.html")
    print(f"{page}: {page.stat().st_size:,} bytes")
    if page.stat().st_size > MAX_BYTES:
        sys.exit(f"The page is larger than {MAX_BYTES:,} bytes.")


def train(data, run_dir):
    """Train for eight epochs, filming five steps, and return the run folder."""
    recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=68)
    model = pk.pet_net(image_size=IMAGE_SIZE, recipe=recipe, seed=0)
    pk.train(model, data, recipe, run_dir)
    return run_dir


if __name__ == "__main__":
    main()
