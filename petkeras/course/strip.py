"""A slim drawing of the network that shows which of its parts a chapter is about."""

from __future__ import annotations

import difflib

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon, Rectangle

from petkeras.errors import PetkerasError
from petkeras.language import message, translate
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import WIDTH, styled

# All lengths are in pixels of the drawing, whose size is this.
SIZE = (800, 98)
MIDDLE, NAMES, BELOW = 69, 31, 10  # heights of the row, its names, and what is below it
# The row: each part's middle, and how wide it is. Feature maps are stacks of square sheets.
ROW = {
    "picture": (45, 50),
    "conv1_1": (136, 44),
    "conv1_2": (226, 44),
    "pool1": (306, 28),
    "conv2_1": (378, 28),
    "conv2_2": (450, 28),
    "pool2": (520, 15),
    "fc1": (583, 8),
    "softmax": (644, 8),
    "probabilities": (733, 60),
}
SHEETS = {"conv1_1": 3, "conv1_2": 3, "pool1": 3, "conv2_1": 5, "conv2_2": 5, "pool2": 5}
STEP = 3  # from one sheet to the next
UNITS = {"fc1": 50, "softmax": 16}  # the bars' heights
BOXES = {"TensorBoard": (92, 92), "optimizer": (306, 80), "gradients": (450, 80), "loss": (644, 50)}
# The parts whose names are words. They are only marked here: `where` and `_write` translate them.
IN_WORDS = (
    message("picture"),
    message("probabilities"),
    message("optimizer"),
    message("gradients"),
    message("loss"),
)
MARKED = {"line": "#7a3300", "face": "#f0a04b", "light": "#ffe3c2", "width": 1.8, "weight": "bold"}
PLAIN = {"line": "#98a3ab", "face": "#c9d0d5", "light": "#eef1f3", "width": 0.8, "weight": "normal"}
GRAY = "#5b666e"  # names of parts that are not marked


def where(*parts):
    """Draw where in the network we are: `pet_net` as a strip, with the named parts marked.

    Args:
        *parts: layers of `pet_net`, such as `"conv1_1"`; `"picture"` and `"probabilities"`,
            which go in and come out; and `"loss"`, `"gradients"`, `"optimizer"` and
            `"TensorBoard"`, which take part in training only.

    Returns:
        A matplotlib `Figure`.

    Raises:
        PetkerasError: there is no such part.

    Example:

    >>> import petkeras as pk
    >>> strip = pk.course.where("conv1_1", "pool1")
    """
    known = [*ROW, *BOXES]
    for part in parts:
        if part not in known:
            begins = [name for name in known if part and name.startswith(str(part))]
            close = begins or difflib.get_close_matches(str(part), known, n=1)
            guess = f" Did you mean '{close[0]}'?" if close else ""
            raise PetkerasError(
                f"Unknown part '{part}'.{guess} The drawing has: {', '.join(known)}."
            )
    marked = [part for part in known if part in parts]
    names = listed([translate(part) for part in marked], most=len(known))
    text = translate(
        "The network's parts in a row, from {first} to {last}, and below them what trains them; "
        "{marks}.",
        first=translate(next(iter(ROW))),
        last=translate(list(ROW)[-1]),
        marks=translate("marked: {names}", names=names) if marked else translate("none marked"),
    )
    return describe(_draw(marked), text)


