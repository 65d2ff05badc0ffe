"""Measure what more photographs are worth: a learning curve, for three networks and ten seeds.

    python docs/measure_photographs.py --source FOLDER --breeds A,B --mobilenet FILE.weights.h5
        [--ways modern keras mobilenet turned longer] [--counts 20 40 80 160 340]
        [--image-size 64] [--seeds 20 21 ...] [--out FILE.csv]

Trains on 20, 40, ... photographs, and tests on the same photographs for all counts. A seed decides
the split, the initial weights and the order; smaller counts are parts of larger ones.
`docs/measured.md` has the results. The ways:

- modern: the article's network with `pk.MODERN`.
- longer: the same with twice as many steps.
- keras: the network of keras.io's example "Image classification from scratch", in the time
  that modern takes.
- mobilenet: a last layer on MobileNetV2 at 160 pixels, whose weights the file holds.
- turned: like modern, but the network has first learned which way is up, from all training
  photographs and without their labels.
"""

import argparse
import dataclasses
import math
import time
from functools import cache
from pathlib import Path

import keras
import numpy as np
from keras import layers
from measuring import read_rows, show, write_rows

import petkeras as pk
from petkeras.data.pipeline import Pictures, mean_image
from petkeras.recipes import TRANSFER
from petkeras.runs.evaluation import evaluate_pictures
from petkeras.runs.train import Training
from petkeras.runs.transfer import compute_features, open_backbone

BACKBONE_SIZE = 160  # pixels
COUNTS = (20, 40, 80, 160, 340)
STEPS = 680  # as MODERN takes for 340 photographs; fewer photographs get half as many
MODERN = dataclasses.replace(pk.MODERN, film_every=0)
# What the example's network can do in the seconds that MODERN takes, with MODERN's augmentation.
# Its batch normalization averages over the last 10 steps and not 100: it has so few steps that its
# averages would still be those of the start, and the answer the same for every photograph.
KERAS_STEPS = 160
KERAS = dataclasses.replace(MODERN, pixel_scale=255.0, warmup=20)
MOMENTUM = 0.9
TURNED_STEPS = STEPS


