"""Pictures side by side, and what is marked in one of them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, Rectangle

from petkeras.errors import PetkerasError
from petkeras.visualize.style import BLUE, ORANGE, WIDTH, YELLOW, grid_shape, picture, styled

PARTS = {"pet": YELLOW, "background": BLUE, "border": "white"}  # trimap values 1, 2, 3


@styled
def plot_pictures(images, titles=None, columns=None):
    """Show pictures in rows, each under its title.

    Args:
        images: n pictures `(height, width, 3)` or `(height, width)`, 0..255, of any dtype; they may
            differ in size.
        titles: n texts, or `None`.
        columns: how many in a row; by default so that the figure is twice as wide as high.

    Returns:
        A matplotlib `Figure`.

    Raises:
        PetkerasError: there are no pictures, or not as many titles as pictures.
    """
    images = list(images)
    titles = [None] * len(images) if titles is None else list(titles)
    if not images or len(titles) != len(images):
        raise PetkerasError(
            "`images` must hold a picture or more, and `titles` one text for each. "
            f"Received: {len(images)} images, {len(titles)} titles"
        )
    rows, columns = grid_shape(len(images), columns)
    shown = [np.asarray(image, np.float32).clip(0, 255).astype(np.uint8) for image in images]
    tallest = max(image.shape[0] / image.shape[1] for image in shown)
    texts = [line for title in titles for line in str(title or "").split("\n")]
    lines = max(str(title or "").count("\n") + 1 for title in titles) if any(titles) else 0
    # So small that the longest line is no wider than its picture: a letter is 0.6 of its size.
    fontsize = min(9, max(5, 72 * WIDTH / columns / (0.6 * max(1, *map(len, texts)))))
    height = rows * (tallest * WIDTH / columns + 0.17 * lines)
    figure, axes = plt.subplots(rows, columns, squeeze=False, figsize=(WIDTH, height + 0.05))
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, image, title in zip(axes.flat, shown, titles, strict=False):
        picture(panel, image, cmap="gray", vmin=0, vmax=255)
        if title:
            panel.set_title(title, fontsize=fontsize, pad=3)
    return figure


@styled
def plot_annotations(image, trimap, box=None):
    """Show what was marked in a picture: the pet's outline, its head's box, the trimap itself.

    Args:
        image: `(height, width, 3)`, 0..255.
        trimap: `(height, width)`: 1 is pet, 2 background, 3 the border between them.
        box: the head's (left, top, right, bottom) in pixels, or `None`.

    Returns:
        A matplotlib `Figure`. The line goes around all that is pet for sure.

    Raises:
        PetkerasError: picture and trimap differ in size.
    """
    image, trimap = np.asarray(image, np.float32).clip(0, 255).astype(np.uint8), np.asarray(trimap)
    if trimap.shape != image.shape[:2]:
        raise PetkerasError(
            "`trimap` must be as high and wide as `image`. "
            f"Received: {trimap.shape} and {image.shape[:2]}"
        )
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.6))
    picture(left, image, "the picture, with outline" + (" and head box" if box else ""))
    pet = trimap == 1
    if pet.any():  # a rim of False around it closes the line at the picture's edge
        places = [np.arange(-1, side + 1) for side in trimap.shape]
        left.contour(places[1], places[0], np.pad(pet, 1), [0.5], colors=YELLOW, linewidths=1.5)
        left.set(xlim=(-0.5, trimap.shape[1] - 0.5), ylim=(trimap.shape[0] - 0.5, -0.5))
    if box:
        x, y, x_end, y_end = (place - 0.5 for place in box)  # a pixel's center is a whole number
        frame = Rectangle((x, y), x_end - x, y_end - y, fill=False, edgecolor=ORANGE, linewidth=2)
        left.add_patch(frame)
    picture(right, trimap, "the trimap", cmap=ListedColormap(PARTS.values()), vmin=1, vmax=3)
    handles = [Patch(facecolor=color, edgecolor="gray", label=n) for n, color in PARTS.items()]
    right.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure
