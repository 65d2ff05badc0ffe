"""Checks of chapter 02, choosing a model."""

from __future__ import annotations

import math

from petkeras.course.exercises import not_yet, right
from petkeras.course.exercises.reading import call_for_numbers, read_numbers

MOST_WEIGHTS = 10_000_000


def exercise_1(image_size):
    """Check the largest picture for which `pet_net` has fewer than ten million weights.

    Args:
        image_size: height and width in pixels.
    """
    value = read_numbers(image_size)
    if value is None or value.shape != () or value != round(float(value)) or value < 1:
        return not_yet("A picture is a whole number of pixels wide, 1 or more.")
    size = int(value)
    count = _pet_net_weights(size)
    if count >= MOST_WEIGHTS:
        return not_yet(f"{count:,} weights at {size} pixels. That is not fewer than ten million.")
    if size in (17, 18):
        return not_yet(
            f"{count:,} weights at {size} pixels: far fewer. fc1 does not see the picture, but "
            "what two pools have left of it."
        )
    larger = _pet_net_weights(size + 1)
    if larger < MOST_WEIGHTS:
        return not_yet(
            f"{count:,} weights at {size} pixels, and {larger:,} at {size + 1}: it may be larger."
        )
    return right(f"{count:,} weights at {size} pixels, {larger:,} at {size + 1}.")


def _pet_net_weights(size):
    """Count by hand: four convolutions, and two dense layers behind two pools."""
    pooled = math.ceil(math.ceil(size / 2) / 2)
    convolutions = sum(
        (9 * before + 1) * after for before, after in ((3, 32), (32, 32), (32, 64), (64, 64))
    )
    return convolutions + (64 * pooled**2 + 1) * 512 + (512 + 1) * 2


def exercise_2(weights):
    """Check how many weights `fc1` has behind the means of 64 maps.

    Args:
        weights: a number.
    """
    value = read_numbers(weights)
    if value is None or value.shape != ():
        return not_yet("One number is asked for.")
    count = float(value)
    if count == 64 * 512:
        return not_yet("These are the products. Each of the 512 units adds a bias to them.")
    if count == 56 * 56 * 64 * 512 + 512:
        return not_yet("This is fc1 as it is. Of a map of 56 x 56, one number shall be left.")
    if count == 56 * 56 * 512 + 512:
        return not_yet("There are 64 maps, and each of them has a mean: 64 numbers, not 56 x 56.")
    if count == 512 + 512:
        return not_yet("One mean for each map, and there are 64 maps.")
    if count != 64 * 512 + 512:
        return not_yet("inputs x units + biases: how many inputs has fc1 now?")
    return right("33,280 instead of 102,760,960: three thousand times fewer.")


def exercise_3(receptive_field):
    """Check a function that computes how far a unit sees.

    Args:
        receptive_field: a function from a list of (window, stride), layer by layer, to pixels.
    """
    for layers in _CHAINS:
        value, hint = call_for_numbers(receptive_field, list(layers))
        if hint:
            return not_yet(hint)
        if value.shape != ():
            return not_yet("One number is asked for: the pixels that a unit sees, along one side.")
        wanted = _seen(layers)
        if value == wanted:
            continue
        came = f"After {_words(layers)} a unit sees {wanted} pixels, not {value:g}."
        if value == 1 + sum(window - 1 for window, _ in layers):
            return not_yet(f"{came} A step of a later layer is as wide as all strides before it.")
        windows, strides = zip(*layers, strict=True) if layers else ((), ())
        if value == _seen([*zip((1, *windows), (*strides, 1), strict=True)]):
            return not_yet(f"{came} A stride widens the windows that come later, not its own.")
        if value == wanted - 1:
            return not_yet(f"{came} Before any layer a unit is one pixel.")
        if value == math.prod(window for window, _ in layers):
            return not_yet(f"{came} Windows overlap; they do not multiply.")
        return not_yet(f"{came} How much wider does the last layer make it?")
    return right("16 pixels for our pool2, 212 for VGG16's last pool.")


_OURS = ((3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (2, 2))
_VGG16 = (*((3, 1), (3, 1), (2, 2)) * 2, *((3, 1), (3, 1), (3, 1), (2, 2)) * 3)
_CHAINS = ((), ((3, 1),), ((3, 1), (3, 1)), ((3, 2), (5, 1)), _OURS, _VGG16)


def _seen(layers):
    """Walk from a unit down to the picture, and count the pixels that its windows cover."""
    first, last = 0, 0
    for window, stride in reversed(layers):
        first, last = first * stride, last * stride + window - 1
    return last - first + 1


def _words(layers):
    if not layers:
        return "no layer at all"
    return ", ".join(f"({window}, {stride})" for window, stride in layers)
