import keras
import numpy as np
import pytest
from explorer.small_runs import L, photographs, small_data
from explorer.test_compression import restore

from petkeras.explorer import dense
from petkeras.explorer.dense import choose_kind, make_dense_part, probability_error
from petkeras.explorer.edits import compute_outputs
from petkeras.explorer.explored import open_explored


def test_the_kind_depends_on_the_size():
    assert choose_kind(4096, 512) == "int8"  # pet_net at 32 pixels
    assert choose_kind(16384, 512) == "int4"  # at 64
    assert choose_kind(200704, 512) == "low_rank"  # at 224
    assert choose_kind(16384, 511) == "low_rank"  # an odd number of units has no pairs


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
    assert part.errors == []


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
    limits = {"int8": 0.01, "int4": 0.1, "low_rank": 1}  # of a network that has learned nothing
    assert 0 < part.errors[len(part.errors) // 2]["error"] < limits[kind]

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
        error = np.ptp(logits - outputs[1][-1].numpy())
        size = np.linalg.norm(change) / np.linalg.norm(outputs[0][1].numpy())
        measured = next(row["error"] for row in part.errors if row["size"] >= size)
        assert error <= 2 * measured + 1e-4


def test_without_pictures_the_photographs_themselves_are_measured_with(monkeypatch):
    monkeypatch.setattr(dense, "choose_kind", lambda features, units: "low_rank")
    explored = open_explored(network(), photographs(2), pixel_scale=255.0)
    part = make_dense_part(explored)
    assert 0 < part.errors[-1]["error"] < 10


def test_a_probability_is_off_most_in_the_middle():
    error = 0.3  # of the difference of two scores
    z = np.linspace(-5, 5, 1001)
    worst = np.max(1 / (1 + np.exp(-z)) - 1 / (1 + np.exp(error - z)))
    assert probability_error(error) == pytest.approx(worst, rel=1e-3)