@styled
def _draw(marked):
    width, height = SIZE
    figure = plt.figure(figsize=(WIDTH, WIDTH * height / width), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set_axis_off()
    for left, right in zip(ROW, list(ROW)[1:], strict=False):
        _arrow(axes, (_edge(left, 1) + 5, MIDDLE), (_edge(right, -1) - 5, MIDDLE))
    for name, (x, size) in ROW.items():
        look = MARKED if name in marked else PLAIN
        for shape in _shapes(name, x, size, look):
            axes.add_patch(shape)
        _write(axes, name, x, NAMES, look)
    _draw_training(axes, marked)
    return figure


def _edge(name, side):
    """Return where a part of the row ends, on its left (-1) or on its right (1)."""
    x, size = ROW[name]
    return x + side * (size + STEP * (SHEETS.get(name, 1) - 1)) / 2


def _shapes(name, x, size, look):
    """Return the patches of a part of the row, those in front last."""
    style = {"edgecolor": look["line"], "facecolor": look["face"], "linewidth": look["width"]}
    if name in SHEETS:
        shifts = [STEP * (n - (SHEETS[name] - 1) / 2) for n in reversed(range(SHEETS[name]))]
        corners = [(x + shift - size / 2, MIDDLE + shift - size / 2) for shift in shifts]
        sheets = [
            Rectangle(corner, size, size, **{**style, "linewidth": 0.8}) for corner in corners
        ]
        sheets[-1].set_linewidth(look["width"])
        return sheets
    if name in UNITS:
        return [Rectangle((x - size / 2, MIDDLE - UNITS[name] / 2), size, UNITS[name], **style)]
    if name == "picture":
        return _pet(x, size, look, style)
    left = x - size / 2
    light = {**style, "facecolor": look["light"]}
    return [
        patch
        for y, share in ((MIDDLE + 3, 0.85), (MIDDLE - 17, 0.15))
        for patch in (
            Rectangle((left, y), size, 14, **light),
            Rectangle((left, y), share * size, 14, **style),
        )
    ]


def _pet(x, size, look, style):
    """Return a picture of a pet's head: a frame, two ears, the head, eyes and a nose."""
    frame = Rectangle((x - size / 2, MIDDLE - size / 2), size, size, **style)
    frame.set_facecolor(look["light"])
    thin = {**style, "linewidth": 0.8}
    ears = [
        Polygon([(x + s * 15, MIDDLE + 19), (x + s * 3, MIDDLE + 10), (x + s * 15, MIDDLE)], **thin)
        for s in (-1, 1)
    ]
    dark = {"facecolor": look["line"], "linewidth": 0}
    face = [Circle((x + dx, MIDDLE + dy), r, **dark) for dx, dy, r in FACE]
    return [frame, *ears, Circle((x, MIDDLE - 3), 15, **thin), *face]


FACE = ((-5.5, 0, 2), (5.5, 0, 2), (0, -8, 2.8))  # eyes and nose, from the middle, and their radii


def _draw_training(axes, marked):
    """Draw the loss, from which the gradients go back, and what they lead to."""
    for name, (x, width) in BOXES.items():
        look = MARKED if name in marked else PLAIN
        corner = (x - width / 2 + 4, BELOW - 4)
        round_corners = "round,pad=4,rounding_size=4"
        box = FancyBboxPatch(corner, width - 8, 8, boxstyle=round_corners, facecolor=look["light"])
        box.set(edgecolor=look["line"], linewidth=look["width"])
        axes.add_patch(box)
        _write(axes, name, x, BELOW, look)
    for right, left in (("loss", "gradients"), ("gradients", "optimizer")):
        (start, wide), (end, narrow) = BOXES[right], BOXES[left]
        _arrow(axes, (start - wide / 2 - 4, BELOW), (end + narrow / 2 + 4, BELOW))
    x = ROW["probabilities"][0]
    start, wide = BOXES["loss"]
    axes.plot([x, x], [NAMES - 9, BELOW], color=PLAIN["line"], linewidth=0.9)
    _arrow(axes, (x, BELOW), (start + wide / 2 + 4, BELOW))


def _write(axes, text, x, y, look):
    color = MARKED["line"] if look is MARKED else GRAY
    style = {"ha": "center", "va": "center_baseline", "fontsize": 8.5, "fontweight": look["weight"]}
    axes.text(x, y, label(text), color=color, **style)


def _arrow(axes, start, end):
    style = {"arrowstyle": "-|>", "mutation_scale": 7, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(start, end, color=PLAIN["line"], linewidth=0.9, **style))
