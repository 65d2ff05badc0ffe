import keras
import numpy as np
from explorer.small_runs import L, photographs

from petkeras.explorer.changes import (
    make_edits,
    make_geometries,
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


def test_an_occlusion_is_a_gray_square_or_a_stroke_in_black_or_white():
    changes = make_occlusions(PIXELS, 60, seed=0)
    assert [change.base for change in changes[:4]] == [0, 1, 2, 0]
    sides, strokes = set(), 0
    for base, pixels, _ in changes:
        changed = (pixels != PIXELS[base]).any(axis=2)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        square = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if (square == 128).all():
            assert square.shape[0] == square.shape[1]
            sides.add(len(square))
        else:
            strokes += 1
            assert len(np.unique(pixels[changed], axis=0)) == 1
            assert set(np.unique(pixels[changed])) <= {0, 255}
    assert sides == set(range(1, 9))
    assert 10 < strokes < 30


def test_other_seeds_give_other_occlusions():
    first, second = (make_occlusions(PIXELS, 10, seed)[-1].pixels for seed in (1, 2))
    assert (first != second).any()


def test_edits_are_kernels_maps_that_are_off_and_several_at_once():
    chain = small_network().chain
    changes = make_edits(PIXELS, chain, 80, seed=0)
    put, changed, off, several = (changes[first::4] for first in range(4))
    shapes = {
        kernel.shape
        for change in put
        for (layer, _), (kernel, _) in change.edits.filters.items()
        if layer == 0
    }
    assert shapes == {(3, 3, 3), (7, 7, 3)}  # the article's kernels have 7 rows and columns
    for change in put:
        [((layer, _), (kernel, bias))] = change.edits.filters.items()
        assert bias == 0
        assert layer == 0 or kernel.shape == (3, 3, 4)  # the second has no padding
    for change in changed:
        [((layer, number), (kernel, _))] = change.edits.filters.items()
        own = chain.layers[layer].weights["kernel"].numpy()[..., number]
        assert 1 <= np.sum(kernel != own) <= 4
    assert {len(maps) for change in off for maps in change.edits.off.values()} == {1, 2, 3}
    for change in several:
        assert (change.pixels != PIXELS[change.base]).any()
        assert change.edits.filters
        assert change.edits.off


def test_without_a_convolution_there_are_no_edits():
    model = keras.Sequential([keras.Input((16, 16, 3)), L.Flatten(), L.Dense(2)])
    assert make_edits(PIXELS, open_explored(model, PIXELS).chain, 8, seed=0) == []


def test_another_padding_is_tried_where_the_rest_still_fits():
    assert make_geometries(PIXELS, small_network().chain) == []  # the dense layer would not fit
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            L.Conv2D(4, 3, padding="same"),
            L.GlobalAveragePooling2D(),
            L.Dense(2),
        ]
    )
    changes = make_geometries(PIXELS, open_explored(model, PIXELS).chain)
    assert [change.base for change in changes] == [0, 1, 2]
    assert changes[0].edits.geometry == {0: {"strides": [1, 1], "padding": "valid"}}


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
