"""A picture of the explorer, for where it cannot be touched: on paper, and in saved notebooks."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.patches import Rectangle

from petkeras.explorer.boxes import GRAY, frame, short, show, write
from petkeras.explorer.edits import compute_outputs
from petkeras.explorer.still_layer import TOP, ShownLayer, lower_part
from petkeras.language import translate, using
from petkeras.system.fonts import missing_letters
from petkeras.text import one_line
from petkeras.visualize.description import describe
from petkeras.visualize.lettering import label
from petkeras.visualize.number_grid import inch_axes
from petkeras.visualize.style import (
    NEUTRAL,
    SIGNED_COLORS,
    VALUE_COLORS,
    WIDTH,
    feature_map_scale,
    styled,
)

# Layers that change each value on its own, or only move values: the row leaves them out.
OMITTED = ("relu", "batch_norm", "dropout", "flatten")
MAX_COLUMNS = 8  # layers in the row
MAX_CLASSES = 4  # of which the row shows the probabilities
MAX_SHEETS = 3  # maps of a layer in the row
MAX_STEPS = 6  # of the film

# Inches, from the upper left corner of the picture.
ROW_TOP, ROW_HEIGHT, SHEET = 0.42, 1.94, 0.62
PHOTOGRAPH, CLASSES, MAX_PITCH = 1.15, 1.3, 1.4  # widths


@styled
def plot_explorer(explored, layer=None, filter=None, tab=None):
    """Draw what an explorer shows of the first photograph.

    Args:
        explored: an `Explored`.
        layer: the name of the layer to show more of; by default the first convolution.
        filter: the number of its filter; by default the one whose map varies most.
        tab: `"time"` shows the filter at steps of the film, if it has the layer.

    Returns:
        A matplotlib `Figure`. Above is the network as a row of layers, each with those of its maps
        that vary most. Below is the chosen layer: for a convolution its kernels, and the windows,
        kernels and sum that make one pixel; for a pool a window; for a dense layer the terms of a
        unit's sum; for others their maps.
    """
    chain, pixels = explored.chain, explored.photographs.pixels[0]
    x = explored.preprocess(pixels[None])  # (1, height, width, channels)
    outputs = [np.asarray(output) for output in compute_outputs(chain, x)]
    index = _choose_layer(chain.layers, layer)
    number = _choose_filter(outputs[index][0], filter)
    inputs = outputs[index - 1] if index > 0 else np.asarray(x)
    chosen = chain.layers[index]
    colors, unit = index == 0 and x.shape[3] == 3, label("unit {number}", number=number)
    if chain.has_logits and chosen is chain.layers[-1] and explored.class_names:
        unit = label("'{name}'", name=short(explored.class_names[number], 30))
    shown = ShownLayer(chosen, inputs, outputs[index][0], number, colors, unit)
    draw, height = lower_part(chosen.kind)
    if tab == "time" and explored.film.weights and index in explored.film.weights[0]:
        draw, height = partial(_draw_time, explored, x, index), 3.1
    figure, axes = inch_axes(TOP + height)
    write(axes, 0.1, 0.2, one_line(_title(explored), 70), fontsize=12, fontweight="bold")
    _draw_row(axes, explored, pixels, [output[0] for output in outputs], index, number)
    write(axes, 0.1, TOP - 0.25, draw(axes, shown), fontsize=11, fontweight="bold")
    axes.set(xlim=(0, WIDTH), ylim=(TOP + height, 0))
    part = translate("filter {number}", number=number) if chosen.kind == "conv" else unit
    return describe(
        figure,
        translate(
            "The explorer, {title!r}: the network as a row of layers, and below it {layer}, "
            "{part}, with the numbers that make one of its values.",
            title=one_line(explored.title, 70),
            layer=chosen.name,
            part=part,
        ),
    )


def _title(explored):
    """Return the title, like a label in English if no font has its letters."""
    with using("en" if missing_letters(explored.title) else None):
        return explored.title


def _choose_layer(layers, name):
    names = [layer.name for layer in layers]
    if name is not None:
        return names.index(name)
    return next((i for i, layer in enumerate(layers) if layer.kind == "conv"), 0)


def _choose_filter(output, number):
    if number is not None and number < output.shape[-1]:
        return number
    if output.ndim == 1:
        return int(output.argmax())
    return int(output.std(axis=(0, 1)).argmax())


# The row of layers


def _draw_row(axes, explored, pixels, outputs, chosen, number):
    layers = explored.chain.layers
    shown = _choose_columns(layers, chosen)
    last = shown[-1] if explored.chain.has_logits else None
    _draw_photograph(axes, explored, pixels)
    left = 0.1 + PHOTOGRAPH
    room = WIDTH - left - (0 if last is None else CLASSES)
    pitch = min(MAX_PITCH, room / max(1, len(shown) - (last is not None)))
    for index in shown:
        layer, output = layers[index], outputs[index]
        if index == last:
            _draw_classes(axes, explored.class_names, output, left + 0.1)
            _label(axes, left + 0.1 + CLASSES / 2 - 0.1, layer, output.shape, index == chosen)
        elif output.ndim == 3:
            _draw_sheets(axes, output, left + (pitch - SHEET) / 2, number, index == chosen)
            _label(axes, left + pitch / 2, layer, output.shape, index == chosen)
        else:
            box = (left + pitch / 2 - 0.11, ROW_TOP, 0.22, ROW_HEIGHT)
            show(axes, output[:, None], box, cmap=VALUE_COLORS)
            _label(axes, left + pitch / 2, layer, output.shape, index == chosen)
        left += pitch


def _draw_time(explored, x, index, axes, shown):
    """Draw a filter's kernel and its map at some steps of the film."""
    film, number = explored.film, shown.number
    frames = np.unique(np.linspace(0, len(film.weights) - 1, MAX_STEPS).astype(int))
    kernels = [film.weights[shot][index]["kernel"][..., number].mean(axis=2) for shot in frames]
    maps = [
        compute_outputs(explored.chain, x, weights=film.weights[shot])[index][0, ..., number]
        for shot in frames
    ]
    largest = max(np.abs(kernel).max() for kernel in kernels) or 1.0
    scale, side = feature_map_scale(np.stack(maps)), 1.2
    for place, shot in enumerate(frames):
        left = 0.1 + place * (side + 0.12)
        step = label("step {step}", step=film.frames[shot]["step"])
        write(axes, left, TOP + 0.11, step, fontsize=9)
        box = (left, TOP + 0.25, side, side)
        show(axes, kernels[place], box, cmap=SIGNED_COLORS, vmin=-largest, vmax=largest)
        show(axes, maps[place], (left, TOP + 1.6, side, side), cmap=VALUE_COLORS, norm=scale)
    text = label("above: the kernel, its mean over the input maps; below: the map")
    write(axes, 0.1, TOP + 2.95, text, fontsize=8.5, color=GRAY)
    return label("{layer}: filter {number} as it learned", layer=shown.name, number=number)


