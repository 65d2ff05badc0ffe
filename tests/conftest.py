"""Pictures and archives that several tests need: small, made here, never photographs."""

import io
import multiprocessing
import os
import tarfile
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from explorer.browser import open_browser
from hypothesis import settings
from PIL import Image

from petkeras.data.breeds import BREEDS, CATS, DOGS
from petkeras.data.pets import PetData
from petkeras.data.pipeline import Pictures, mean_image

if "PYTEST_XDIST_WORKER" in os.environ:  # tests run side by side: each has a core to itself
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

os.environ["PETKERAS_LANG"] = "en"  # the tests read English, whatever the machine's locale is

settings.register_profile("petkeras", deadline=None, max_examples=20, derandomize=True)
settings.load_profile("petkeras")


def picture_bytes(number, size=(40, 30), kind="JPEG", mode="RGB"):
    """Return the file of a picture, another one for each number."""
    rng = np.random.default_rng(number)
    channels = {"RGB": 3, "RGBA": 4, "L": 1}[mode]
    coarse = rng.integers(0, 256, (3, 4, channels), dtype=np.uint8).squeeze()
    file = io.BytesIO()
    Image.fromarray(coarse, mode).resize(size).save(file, kind)
    return file.getvalue()


def published_archives(folder, names_and_files, unlisted=(), gzip=False):
    """Write `images.tar.gz` and `annotations.tar.gz` as the dataset's authors lay them out.

    `names_and_files` maps (breed, number) to the bytes of a picture; every second one is in
    test.txt. `unlisted` maps file names to bytes that lie in images/ and in no list.
    """
    lists = {"trainval.txt": [], "test.txt": []}
    images = {f"images/{name}": data for name, data in dict(unlisted).items()}
    annotations = {}
    for place, ((breed, number), data) in enumerate(names_and_files.items()):
        name = f"{breed}_{number}"
        species, family = (1, CATS) if breed in CATS else (2, DOGS)
        line = f"{name} {BREEDS.index(breed) + 1} {species} {family.index(breed) + 1}\n"
        lists["trainval.txt" if place % 2 == 0 else "test.txt"].append(line)
        images[f"images/{name}.jpg"] = data
        trimap = io.BytesIO()
        Image.new("L", (40, 30), 1).save(trimap, "PNG")
        annotations[f"annotations/trimaps/{name}.png"] = trimap.getvalue()
    annotations |= {f"annotations/{name}": "".join(text).encode() for name, text in lists.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for archive, files in (("images", images), ("annotations", annotations)):
        with tarfile.open(folder / f"{archive}.tar.gz", "w:gz" if gzip else "w") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))


def two_breeds(each=4):
    """Return `names_and_files` of two breeds for `published_archives`."""
    return {
        (breed, number): picture_bytes(1000 * place + number)
        for place, breed in enumerate(("samoyed", "shiba_inu"))
        for number in range(1, each + 1)
    }


def halves(count, size=16, seed=0):
    """Return `Pictures` of two classes that a network learns in seconds: dark above, or below."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    classes = np.arange(count) % 2
    images[classes == 0, : size // 2] //= 2
    images[classes == 1, size // 2 :] //= 2
    names = tuple(f"half_{number}" for number in range(count))
    return Pictures(images, np.eye(2, dtype=np.float32)[classes], names)


def halves_data(train_count=44):
    """Return a `PetData` of `halves`; 44 pictures make 4 batches of 10 and one of 4."""
    train, test = halves(train_count), halves(12, seed=1)
    return PetData(train, test, ("above", "below"), mean_image(train.images))


def tiny_net(seed=1, rate=0.3):
    """Return a network that learns `halves`; a third as long to compile as `pet_net`."""
    import keras  # not above: TensorFlow must read the defaults that petkeras sets for it

    from petkeras import layers

    start, end = (keras.initializers.GlorotUniform(seed + more) for more in (0, 1))
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer=start, name="conv"),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dropout(rate, seed=seed),
            layers.Dense(2, kernel_initializer=end),
        ]
    )


def describe_large_nets():
    """Return facts about the article's network at 224 pixels, and VGG16's costs by layer."""
    import keras

    from petkeras.models import pet_net
    from petkeras.visualize import costs

    net = pet_net()
    return {
        "weights": net.count_params(),
        "input_shape": net.input_shape,
        "output_shapes": {layer.name: layer.output.shape[1:] for layer in net.layers[1:]},
        "costs": {row.name: row for row in costs(net)},
        "vgg16": costs(keras.applications.VGG16(weights=None)),
    }


@pytest.fixture(scope="session")
def large_nets():
    """What `describe_large_nets` returns, of another process: TensorFlow keeps 2 GB in this one."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        return other.submit(describe_large_nets).result()


@pytest.fixture
def small_data():
    """A `PetData` of 44 and 12 pictures of 16 pixels."""
    return halves_data()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests that look at pages; they are skipped where there is none."""
    with open_browser() as chromium:
        yield chromium
