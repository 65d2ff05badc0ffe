"""Make the gallery anew: train on drawn pets, draw every figure, write docs/gallery.md.

    python docs/make_gallery.py [RUN OVERFIT]

About five minutes on two cores; about one with two runs on drawn pets that are there already, the
second by the article's recipe without dropout.
"""

import dataclasses
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import petkeras as pk
from petkeras import visualize as pkv
from petkeras.report.figures import Exhibit, make_scene, write_figures

DOCS = Path(__file__).parent
GALLERY = DOCS / "gallery"
ARITHMETIC = "How convolution and pooling work"


def main():
    """Make `docs/gallery/` and `docs/gallery.md`."""
    data = pk.load_pets(source="sample")
    with tempfile.TemporaryDirectory() as temporary:
        if len(sys.argv) == 3:
            run_dir, overfit_dir = map(Path, sys.argv[1:])
        else:
            run_dir = train(data, pk.MODERN, Path(temporary) / "run")
            without = dataclasses.replace(pk.ARTICLE, conv_dropout=0.0, dense_dropout=0.0)
            overfit_dir = train(data, without, Path(temporary) / "overfit")
        run = pk.Run(run_dir)
        exhibits = write_figures(make_scene(run, data), progress=print)
        shutil.rmtree(GALLERY, ignore_errors=True)
        GALLERY.mkdir()
        for exhibit in exhibits:
            shutil.copy(run_dir / "figures" / exhibit.file, GALLERY)
        compared = compare(run_dir, overfit_dir)
    exhibits = [*arithmetic(), exhibits[0], compared, *exhibits[1:]]
    for file in GALLERY.glob("*.png"):
        shrink(file)
    write_page(exhibits)


def train(data, recipe, run_dir):
    """Train for eight epochs and film every ten steps."""
    recipe = dataclasses.replace(recipe, epochs=8, film_every=10)
    pk.train(pk.pet_net(recipe=recipe, seed=0), data, recipe, run_dir)
    return run_dir


def compare(run_dir, overfit_dir):
    """Draw the curves of two runs over each other, as the article's figures 7 and 8."""
    runs = {"modern": run_dir, "article's, no dropout": overfit_dir}
    pkv.plot_curves(runs).savefig(GALLERY / "curves-compared.png")
    return Exhibit(
        "How it learned",
        "curves-compared.png",
        "Two recipes over each other",
        "By the article's recipe without dropout, the training accuracy goes on rising and the "
        "test accuracy does not: it overfits. The losses differ so much that their axis is "
        "logarithmic.",
        "Two line charts of loss and accuracy by step, two runs in each.",
    )


def arithmetic():
    """Write the animations of the arithmetic, which need no network."""
    x = np.random.default_rng(0).integers(0, 10, (6, 6))
    edge = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    shown = {
        "max-pool": (
            "A 2x2 max pool with stride 2",
            "The window moves two cells at a time; of each four numbers the largest goes on.",
            pkv.animate_max_pool(x[:4, :4]),
        ),
        "paddings": (
            "A 3x3 max pool with stride 1, under VALID and under SAME",
            "VALID windows stay inside; SAME ones may hang over the edge, so that the output is "
            "as large as the input.",
            pkv.animate_max_pool_paddings(x[:5, :5]),
        ),
        "convolution": (
            "A convolution",
            "Each number of the patch is multiplied with the number of the kernel that lies on "
            "it; the products' sum is one number of the output.",
            pkv.animate_convolution(x, edge),
        ),
        "convolution-same": (
            "A convolution with stride 2 under SAME",
            "Zeros around the input, two cells a step.",
            pkv.animate_convolution(x[:5, :5], edge, strides=2, padding="same"),
        ),
        "convolution-dilated": (
            "A convolution with dilation 2",
            "The kernel is spread out: it touches every second cell.",
            pkv.animate_convolution(x, edge, dilations=2),
        ),
    }
    exhibits = []
    for name, (title, text, animation) in shown.items():
        animation.save(GALLERY / f"{name}.gif")
        exhibits.append(Exhibit(ARITHMETIC, f"{name}.gif", title, text, f"{title}, step by step."))
    return exhibits


def shrink(file):
    """Write a picture with 256 colors, in which a figure looks the same and is a third as large."""
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def write_page(exhibits):
    """Write `docs/gallery.md`."""
    lines = [
        "# Gallery",
        "",
        "Every figure that `petkeras.visualize` draws, of a network trained for eight epochs on",
        "drawn pets. `petkeras visualize RUN` draws them for a run of yours;",
        "`python docs/make_gallery.py` made this page.",
    ]
    section = None
    for exhibit in exhibits:
        if exhibit.section != section:
            section = exhibit.section
            lines += ["", f"## {section}"]
        lines += ["", f"### {exhibit.title}", "", exhibit.text, ""]
        lines += [f"![{exhibit.alt}](gallery/{exhibit.file})"]
    (DOCS / "gallery.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
