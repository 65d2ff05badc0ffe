"""Images side by side, and the annotations of one of them."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, Rectangle

from petkeras.errors import PetkerasError
from petkeras.language import message, translate
from petkeras.visualize.description import counted, describe, listed
from petkeras.visualize.lettering import label, letters_across, text_width, wrap_text
from petkeras.visualize.style import (
    BLUE,
    ORANGE,
    WIDTH,
    YELLOW,
    draw_image,
    grid_shape,
    panel_grid,
    styled,
)

TRIMAP_COLORS = {  # of the values 1, 2, 3
    message("pet"): YELLOW,
    message("background"): BLUE,
    message("border"): "white",
}


@styled
def plot_pictures(images, titles=None, columns=None):
    """Show images in rows, each under its title.

    Args:
        images: n images `(height, width, 3)` or `(height, width)`, 0..255, of any dtype; their
            sizes may differ.
        titles: n strings, or `None`.
        columns: images per row; by default the figure is about twice as wide as high.

    Returns:
        A matplotlib `Figure`.

    Raises:
        PetkerasError: there are no images, or the number of titles differs.
    """
    images = list(images)
    titles = [""] * len(images) if titles is None else [str(title or "") for title in titles]
    if not images or len(titles) != len(images):
        raise PetkerasError(
            "`images` must hold at least one image, and `titles` one string for each. "
            f"Received: {len(images)} images, {len(titles)} titles"
        )
    rows, columns = grid_shape(len(images), columns)
    images = [_to_uint8(image) for image in images]
    tallest = max(image.shape[0] / image.shape[1] for image in images)
    side = 0.95 * WIDTH / columns  # no line of a title is wider than its image
    longest = max(text_width(line) for title in titles for line in title.split("\n"))
    fontsize = min(9, max(6, letters_across(side, 1) / max(1, longest)))
    titles = [wrap_text(title, letters_across(side, fontsize) + 1) for title in titles]
    lines = max(title.count("\n") + 1 for title in titles) if any(titles) else 0
    height = rows * (tallest * WIDTH / columns + 0.17 * lines)
    figure, axes = panel_grid(rows, columns, height + 0.05)
    for panel, image, title in zip(axes.flat, images, titles, strict=False):
        draw_image(panel, image, cmap="gray", vmin=0, vmax=255)
        if title:
            panel.set_title(title, fontsize=fontsize, pad=3)
    what = {"pictures": counted(len(images), "picture")}
    if not any(titles):
        return describe(figure, translate("{pictures} in a grid.", **what))
    names = listed(dict.fromkeys(filter(None, titles)))
    return describe(figure, translate("{pictures}: {names}.", names=names, **what))


@styled
def plot_annotations(image, trimap, box=None):
    """Show an image's annotations: the pet's outline, its head's box and the trimap.

    Args:
        image: `(height, width, 3)`, 0..255.
        trimap: `(height, width)`: 1 is pet, 2 background, 3 the border between them.
        box: the head's (left, top, right, bottom) in pixels, or `None`.

    Returns:
        A matplotlib `Figure`. The outline encloses the pixels with the value 1.

    Raises:
        PetkerasError: the image and the trimap differ in size.
    """
    image, trimap = _to_uint8(image), np.asarray(trimap)
    if trimap.shape != image.shape[:2]:
        raise PetkerasError(
            "`trimap` must have the height and width of `image`. "
            f"Received: {trimap.shape} and {image.shape[:2]}"
        )
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.6))
    draw_image(
        left,
        image,
        label("the picture, with outline and head box" if box else "the picture, with outline"),
    )
    pet = trimap == 1
    if pet.any():  # padding with False closes the outline at the image's edge
        y, x = (np.arange(-1, side + 1) for side in trimap.shape)
        left.contour(x, y, np.pad(pet, 1), [0.5], colors=YELLOW, linewidths=1.5)
        left.set(xlim=(-0.5, trimap.shape[1] - 0.5), ylim=(trimap.shape[0] - 0.5, -0.5))
    if box:
        x, y, x_end, y_end = (edge - 0.5 for edge in box)  # pixel centers are integers
        frame = Rectangle((x, y), x_end - x, y_end - y, fill=False, edgecolor=ORANGE, linewidth=2)
        left.add_patch(frame)
    colors = ListedColormap(TRIMAP_COLORS.values())
    draw_image(right, trimap, label("the trimap"), cmap=colors, vmin=1, vmax=3)
    handles = [
        Patch(facecolor=color, edgecolor="gray", label=label(name))
        for name, color in TRIMAP_COLORS.items()
    ]
    right.legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5))
    text = translate(
        "A picture with the outline of its pet and a box around its head, and beside it the "
        "trimap, in which {pet:.0%} is pet and {border:.0%} its border."
        if box
        else "A picture with the outline of its pet, and beside it the trimap, in which {pet:.0%} "
        "is pet and {border:.0%} its border.",
        pet=np.mean(pet),
        border=np.mean(trimap == 3),
    )
    return describe(figure, text)


def _to_uint8(image):
    return np.asarray(image, np.float32).clip(0, 255).astype(np.uint8)
