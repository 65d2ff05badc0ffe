"""Feature maps: what each filter of a layer makes of a photograph."""

from __future__ import annotations

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm

from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer, has_maps
from petkeras.visualize.kernels import check_filters
from petkeras.visualize.style import VALUES, WIDTH, grid_shape, picture, styled


def feature_maps(model, x, layers=None):
    """Return the feature maps of some layers, from one pass through the network.

    Args:
        model: a `keras.Model` that takes `x`.
        x: `(batch, height, width, 3)` float32, preprocessed.
        layers: names; `None` is every layer that has feature maps.

    Returns:
        A dict from a layer's name to `(batch, map_height, map_width, filters)` float32.

    Raises:
        PetkerasError: there is no such layer, or it has no feature maps.

    Example:

    >>> import numpy as np
    >>> from petkeras.models import pet_net
    >>> from petkeras.visualize import feature_maps
    >>> maps = feature_maps(pet_net(image_size=32), np.zeros((1, 32, 32, 3), "float32"))
    >>> maps["conv2_2"].shape
    (1, 16, 16, 64)
    """
    if layers is None:
        layers = [layer.name for layer in model.layers if has_maps(layer)]
    outputs = {name: find_layer(model, name, maps=True).output for name in layers}
    computed = keras.Model(model.input, outputs)(x, training=False)
    return {name: np.asarray(maps, np.float32) for name, maps in computed.items()}


@styled
def plot_feature_maps(maps, title=None, filters=None, columns=None):
    """Show the feature maps of one layer for one photograph, as one grid.

    Args:
        maps: `(map_height, map_width, filters)`, such as `feature_maps(...)["conv1_1"][0]`.
        title: what is seen.
        filters: which ones, as numbers; `None` is all.
        columns: maps in a row.

    Returns:
        A matplotlib `Figure`. All maps share one scale, which the color bar gives; it spreads the
        small values, of which there are most, by a square root.

    Raises:
        PetkerasError: `maps` has another rank, or there is no such filter.
    """
    chosen = check_filters(filters, _count(maps), "maps")
    rows, columns = grid_shape(len(chosen), columns or _columns(len(chosen)))
    figure, axes = plt.subplots(
        rows, columns, squeeze=False, figsize=(WIDTH, _height(maps, rows, columns) + 0.5)
    )
    shown = _draw_grid(axes, maps, chosen)
    figure.colorbar(shown, ax=axes, shrink=min(1, 3 / rows), pad=0.015, aspect=30)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    return figure


@styled
def plot_before_after(before, after, filters=None, titles=("before training", "after training")):
    """Show the same filters' feature maps of one photograph before and after training.

    Args:
        before: `(map_height, map_width, filters)` of the untrained network.
        after: the same of the trained one.
        filters: which ones, as numbers; `None` is the first 16.
        titles: what is above and what below.

    Returns:
        A matplotlib `Figure`: two blocks of maps in the same order. Each block has a scale of its
        own, as training changes how large the values are; its color bar tells.
    """
    chosen = check_filters(filters, _count(before), "maps")
    chosen = chosen[:16] if filters is None else chosen
    rows, columns = grid_shape(len(chosen), min(8, len(chosen)))
    figure = plt.figure(figsize=(WIDTH, 2 * (_height(before, rows, columns) + 0.4)))
    for block, maps, title in zip(figure.subfigures(2), (before, after), titles, strict=True):
        axes = block.subplots(rows, columns, squeeze=False)
        shown = _draw_grid(axes, maps, chosen)
        block.colorbar(shown, ax=axes, pad=0.015, aspect=15)
        block.suptitle(title, x=0.01, ha="left", fontsize=12)
    return figure


def _count(maps):
    if np.ndim(maps) != 3:
        raise PetkerasError(
            "`maps` must be one photograph's maps, (map_height, map_width, filters). "
            f"Received: shape={np.shape(maps)}"
        )
    return maps.shape[2]


def _columns(count):
    return 8 if count >= 16 else min(count, 4)


def _height(maps, rows, columns):
    """Return inches for a grid of maps as wide as the figure, its titles included."""
    return rows * (0.87 * WIDTH / columns * maps.shape[0] / maps.shape[1] + 0.2)


def _draw_grid(axes, maps, chosen):
    values = maps[..., chosen]
    scale = PowerNorm(0.5, vmin=values.min(), vmax=max(values.max(), values.min() + 1e-9))
    for panel in axes.flat:
        panel.set_visible(False)
    for panel, number in zip(axes.flat, chosen, strict=False):
        panel.set_visible(True)
        shown = picture(panel, maps[..., number], cmap=VALUES, norm=scale)
        panel.set_title(number, fontsize=8, pad=2, color="#555555")
    return shown