def some(pictures, count, seed):
    """Return `count` of the pictures, or all if there are fewer: as many of each class."""
    classes = pictures.labels.argmax(axis=1)
    order = np.random.default_rng(seed).permutation(len(classes))
    each = [order[classes[order] == label][: count // 2] for label in (0, 1)]
    rows = np.sort(np.concatenate(each))
    names = tuple(np.array(pictures.names)[rows])
    return Pictures(pictures.images[rows], pictures.labels[rows], names)


def few_of(data, count, seed):
    """Return a `PetData` with only `count` training pictures, and their own mean image."""
    train = some(data.train, count, seed)
    return dataclasses.replace(data, train=train, mean=mean_image(train.images))


def for_steps(recipe, count, steps):
    """Return a recipe with as many epochs as take about `steps`, or half as many if few."""
    steps = steps if count > COUNTS[-2] else steps // 2
    per_epoch = math.ceil(count / recipe.batch_size)
    epochs = max(1, round(steps / per_epoch))
    return dataclasses.replace(recipe, epochs=epochs, warmup=min(recipe.warmup, steps // 4))


def train(model, data, recipe, steps, seed):
    """Train for about so many steps, and return the accuracy on the test pictures."""
    recipe = for_steps(recipe, len(data.train), steps)
    watched = dataclasses.replace(data, test=data.test[:1])  # the test follows once, at the end
    pk.train(model, watched, recipe, seed=seed, verbose=False)
    return evaluate_pictures(model, data.test, data.mean, recipe)[1]


def size_of(data):
    return data.mean.shape[0]


def modern(data, few, seed, options, steps=STEPS):
    return train(pk.pet_net(2, size_of(few), MODERN, seed), few, MODERN, steps, seed)


def longer(data, few, seed, options):
    return modern(data, few, seed, options, 2 * STEPS)


def keras_example(data, few, seed, options):
    keras.utils.set_random_seed(seed)
    return train(example_net(size_of(few)), few, KERAS, KERAS_STEPS, seed)


def example_net(size):
    """Return the example's network, a small Xception, with logits of two classes."""
    images = keras.Input((size, size, 3))
    x = layers.Conv2D(128, 3, strides=2, padding="same")(images)  # half as high and wide
    x = before = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
    for filters in (256, 512, 728):  # each half as high and wide
        for _ in range(2):
            x = layers.SeparableConv2D(filters, 3, padding="same")(layers.ReLU()(x))
            x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = before = x + layers.Conv2D(filters, 1, strides=2, padding="same")(before)
    x = layers.SeparableConv2D(1024, 3, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(2)(x))


def mobilenet(data, few, seed, options):
    """Return the accuracy of a new last layer on MobileNetV2, for the same photographs."""
    wide = features_of(options.source, options.breeds, options.mobilenet, seed)
    wide = dataclasses.replace(wide, train=some(wide.train, len(few.train), seed))
    recipe = for_steps(TRANSFER, len(wide.train), STEPS)
    head = keras.Sequential([keras.Input(wide.mean.shape), layers.Dense(2)])
    return Training(head, wide, recipe, seed).run(verbose=False).epochs[-1].test_accuracy


@cache
def features_of(source, breeds, weights, seed):
    """Return a `PetData` of the backbone's features."""
    data = pk.load_pets(breeds, source, BACKBONE_SIZE, seed=seed)
    return compute_features(open_backbone("mobilenet_v2", data, weights=weights), data)


def turned(data, few, seed, options):
    """Learn which way is up first, from all training photographs, without their labels."""
    model = pk.pet_net(2, size_of(few), MODERN, seed)
    turned_weights = weights_of_turned(options.source, options.breeds, size_of(few), seed)
    for layer, weights in turned_weights.items():
        model.get_layer(layer).set_weights(weights)
    return train(model, few, MODERN, STEPS, seed)


@cache
def weights_of_turned(source, breeds, size, seed):
    """Return the weights of the convolutions of a network that tells four rotations apart."""
    data = pk.load_pets(breeds, source, size, seed=seed)
    pictures = data.train
    images = np.concatenate([np.rot90(pictures.images, turns, (1, 2)) for turns in range(4)])
    labels = np.repeat(np.eye(4, dtype=np.float32), len(pictures), axis=0)
    train_part = Pictures(images, labels, pictures.names * 4)
    names = tuple("0123")
    data = dataclasses.replace(
        data, train=train_part, test=train_part, class_names=names, mean=mean_image(images)
    )
    model = pk.pet_net(4, size_of(data), MODERN, seed)
    learned = train(model, data, MODERN, TURNED_STEPS, seed)
    print(f"which way is up: {learned:.2f} of the training photographs", flush=True)
    kept = [layer for layer in model.layers if layer.name.startswith("conv")]
    return {layer.name: layer.get_weights() for layer in kept}


WAYS = {
    "modern": modern,
    "keras": keras_example,
    "mobilenet": mobilenet,
    "turned": turned,
    "longer": longer,
}


def report(rows):
    """Print the mean accuracy of each way and count, and the differences from modern."""
    for way in WAYS:
        for count in COUNTS:
            here, there = by_seed(rows, way, count), by_seed(rows, "modern", count)
            if len(here) > 1:
                show(f"{way}, {count}", np.array(list(here.values())))
            both = sorted(here.keys() & there.keys())
            if way != "modern" and len(both) > 1:
                gains = np.array([here[seed] - there[seed] for seed in both])
                show(f"{way} - modern, {count}", gains)
    extend(rows)


def by_seed(rows, way, count):
    """Return a dict from each seed to its accuracy."""
    chosen = [row for row in rows if (row["way"], row["count"]) == (way, str(count))]
    return {row["seed"]: float(row["accuracy"]) for row in chosen}


def wrong_answers(rows):
    """Return modern's share of wrong answers, `(seeds, counts)`, of the complete seeds."""
    curves = [by_seed(rows, "modern", count) for count in COUNTS]
    seeds = sorted(set.intersection(*map(set, curves)))
    return np.array([[1 - curve[seed] for curve in curves] for seed in seeds])


def extend(rows, more=(680, 1360), samples=10_000):
    """Print the line through modern's errors, and where it leads, with 95% intervals.

    The line is straight if both axes are logarithmic. The intervals are those of the bootstrap:
    as many seeds are drawn again and again, with replacement.
    """
    wrong = wrong_answers(rows)
    if len(wrong) < 5:
        return
    drawn = np.random.default_rng(0).integers(len(wrong), size=(samples, len(wrong)))
    means = np.vstack([wrong.mean(axis=0), wrong[drawn].mean(axis=1)])  # (1 + samples, counts)
    slopes, starts = np.polyfit(np.log(COUNTS), np.log(means).T, 1)
    for count in (*COUNTS, *more):
        errors = np.exp(starts + slopes * np.log(count))
        low, high = np.percentile(errors[1:], [2.5, 97.5])
        print(f"line at {count}: {errors[0]:.1%} wrong ({low:.1%} to {high:.1%})")
    low, high = np.percentile(2.0 ** slopes[1:], [2.5, 97.5])
    print(
        f"twice as many photographs: {2.0 ** slopes[0]:.2f} of the errors ({low:.2f} to {high:.2f})"
    )


def main():
    """Measure the runs that are not in the file yet, and report on all that are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", default="sample")
    parser.add_argument("--breeds", help="by default the two of the article")
    parser.add_argument("--mobilenet", help="the file of MobileNetV2's weights")
    parser.add_argument("--ways", nargs="+", default=["modern", "keras", "mobilenet", "turned"])
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(20, 30))
    parser.add_argument("--out", default="photographs.csv", type=Path)
    options = parser.parse_args()
    rows = read_rows(options.out)
    for seed in options.seeds:
        data = pk.load_pets(options.breeds, options.source, options.image_size, seed=seed)
        for way in options.ways:
            for count in options.counts:
                key = {"seed": str(seed), "way": way, "count": str(count)}
                if any(key.items() <= row.items() for row in rows):
                    continue
                start = time.monotonic()
                accuracy = WAYS[way](data, few_of(data, count, seed), seed, options)
                seconds = round(time.monotonic() - start, 1)
                rows.append({**key, "accuracy": str(accuracy), "seconds": str(seconds)})
                print(*rows[-1].values(), flush=True)
                write_rows(options.out, rows)
    report(rows)


if __name__ == "__main__":
    main()
