"""Standing on shoulders: cut the last layer off a trained network, and learn a new one."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from petkeras.callbacks.filters import Film
from petkeras.data.pipeline import Pictures, preprocess
from petkeras.errors import PetkerasError
from petkeras.hardware import devices
from petkeras.layers import Dense
from petkeras.recipes import TRANSFER, Recipe
from petkeras.runs.config import make_config
from petkeras.runs.folder import check_free
from petkeras.runs.loading import find_code
from petkeras.runs.run import Run
from petkeras.runs.saving import save_model
from petkeras.training import Trainer

# What a recipe says about changing pictures, and about layers below the last one. Features are
# computed once, of each picture as it is, so that all of it is off.
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


@dataclass(frozen=True)
class Pretrained:
    """Say what pictures a network of `keras.applications` was trained on, and how to build it.

    Args:
        name: its name in `keras.applications`.
        mean: red, green and blue that were taken off each pixel.
        pixel_scale: what pixels were divided by after that.
        reads_bgr: the first layer's name, if the colors came in the order blue, green, red.
    """

    name: str
    mean: tuple[float, float, float]
    pixel_scale: float
    reads_bgr: str = ""


PRETRAINED = {
    "mobilenet_v2": Pretrained("MobileNetV2", (127.5, 127.5, 127.5), 127.5),  # to [-1, 1]
    "vgg16": Pretrained("VGG16", (123.68, 116.779, 103.939), 1.0, reads_bgr="block1_conv1"),
    "inception_v3": Pretrained("InceptionV3", (127.5, 127.5, 127.5), 127.5),
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
):
    """Learn a new last layer on top of a network that is trained already.

    The network without its last layer, the *backbone*, stays as it is. Each picture goes through
    it once; what comes out, its *features*, is all that the new layer is trained on, by the very
    loop of `train`. An epoch takes a fraction of a second.

    The run folder is as `train` makes it. Its `model.keras` is the whole network, from pictures to
    logits. Nothing in it is frozen any more: `train` can go on with all of its weights, given the
    run's own `mean` in its data and the run's own `pixel_scale` in its recipe.

    Args:
        backbone: `"mobilenet_v2"`, `"vgg16"` or `"inception_v3"`; the folder of a run; or a
            `keras.Model`, whose last layer is taken for a `Dense` to be replaced, or, if it ends
            in feature maps, their mean over all places for the features. It is not changed.
        data: a `PetData`, of the size that the backbone takes.
        recipe: epochs, batch size, learning rate, ... Its augmentation, dropout and film are left
            out, as features are computed once. Its `pixel_scale` counts for a `keras.Model` only,
            together with `data.mean`: a named network and a run bring their own.
        run_dir: a folder to be made, or `None` to keep nothing on disk.
        weights: of a named network: `"imagenet"` (downloaded once by Keras), the path of a
            `.weights.h5` or `.h5` file for it without its top, or `None` (random).
        seed: an integer; decides the new layer's start and the order of the pictures.
        resume: go on with the interrupted run that is in `run_dir`.
        verbose: say what is trained on, and show progress.

    Returns:
        A `History`.

    Raises:
        PetkerasError: there is no such backbone, it carries code, it does not fit the pictures,
            its weights cannot be had, or the run folder is not empty.

    Example:

    >>> import petkeras as pk
    >>> data = pk.load_pets(image_size=160)  # doctest: +SKIP
    >>> history = pk.transfer("mobilenet_v2", data, run_dir="runs/shoulders")  # doctest: +SKIP

    Reference: A. S. Razavian et al., "CNN Features off-the-shelf: an Astounding Baseline for
        Recognition" (CVPR workshops, 2014); the article's section "Conclusion".
    """
    if run_dir is not None and not resume:
        check_free(run_dir)
    devices.prepare_gpus()
    shoulders = open_backbone(backbone, data, recipe, weights)
    recipe = replace(recipe, pixel_scale=shoulders.pixel_scale, **OFF)
    count = shoulders.model.output_shape[1]
    if verbose:
        pictures = len(data.train) + len(data.test)
        print(f"Computing {count} features of each of {pictures} pictures.", flush=True)
    seen = replace(
        data,
        train=_features_for_pictures(shoulders, data.train),
        test=_features_for_pictures(shoulders, data.test),
        mean=np.zeros(count, np.float32),
    )
    trainer = _LastLayer(shoulders, seen, recipe, run_dir, seed)
    if run_dir is None:
        return trainer.run(verbose)
    policy = shoulders.model.layers[1].dtype_policy.name
    config = make_config(data, recipe, seed, policy)
    config["backbone"] = _origin(backbone, weights)
    return trainer.keep_in_folder(config, resume, verbose)


class Backbone:
    """Hold a network without its last layer, and how pictures are prepared for it.

    Args:
        model: a `keras.Model` from `(batch, size, size, 3)` to `(batch, features)`.
        mean: `(size, size, 3)` float32, taken off the pictures.
        pixel_scale: what they are divided by after that.
    """

    def __init__(self, model, mean, pixel_scale):
        self.model, self.mean, self.pixel_scale = model, mean, pixel_scale
        self._forward = tf.function(
            lambda x: tf.cast(model(x, training=False), tf.float32),
            input_signature=[tf.TensorSpec((None, *mean.shape), tf.float32)],
        )

    def features(self, images):
        """Return what the last layer is to see of pictures, all dropout off.

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
    """Return the `Backbone` that `transfer` stands on; arguments and errors as there."""
    size = data.mean.shape[0]
    if isinstance(backbone, keras.Model):
        opened = Backbone(cut(_checked(backbone)), data.mean, recipe.pixel_scale)
    elif backbone in PRETRAINED:
        return _open_pretrained(backbone, size, weights)
    elif isinstance(backbone, str | Path) and Path(backbone).is_dir():
        run = Run(backbone)
        opened = Backbone(cut(run.model), run.mean, run.recipe.pixel_scale)
    else:
        raise PetkerasError(
            f"`backbone` must be {', '.join(PRETRAINED)}, a run folder or a keras.Model. "
            f"Received: backbone={str(backbone)!r}"
        )
    if weights not in ("imagenet", None):
        raise PetkerasError(
            f"`weights` are for {', '.join(PRETRAINED)} only: a run folder and a keras.Model "
            f"bring their own. Received: weights={str(weights)!r}"
        )
    taken = tuple(opened.model.input_shape[1:])
    if any(side not in (None, there) for side, there in zip(taken, (size, size, 3), strict=True)):
        raise PetkerasError(
            f"The backbone takes pictures {taken}, but the data have {(size, size, 3)}. Load them "
            f"with `image_size={taken[0]}` ('--image-size {taken[0]}')."
        )
    return opened


