"""Make the gallery: train on drawn pets, draw every figure, and write docs/gallery.md.

    python docs/make_gallery.py [RUN OVERFIT]
    python docs/make_gallery.py --thumbnails

The first takes about five minutes on two cores, or one minute with two existing runs on drawn
pets, the second of them trained with the article's recipe without dropout. The second command
only makes the thumbnails of the front page again, from the pictures of the gallery.
"""

import dataclasses
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import petkeras as pk
from petkeras import visualize as pkv
from petkeras.report.figures import ReportFigure, write_figures
from petkeras.report.inputs import choose_inputs

DOCS = Path(__file__).parent
GALLERY = DOCS / "gallery"
THUMBNAILS = DOCS / "_static" / "thumbnails"
THUMBNAIL_SIZE = (480, 320)  # pixels: shown half as large, so that they are sharp on any screen
# The part of each figure that its thumbnail shows: left, top, right, bottom.
CROPS = {
    "convolution.gif": (20, 64, 780, 564),
    "activations-conv1_2.png": (0, 0, 372, 242),
    "evolution-conv1_2.gif": (0, 22, 744, 446),
    "attribution.png": (480, 0, 800, 192),
    "activation-maximization-softmax.png": (0, 0, 358, 351),
    "architecture.png": (0, 40, 248, 205),
    "kernels.png": (0, 0, 404, 262),
    "worst.png": (0, 0, 400, 258),
}
ARITHMETIC = "How convolution and pooling work"


def main():
    """Make `docs/gallery/`, `docs/gallery.md` and the thumbnails."""
    if sys.argv[1:] != ["--thumbnails"]:
        make_figures()
    write_thumbnails()


def make_figures():
    """Draw every figure, from new runs or from those that are named."""
    data = pk.load_pets(source="sample")
    with tempfile.TemporaryDirectory() as temporary:
        if len(sys.argv) == 3:
            run_dir, overfit_dir = map(Path, sys.argv[1:])
        else:
            run_dir = train(data, pk.MODERN, Path(temporary) / "run")
            without = dataclasses.replace(pk.ARTICLE, conv_dropout=0.0, dense_dropout=0.0)
            overfit_dir = train(data, without, Path(temporary) / "overfit")
        run = pk.Run(run_dir)
        figures = write_figures(choose_inputs(run, data), progress=print)
        shutil.rmtree(GALLERY, ignore_errors=True)
        GALLERY.mkdir()
        for figure in figures:
            shutil.copy(run_dir / "figures" / figure.file, GALLERY)
        compared = compare(run_dir, overfit_dir)
    after = 1 + [figure.file for figure in figures].index("curves.png")
    figures = [*arithmetic(), *figures[:after], compared, *figures[after:]]
    for file in GALLERY.glob("*.png"):
        shrink(file)
    write_page(figures)


def train(data, recipe, run_dir):
    """Train for eight epochs, filming every ten steps, and return the run folder."""
    recipe = dataclasses.replace(recipe, epochs=8, film_every=10)
    pk.train(pk.pet_net(recipe=recipe, seed=0), data, recipe, run_dir)
    return run_dir


def compare(run_dir, overfit_dir):
    """Draw the curves of two runs in one figure, like the article's figures 7 and 8."""
    runs = {"modern": run_dir, "article's, no dropout": overfit_dir}
    pkv.plot_curves(runs).savefig(GALLERY / "curves-compared.png")
    return ReportFigure(
        "How it learned",
        "curves-compared.png",
        "Two recipes compared",
        "With the article's recipe without dropout, training accuracy keeps rising while test "
        "accuracy does not: the network overfits. The losses differ so much that their axis is "
        "logarithmic.",
        "Two line charts of loss and accuracy by step, two runs in each.",
    )


def arithmetic():
    """Write the animations of convolution and pooling, which need no network."""
    x = np.random.default_rng(0).integers(0, 10, (6, 6))
    edge = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    shown = {
        "max-pool": (
            "A 2x2 max pool with stride 2",
            "The window moves two cells at a time; the largest of each four numbers is the output.",
            pkv.animate_max_pool(x[:4, :4]),
        ),
        "paddings": (
            "A 3x3 max pool with stride 1, with VALID and with SAME padding",
            "VALID windows stay inside; SAME windows may hang over the edge, so the output is as "
            "large as the input.",
            pkv.animate_max_pool_paddings(x[:5, :5]),
        ),
        "convolution": (
            "A convolution",
            "Each number of the patch is multiplied by the kernel's number at the same position; "
            "the sum of the products is one number of the output.",
            pkv.animate_convolution(x, edge),
        ),
        "convolution-same": (
            "A convolution with stride 2 and SAME padding",
            "The input is padded with zeros, and the window moves two cells at a time.",
            pkv.animate_convolution(x[:5, :5], edge, strides=2, padding="same"),
        ),
        "convolution-dilated": (
            "A convolution with dilation 2",
            "The kernel is spread out: it covers every second cell.",
            pkv.animate_convolution(x, edge, dilations=2),
        ),
    }
    figures = []
    for name, (title, text, animation) in shown.items():
        animation.save(GALLERY / f"{name}.gif")
        alt = f"{title}, step by step."
        figures.append(ReportFigure(ARITHMETIC, f"{name}.gif", title, text, alt))
    return figures


def shrink(file):
    """Reduce an image to 256 colors: a figure looks the same, and its file is a third as large."""
    with Image.open(file) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def write_thumbnails():
    """Write a part of some figures, small; of an animation, a frame in the middle."""
    THUMBNAILS.mkdir(exist_ok=True)
    for name, box in CROPS.items():
        with Image.open(GALLERY / name) as image:
            image.seek(getattr(image, "n_frames", 1) // 2)
            part = image.convert("RGB").crop(box)
        file = THUMBNAILS / Path(name).with_suffix(".jpg")
        ImageOps.pad(part, THUMBNAIL_SIZE, color="white").save(file, quality=85, optimize=True)


def write_page(figures):
    """Write `docs/gallery.md`."""
    lines = [
        "# Gallery",
        "",
        "Every figure that `petkeras.visualize` draws, for a network trained for eight epochs on",
        "drawn pets. `petkeras visualize RUN` draws them for a run of your own;",
        "`python docs/make_gallery.py` made this page.",
    ]
    section = None
    for figure in figures:
        if figure.section != section:
            section = figure.section
            lines += ["", f"## {section}"]
        lines += ["", f"### {figure.title}", "", figure.text, ""]
        lines += [f"![{figure.alt}](gallery/{figure.file})"]
    (DOCS / "gallery.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
