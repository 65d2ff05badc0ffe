"""The article's network: four convolutions, two pooling layers, two dense layers."""

from __future__ import annotations

import keras

from petkeras.errors import check_argument, is_integer
from petkeras.layers import Conv2D, Dense, Dropout, Flatten, MaxPool2D
from petkeras.recipes import ARTICLE, Recipe
from petkeras.system.memory import check_memory


def pet_net(num_classes=2, image_size=224, recipe: Recipe = ARTICLE, seed=None, dtype=None):
    """Build the article's network for images of `image_size` by `image_size` pixels.

    Args:
        num_classes: the number of breeds, 2 or more.
        image_size: height and width of an image in pixels.
        recipe: provides the initializer, the dense biases and the two dropout rates.
        seed: an integer that makes the initial weights and the dropout reproducible, or `None`.
        dtype: the layers' dtype policy: `"float32"`, `"mixed_bfloat16"`, `"mixed_float16"`;
            `None` means Keras's global policy. The logits are always float32.

    Returns:
        A functional `keras.Model` from `(batch, image_size, image_size, 3)` to logits
        `(batch, num_classes)` float32, its layers named like the article's scopes.

    Raises:
        ValueError: `num_classes` or `image_size` is out of range, or `seed` is not an integer.
        PetkerasError: its weights need more memory than is free.

    Example:

    >>> from petkeras.models import pet_net
    >>> model = pet_net(image_size=32)
    >>> model.output_shape, model.get_layer("pool2").output.shape
    ((None, 2), (None, 8, 8, 64))

    Reference: J. Francis (2017), section "Building the network" and figure 1.
    """
    is_count = is_integer(num_classes) and num_classes >= 2
    check_argument("pet_net", "num_classes", num_classes, is_count, "an integer, 2 or more")
    is_size = is_integer(image_size) and image_size >= 1
    check_argument("pet_net", "image_size", image_size, is_size, "a positive number of pixels")
    is_seed = seed is None or is_integer(seed)
    check_argument("pet_net", "seed", seed, is_seed, "an integer or None")
    check_memory(4 * (-(-image_size // 4)) ** 2 * 64 * 512, "The network's layer fc1")  # bytes
    seeds = iter([None] * 9 if seed is None else range(9 * seed, 9 * seed + 9))  # one per layer

    def conv(filters, name):
        return Conv2D(
            filters,
            kernel_size=3,
            activation="relu",
            kernel_initializer=_kernel_initializer(recipe, next(seeds)),
            name=name,
            dtype=dtype,
        )

    def dense(units, name, activation=None, dtype=dtype):
        return Dense(
            units,
            activation=activation,
            kernel_initializer=_kernel_initializer(recipe, next(seeds)),
            bias_initializer=keras.initializers.Constant(recipe.dense_bias),
            name=name,
            dtype=dtype,
        )

    def dropout(rate, name):
        return Dropout(rate, seed=next(seeds), name=name, dtype=dtype)

    # The shapes are for 224 pixels and 2 classes.
    images = keras.Input((image_size, image_size, 3), name="images")  # (B, 224, 224, 3)
    x = conv(32, "conv1_1")(images)  # (B, 224, 224, 32)
    x = conv(32, "conv1_2")(x)  # (B, 224, 224, 32)
    x = MaxPool2D(name="pool1", dtype=dtype)(x)  # (B, 112, 112, 32)
    x = dropout(recipe.conv_dropout, "drop1")(x)
    x = conv(64, "conv2_1")(x)  # (B, 112, 112, 64)
    x = conv(64, "conv2_2")(x)  # (B, 112, 112, 64)
    x = MaxPool2D(name="pool2", dtype=dtype)(x)  # (B, 56, 56, 64)
    x = dropout(recipe.conv_dropout, "drop2")(x)
    x = Flatten(name="flatten", dtype=dtype)(x)  # (B, 200704)
    x = dense(512, "fc1", activation="relu")(x)  # (B, 512)
    x = dropout(recipe.dense_dropout, "drop3")(x)
    logits = dense(num_classes, "softmax", dtype="float32")(x)  # (B, 2)
    return keras.Model(images, logits, name="pet_net")


def _kernel_initializer(recipe, seed):
    if recipe.initializer == "article":
        return keras.initializers.TruncatedNormal(stddev=0.1, seed=seed)
    return keras.initializers.HeNormal(seed=seed)  # also truncated; stddev sqrt(2 / fan in)
