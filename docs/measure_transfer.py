"""Measure chapter 12: ten pictures of each breed, three ways to start, over several seeds.

    python docs/measure_transfer.py [--source FOLDER] [--seeds 0 1 2 3 4] [--out FILE.csv]

Trains for each seed on ten pictures of each breed and tests on all others: a new last layer on
`drawn_pets`, a new last layer on the same network with random weights, and the article's network
from nothing. A seed decides the split, the random weights, and the order of the pictures.
`docs/measured.md` has the results.
"""

import argparse
import dataclasses
from pathlib import Path

import keras
from measuring import column, read_rows, show, write_rows

import petkeras as pk
from petkeras.runs.evaluation import evaluate_pictures

# Chosen on seeds 10 to 14 of the four drawn breeds, separately for each way.
ON_TRAINED = dataclasses.replace(pk.TRANSFER, epochs=50, learning_rate=1e-2)
ON_RANDOM = dataclasses.replace(pk.TRANSFER, epochs=150, learning_rate=3e-2)
FROM_NOTHING = dataclasses.replace(
    pk.MODERN, epochs=60, warmup=10, learning_rate=3e-4, pixel_scale=300.0, film_every=0
)
TEST_FRACTION = 0.95  # of the 200 pictures of a breed ten remain to learn from
WAYS = ("pretrained", "random", "nothing")


def measure(few, seed):
    """Return the test accuracy of each way."""
    keras.utils.set_random_seed(seed)  # decides the random weights
    trained = pk.transfer("drawn_pets", few, ON_TRAINED, seed=seed, verbose=False)
    random = pk.transfer("drawn_pets", few, ON_RANDOM, weights=None, seed=seed, verbose=False)
    return trained.epochs[-1].test_accuracy, random.epochs[-1].test_accuracy, train(few, seed)


def train(few, seed):
    """Return the test accuracy of the article's network, all of whose weights learn."""
    model = pk.pet_net(len(few.class_names), 64, FROM_NOTHING, seed)
    watched = dataclasses.replace(few, test=few.train)  # the test follows once, at the end
    pk.train(model, watched, FROM_NOTHING, seed=seed, verbose=False)
    return evaluate_pictures(model, few.test, few.mean, FROM_NOTHING)[1]


def report(rows):
    """Print each way's mean accuracy, and the mean differences, with 95% intervals."""
    accuracies = {way: column(rows, way) for way in WAYS}
    differences = {
        f"pretrained - {way}": accuracies["pretrained"] - accuracies[way] for way in WAYS[1:]
    }
    for name, values in (accuracies | differences).items():
        show(name, values)


def main():
    """Measure the seeds that are not in the file yet, and report all that are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", default="sample")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    parser.add_argument("--out", default="transfer.csv", type=Path)
    options = parser.parse_args()
    rows = read_rows(options.out)
    for seed in options.seeds:
        if any(row["seed"] == str(seed) for row in rows):
            continue
        few = pk.load_pets("all", options.source, 64, TEST_FRACTION, seed)
        rows.append({"seed": str(seed), **dict(zip(WAYS, measure(few, seed), strict=True))})
        print(rows[-1], f"{len(few.train)} to train, {len(few.test)} to test", flush=True)
        write_rows(options.out, rows)
    report(rows)


if __name__ == "__main__":
    main()
