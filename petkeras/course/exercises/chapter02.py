"""Check chapter 02: the number of weights, and receptive fields."""

from __future__ import annotations

import math

from petkeras.course.exercises.feedback import (
    ask_for_count,
    ask_for_number,
    call_for_numbers,
    find_hint,
    not_yet,
    read_number,
    right,
)
from petkeras.language import translate

MAX_WEIGHTS = 10_000_000

# Layers as (window, stride) pairs, for exercise 3.
PET_NET = ((3, 1), (3, 1), (2, 2), (3, 1), (3, 1), (2, 2))
VGG16 = (*((3, 1), (3, 1), (2, 2)) * 2, *((3, 1), (3, 1), (3, 1), (2, 2)) * 3)
NETWORKS = ((), ((3, 1),), ((3, 1), (3, 1)), ((3, 2), (5, 1)), PET_NET, VGG16)


def exercise_1(image_size):
    """Check the largest picture for which `pet_net` has fewer than ten million weights."""
    size = read_number(image_size)
    if size is None or size != round(size) or size < 1:
        return not_yet(ask_for_count(image_size, "image_size"))
    size = int(size)
    count, more = _pet_net_weights(size), _pet_net_weights(size + 1)
    if count >= MAX_WEIGHTS:
        return not_yet(
            "{count:,} weights at {size} pixels. That is not fewer than ten million.",
            count=count,
            size=size,
        )
    if size in (17, 18):
        return not_yet(
            "{count:,} weights at {size} pixels: far fewer. fc1 does not see the picture itself, "
            "but what is left of it after two pools.",
            count=count,
            size=size,
        )
    if more < MAX_WEIGHTS:
        return not_yet(
            "{count:,} weights at {size} pixels and {more:,} at {larger}: the picture can be "
            "larger.",
            count=count,
            size=size,
            more=more,
            larger=size + 1,
        )
    return right(
        "{count:,} weights at {size} pixels, {more:,} at {larger}.",
        count=count,
        size=size,
        more=more,
        larger=size + 1,
    )


def _pet_net_weights(size):
    """Count by hand: four convolutions, and two dense layers after two pools."""
    pooled = math.ceil(math.ceil(size / 2) / 2)
    convolutions = sum(
        (9 * before + 1) * after for before, after in ((3, 32), (32, 32), (32, 64), (64, 64))
    )
    return convolutions + (64 * pooled**2 + 1) * 512 + (512 + 1) * 2


def exercise_2(weights):
    """Check how many weights `fc1` has when its inputs are the means of 64 maps."""
    count = read_number(weights)
    if count is None:
        return not_yet(ask_for_number(weights))
    if count == 64 * 512 + 512:
        return right("33,280 instead of 102,760,960: three thousand times fewer.")
    hints = [
        (64 * 512, "These are the products. Each of the 512 units also adds a bias."),
        (56 * 56 * 64 * 512 + 512, "This is fc1 as it is. Reduce each 56 x 56 map to one number."),
        (56 * 56 * 512 + 512, "Each of the 64 maps has one mean: 64 inputs, not 56 x 56."),
        (512 + 512, "One mean per map, and there are 64 maps."),
    ]
    hint = find_hint(count, hints, rtol=0)
    return not_yet(hint or "inputs x units + biases: how many inputs does fc1 have now?")


def exercise_3(receptive_field):
    """Check a function from a list of (window, stride) pairs to the pixels that a unit sees."""
    for layers in NETWORKS:
        pixels, hint = call_for_numbers(receptive_field, list(layers))
        if hint:
            return not_yet(hint)
        if pixels.shape != ():
            return not_yet("Return one number: how many pixels a unit sees along one side.")
        expected = _receptive_field(layers)
        if pixels == expected:
            continue
        windows, strides = zip(*layers, strict=True) if layers else ((), ())
        stride_too_early = zip((1, *windows), (*strides, 1), strict=True)
        hints = [
            (
                1 + sum(window - 1 for window in windows),
                "One step in a later layer spans the product of all strides before it.",
            ),
            (
                _receptive_field([*stride_too_early]),
                "A stride widens the windows of later layers, not its own.",
            ),
            (expected - 1, "Before the first layer, a unit is one pixel."),
            (math.prod(windows), "Windows overlap, so their sizes do not multiply."),
        ]
        after = ", ".join(map(str, layers)) or translate("no layer at all")
        hint = find_hint(pixels, hints) or "How much wider does the last layer make it?"
        return not_yet(
            "After {after} a unit sees {expected} pixels, not {pixels:g}. {hint}",
            after=after,
            expected=expected,
            pixels=pixels,
            hint=translate(hint),
        )
    return right("16 pixels for our pool2, 212 for VGG16's last pool.")


def _receptive_field(layers):
    """Walk from a unit back to the picture, and count the pixels that its windows cover."""
    first, last = 0, 0
    for window, stride in reversed(layers):
        first, last = first * stride, last * stride + window - 1
    return last - first + 1