def cut(model):
    """Return a network without its last layer: it ends in what that layer saw.

    The last layer is the last one that has weights, if it is a `Dense`, ours or Keras's, together
    with what follows it. A network that ends otherwise is left whole. Feature maps at its end are
    averaged over all places.

    Args:
        model: a functional or sequential `keras.Model`; it shares its layers and weights with
            what is returned.

    Returns:
        A `keras.Model` from pictures to `(batch, features)`.

    Raises:
        PetkerasError: what its last layer saw is neither feature maps nor a row of features.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.runs.transfer import cut
    >>> cut(pk.pet_net(image_size=32)).output_shape
    (None, 512)
    """
    last = next((layer for layer in reversed(model.layers) if layer.weights), None)
    end = last.input if isinstance(last, Dense | keras.layers.Dense) else model.outputs[0]
    if len(end.shape) == 4:
        end = keras.layers.GlobalAveragePooling2D(name="mean_of_maps")(end)
    if len(end.shape) != 2 or None in end.shape[1:]:
        raise PetkerasError(
            "The backbone must end in feature maps (batch, height, width, filters) or in a row "
            f"of features before its last Dense. Received: {tuple(end.shape)}"
        )
    return keras.Model(model.inputs[0], end, name="backbone")


class _LastLayer(Trainer):
    """Train the last layer on features; keep it together with the backbone."""

    def __init__(self, backbone, seen, recipe, run_dir, seed):
        self.backbone = backbone
        features = keras.Input(seen.mean.shape, name="features")
        logits = _last_layer(len(seen.class_names), seed)(features)
        head = keras.Model(features, logits, name="last_layer")
        # Pixels were scaled before the backbone; what comes out of it is taken as it is.
        super().__init__(head, seen, replace(recipe, pixel_scale=1.0), run_dir, seed, Film())

    def save_model(self):
        shoulders = self.backbone.model
        last = _last_layer(self.model.output_shape[1])
        whole = keras.Model(shoulders.input, last(shoulders.output), name="transfer")
        last.set_weights(self.model.get_weights())
        save_model(self.run_dir, whole, self.backbone.mean)


