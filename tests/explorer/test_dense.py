import keras
import numpy as np
import pytest
from explorer.small_runs import L, photographs, small_data

from petkeras.explorer import dense
from petkeras.explorer.dense import choose_kind, low_rank, make_dense_part, quantize, unit_weights
from petkeras.explorer.edits import compute_outputs
from petkeras.explorer.explored import open_explored

RNG = np.random.default_rng(0)
KERNEL = np.float32(RNG.normal(size=(2500, 40)))


def test_the_kind_depends_on_the_size():
    assert choose_kind(4096, 512) == "int8"  # pet_net at 32 pixels
    assert choose_kind(16384, 512) == "int4"  # at 64
    assert choose_kind(200704, 512) == "low_rank"  # at 224
    assert choose_kind(16384, 511) == "low_rank"  # an odd number of units has no pairs


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


def test_a_kernel_of_low_rank_is_found():
    kernel = np.float32(RNG.normal(size=(300, 3)) @ RNG.normal(size=(3, 20)))
    outputs = RNG.normal(size=(30, 300)) @ kernel
    arrays, [left, right] = low_rank(kernel, outputs, np.linspace(0.1, 1, 20), rank=3)
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "left": "int8",
        "left_scale": "float32",
        "right": "float32",
    }
    np.testing.assert_allclose(arrays["left"] * arrays["left_scale"], left)
    assert np.abs(left @ right - kernel).max() < 0.02 * np.abs(kernel).max()


def network(units=400, classes=2):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            L.Conv2D(8, 3, padding="same", activation="relu"),
            L.Flatten(),
            L.Dense(units, activation="relu"),
            L.Dropout(0.5),
            L.Dense(classes),
        ]
    )


def explored_network(units=400, classes=2):
    model = network(units, classes)
    return open_explored(model, data=small_data(), pixel_scale=255.0)


def test_small_kernels_are_sent_as_they_are():
    part = make_dense_part(explored_network(units=20))
    assert (part.layer, part.kind, part.arrays, part.left_out) == (None, "exact", {}, ())
    assert set(part.errors.values()) == {0.0}


def test_a_notebook_is_asked_about_a_large_kernel():
    part = make_dense_part(explored_network(), notebook=True)
    assert (part.layer, part.kind, part.arrays, part.left_out) == (2, "kernel", {}, (2,))


def test_too_large_layers_after_the_compressed_one_mean_no_probabilities(monkeypatch):
    monkeypatch.setattr(dense, "MAX_REST", 1000)
    part = make_dense_part(explored_network())
    assert (part.layer, part.kind, part.left_out) == (2, "none", (2,))
    assert "too large for a page" in part.notes[0]


@pytest.mark.parametrize("kind", ["int8", "int4", "low_rank"])
def test_errors_are_those_of_the_page(kind, monkeypatch):
    """The page's own way: the change of the input through the compressed kernel."""
    monkeypatch.setattr(dense, "choose_kind", lambda features, units: kind)
    explored = explored_network()
    part = make_dense_part(explored)
    assert (part.layer, part.kind) == (2, kind)
    assert part.describe()["errors"] == part.errors
    limits = {"int8": 0.001, "int4": 0.02, "low_rank": 0.1}  # of a network that has learned nothing
    assert 0 < part.errors["occlusion"] < limits[kind]
    assert 0 < part.errors["photograph"] < 2 * limits[kind]
    assert 0 < part.errors["kernel"] < 1

    arrays = {name.removeprefix("layers/2/"): array for name, array in part.arrays.items()}
    if kind == "low_rank":
        kernel = arrays["left"] * arrays["left_scale"] @ arrays["right"]
    else:
        kernel = restore(arrays, 4 if kind == "int4" else 8)
    chain, pixels = explored.chain, explored.photographs.pixels
    last = chain.layers[4].weights
    for number in range(3):
        x0, covered = pixels[number], pixels[number].copy()
        covered[4:10, 2:8] = 128
        outputs = [
            compute_outputs(chain, explored.preprocess(each[None])) for each in (x0, covered)
        ]
        change = outputs[1][1].numpy() - outputs[0][1].numpy()
        hidden = np.maximum(arrays[f"before/{number}"] + change @ kernel, 0)
        logits = hidden @ last["kernel"].numpy() + last["bias"].numpy()
        true = outputs[1][-1].numpy()
        gap = lambda z: 1 / (1 + np.exp(z[0, 0] - z[0, 1]))  # noqa: E731 -- of two classes
        assert abs(gap(logits) - gap(true)) <= 2 * part.errors["occlusion"] + 1e-4


def test_without_pictures_the_photographs_themselves_are_measured_with(monkeypatch):
    monkeypatch.setattr(dense, "choose_kind", lambda features, units: "low_rank")
    explored = open_explored(network(), photographs(2), pixel_scale=255.0)
    part = make_dense_part(explored)
    assert 0 < part.errors["photograph"] <= 1


def test_units_that_move_the_answer_weigh_more():
    chain = explored_network().chain
    weights = unit_weights(chain, 2)
    kernel = chain.layers[4].weights["kernel"].numpy()
    gap = np.abs(kernel[:, 0] - kernel[:, 1])
    np.testing.assert_array_equal(weights.argsort(), gap.argsort())
    np.testing.assert_array_equal(unit_weights(chain, 4), [1, 1])
