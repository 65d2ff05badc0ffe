"""Make the backbone `drawn_pets`, which comes with petkeras: train it on invented breeds.

    python docs/make_backbone.py

Draws 60 pictures of each of the breeds drawn-000 to drawn-099, at 64 pixels, and trains the
backbone for 12 epochs to tell them apart. Writes petkeras/runs/drawn_pets.npz, about 200 KB.
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from rich.progress import track

import petkeras as pk
from petkeras.data.drawn.pet import draw_pet
from petkeras.data.drawn.shares import encode_picture
from petkeras.data.pets import PetData
from petkeras.data.pictures import decode
from petkeras.data.pipeline import Pictures
from petkeras.layers import Conv2D, Dense, MaxPool2D
from petkeras.runs.drawn_pets import FILTERS, save_weights
from petkeras.runs.pretrained import PRETRAINED

BREEDS = [f"drawn-{number:03d}" for number in range(100)]
PER_BREED, TEST = 60, 6  # pictures of each breed, and how many of them are held back
IMAGE_SIZE = 64
ABOUT = PRETRAINED["drawn_pets"]
# The drawn pets vary so much that no picture needs to be changed any further, only mirrored.
RECIPE = dataclasses.replace(
    pk.MODERN, epochs=12, batch_size=20, learning_rate=3e-3, pixel_scale=ABOUT.pixel_scale,
    shift=0.0, zoom=0.0, rotation=0.0, light=0.0, color=0.0, film_every=0,
)  # fmt: skip


def main():
    """Train, and write the weights."""
    model = build()
    history = pk.train(model, draw(), RECIPE, seed=0)
    print(f"{history.epochs[-1].test_accuracy:.2f} of the test pictures, of {len(BREEDS)} breeds")
    kernels, biases = fold(model)
    save_weights(kernels, biases)


def draw():
    """Return drawn pictures of the invented breeds as a `PetData`."""
    pets = [(breed, number) for breed in BREEDS for number in range(PER_BREED)]
    with ThreadPoolExecutor() as threads:
        drawn = threads.map(lambda pet: draw_small(*pet), pets)
        images = np.stack(list(track(drawn, "Drawing", total=len(pets))))
    is_test = np.tile(np.arange(PER_BREED) < TEST, len(BREEDS))
    labels = np.repeat(np.eye(len(BREEDS), dtype=np.float32), PER_BREED, axis=0)
    names = np.array([f"{breed}_{number}" for breed, number in pets])

    def part(chosen):
        return Pictures(images[chosen], labels[chosen], tuple(names[chosen]))

    mean = np.full((IMAGE_SIZE, IMAGE_SIZE, 3), ABOUT.mean, np.float32)
    return PetData(part(~is_test), part(is_test), tuple(BREEDS), mean)


def draw_small(breed, number):
    """Return a drawn picture, saved as JPEG and read again like those of the sample."""
    return decode(encode_picture(draw_pet(breed, number).image), IMAGE_SIZE)[0]


def build(seed=0):
    """Return the backbone with a last layer for all breeds, and with batch normalization.

    Batch normalization, without which it would learn hardly anything in so few epochs, is only
    needed for the training: `fold` removes it.
    """
    x = images = keras.Input((IMAGE_SIZE, IMAGE_SIZE, 3), name="images")
    for number, (name, filters) in enumerate(FILTERS.items()):
        start = keras.initializers.HeNormal(seed=seed + number)
        x = Conv2D(filters, kernel_size=3, kernel_initializer=start, name=name)(x)
        x = keras.layers.BatchNormalization(name=f"{name}_normalized")(x)
        x = keras.layers.ReLU()(x)
        if name != "conv2_2":
            x = MaxPool2D(name=name.replace("conv", "pool"))(x)
    x = keras.layers.GlobalAveragePooling2D(name="mean_of_maps")(x)
    start = keras.initializers.GlorotUniform(seed=seed + len(FILTERS))
    logits = Dense(len(BREEDS), kernel_initializer=start, name="softmax")(x)
    return keras.Model(images, logits, name="invented_breeds")


def fold(model):
    """Return kernels and biases that compute what convolution and normalization compute together.

    Normalization scales each map and shifts it, and so can the convolution itself.
    """
    kernels, biases = {}, {}
    for name in FILTERS:
        kernel, bias = model.get_layer(name).get_weights()
        gamma, beta, mean, variance = model.get_layer(f"{name}_normalized").get_weights()
        scale = gamma / np.sqrt(variance + model.get_layer(f"{name}_normalized").epsilon)
        kernels[name], biases[name] = kernel * scale, (bias - mean) * scale + beta
    return kernels, biases


if __name__ == "__main__":
    main()
