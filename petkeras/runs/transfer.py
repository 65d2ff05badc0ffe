"""Transfer learning: cut the last layer off a trained network, and train a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from petkeras.data.pipeline import Pictures, preprocess
from petkeras.errors import PetkerasError, check_seed
from petkeras.hardware import devices
from petkeras.inspection import check_one_input_and_output, fits
from petkeras.layers import Conv2D, Dense
from petkeras.recipes import TRANSFER, Recipe
from petkeras.runs.checks import check_callbacks, check_loadable
from petkeras.runs.config import make_config
from petkeras.runs.folder import check_free
from petkeras.runs.pretrained import DATA_FORMAT, PRETRAINED, open_pretrained
from petkeras.runs.run import Run
from petkeras.runs.saving import save_model
from petkeras.runs.train import Training
from petkeras.system.files import local_path

# Recipe fields that change images or affect layers below the last one. All of them are off, because
# features are computed only once, from the unchanged images.
OFF: dict[str, Any] = {
    "flip": False,
    "shift": 0.0,
    "zoom": 0.0,
    "rotation": 0.0,
    "light": 0.0,
    "color": 0.0,
    "conv_dropout": 0.0,
    "dense_dropout": 0.0,
    "film_every": 0,
}


def transfer(
    backbone,
    data,
    recipe: Recipe = TRANSFER,
    run_dir=None,
    weights="imagenet",
    seed=0,
    resume=False,
    verbose=True,
    *,
    callbacks=(),
):
    """Train a new last layer on top of a network that is already trained.

    The network without its last layer, the *backbone*, stays as it is. Each image goes through it
    once, and the new layer is trained on the resulting *features* alone, by the same loop as in
    `train`. An epoch takes a fraction of a second.

    The run folder is like that of `train`. Its `model.keras` is the whole network, from images to
    logits, and nothing in it is frozen: `train` can continue with all of its weights, given the
    run's own `mean` in its data and the run's own `pixel_scale` in its recipe.

    Args:
        backbone: `"drawn_pets"`, a small network that comes with petkeras and has learned from
            drawn pets of invented breeds at 64 pixels; `"mobilenet_v2"`, `"vgg16"` or
            `"inception_v3"`; a run folder; or a `keras.Model`, whose last `Dense` layer is
            replaced. If it ends in feature maps instead, their mean over all positions is used.
            The model is not changed.
        data: a `PetData` with images of the size that the backbone takes.
        recipe: epochs, batch size, learning rate, ... Augmentation, dropout and film are ignored,
            because features are computed once. `pixel_scale` and `data.mean` are used only for a
            `keras.Model`; a named network and a run have their own.
        run_dir: the folder to create, or `None` to keep nothing on disk.
        weights: for a named network: `"imagenet"` (downloaded once by Keras; for
            `"drawn_pets"`, the weights that come with petkeras), the path of a `.weights.h5` or
            `.h5` file without the top layers, or `None` (random).
        seed: an integer that determines the new layer's initial weights and the images' order.
        resume: continue the interrupted run in `run_dir`.
        verbose: print the device, and show progress.
        callbacks: `keras.callbacks.Callback`s, as in `train`; `model` is the new last layer.

    Returns:
        A `History`.

    Raises:
        PetkerasError: there is no such backbone, it contains code, it does not fit the images, its
            weights are not available, or the run folder is not empty.

    Example:

    >>> import petkeras as pk
    >>> data = pk.load_pets(image_size=160)  # doctest: +SKIP
    >>> history = pk.transfer("mobilenet_v2", data, run_dir="runs/transfer")  # doctest: +SKIP

    Reference: A. S. Razavian et al., "CNN Features off-the-shelf: an Astounding Baseline for
        Recognition" (CVPR workshops, 2014); the article's section "Conclusion".
    """
    if run_dir is not None and not resume:
        check_free(run_dir)
    seed, callbacks = check_seed(seed), check_callbacks(callbacks, recipe)
    devices.prepare_gpus()
    opened = open_backbone(backbone, data, recipe, weights)
    recipe = replace(recipe, pixel_scale=opened.pixel_scale, **OFF)
    if verbose:
        parts = [part for part in (data.train, data.test, data.validation) if part]
        count, images = opened.model.output_shape[1], sum(map(len, parts))
        print(f"Computing {count} features of each of {images} pictures.", flush=True)
    features = compute_features(opened, data)
    head = _make_head(features.mean.shape, len(data.class_names), seed)
    # Pixels are scaled before the backbone; its features are used as they are.
    training = Training(
        head, features, replace(recipe, pixel_scale=1.0), seed, None, None, callbacks
    )
    if run_dir is None:
        return training.run(verbose)
    config = make_config(data, recipe, seed, opened.model)
    config["backbone"] = _origin(backbone, weights)

    def save(run_dir, head, mean):
        save_model(run_dir, join(opened.model, head), opened.mean)

    return training.run_in_folder(run_dir, config, resume, verbose, save)


def compute_features(backbone, data):
    """Return a `PetData` whose images are features, `(n, features)` float32, with mean 0."""

    def of(part):
        return part and Pictures(backbone.features(part.images), part.labels, part.names)

    mean = np.zeros(backbone.model.output_shape[1], np.float32)
    train, test, validation = of(data.train), of(data.test), of(data.validation)
    return replace(data, train=train, test=test, validation=validation, mean=mean)


def _make_head(shape, num_classes, seed):
    """Return the new last layer as a model from features to logits."""
    features = keras.Input(shape, name="features")
    return keras.Model(features, _last_layer(num_classes, seed)(features), name="last_layer")


def join(backbone, head):
    """Return a backbone and a trained last layer as one `keras.Model`, from images to logits."""
    last = _last_layer(head.output_shape[1])
    whole = keras.Model(backbone.input, last(backbone.output), name="transfer")
    last.set_weights(head.get_weights())
    return whole


def _last_layer(num_classes, seed=None):
    initializer = keras.initializers.GlorotUniform(seed)
    return Dense(num_classes, kernel_initializer=initializer, name="softmax", dtype="float32")


class Backbone:
    """A network without its last layer, and how images are prepared for it.

    Args:
        model: a `keras.Model` from `(batch, size, size, 3)` to `(batch, features)`.
        mean: `(size, size, 3)` float32, subtracted from the images.
        pixel_scale: the number that they are then divided by.
    """

    def __init__(self, model, mean, pixel_scale):
        self.model, self.mean, self.pixel_scale = model, mean, pixel_scale
        self._forward = tf.function(
            lambda x: tf.cast(model(x, training=False), tf.float32),
            input_signature=[tf.TensorSpec((None, *mean.shape), tf.float32)],
        )

    def features(self, images):
        """Return the input of the last layer for images, without dropout.

        Args:
            images: `(n, size, size, 3)`, 0..255.

        Returns:
            `(n, features)` float32.
        """
        recipe = Recipe(pixel_scale=self.pixel_scale)
        rows = [
            self._forward(preprocess(images[first : first + 10], self.mean, recipe)).numpy()
            for first in range(0, len(images), 10)
        ]
        return np.concatenate(rows)


def open_backbone(backbone, data, recipe: Recipe = TRANSFER, weights="imagenet"):
    """Return the `Backbone` that `transfer` uses, with the same arguments and errors."""
    size = data.mean.shape[0]
    if isinstance(backbone, keras.Model):
        check_one_input_and_output(backbone)
        check_loadable(backbone)
        opened = Backbone(cut(backbone), data.mean, recipe.pixel_scale)
    elif backbone in PRETRAINED:
        model, about = open_pretrained(backbone, size, weights)
        mean = np.broadcast_to(np.float32(about.mean), (size, size, 3))
        return Backbone(cut(model), mean, about.pixel_scale)
    elif isinstance(backbone, str | Path) and local_path("backbone", backbone).is_dir():
        run = Run(backbone)
        opened = Backbone(cut(run.model), run.mean, run.recipe.pixel_scale)
    else:
        raise PetkerasError(
            f"`backbone` must be {', '.join(PRETRAINED)}, a run folder or a keras.Model. "
            f"Received: backbone={str(backbone)!r}"
        )
    if weights not in ("imagenet", None):
        raise PetkerasError(
            f"`weights` is only for {', '.join(PRETRAINED)}: a run folder and a keras.Model have "
            f"their own. Received: weights={str(weights)!r}"
        )
    taken = tuple(opened.model.input_shape[1:])
    if not fits((size, size, 3), taken):
        raise PetkerasError(
            f"The backbone expects images of shape {taken}, but the data have {(size, size, 3)}. "
            f"Load them with `image_size={taken[0]}`."
        )
    return opened


def cut(model):
    """Return a network without its last layer, so that its output is that layer's input.

    The last layer is the last one that has weights, if it is a `Dense` layer of petkeras or Keras,
    or a 1 x 1 convolution of a one-pixel map, which computes the same. Everything after it is cut
    off, too. A network with any other ending is left whole. Feature maps at its end are averaged
    over all positions.

    Args:
        model: a functional or sequential `keras.Model`; the result shares its layers and weights.

    Returns:
        A `keras.Model` from images to `(batch, features)`.

    Raises:
        PetkerasError: the input of its last layer is neither feature maps nor a row of features.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.runs.transfer import cut
    >>> cut(pk.pet_net(image_size=32)).output_shape
    (None, 512)
    """
    last = next((layer for layer in reversed(model.layers) if layer.weights), None)
    end = last.input if _returns_classes(last) else model.outputs[0]
    if len(end.shape) == 4:
        average = keras.layers.GlobalAveragePooling2D(DATA_FORMAT, name="mean_of_maps")
        end = average(end)
    if len(end.shape) != 2 or None in end.shape[1:]:
        raise PetkerasError(
            "The backbone must end in feature maps (batch, height, width, filters) or in a row "
            f"of features before its last Dense. Received: {tuple(end.shape)}"
        )
    return keras.Model(model.inputs[0], end, name="backbone")


def _returns_classes(layer):
    """Return True if a layer is dense, or a 1 x 1 convolution of a map of one pixel."""
    if isinstance(layer, Conv2D | keras.layers.Conv2D):
        return tuple(layer.kernel.shape[:2]) == (1, 1) == tuple(layer.output.shape[1:3])
    return isinstance(layer, Dense | keras.layers.Dense)


def _origin(backbone, weights):
    """Return where the backbone came from, as `config.json` records it."""
    if isinstance(backbone, keras.Model):
        return {"backbone": f"keras.Model {backbone.name}", "weights": None}
    if backbone in PRETRAINED:
        own = PRETRAINED[backbone].weights
        if weights in ("imagenet", own, None):
            return {"backbone": backbone, "weights": weights and own}
        return {"backbone": backbone, "weights": str(local_path("weights", weights).resolve())}
    return {"backbone": str(local_path("backbone", backbone).resolve()), "weights": None}
