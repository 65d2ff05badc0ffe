"""Networks that are not `pet_net`: trained in a run folder, resumed, read again and looked at."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import halves_data

from petkeras import layers as ours
from petkeras.callbacks.filters import Film
from petkeras.callbacks.graph import scoped_graph
from petkeras.errors import PetkerasError
from petkeras.inspection import dtype_policy_name
from petkeras.recipes import MODERN, TRANSFER
from petkeras.runs.evaluation import evaluate_run
from petkeras.runs.loading import load_model
from petkeras.runs.run import Run
from petkeras.runs.train import train
from petkeras.runs.transfer import cut, transfer
from petkeras.visualize import Evolution, feature_maps, grad_cam, plot_architecture, saliency

QUICK = dataclasses.replace(MODERN, epochs=1, batch_size=22, film_every=2, summary_every=1)
SIZE = (16, 16, 3)
theirs = keras.layers


def sequential():
    return keras.Sequential(
        [
            keras.Input(SIZE),
            ours.Conv2D(4, 3, activation="relu", name="conv"),
            ours.MaxPool2D(),
            ours.Flatten(),
            ours.Dense(2),
        ]
    )


def residual():
    images = keras.Input(SIZE)
    x = theirs.Conv2D(3, 3, padding="same", name="conv")(images)
    x = theirs.Add()([theirs.BatchNormalization()(x), images])
    return keras.Model(images, theirs.Dense(2)(theirs.Flatten()(x)))


def concatenated():
    images = keras.Input(SIZE)
    paths = [ours.Conv2D(4, 3, name="conv")(images), ours.MaxPool2D(3, 1)(images)]
    x = theirs.Concatenate()(paths)
    return keras.Model(images, ours.Dense(2)(theirs.GlobalAveragePooling2D()(x)))


def nested():
    backbone = keras.Sequential(
        [keras.Input(SIZE), theirs.Conv2D(4, 3, name="conv"), theirs.ReLU()], name="backbone"
    )
    head = [theirs.GlobalAveragePooling2D(), theirs.Dense(2)]
    return keras.Sequential([keras.Input(SIZE), backbone, *head])


def any_size():
    images = keras.Input((None, None, 3))
    x = theirs.GlobalAveragePooling2D()(ours.Conv2D(4, 3, name="conv")(images))
    return keras.Model(images, ours.Dense(2)(x))


def ending_in_softmax(kind="dense"):
    """Return a network of one initialization with one of four ends."""
    images = keras.Input(SIZE)
    x = theirs.Flatten()(theirs.Conv2D(4, 3, kernel_initializer="ones", name="conv")(images))
    dense = theirs.Dense if kind == "dense" else ours.Dense
    activation = "softmax" if kind in ("dense", "ours") else None
    initializer = keras.initializers.GlorotUniform(seed=0)
    x = dense(2, activation=activation, kernel_initializer=initializer)(x)
    if kind == "layer":
        x = theirs.Softmax()(x)
    if kind == "operation":
        x = keras.ops.softmax(x)
    return keras.Model(images, x)


def in_float64():
    return keras.Sequential(
        [
            keras.Input(SIZE),
            ours.Conv2D(4, 3, name="conv", dtype="float64"),
            ours.Flatten(dtype="float64"),
            ours.Dense(2, dtype="float64"),
        ]
    )


MODELS = [sequential, residual, concatenated, nested, any_size, ending_in_softmax, in_float64]


@pytest.mark.parametrize("make", MODELS)
def test_any_model_is_trained_resumed_read_again_and_looked_at(make, tmp_path):
    data, run_dir, model = halves_data(), tmp_path / "run", make()
    train(model, data, QUICK, run_dir, verbose=False)
    longer = dataclasses.replace(QUICK, epochs=2)
    history = train(make(), data, longer, run_dir, resume=True, verbose=False)
    assert history.column("epoch") == [1, 2]
    run, layer = Run(run_dir), "backbone/conv" if make is nested else "conv"
    measured = evaluate_run(run, data)["test"]
    assert measured["loss"] == pytest.approx(history.column("test_loss")[-1], rel=1e-4)
    assert Evolution(run_dir).maps(layer).shape[::3] == (3, min(8, 3 if make is residual else 4))
    x, images = run.preprocess(data.test.images[:2]), data.test.images
    file = tmp_path / "photograph.png"
    file.write_bytes(tf.io.encode_png(images[0]).numpy())
    predicted = run.predict([file])
    assert predicted.sum() == pytest.approx(1)
    if make is ending_in_softmax:
        np.testing.assert_allclose(predicted, run.model(x[:1]), rtol=1e-4)
    assert set(feature_maps(run.model, x)) >= {layer}
    assert grad_cam(run.model, x, layer).shape == saliency(run.model, x).shape == (2, 16, 16)
    plot_architecture(run.model, x[:1], images[0])


def test_a_transferred_network_is_trained_on_with_all_of_its_weights(tmp_path):
    data = halves_data()
    recipe = dataclasses.replace(TRANSFER, epochs=1)
    transfer(sequential(), data, recipe, tmp_path / "first", verbose=False)
    model = load_model(tmp_path / "first" / "model.keras")
    before = model.get_layer("conv").kernel.numpy()
    train(model, data, QUICK, tmp_path / "second", verbose=False)
    assert not np.array_equal(before, model.get_layer("conv").kernel.numpy())
    assert Run(tmp_path / "second").config["network"] == "transfer"


@pytest.fixture(scope="module")
def without_softmax():
    """A trained network that ends in logits, and its losses."""
    model = ending_in_softmax("none")
    return model, train(model, halves_data(), QUICK, verbose=False).step_losses


@pytest.mark.parametrize("structure", [lambda end: [end], lambda end: {end.name: end}])
def test_a_model_made_from_lists_or_dicts_is_trained_like_one_from_tensors(
    structure, without_softmax
):
    twin = ending_in_softmax("none")
    wrapped = keras.Model(structure(twin.inputs[0]), structure(twin.outputs[0]))
    plain, losses = without_softmax
    assert train(wrapped, halves_data(), QUICK, verbose=False).step_losses == losses
    np.testing.assert_array_equal(twin.get_weights()[0], plain.get_weights()[0])


@pytest.mark.parametrize("kind", ["dense", "ours", "layer", "operation"])
def test_a_softmax_at_the_end_changes_neither_the_losses_nor_the_model(
    kind, without_softmax, capsys
):
    data, with_softmax = halves_data(), ending_in_softmax(kind)
    without, losses = without_softmax
    assert train(with_softmax, data, QUICK).step_losses == losses
    assert capsys.readouterr().out.count("its logits before the softmax are trained") == 1
    x = np.asarray(data.test.images, np.float32)
    np.testing.assert_allclose(with_softmax(x), tf.nn.softmax(without(x)), atol=1e-6)


def test_the_graph_has_a_scope_for_each_layer_and_nested_ones_inside():
    operations = scoped_graph(nested()).get_operations()
    scopes = dict.fromkeys(operation.name.split("/")[0] for operation in operations)
    assert list(scopes)[:3] == ["images", "labels", "backbone"]
    assert len(scopes) == 8  # and pooling, dense, loss, accuracy, train
    names = {operation.name for operation in operations}
    assert {"backbone/conv/kernel", "backbone/conv/convolution"} <= names


def test_the_dtype_policy_is_that_of_the_first_layer_with_weights():
    assert dtype_policy_name(in_float64()) == "float64"
    assert dtype_policy_name(nested()) == "float32"


def subclassed():
    class Network(keras.Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = ours.Dense(2)

        def call(self, x):
            return self.dense(tf.reshape(x, (-1, 768)))

    model = Network()
    model(np.zeros((1, *SIZE), np.float32))
    return model


def with_two_inputs():
    a, b = keras.Input(SIZE), keras.Input(SIZE)
    return keras.Model([a, b], ours.Dense(2)(ours.Flatten()(theirs.Add()([a, b]))), name="two")


def ending_in(units, activation):
    return keras.Sequential([keras.Input(SIZE), ours.Flatten(), theirs.Dense(units, activation)])


def with_a_lambda():
    layer = theirs.Lambda(lambda x: 2 * x, output_shape=SIZE)
    return keras.Sequential([keras.Input(SIZE), layer, ours.Flatten(), ours.Dense(2)])


def with_a_function():
    dense = ours.Dense(2, activation=lambda x: 2 * x)
    return keras.Sequential([keras.Input(SIZE), ours.Flatten(), dense])


def frozen():
    model = sequential()
    model.trainable = False
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: keras.Sequential([ours.Flatten(), ours.Dense(2)]), "is not built yet. Begin it"),
        (subclassed, "'own' is a subclassed model"),
        (with_two_inputs, "'two' has 2 inputs and 1 outputs. It must be functional"),
        (lambda: ending_in(1, "sigmoid"), "end the model in Dense"),
        (lambda: ending_in(2, "sigmoid"), "must end in logits or in a softmax. Received: one that"),
        (frozen, "has no weights to train"),
        (with_a_lambda, r"contains code of its own \(Lambda\)"),
        (with_a_function, "contains code of its own"),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused_in_a_line_and_leaves_nothing(
    make, message, tmp_path
):
    with pytest.raises(PetkerasError, match=message):
        train(make(), halves_data(), QUICK, tmp_path / "run", verbose=False)
    assert not (tmp_path / "run").exists()


def test_a_filter_of_a_nested_layer_is_filmed_and_others_are_refused(tmp_path):
    film = Film({"backbone/conv": [1]})
    train(nested(), halves_data(), QUICK, tmp_path / "run", film=film, verbose=False)
    assert Evolution(tmp_path / "run").filters == {"backbone/conv": [1]}
    for wrong, message in (({"conv": [0]}, "no layer 'conv'"), ({"backbone/conv": [4]}, "0 to 3")):
        with pytest.raises(PetkerasError, match=message):
            train(nested(), halves_data(), QUICK, film=Film(wrong), verbose=False)


def test_pictures_are_nhwc_whatever_keras_is_configured_for():
    images = keras.Input(SIZE)
    maps = keras.Model(images, ours.Conv2D(4, 3)(images))
    keras.config.set_image_data_format("channels_first")
    try:
        assert cut(maps).output_shape == (None, 4)
        recipe = dataclasses.replace(TRANSFER, epochs=1)
        data = halves_data()
        big = [dataclasses.replace(p, images=np.repeat(np.repeat(p.images, 2, 1), 2, 2))
               for p in (data.train, data.test)]  # fmt: skip
        data = dataclasses.replace(
            data, train=big[0], test=big[1], mean=np.zeros((32, 32, 3), np.float32)
        )
        history = transfer("mobilenet_v2", data, recipe, weights=None, verbose=False)
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")
    assert len(history.epochs) == 1
