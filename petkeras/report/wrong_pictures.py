"""The test pictures that a network gets wrong, each beside the heat map of its wrong answer."""

from __future__ import annotations

import numpy as np

from petkeras import visualize as pkv
from petkeras.language import translate
from petkeras.visualize.attribution import draw_attribution
from petkeras.visualize.description import counted, describe
from petkeras.visualize.lettering import letters_across, wrap_text
from petkeras.visualize.style import WIDTH, draw_image, panel_grid, styled

MAX_WRONG = 8  # pictures in the figure
PAIRS = 2  # of a picture and its map, side by side


def worst_first(probabilities, truth):
    """Return the numbers of the pictures to show, the lowest probability of the truth first.

    Args:
        probabilities: `(n, classes)`, as predicted.
        truth: `(n,)` int, the true classes.

    Returns:
        The numbers of at most eight pictures that the network gets wrong; if it gets all of them
        right, the numbers of the four it is least sure about.

    Example:

    >>> import numpy as np
    >>> from petkeras.report.wrong_pictures import worst_first
    >>> worst_first(np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]]), np.array([0, 0, 0])).tolist()
    [1, 2]
    """
    order = np.argsort(probabilities[np.arange(len(truth)), truth], kind="stable")
    wrong = order[probabilities[order].argmax(axis=1) != truth[order]]
    return wrong[:MAX_WRONG] if len(wrong) else order[: MAX_WRONG // 2]


@styled
def plot_wrong(model, x, images, layer, titles, names):
    """Show pictures, each with a heat map of what spoke for its answer.

    Args:
        model: a `keras.Model`.
        x: `(n, H, W, 3)`, the preprocessed pictures.
        images: `(n, H, W, 3)` uint8.
        layer: the layer for Grad-CAM, or `None` for a saliency map.
        titles: n strings, what was answered and what is true.
        names: n file names.

    Returns:
        A matplotlib `Figure`.
    """
    maps = pkv.grad_cam(model, x, layer) if layer else pkv.saliency(model, x)  # (n, H, W)
    side = WIDTH / (2 * PAIRS)  # inches
    titles = [wrap_text(title, letters_across(1.9 * side, 10)) for title in titles]
    names = [wrap_text(name, letters_across(0.95 * side, 8)) for name in names]
    lines = 2 + max(text.count("\n") for text in (*titles, *names))
    rows = -(-len(images) // PAIRS)
    figure, axes = panel_grid(rows, 2 * PAIRS, rows * (side + 0.2 * lines))
    for place, (image, heat, title, name) in enumerate(
        zip(images, maps, titles, names, strict=True)
    ):
        picture, where = axes.flat[2 * place : 2 * place + 2]
        draw_image(picture, image)
        picture.set_title(title, fontsize=10)
        picture.set_xlabel(name, fontsize=8, color="#555555")
        draw_attribution(where, image, heat)
    first = " ".join(titles[0].split())
    text = translate(
        "{pictures}, each beside its heat map, the worst answer first: {first}.",
        pictures=counted(len(images), "test picture"),
        first=first,
    )
    return describe(figure, text)
