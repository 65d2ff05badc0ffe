import keras
import numpy as np
from explorer.small_runs import L, photographs

from petkeras.explorer.changes import (
    make_edits,
    make_occlusions,
    make_replacements,
    run_changes,
)
from petkeras.explorer.edits import compute_outputs
from petkeras.explorer.explored import open_explored

PIXELS = photographs(3)


def small_network():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            L.Conv2D(4, 3, padding="same", activation="relu"),
            L.Conv2D(4, 3),
            L.Flatten(),
            L.Dense(2),
        ]
    )
    return open_explored(model, PIXELS, pixel_scale=255.0)


def test_an_occlusion_is_one_gray_square():
    changes = make_occlusions(PIXELS, 30, seed=0)
    assert [change.base for change in changes[:4]] == [0, 1, 2, 0]
    sides = set()
    for base, pixels, _ in changes:
        changed = (pixels != PIXELS[base]).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        square = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert square.shape[0] == square.shape[1]
        assert (square == 128).all()
        sides.add(len(square))
    assert sides == {2, 4, 6, 8}


def test_other_seeds_give_other_occlusions():
    first, second = (make_occlusions(PIXELS, 10, seed)[-1].pixels for seed in (1, 2))
    assert (first != second).any()


def test_edits_are_kernels_of_the_article_and_maps_that_are_off():
    chain = small_network().chain
    changes = make_edits(PIXELS, chain, 8, seed=0)
    put = [list(change.edits.filters.items()) for change in changes]
    off = [change.edits.off for change in changes]
    assert [len(each) for each in put] == [
        1,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
    ]  # the second layer has no padding
    assert [list(each) for each in off] == [[], [0], [1], [1], [], [0], [1], [1]]
    (layer, _), (kernel, bias) = put[0][0]
    assert (layer, kernel.shape, bias) == (0, (7, 7, 3), 0.0)
    assert abs(kernel.sum()) < 1e-5


def test_changes_run_as_one_by_one():
    explored = small_network()
    changes = [
        *make_replacements(photographs(9, seed=4)),
        *make_edits(PIXELS, explored.chain, 3, seed=0),
        *make_occlusions(PIXELS, 2, seed=0),
    ]
    inputs, logits = run_changes(explored, 3, changes)
    assert (inputs.shape, logits.shape) == ((14, 14 * 14 * 4), (14, 2))
    for change, row, values in zip(changes, inputs, logits, strict=True):
        x = explored.preprocess(change.pixels[None])
        outputs = compute_outputs(explored.chain, x, change.edits)
        np.testing.assert_allclose(row, outputs[2][0], atol=1e-4)
        np.testing.assert_allclose(values, outputs[3][0], atol=1e-4)
