"""Feature maps: the output of each filter of a layer for an image."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from petkeras.errors import PetkerasError
from petkeras.inspection import check_filters, find_layer, has_feature_maps, named_layers
from petkeras.language import message, translate
from petkeras.tracing import compile_outputs
from petkeras.visualize.attribution import check_images
from petkeras.visualize.description import counted, describe
from petkeras.visualize.lettering import label
from petkeras.visualize.style import (
    MAPS_WIDTH,
    TITLE_HEIGHT,
    WIDTH,
    draw_feature_maps,
    feature_map_scale,
    grid_shape,
    styled,
)

BEFORE_AFTER = (message("before training"), message("after training"))


def feature_maps(model, x, layers=None):
    """Return the feature maps of layers, computed in one forward pass.

    Args:
        model: a functional or sequential `keras.Model`.
        x: `(batch, height, width, 3)` float32, preprocessed.
        layers: names, for a layer in a nested model such as `"backbone/conv5"`; `None` is every
            layer that has feature maps.

    Returns:
        A dict from a layer's name to `(batch, map_height, map_width, filters)` float32.

    Raises:
        PetkerasError: there is no such layer, it has no feature maps, `x` does not fit the model,
            or the model is of another kind.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> model, x = pk.pet_net(image_size=32), np.zeros((1, 32, 32, 3), "float32")
    >>> pk.visualize.feature_maps(model, x)["conv2_2"].shape
    (1, 16, 16, 64)
    """
    x = check_images(model, x)
    if layers is None:
        every = named_layers(model, nested=False)
        layers = [name for name, layer in every.items() if has_feature_maps(layer)]
    for name in layers:
        find_layer(model, name, maps=True)
    computed = compile_outputs(model, layers)(x)
    return {name: np.asarray(computed[name], np.float32) for name in layers}


@styled
def plot_feature_maps(maps, title=None, filters=None, columns=None):
    """Show the feature maps of one layer for one image in a grid.

    Args:
        maps: `(map_height, map_width, filters)`, such as `feature_maps(...)["conv1_1"][0]`.
        title: the figure's title.
        filters: numbers of the filters to show; `None` is all.
        columns: maps per row.

    Returns:
        A matplotlib `Figure`. All maps share one scale, shown by the color bar; a square root
        spreads the many small values.

    Raises:
        PetkerasError: `maps` is not 3-D, or there is no such filter.
    """
    chosen = _check_maps(maps, filters)
    default_columns = 8 if len(chosen) >= 16 else min(len(chosen), 4)
    rows, columns = grid_shape(len(chosen), columns or default_columns)
    figure, axes = plt.subplots(figsize=(WIDTH, _height(maps, rows, columns) + 0.5))
    image = _draw_maps(axes, maps, chosen, columns)
    figure.colorbar(image, ax=axes, shrink=min(1, 3 / rows), pad=0.015, aspect=30)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    height, width, _ = np.shape(maps)
    what = counted(len(chosen), "feature map")
    if title:
        what = translate("{maps} of {title}", maps=what, title=title)
    return describe(
        figure,
        translate(
            "{maps}, {height} by {width} values each: bright where the filter responds.",
            maps=what,
            height=height,
            width=width,
        ),
    )


@styled
def plot_before_after(before, after, filters=None, titles=BEFORE_AFTER):
    """Show the same filters' feature maps of one image before and after training.

    Args:
        before: `(map_height, map_width, filters)` of the untrained network.
        after: the same of the trained network.
        filters: numbers of the filters to show; `None` is the first 16.
        titles: titles of the upper and of the lower block. The default ones, "before training" and
            "after training", are shown in the current language.

    Returns:
        A matplotlib `Figure`: two blocks of maps in the same order. Each block has its own scale
        and color bar, as training changes how large the values are.

    Raises:
        PetkerasError: `before` is not 3-D, or there is no such filter.
    """
    chosen = _check_maps(before, filters)
    chosen = chosen[:16] if filters is None else chosen
    rows, columns = grid_shape(len(chosen), min(8, len(chosen)))
    titles = [label(title) if title in BEFORE_AFTER else title for title in titles]
    figure = plt.figure(figsize=(WIDTH, 2 * (_height(before, rows, columns) + 0.5)))
    for block, maps, title in zip(figure.subfigures(2), (before, after), titles, strict=True):
        axes = block.subplots()
        image = _draw_maps(axes, maps, chosen, columns)
        block.colorbar(image, ax=axes, pad=0.015, aspect=15)
        block.suptitle(title, x=0.01, ha="left", fontsize=12)
    return describe(
        figure,
        translate(
            "{maps} of one picture: above, {above}; below, {below}.",
            maps=counted(len(chosen), "feature map"),
            above=titles[0],
            below=titles[1],
        ),
    )


def _check_maps(maps, filters):
    if np.ndim(maps) != 3:
        raise PetkerasError(
            "`maps` must be the maps of one image, (map_height, map_width, filters). "
            f"Received: shape={np.shape(maps)}"
        )
    return check_filters(filters, maps.shape[2], "`maps`")


def _height(maps, rows, columns):
    """Return the height in inches of a grid of maps with titles that is as wide as the figure."""
    return rows * (MAPS_WIDTH / columns * maps.shape[0] / maps.shape[1] + TITLE_HEIGHT)


def _draw_maps(axes, maps, chosen, columns):
    maps, gray = np.asarray(maps)[..., chosen], "#555555"
    scale = feature_map_scale(maps)
    return draw_feature_maps(axes, maps, chosen, scale, columns, fontsize=8, color=gray)[0]
