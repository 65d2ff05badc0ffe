"""Measure chapter 10: what dropout is worth if one label in five is wrong, over several seeds.

    python docs/measure_dropout.py [--source FOLDER --breeds A,B] [--clean]
        [--seeds 5 6 7 8 9] [--out FILE.csv]

Trains the article's network without dropout and with it, and with `pk.MODERN`, at 32 pixels, on
wrong labels or, with `--clean`, on the true ones. A seed decides the split, the initial weights and
the order of the pictures. Drawn pets are tested on a thousand more of them. `docs/measured.md` has
the results.
"""

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from measuring import column, read_rows, show, write_rows

import petkeras as pk
from petkeras.data.drawn.pet import draw_pet
from petkeras.data.drawn.shares import encode_picture
from petkeras.data.pictures import decode
from petkeras.data.pipeline import Pictures
from petkeras.runs.evaluation import evaluate_pictures

# Chosen on seeds 10 and 11.
WITH = dataclasses.replace(
    pk.ARTICLE,
    epochs=40,
    batch_size=20,
    learning_rate=3e-4,
    initializer="he",
    dense_bias=0.0,
    pixel_scale=100.0,
)
WITHOUT = dataclasses.replace(WITH, conv_dropout=0.0, dense_dropout=0.0)
RECIPES = {"without": WITHOUT, "with": WITH, "modern": pk.MODERN}
MORE = range(201, 701)  # numbers of drawn pets that are not in the sample


def mislabel(pictures):
    """Return the pictures with every fifth label wrong: it names the other breed."""
    labels = pictures.labels.copy()
    labels[::5] = labels[::5, ::-1]
    return dataclasses.replace(pictures, labels=labels)


def draw_more(breeds, size):
    """Return `Pictures` of drawn pets that are not in the sample."""
    pets = [draw_pet(breed, number) for breed in breeds for number in MORE]
    images = [decode(encode_picture(pet.image), size)[0] for pet in pets]  # as in the sample
    labels = np.repeat(np.eye(len(breeds), dtype=np.float32), len(MORE), axis=0)
    return Pictures(np.array(images), labels, ("",) * len(images))


def measure(data, given, test, recipe, seed):
    """Train on the labels of `given`, and return what the network has learned.

    Returns:
        A dict of `train`, the accuracy on the training labels as given; `test`, the accuracy on
        `test`; and `repeated`, the share of every fifth training picture whose given label the
        network repeats.
    """
    watched = dataclasses.replace(data, train=given, test=data.test[:1])  # `test` follows later
    model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=seed)
    pk.train(model, watched, recipe, seed=seed, verbose=False)
    _, learned, logits = evaluate_pictures(model, given, data.mean, recipe)
    repeated = (logits.argmax(axis=1) == given.labels.argmax(axis=1))[::5].mean()
    tested = evaluate_pictures(model, test, data.mean, recipe)[1]
    return {"train": learned, "test": tested, "repeated": float(repeated)}


def report(rows):
    """Print each recipe's mean accuracies, and the mean differences, with 95% intervals."""
    tests = {}
    for recipe in RECIPES:
        of_recipe = [row for row in rows if row["recipe"] == recipe]
        tests[recipe] = column(of_recipe, "test")
        for name in ("train", "test", "repeated"):
            show(f"{recipe}, {name}", column(of_recipe, name))
    for recipe in list(RECIPES)[1:]:
        show(f"{recipe} - without, test", tests[recipe] - tests["without"])


def main():
    """Measure the runs that are not in the file yet, and report on all that are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", default="sample")
    parser.add_argument("--breeds", help="by default the two of the article")
    parser.add_argument("--clean", action="store_true", help="train on the true labels")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5, 10))
    parser.add_argument("--out", default="dropout.csv", type=Path)
    options = parser.parse_args()
    rows = read_rows(options.out)
    more = None
    for seed in options.seeds:
        data = pk.load_pets(options.breeds, options.source, image_size=32, seed=seed)
        given = data.train if options.clean else mislabel(data.train)
        if options.source == "sample":
            more = more or draw_more(data.class_names, 32)
        for name, recipe in RECIPES.items():
            if any((row["seed"], row["recipe"]) == (str(seed), name) for row in rows):
                continue
            measured = measure(data, given, more or data.test, recipe, seed)
            rows.append({"seed": str(seed), "recipe": name, **measured})
            print(*rows[-1].values(), flush=True)
            write_rows(options.out, rows)
    report(rows)


if __name__ == "__main__":
    main()
