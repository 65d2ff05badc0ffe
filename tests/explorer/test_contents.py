import base64
import json
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from explorer.small_runs import L, mixed_network, photographs, small_data, small_run

import petkeras as pk
from petkeras.errors import PetkerasError
from petkeras.explorer import contents as contents_module
from petkeras.explorer.contents import Contents, make_contents, pack, unpack
from petkeras.explorer.explored import open_explored
from petkeras.runs.run import Run
from petkeras.tracing import compile_outputs, compute_logits


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("explored") / "run")


@pytest.fixture(scope="module")
def contents(run_dir):
    return make_contents(open_explored(run_dir, data=small_data()))


def test_what_is_packed_is_unpacked():
    arrays = {
        "a": np.arange(5, dtype=np.uint8),
        "b": np.float16([[1.5, -2.0]]),
        "c": np.arange(6, dtype=np.float32).reshape(1, 2, 3)[:, ::-1],
        "d": np.int8([-1]),
        "e": np.int32(7),
        "f": np.zeros((0, 2), np.float32),
    }
    text = pack(Contents({"title": "<ä>"}, arrays))
    packed = zlib.decompress(base64.b64decode(text))
    length = int.from_bytes(packed[:4], "little")
    header = json.loads(packed[4 : 4 + length])
    assert (4 + length) % 8 == 0
    assert all(entry["offset"] % 8 == 0 for entry in header["arrays"].values())
    opened = unpack(text)
    assert opened.manifest == {"title": "<ä>"}
    for name, array in arrays.items():
        assert opened.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(opened.arrays[name], array)
    with pytest.raises(TypeError, match="float64"):
        pack(Contents({}, {"a": np.zeros(1)}))


def test_the_manifest_describes_the_run(contents, run_dir):
    manifest = unpack(pack(contents)).manifest
    assert manifest["title"] == "Above or below?"
    assert manifest["class_names"] == ["above", "below"]
    assert (manifest["input_shape"], manifest["pixel_scale"]) == ([16, 16, 3], 1000.0)
    assert (manifest["run"], manifest["stops_at"]) == (str(run_dir), None)
    assert [layer["kind"] for layer in manifest["layers"][:4]] == [
        *("conv", "conv", "max_pool", "dropout")
    ]
    assert manifest["layers"][1] == {
        "name": "conv1_2",
        "kind": "conv",
        "shape": [16, 16, 32],
        "weights": 3 * 3 * 32 * 32 + 32,
        "strides": [1, 1],
        "padding": "same",
        "dilation": [1, 1],
        "activation": "relu",
    }
    assert len(manifest["photographs"]) == 6
    assert len(manifest["frames"]) > 2
    assert manifest["kernels"]["outline"][3][3] == 48.0
    assert manifest["start"] == {"layer": None, "filter": 0, "tab": "look"}
    assert manifest["dense"]["kind"] == "int8"


def test_probabilities_are_the_run_s_own(contents, run_dir):
    run = Run(run_dir)
    for number, photograph in enumerate(contents.manifest["photographs"]):
        x = run.preprocess(contents.arrays[f"photographs/{number}"][None])
        expected = tf.nn.softmax(compute_logits(run.model, x))[0].numpy()
        np.testing.assert_array_equal(photograph["probabilities"], expected)
        assert photograph["right"] == (expected.argmax() == photograph["label"])


def test_the_arrays_are_the_network_s(contents, run_dir):
    model = Run(run_dir).model
    arrays = contents.arrays
    np.testing.assert_array_equal(arrays["layers/5/kernel"], model.get_layer("conv2_2").kernel)
    np.testing.assert_array_equal(arrays["layers/11/bias"], model.get_layer("softmax").bias)
    assert "layers/9/kernel" not in arrays
    assert arrays["layers/9/quantized"].shape == (1024, 512)
    assert arrays["before/5"].shape == (512,)
    x = (np.float32(arrays["photographs/2"]) - arrays["mean"]) / 1000
    features = compile_outputs(model, ["flatten"])(x[None])["flatten"].numpy()
    fc1 = model.get_layer("fc1")
    expected = features @ fc1.kernel.numpy() + fc1.bias.numpy()
    np.testing.assert_allclose(arrays["before/2"], expected[0], atol=1e-5)


def test_a_notebook_gets_no_large_kernel(run_dir):
    made = make_contents(
        open_explored(run_dir, data=small_data()),
        notebook=True,
        start={"layer": "conv2_1", "tab": "play"},
        words={"Filter": "Filtre"},
    )
    assert made.manifest["dense"]["kind"] == "kernel"
    assert not any(name.startswith(("layers/9/kernel", "before")) for name in made.arrays)
    assert made.manifest["start"] == {"layer": "conv2_1", "filter": 0, "tab": "play"}
    assert made.manifest["words"] == {"Filter": "Filtre"}