def _choose_columns(layers, chosen):
    """Return the indices of the layers in the row: at most 8, with the chosen and the last one."""
    last = len(layers) - 1
    shown = [i for i, each in enumerate(layers) if each.kind not in OMITTED or i in (chosen, last)]
    while len(shown) > MAX_COLUMNS:
        gaps = [
            (shown[n + 1] - shown[n - 1], -n)
            for n in range(1, len(shown) - 1)
            if shown[n] != chosen
        ]
        del shown[-min(gaps)[1]]  # the one whose neighbors are closest together, the last of them
    return shown


def _draw_photograph(axes, explored, pixels):
    height, width = pixels.shape[:2]
    scale = min((PHOTOGRAPH - 0.1) / width, ROW_HEIGHT / height)
    top = ROW_TOP + (ROW_HEIGHT - scale * height) / 2
    show(axes, pixels.squeeze(), (0.1, top, scale * width, scale * height), cmap="gray")
    middle = 0.1 + scale * width / 2
    _write_name(axes, middle, label("picture"), pixels.shape, bold=False)
    index = explored.photographs.labels[0]
    if index is not None and explored.class_names:
        name = short(explored.class_names[index], 14)
        write(axes, middle, top - 0.1, name, ha="center", fontsize=8, color=GRAY)


def _draw_sheets(axes, maps, left, number, is_chosen):
    """Draw the maps that vary most below one another; of the chosen layer, the chosen one first."""
    height, width, _ = maps.shape
    order = [int(each) for each in np.argsort(-maps.std(axis=(0, 1)), kind="stable")]
    if is_chosen:
        order.remove(number)
        order.insert(0, number)
    scale = feature_map_scale(maps)
    side = SHEET / max(height, width)
    for place, each in enumerate(order[:MAX_SHEETS]):
        top = ROW_TOP + place * (SHEET + 0.04) + (SHEET - side * height) / 2
        box = (left + (SHEET - side * width) / 2, top, side * width, side * height)
        show(axes, maps[..., each], box, cmap=VALUE_COLORS, norm=scale)
        if is_chosen and each == number:
            frame(axes, box)


def _draw_classes(axes, names, logits, left):
    """Draw the probabilities of the most probable classes as bars."""
    odds = np.exp(logits - logits.max())
    probabilities = odds / odds.sum()
    width = CLASSES - 0.3
    for place, index in enumerate(np.argsort(-probabilities, kind="stable")[:MAX_CLASSES]):
        top, value = ROW_TOP + 0.12 + place * 0.48, probabilities[index]
        name = short(names[index], 16) if names else label("class {index}", index=index)
        write(axes, left, top, name, fontsize=8.5)
        bar = Rectangle((left, top + 0.1), width, 0.16, facecolor="#eeeeee", linewidth=0)
        axes.add_patch(bar)
        part = Rectangle((left, top + 0.1), width * value, 0.16, facecolor=NEUTRAL, linewidth=0)
        axes.add_patch(part)
        inside = value > 0.5
        write(
            axes,
            left + width * value + (-0.04 if inside else 0.04),
            top + 0.185,
            f"{value:.0%}",
            ha="right" if inside else "left",
            fontsize=8,
            color="white" if inside else "black",
        )


def _label(axes, x, layer, shape, is_chosen):
    _write_name(axes, x, layer.name.rpartition("/")[2], shape, is_chosen)


def _write_name(axes, x, name, shape, bold):
    weight = "bold" if bold else "normal"
    bottom = ROW_TOP + ROW_HEIGHT
    options = {"ha": "center"}
    write(axes, x, bottom + 0.16, short(name, 10), fontsize=8.5, fontweight=weight, **options)
    size = "\N{MULTIPLICATION SIGN}".join(str(length) for length in shape)
    write(axes, x, bottom + 0.33, size, fontsize=7, color=GRAY, **options)
