"""One photograph, the maps that it becomes, where the network looks, and its answer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch

from petkeras.errors import PetkerasError
from petkeras.inspection import filter_layers
from petkeras.language import translate
from petkeras.tracing import compute_logits
from petkeras.visualize.activations import feature_maps
from petkeras.visualize.attribution import check_images, grad_cam
from petkeras.visualize.description import describe
from petkeras.visualize.lettering import label, wrap_text
from petkeras.visualize.style import (
    NEUTRAL,
    ORANGE,
    VALUE_COLORS,
    WIDTH,
    draw_heatmap,
    draw_image,
    min_max_scale,
    styled,
)

MAX_LAYERS = 3  # whose maps are shown
MAX_CLASSES = 3  # whose probabilities are shown, the largest first
HEIGHT = 1.75  # inches
NAME_LETTERS = 16  # in a line of a class's name


@styled
def plot_answer(model, x, image, class_names):
    """Show a photograph, the maps that it becomes, where the network looks, and its answer.

    Args:
        model: a functional or sequential `keras.Model` with feature maps.
        x: `(1, height, width, 3)` float32, the preprocessed photograph.
        image: `(height, width, 3)` uint8, the photograph.
        class_names: the names of the classes, in the order of the model's outputs.

    Returns:
        A matplotlib `Figure`. Of three convolutions (the first, the last, and one between), it
        shows the map with the largest standard deviation; then Grad-CAM of the last one for the
        predicted class; and the largest three probabilities.

    Raises:
        PetkerasError: `x` does not fit the model, or the model is of another kind, or has no
            feature maps.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> model, x = pk.pet_net(image_size=16), np.ones((1, 16, 16, 3), "float32")
    >>> figure = pk.visualize.plot_answer(model, x, x[0].astype("uint8"), ["cat", "dog"])
    """
    x = check_images(model, x)
    layers = _choose_layers(model)
    maps = feature_maps(model, x, layers)
    heat = grad_cam(model, x, layers[-1])[0]
    logits = np.asarray(compute_logits(model, x), np.float64)[0]
    probabilities = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()

    figure, axes = plt.subplots(
        1, len(layers) + 3, figsize=(WIDTH, HEIGHT), width_ratios=[1.0] * (len(layers) + 2) + [1.25]
    )
    draw_image(axes[0], image, label("goes in"))
    for panel, name in zip(axes[1:], layers, strict=False):
        values = maps[name][0]  # (height, width, filters)
        number = int(np.argmax(values.std(axis=(0, 1))))
        draw_image(panel, values[..., number], wrap_text(name, NAME_LETTERS), cmap=VALUE_COLORS)
        panel.set_xlabel(label("map {number}", number=number), fontsize=9)
    draw_heatmap(axes[-2], image, min_max_scale(heat))
    axes[-2].set_title(label("where it looks"))
    _draw_probabilities(axes[-1], probabilities, class_names)
    for left in axes[:-1]:
        _draw_arrow(left)
    return describe(figure, _sentence(layers, probabilities, class_names))


def _choose_layers(model):
    """Return the names of at most three layers with learned maps, evenly chosen."""
    names = list(filter_layers(model))
    if not names:
        raise PetkerasError(f"The keras.Model '{model.name}' has no layer with feature maps.")
    chosen = np.linspace(0, len(names) - 1, min(MAX_LAYERS, len(names)))
    return [names[int(place)] for place in chosen]


def _largest(probabilities):
    return np.argsort(-probabilities, kind="stable")[:MAX_CLASSES]


def _draw_probabilities(axes, probabilities, class_names):
    """Draw the largest probabilities as bars with their names and numbers."""
    for row, index in enumerate(_largest(probabilities)):
        share = probabilities[index]
        axes.barh(row, share, height=0.3, color=ORANGE if row == 0 else NEUTRAL)
        name = wrap_text(class_names[index].replace("_", " "), NAME_LETTERS)
        weight = "bold" if row == 0 else "normal"
        axes.text(0, row - 0.22, name, fontsize=9, va="bottom", weight=weight)
        axes.text(share + 0.03, row, f"{share:.0%}", fontsize=9, va="center")
    axes.set(xlim=(0, 1.35), ylim=(MAX_CLASSES - 0.4, -0.85), xticks=[], yticks=[])
    axes.set_box_aspect(0.8)
    axes.set_title(label("comes out"))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _draw_arrow(axes):
    """Draw an arrow from a panel to the next."""
    arrow = FancyArrowPatch(
        (1.02, 0.5), (1.17, 0.5), transform=axes.transAxes, clip_on=False, arrowstyle="-|>",
        mutation_scale=10, color=NEUTRAL,
    )  # fmt: skip
    axes.add_patch(arrow)


def _sentence(layers, probabilities, class_names):
    best = int(np.argmax(probabilities))
    return translate(
        "A picture, one of its feature maps in each of {layers}, a heat map of where the network "
        "looks, and its answer: {answer}, {probability:.0%}.",
        layers=", ".join(layers),
        answer=class_names[best],
        probability=probabilities[best],
    )