def test_without_its_pictures_a_run_shows_the_filmed_photograph(run_dir):
    explored = open_explored(str(run_dir))  # its pictures were made in this test
    assert explored.photographs.names == ["the filmed photograph"]
    assert explored.notes[0].startswith("The pictures of the run were not found. ")
    np.testing.assert_array_equal(
        explored.photographs.pixels[0], np.load(run_dir / "evolution" / "photograph.npy")
    )


def test_a_chain_that_stops_has_no_probabilities():
    x = inputs = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 3, name="first")(x)
    x = L.Dense(2)(L.Flatten()(L.LayerNormalization(name="odd")(x)))
    made = make_contents(open_explored(keras.Model(inputs, x), photographs(2)))
    assert "'odd' (LayerNormalization)" in made.manifest["stops_at"]
    assert made.manifest["dense"]["kind"] == "none"
    assert [each["probabilities"] for each in made.manifest["photographs"]] == [None, None]
    assert made.manifest["title"] == "What does the network see?"
    unpack(pack(made))


def test_a_mixed_network_is_packed_whole():
    made = unpack(pack(make_contents(open_explored(mixed_network(), photographs(2, 20)))))
    assert made.manifest["dense"] == {
        "layer": None,
        "kind": "exact",
        "errors": [],
        "limit": 0.02,
    }
    assert {"layers/1/gamma", "layers/1/mean", "layers/5/variance"} <= set(made.arrays)
    assert "layers/5/beta" not in made.arrays
    assert "layers/0/bias" not in made.arrays


def test_a_large_network_is_noted(monkeypatch):
    monkeypatch.setattr(contents_module, "LARGE", 1000)
    made = make_contents(open_explored(mixed_network(), photographs(1, 20)))
    assert made.manifest["notes"] == ["The network is large: 0 MB of weights come with it."]


def test_a_page_has_no_kernels_beyond_its_share(run_dir, monkeypatch):
    monkeypatch.setattr(contents_module, "MAX_KERNELS", 100_000)
    explored = open_explored(run_dir, data=small_data())
    made = make_contents(explored)
    assert [layer["name"] for layer in made.manifest["layers"]] == [
        *("conv1_1", "conv1_2", "pool1", "drop1")
    ]
    assert made.manifest["stops_at"] == (
        "Layer 'conv2_1' is not on this page: with it, the kernels take 0 MB, and a page holds 0 "
        "MB. The network is shown up to the layer before it; in a notebook, pk.explore shows all "
        "of it."
    )
    assert made.manifest["dense"]["kind"] == "none"
    assert {tuple(frame["layers"]) for frame in made.manifest["frames"]} == {(0, 1)}
    numbers = [name.split("/")[-2] for name in made.arrays if name.startswith(("l", "frames"))]
    assert set(numbers) == {"0", "1"}
    whole = make_contents(explored, notebook=True)
    assert (len(whole.manifest["layers"]), whole.manifest["stops_at"]) == (12, None)


def test_a_large_first_kernel_comes_along(monkeypatch):
    monkeypatch.setattr(contents_module, "MAX_KERNELS", 10)
    made = make_contents(open_explored(mixed_network(), photographs(1, 20)))
    assert [layer["kind"] for layer in made.manifest["layers"]] == [
        *("conv", "batch_norm", "relu", "average_pool")
    ]


def test_a_rescaling_has_no_weights():
    model = keras.Sequential([keras.Input((16, 16, 3)), L.Rescaling(1 / 255), L.Conv2D(2, 3)])
    made = make_contents(open_explored(model, photographs(1)))
    assert [layer["weights"] for layer in made.manifest["layers"]] == [0, 56]
    np.testing.assert_array_equal(made.arrays["layers/0/gamma"], np.full(3, np.float32(1 / 255)))


def test_a_network_in_mixed_precision_is_noted():
    model = pk.pet_net(image_size=16, dtype="mixed_bfloat16", seed=0)
    explored = open_explored(model, photographs(1))
    assert "mixed precision" in explored.notes[0]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({}, "Name photographs in `photographs`"),
        ({"photographs": photographs(1, 12)}, r"array \('n', 16, 16, 3\) uint8"),
        ({"photographs": [photographs(1)[0], photographs(1, 12)[0]]}, "arrays of the same shape"),
        ({"photographs": photographs(1), "class_names": "abc"}, "must name the 2 outputs"),
        ({"photographs": photographs(1), "mean": np.nan}, "`mean` must be a finite number"),
        ({"photographs": photographs(1), "mean": np.zeros((2, 2))}, "`mean` must be a finite"),
        ({"photographs": photographs(1), "pixel_scale": 0}, "`pixel_scale` must be a finite"),
        ({"data": small_data(12)}, "must have the network's shape"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, line):
    model = pk.pet_net(image_size=16, seed=0)
    with pytest.raises(PetkerasError, match=line):
        open_explored(model, **arguments)


def test_values_that_are_not_finite_are_refused():
    model = pk.pet_net(image_size=16, seed=0)
    model.get_layer("conv2_2").kernel.assign(tf.fill((3, 3, 64, 64), 3e38))
    with pytest.raises(PetkerasError, match="values that are not finite"):
        make_contents(open_explored(model, photographs(1)))
