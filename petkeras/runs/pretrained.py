"""Networks that `petkeras.runs.transfer` knows by name: petkeras's own, and Keras's."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import keras

from petkeras.errors import PetkerasError
from petkeras.runs.drawn_pets import drawn_pets
from petkeras.system.files import local_path

DATA_FORMAT = "channels_last"


@dataclass(frozen=True)
class Pretrained:
    """A pretrained network, and how its training images were preprocessed.

    Args:
        name: its name in `keras.applications`, or "" for `drawn_pets`, which comes with petkeras.
        mean: the red, green and blue values that were subtracted from each pixel.
        pixel_scale: the number that pixels were then divided by.
        reads_bgr: the first layer's name, if its channels are ordered blue, green, red.
        weights: the name of the weights to load if the user names none.
    """

    name: str
    mean: tuple[float, float, float]
    pixel_scale: float
    reads_bgr: str = ""
    weights: str = "imagenet"


PRETRAINED = {
    "mobilenet_v2": Pretrained("MobileNetV2", (127.5, 127.5, 127.5), 127.5),  # to [-1, 1]
    "vgg16": Pretrained("VGG16", (123.68, 116.779, 103.939), 1.0, reads_bgr="block1_conv1"),
    "inception_v3": Pretrained("InceptionV3", (127.5, 127.5, 127.5), 127.5),
    "drawn_pets": Pretrained("", (127.5, 127.5, 127.5), 127.5, weights="drawn"),
}


def open_pretrained(name, size, weights):
    """Build a named network without its top, and load its weights.

    Args:
        name: a key of `PRETRAINED`.
        size: height and width of the images in pixels.
        weights: as in `petkeras.runs.transfer.transfer`; also the network's own by their name.

    Returns:
        A `keras.Model` from images in the order red, green, blue, and the `Pretrained`.

    Raises:
        PetkerasError: the images are too small, or the weights are not available.
    """
    about = PRETRAINED[name]
    uses_its_own = weights in ("imagenet", about.weights)
    if about.name:
        model = _from_keras(name, size, "imagenet" if uses_its_own else None)
    else:
        model = drawn_pets(size, pretrained=uses_its_own)
    if not uses_its_own and weights is not None:
        _load_weights(model, name, weights)
    if about.reads_bgr:  # with its first kernels reversed it reads red, green, blue
        kernel = model.get_layer(about.reads_bgr).kernel
        kernel.assign(kernel.numpy()[:, :, ::-1])
    return model, about


def _from_keras(name, size, weights):
    """Build a network of `keras.applications`, with the weights `"imagenet"` or random ones."""
    build = getattr(keras.applications, PRETRAINED[name].name)
    try:
        with warnings.catch_warnings(), _channels_last():
            warnings.simplefilter("ignore")  # weights for 224 pixels work for other sizes, too
            return build(include_top=False, weights=weights, input_shape=(size, size, 3))
    except ValueError as error:
        raise PetkerasError(f"{name}: {_first_line(error)} (`image_size`).") from None
    except Exception as error:  # Keras raises a plain Exception when a download fails
        raise PetkerasError(
            f"The ImageNet weights of {name} could not be downloaded: {_first_line(error)}. "
            "Offline, pass a weights file as `weights`, or use 'drawn_pets' or one of your own "
            "runs as `backbone`."
        ) from None


@contextmanager
def _channels_last():
    """Build networks for NHWC images in the block, whatever Keras's configuration says."""
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(DATA_FORMAT)
    try:
        yield
    finally:
        keras.config.set_image_data_format(before)


def _load_weights(model, name, file):
    file = local_path("weights", file)
    if not file.is_file():
        raise PetkerasError(f"`weights`: there is no file {file}.")
    if not str(file).endswith(".h5"):
        raise PetkerasError(
            f"`weights` must be 'imagenet', or a file that ends in .weights.h5 or .h5. "
            f"Received: weights={str(file)!r}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files that do not fit raise an error
            model.load_weights(file)
    except Exception:  # damaged files raise more than Keras documents
        raise PetkerasError(
            f"{file} is damaged, or does not hold the weights of {name} without its top."
        ) from None


def _first_line(error):
    return str(error).strip().split("\n")[0].rstrip(".")
