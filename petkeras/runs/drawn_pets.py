"""The backbone `drawn_pets`, which comes with petkeras: it has learned from invented breeds.

`docs/make_backbone.py` trains it, and writes its weights to `drawn_pets.npz`.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from petkeras.layers import Conv2D, MaxPool2D

FILE = Path(__file__).with_suffix(".npz")
FILTERS = {"conv1_1": 32, "conv1_2": 32, "conv2_1": 64, "conv2_2": 128}


def drawn_pets(image_size, pretrained=True):
    """Build the backbone: four convolutions, pooling between them, and the mean of each map.

    Args:
        image_size: height and width of the images in pixels; it was trained at 64.
        pretrained: load the weights that come with petkeras; if `False`, they stay random.

    Returns:
        A `keras.Model` from `(batch, image_size, image_size, 3)` to `(batch, 128)`.

    Example:

    >>> from petkeras.runs.drawn_pets import drawn_pets
    >>> drawn_pets(64).output_shape
    (None, 128)
    """
    x = images = keras.Input((image_size, image_size, 3), name="images")
    for name, filters in FILTERS.items():
        x = Conv2D(
            filters,
            kernel_size=3,
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(),
            name=name,
        )(x)
        if name != "conv2_2":
            x = MaxPool2D(name=name.replace("conv", "pool"))(x)
    x = keras.layers.GlobalAveragePooling2D("channels_last", name="mean_of_maps")(x)
    model = keras.Model(images, x, name="drawn_pets")
    if pretrained:
        _load_weights(model)
    return model


def save_weights(kernels, biases):
    """Write the kernels and biases of all four convolutions, by layer name, as float16."""
    arrays = {f"{name}/kernel": kernels[name] for name in FILTERS}
    arrays |= {f"{name}/bias": biases[name] for name in FILTERS}
    np.savez_compressed(FILE, **{name: np.float16(array) for name, array in arrays.items()})


def _load_weights(model):
    with np.load(FILE, allow_pickle=False) as stored:
        for name in FILTERS:
            kernel, bias = stored[f"{name}/kernel"], stored[f"{name}/bias"]
            model.get_layer(name).set_weights([np.float32(kernel), np.float32(bias)])
