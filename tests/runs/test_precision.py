"""Runs in mixed precision: saved to compute in float32, measured as they were trained."""

import dataclasses
import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.layers import Conv2D, Dense
from petkeras.models import pet_net
from petkeras.recipes import ARTICLE, MODERN
from petkeras.runs.config import write_config
from petkeras.runs.evaluation import compile_as_trained, evaluate_run
from petkeras.runs.precision import computing_in, mixed_policies
from petkeras.runs.resume import continue_run
from petkeras.runs.run import Run
from petkeras.runs.saving import save_model
from petkeras.runs.train import train
from petkeras.tracing import compile_logits

RECIPE = dataclasses.replace(MODERN, epochs=2, film_every=0)
BFLOAT16 = "mixed_bfloat16"


def layer_policies(model):
    return {layer.name: layer.dtype_policy.name for layer in model._flatten_layers()}


def trained(data, run_dir, policy=BFLOAT16, recipe=RECIPE, **options):
    model = pet_net(2, 16, RECIPE, seed=0, dtype=policy)
    return model, train(model, data, recipe, run_dir, verbose=False, **options)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run in mixed_bfloat16; its model lies beside it as earlier versions saved it."""
    from conftest import halves_data

    folder = tmp_path_factory.mktemp("runs")
    model, _ = trained(halves_data(), folder / "run")
    model.save(folder / "before.keras")
    return folder / "run"


def mixed_branches():
    """A network with a nested model, branches, and layers of several policies."""
    images = keras.Input((8, 8, 3))
    inner = keras.Input((8, 8, 4))
    x = keras.layers.BatchNormalization(dtype="mixed_float16", name="norm")(inner)
    nested = keras.Model(inner, Conv2D(4, 3, dtype=BFLOAT16, name="conv")(x), name="nested")
    first = Conv2D(4, 3, dtype=BFLOAT16, name="first")(images)
    x = keras.layers.Add(dtype="float32", name="add")([first, nested(first)])
    x = keras.layers.GlobalAveragePooling2D(dtype=BFLOAT16, name="mean")(x)
    return keras.Model(images, Dense(2, dtype="float64", name="logits")(x))


def test_a_saved_network_computes_in_float32_with_the_same_weights(tmp_path):
    model = mixed_branches()
    before = layer_policies(model)
    save_model(tmp_path, model, np.zeros((8, 8, 3)))
    assert layer_policies(model) == before
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        text = archive.read("config.json").decode()
    assert '"mixed_' not in text
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    there = layer_policies(loaded)
    assert there.pop("logits") == "float64"
    assert set(there.values()) == {"float32"}
    for mine, stored in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, stored)


def test_a_network_is_float32_and_measured_as_it_was_trained(run_dir, small_data):
    run = Run(run_dir)
    assert run.config["dtype_policy"] == BFLOAT16
    assert set(layer_policies(run.model).values()) == {"float32"}
    last = run.history.epochs[-1]
    measured = evaluate_run(run, small_data)["test"]
    assert (measured["loss"], measured["accuracy"]) == (last.test_loss, last.test_accuracy)
    assert set(layer_policies(run.model).values()) == {"float32"}  # again


def test_the_two_precisions_differ_and_do_not_mix(run_dir, small_data):
    run = Run(run_dir)
    x = run.preprocess(small_data.test.images)
    exact, rounded = compile_logits(run.model)(x), compile_as_trained(run)(x)
    assert 0 < np.abs(exact - rounded).max() < 0.2
    np.testing.assert_array_equal(compile_logits(run.model)(x), exact)
    np.testing.assert_array_equal(Run(run_dir).model(x, training=False), run.model(x))


def test_runs_of_earlier_versions_are_treated_the_same(run_dir, small_data, tmp_path):
    config = json.loads((run_dir / "config.json").read_text())
    assert set(config.pop("layer_policies").values()) == {BFLOAT16}
    old = tmp_path / "old"
    old.mkdir()
    (old / "config.json").write_text(json.dumps(config))
    (old / "history.csv").write_bytes((run_dir / "history.csv").read_bytes())
    (old / "mean.npy").write_bytes((run_dir / "mean.npy").read_bytes())
    (old / "model.keras").write_bytes((run_dir.parent / "before.keras").read_bytes())
    new, run = Run(run_dir), Run(old)
    assert layer_policies(run.model) == layer_policies(new.model)
    assert evaluate_run(run, small_data) == evaluate_run(new, small_data)
    x = run.preprocess(small_data.test.images)
    np.testing.assert_array_equal(compile_logits(run.model)(x), compile_logits(new.model)(x))


def test_a_resumed_run_continues_bit_for_bit(run_dir, small_data, tmp_path):
    half = dataclasses.replace(ARTICLE, epochs=1, learning_rate=1e-4, film_every=0)
    whole = dataclasses.replace(half, epochs=2)
    model, history = trained(small_data, tmp_path / "whole", recipe=whole)
    trained(small_data, tmp_path / "halves", recipe=half)
    resumed, later = trained(small_data, tmp_path / "halves", recipe=whole, resume=True)
    for column in ("loss", "accuracy", "test_loss", "test_accuracy"):
        assert later.column(column) == history.column(column)
    for one, other in zip(model.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    saved = Run(tmp_path / "halves").model.get_weights()
    for one, other in zip(model.get_weights(), saved, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_resumed_run_of_an_earlier_version_keeps_its_layers_policies(run_dir, tmp_path):
    config = json.loads((run_dir / "config.json").read_text())
    old = {**config, "device": "another"}
    policies = old.pop("layer_policies")
    write_config(tmp_path, old)
    assert not continue_run(tmp_path, config)
    assert Run(tmp_path).config == {**old, "layer_policies": policies}


def test_layers_get_their_own_policies_back():
    model = mixed_branches()
    policies = mixed_policies(model)
    assert policies == {
        "first": BFLOAT16,
        "nested/norm": "mixed_float16",
        "nested/conv": BFLOAT16,
        "mean": BFLOAT16,
    }
    before = layer_policies(model)
    with computing_in(model, dict.fromkeys(policies, "float32")):
        assert not mixed_policies(model)
        with computing_in(model, policies):
            assert layer_policies(model) == before
    assert layer_policies(model) == before


def test_float32_runs_have_no_layer_policies(small_data, tmp_path):
    trained(small_data, tmp_path / "run", "float32")
    run = Run(tmp_path / "run")
    assert "layer_policies" not in run.config
    assert compile_as_trained(run) is compile_logits(run.model)


@pytest.mark.parametrize("wrong", [{"conv1_1": "float8"}, ["conv1_1"], {"conv1_1": "float32"}])
def test_layer_policies_are_checked(run_dir, tmp_path, wrong):
    config = json.loads((run_dir / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "layer_policies": wrong}))
    with pytest.raises(PetkerasError, match="'layer_policies' must be mixed precision by layer"):
        Run(tmp_path)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")
def test_a_run_in_bfloat16_becomes_a_tflite_model(run_dir, small_data):
    run = Run(run_dir)
    x = run.preprocess(small_data.test.images).numpy()
    run.model.export(run_dir.parent / "m.tflite", format="litert", verbose=False)
    reader = tf.lite.Interpreter(str(run_dir.parent / "m.tflite"))
    entry, out = reader.get_input_details()[0]["index"], reader.get_output_details()[0]["index"]
    reader.resize_tensor_input(entry, x.shape)
    reader.allocate_tensors()
    reader.set_tensor(entry, x)
    reader.invoke()
    np.testing.assert_allclose(reader.get_tensor(out), run.model(x, training=False), atol=1e-3)
