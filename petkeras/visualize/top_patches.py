"""What excites a filter most in real photographs: the places, and the patches around them."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import find_layer, has_maps
from petkeras.visualize.attribution import BATCH, check_pictures
from petkeras.visualize.kernels import check_filters
from petkeras.visualize.receptive import receptive_field

MID_GRAY = 128


@dataclass(frozen=True)
class Strongest:
    """Hold where filters answer most: arrays `(filters, count)`, the strongest answer first.

    Args:
        pictures: which photographs, as numbers.
        rows, columns: the places in the filters' maps; 0 for a layer without maps.
        values: the answers there.
    """

    pictures: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    values: np.ndarray


def strongest(model, x, layer, filters=None, count=9):
    """Find the photographs in which filters answer most, and where in them.

    The photographs go through in batches; of each map only its highest value is kept.

    Args:
        model: a `keras.Model`.
        x: `(n, H, W, 3)`, preprocessed.
        layer: a layer's name. Units of a layer without maps have one answer a photograph.
        filters: which filters, units or classes, as numbers; `None` is all.
        count: photographs for each filter; all of them where there are fewer.

    Returns:
        A `Strongest`, one place a photograph. Of equal answers, the first photograph and the
        first place in reading order.

    Raises:
        PetkerasError: there is no such layer or filter, `x` does not fit the model, or `count` is
            below 1.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.top_patches import strongest
    >>> x = np.random.default_rng(0).normal(size=(5, 16, 16, 3)).astype("float32")
    >>> strongest(pk.pet_net(image_size=16), x, "conv2_2", count=3).rows.shape
    (64, 3)
    """
    found = find_layer(model, layer)
    chosen = check_filters(filters, found.output.shape[-1], layer)
    if count < 1:
        raise PetkerasError(f"strongest: `count` must be 1 or more. Received: count={count}")
    x = check_pictures(model, x)
    width = found.output.shape[2] if has_maps(found) else 1
    computed = keras.Model(model.inputs, found.output)
    values, places = [], []
    for first in range(0, len(x), BATCH):
        maps = computed(x[first : first + BATCH], training=False)  # (b, h, w, filters)
        maps = tf.gather(tf.cast(maps, tf.float32), list(chosen), axis=-1)
        flat = tf.reshape(maps, (len(maps), -1, len(chosen)))  # (b, h * w, filters)
        flat = tf.transpose(flat, (2, 0, 1)).numpy()  # (filters, b, h * w)
        values.append(flat.max(axis=2))
        places.append(flat.argmax(axis=2))
    highest, place = np.concatenate(values, axis=1), np.concatenate(places, axis=1)  # (filters, n)
    order = np.argsort(-highest, axis=1, kind="stable")[:, :count]  # (filters, count)
    place = np.take_along_axis(place, order, axis=1)
    return Strongest(
        order, place // width, place % width, np.take_along_axis(highest, order, axis=1)
    )


def patches(model, images, layer, places):
    """Cut out of photographs what filters saw at the places where they answer most.

    Args:
        model: a `keras.Model` whose layers follow one another.
        images: `(n, H, W, 3)` uint8, those of which `strongest` had the preprocessed ones.
        layer: the layer's name.
        places: what `strongest` returned.

    Returns:
        `(filters, count, height, width, 3)` uint8 of the receptive field's size, mid gray where
        it hangs over the edge; for a layer without maps, the whole photographs.

    Raises:
        PetkerasError: there is no such layer, or its receptive field is not known.

    Example:

    >>> import numpy as np
    >>> import petkeras as pk
    >>> from petkeras.visualize.top_patches import patches, strongest
    >>> model, images = pk.pet_net(image_size=32), np.full((5, 32, 32, 3), 200, np.uint8)
    >>> places = strongest(model, images / 255, "conv2_2", [0, 1], count=3)
    >>> patches(model, images, "conv2_2", places).shape
    (2, 3, 14, 14, 3)
    """
    images = np.asarray(images)
    if not has_maps(find_layer(model, layer)):
        return images[places.pictures]
    cut = [
        _patch(images[number], receptive_field(model, layer, row, column))
        for number, row, column in zip(
            places.pictures.flat, places.rows.flat, places.columns.flat, strict=True
        )
    ]
    return np.reshape(cut, (*places.pictures.shape, *cut[0].shape))


def _patch(image, field):
    """Cut a receptive field out of a picture, and fill it up with gray to its whole size."""
    patch = np.full((field.height, field.width, 3), MID_GRAY, np.uint8)
    inside = image[field.top : field.bottom, field.left : field.right]
    # What the upper or left edge cuts off is missing before, else after what is inside.
    top = field.height - len(inside) if field.top == 0 else 0
    left = field.width - inside.shape[1] if field.left == 0 else 0
    patch[top : top + len(inside), left : left + inside.shape[1]] = inside
    return patch
