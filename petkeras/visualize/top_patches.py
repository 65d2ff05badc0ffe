"""The photographs that activate a filter most, and the patches of them that it responds to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import check_filters, find_layer, has_feature_maps
from petkeras.tracing import compile_outputs
from petkeras.visualize.attribution import BATCH_SIZE, check_images
from petkeras.visualize.receptive import receptive_field

MID_GRAY = 128


class TopActivations(NamedTuple):
    """Hold the highest activations of filters: arrays `(filters, count)`, the highest first.

    Args:
        images: numbers of the photographs.
        rows, columns: positions in the filters' maps; 0 for a layer without feature maps.
        values: the activations.
    """

    images: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def top_activations(model, x, layer, filters=None, count=9):
    """Return which photographs activate filters most, and at which position.

    The photographs are processed in batches; of each map only the highest value is kept.

    Args:
        model: a functional or sequential `keras.Model`.
        x: `(n, H, W, 3)`, preprocessed.
        layer: a layer's name; for a layer in a nested model, such as `"backbone/conv5"`. Units of a
            layer without feature maps have one value per photograph.
        filters: numbers of filters, units or classes; `None` is all.
        count: photographs for each filter, or all of them if there are fewer.

    Returns:
        A `TopActivations`, one position per photograph. Of equal values, the first photograph and
        the first position in reading order come first.

    Raises:
        PetkerasError: there is no such layer or filter, `x` does not fit the model, or `count` is
            below 1.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> x = np.random.default_rng(0).normal(size=(5, 16, 16, 3)).astype("float32")
    >>> pk.visualize.top_activations(pk.pet_net(image_size=16), x, "conv2_2", count=3).rows.shape
    (64, 3)
    """
    found = find_layer(model, layer)
    chosen = check_filters(filters, found.output.shape[-1], f"Layer '{layer}'")
    if count < 1:
        raise PetkerasError(f"top_activations: `count` must be 1 or more. Received: count={count}")
    x = check_images(model, x)
    activations = compile_outputs(model, [layer])
    values, positions = [], []
    for first in range(0, len(x), BATCH_SIZE):
        maps = activations(x[first : first + BATCH_SIZE])[layer]  # (b, h, w, filters)
        width = maps.shape[2] if len(maps.shape) == 4 else 1
        maps = tf.gather(tf.cast(maps, tf.float32), list(chosen), axis=-1)
        flat = tf.reshape(maps, (len(maps), -1, len(chosen)))  # (b, h * w, filters)
        flat = tf.transpose(flat, (2, 0, 1)).numpy()  # (filters, b, h * w)
        values.append(flat.max(axis=2))
        positions.append(flat.argmax(axis=2))
    values, positions = np.concatenate(values, axis=1), np.concatenate(positions, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]  # (filters, count)
    positions = np.take_along_axis(positions, order, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    return TopActivations(order, positions // width, positions % width, values)


def crop_patches(model, images, layer, top):
    """Return the patches of photographs that activate filters most.

    Args:
        model: a `keras.Model` whose layers, up to this one, follow one another.
        images: `(n, H, W, 3)` uint8, the photographs that were given to `top_activations`, not
            preprocessed.
        layer: the layer's name.
        top: the `TopActivations` that `top_activations` returned.

    Returns:
        `(filters, count, height, width, 3)` uint8: the receptive fields, mid gray beyond the edge
        of the photograph; for a layer without feature maps, the whole photographs.

    Raises:
        PetkerasError: there is no such layer, or its receptive field is not known.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> model, images = pk.pet_net(image_size=32), np.full((5, 32, 32, 3), 200, np.uint8)
    >>> top = pk.visualize.top_activations(model, images / 255, "conv2_2", [0, 1], count=3)
    >>> pk.visualize.crop_patches(model, images, "conv2_2", top).shape
    (2, 3, 14, 14, 3)
    """
    images = np.asarray(images)
    if not has_feature_maps(find_layer(model, layer)):
        return images[top.images]
    patches = [
        _patch(images[number], receptive_field(model, layer, row, column))
        for number, row, column in zip(
            top.images.flat, top.rows.flat, top.columns.flat, strict=True
        )
    ]
    return np.reshape(patches, (*top.images.shape, *patches[0].shape))


def _patch(image, field):
    """Return a receptive field cut out of an image, padded with gray to its full size."""
    patch = np.full((field.height, field.width, 3), MID_GRAY, np.uint8)
    inside = image[field.top : field.bottom, field.left : field.right]
    # At the upper or left edge the padding comes before the pixels, else after them.
    top = field.height - len(inside) if field.top == 0 else 0
    left = field.width - inside.shape[1] if field.left == 0 else 0
    patch[top : top + len(inside), left : left + inside.shape[1]] = inside
    return patch