def _last_layer(classes, seed=None):
    start = keras.initializers.GlorotUniform(seed)
    return Dense(classes, kernel_initializer=start, name="softmax", dtype="float32")


def _features_for_pictures(backbone, pictures):
    return Pictures(backbone.features(pictures.images), pictures.labels, pictures.names)


def _open_pretrained(name, size, weights):
    """Build a network of `keras.applications` without its top, and get its weights."""
    about = PRETRAINED[name]
    build = getattr(keras.applications, about.name)
    imagenet = "imagenet" if weights == "imagenet" else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # weights learned at 224 pixels serve other sizes, too
            model = build(include_top=False, weights=imagenet, input_shape=(size, size, 3))
    except ValueError as error:
        raise PetkerasError(f"{name}: {_first_line(error)} (`image_size`).") from None
    except Exception as error:  # Keras says no more than that when a download fails
        raise PetkerasError(
            f"The ImageNet weights of {name} could not be downloaded: {_first_line(error)}. "
            "Without a network, name a file of them: `weights` ('--weights'); or stand on a run "
            "of your own."
        ) from None
    if weights not in ("imagenet", None):
        _load_weights(model, name, weights)
    if about.reads_bgr:  # turn its first kernels round, and it reads red, green, blue as all do
        kernel = model.get_layer(about.reads_bgr).kernel
        kernel.assign(kernel.numpy()[:, :, ::-1])
    mean = np.broadcast_to(np.float32(about.mean), (size, size, 3))
    return Backbone(cut(model), mean, about.pixel_scale)


def _load_weights(model, name, file):
    if not Path(file).is_file():
        raise PetkerasError(f"`weights`: there is no file {file}.")
    if not str(file).endswith(".h5"):
        raise PetkerasError(
            f"`weights` must be 'imagenet', or a file that ends in .weights.h5 or .h5. "
            f"Received: weights={str(file)!r}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that do not fit, an error tells
            model.load_weights(file)
    except Exception:  # a damaged file is tripped over in more ways than Keras documents
        raise PetkerasError(
            f"{file} is damaged, or does not hold the weights of {name} without its top."
        ) from None


def _checked(model):
    """Return a model as it came, if it can be cut, saved, and loaded without code of its own."""
    ends = [getattr(model, name, None) or () for name in ("inputs", "outputs")]
    if [len(end) for end in ends] != [1, 1]:
        raise PetkerasError(
            f"The keras.Model '{model.name}' must be functional, or sequential and built, with "
            "one input and one output."
        )
    code = find_code(json.loads(model.to_json()))
    if code:
        raise PetkerasError(
            f"The keras.Model '{model.name}' carries code of its own ({code}), which a run folder "
            "must not. Put a layer of Keras in its place, or register its class with "
            "keras.saving.register_keras_serializable."
        )
    return model


def _origin(backbone, weights):
    """Return what `config.json` keeps of where the backbone came from."""
    if isinstance(backbone, keras.Model):
        return {"backbone": f"keras.Model {backbone.name}", "weights": None}
    if backbone in PRETRAINED:
        path = weights if weights in ("imagenet", None) else str(Path(weights).resolve())
        return {"backbone": backbone, "weights": path}
    return {"backbone": str(Path(backbone).resolve()), "weights": None}


def _first_line(error):
    return str(error).strip().split("\n")[0].rstrip(".")
