"""Compressed kernels are close, most of all where it matters."""

import numpy as np
import pytest

from petkeras.explorer.compression import low_rank, quantize

RNG = np.random.default_rng(0)
KERNEL = np.float32(RNG.normal(size=(2500, 40)))


def restore(arrays, bits):
    """The kernel that a page makes of the arrays, value by value as the page's format says."""
    quantized, scale = arrays["quantized"], arrays["scale"]
    features = len(quantized)
    rows = -(-features // len(scale))
    if bits == 4:
        whole = np.empty((features, scale.shape[1]), int)
        whole[:, 0::2] = (quantized & 15).astype(int) - 8
        whole[:, 1::2] = (quantized >> 4).astype(int) - 8
    else:
        whole = quantized.astype(int)
    return np.stack([whole[row] * scale[row // rows] for row in range(features)])


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantized_kernel_is_close(bits):
    arrays, [approximate] = quantize(KERNEL, bits)
    assert arrays["quantized"].dtype == (np.uint8 if bits == 4 else np.int8)
    np.testing.assert_allclose(restore(arrays, bits), approximate, rtol=1e-6)
    step = arrays["scale"].max()
    assert np.abs(approximate - KERNEL).max() <= 0.5001 * step


def test_errors_of_rounding_cancel_out_where_the_input_changes():
    basis = RNG.normal(size=(8, 2500))
    changes = np.float32(RNG.normal(size=(60, 8)) @ basis + 0.1 * RNG.normal(size=(60, 2500)))
    unseen = np.float32(RNG.normal(size=(60, 8)) @ basis + 0.1 * RNG.normal(size=(60, 2500)))
    errors = []
    for known in (None, changes):
        arrays, [approximate] = quantize(KERNEL, 4, known)
        np.testing.assert_allclose(restore(arrays, 4), approximate, rtol=1e-6)
        errors.append(np.abs(unseen @ (approximate - KERNEL)).mean())
    assert errors[1] < errors[0] / 5


def test_a_low_rank_keeps_what_the_scores_depend_on():
    kernel = RNG.normal(size=(300, 20))
    changes, unseen = RNG.normal(size=(2, 90, 300))
    directions = np.linalg.qr(RNG.normal(size=(20, 20)))[0][:, :2]  # of the scores, (units, 2)
    slopes = directions @ directions.T
    arrays, [left, right] = low_rank(kernel, changes @ kernel, slopes, rank=2)
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "left": "int8",
        "left_scale": "float32",
        "right": "float32",
    }
    np.testing.assert_allclose(arrays["left"] * arrays["left_scale"], left)
    step = arrays["left_scale"][0]
    spanned = left @ right @ directions  # what the page computes of the kernel, (features, 2)
    assert np.abs(spanned - kernel @ directions).max() < step  # rounding, in two directions
    others = np.linalg.norm(unseen @ (left @ right) - unseen @ kernel, axis=1)
    assert others.mean() > 0.5 * np.linalg.norm(unseen @ kernel, axis=1).mean()  # the rest is lost


def test_a_low_rank_guesses_units_that_move_together():
    hidden = RNG.normal(size=(300, 2))
    kernel = hidden @ RNG.normal(size=(2, 20))  # all outputs follow from two numbers
    slopes = np.diag(np.eye(20)[3] + 0.5 * np.eye(20)[5])  # the scores depend on two units only
    changes, unseen = RNG.normal(size=(2, 90, 300))
    _, [left, right] = low_rank(kernel, changes @ kernel, slopes, rank=2)
    error = np.linalg.norm(unseen @ left @ right - unseen @ kernel)
    assert error < 0.5 * np.linalg.norm(unseen @ kernel)  # the rest is rounding
