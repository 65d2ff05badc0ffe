"""A new last layer on top of a trained network: what is computed, kept, refused."""

import dataclasses
import json
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import halves, picture_bytes

import petkeras as pk
from petkeras.data.pets import PetData
from petkeras.data.pipeline import mean_image
from petkeras.errors import PetkerasError
from petkeras.report import figures as report_figures
from petkeras.report.inputs import choose_inputs
from petkeras.report.page import write_report
from petkeras.runs.evaluation import evaluate_pictures
from petkeras.runs.pretrained import PRETRAINED
from petkeras.runs.transfer import TRANSFER, cut, open_backbone, transfer
from petkeras.training import Loop

RECIPE = dataclasses.replace(TRANSFER, epochs=3)
SCALE = dataclasses.replace(TRANSFER, pixel_scale=64.0)


def pictures(size=16, count=44):
    train, test = halves(count, size), halves(12, size, seed=1)
    return PetData(train, test, ("above", "below"), mean_image(train.images))


def keras_net(size=16):
    """Return a small network of Keras's own layers that ends in a softmax of its own."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(5, name="last"),
            keras.layers.Activation("softmax"),
        ]
    )


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """The folder of a run of petkeras's own network."""
    run_dir = tmp_path_factory.mktemp("runs") / "own"
    recipe = dataclasses.replace(pk.MODERN, epochs=1, pixel_scale=64.0)
    pk.train(
        pk.pet_net(image_size=16, recipe=recipe, seed=1), pictures(), recipe, run_dir, verbose=False
    )
    return run_dir


@pytest.fixture(scope="module")
def on_own_run(own_run, tmp_path_factory):
    """A run on top of `own_run`, and its history."""
    run_dir = tmp_path_factory.mktemp("runs") / "transferred"
    recipe = dataclasses.replace(TRANSFER, epochs=10)
    return run_dir, transfer(own_run, pictures(), recipe, run_dir, seed=2, verbose=False)


# Cutting


def test_the_last_layer_on_the_cut_off_rest_is_the_network():
    x = np.random.default_rng(0).normal(size=(3, 16, 16, 3)).astype("float32")
    model = pk.pet_net(image_size=16, seed=0)
    last = model.get_layer("softmax")
    np.testing.assert_allclose(last(cut(model)(x)), model(x), rtol=1e-5)
    model = keras_net()
    logits = model.get_layer("last")(cut(model)(x))
    np.testing.assert_allclose(keras.ops.softmax(logits), model(x), rtol=1e-5)


def test_feature_maps_at_the_end_are_averaged():
    images = keras.Input((16, 16, 3))
    model = keras.Model(images, keras.layers.Conv2D(4, 3)(images))
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")
    np.testing.assert_allclose(cut(model)(x), model(x).numpy().mean(axis=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(("name", "module"), [("mobilenet_v2", "mobilenet_v2"), ("vgg16", "vgg16")])
def test_a_named_network_sees_pictures_as_keras_prepares_them(name, module, tmp_path):
    theirs = getattr(keras.applications, PRETRAINED[name].name)(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    theirs.save_weights(tmp_path / "file.weights.h5")
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    prepared = getattr(keras.applications, module).preprocess_input(images.astype("float32"))
    backbone = open_backbone(name, pictures(32), weights=tmp_path / "file.weights.h5")
    expected = theirs(prepared, training=False)
    np.testing.assert_allclose(backbone.features(images), expected, rtol=1e-3, atol=1e-6)


def test_inception_takes_pixels_from_minus_1_to_1():
    prepared = keras.applications.inception_v3.preprocess_input(np.array([0.0, 51.0, 255.0]))
    about = PRETRAINED["inception_v3"]
    np.testing.assert_allclose((np.array([0, 51, 255]) - about.mean) / about.pixel_scale, prepared)


def test_features_are_those_of_all_pictures_without_dropout():
    data, model = pictures(count=24), keras_net()
    backbone = open_backbone(model, data, SCALE)
    x = (data.train.images - data.mean) / 64
    expected = cut(model)(x, training=False)
    np.testing.assert_allclose(backbone.features(data.train.images), expected, atol=1e-5)


# A run


def test_a_run_learns_and_is_as_train_makes_it(on_own_run, own_run):
    run_dir, history = on_own_run
    assert [epoch.step for epoch in history.epochs] == list(range(5, 51, 5))
    assert history.epochs[-1].loss < history.epochs[0].loss
    assert history.epochs[-1].test_accuracy > 0.8
    run = pk.Run(run_dir)
    assert run.history.epochs == history.epochs
    assert [place.name for place in (run_dir / "checkpoints").iterdir()] == ["step_0000050"]
    for part in ("train", "test"):
        assert list((run_dir / "tensorboard" / part).glob("events*"))
    assert run.config["backbone"] == {"backbone": str(own_run), "weights": None}
    assert (run.config["image_size"], run.config["seed"]) == (16, 2)
    assert run.recipe == dataclasses.replace(TRANSFER, epochs=10, pixel_scale=64.0)
    np.testing.assert_array_equal(run.mean, pk.Run(own_run).mean)  # the backbone's own


def test_the_kept_network_is_the_whole_one_and_gives_what_was_measured(on_own_run):
    run_dir, history = on_own_run
    run = pk.Run(run_dir)
    assert run.model.input_shape == (None, 16, 16, 3)
    assert run.model.output_shape == (None, 2)
    loss, accuracy, _ = evaluate_pictures(run.model, pictures().test, run.mean, run.recipe)
    assert accuracy == pytest.approx(history.epochs[-1].test_accuracy)
    assert loss == pytest.approx(history.epochs[-1].test_loss, rel=1e-4)


def test_nothing_but_the_last_layer_changes(on_own_run, own_run):
    before, after = pk.Run(own_run).model, pk.Run(on_own_run[0]).model
    for name in ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "fc1"):
        for old, new in zip(
            before.get_layer(name).weights, after.get_layer(name).weights, strict=True
        ):
            np.testing.assert_array_equal(old, new)
    assert not np.allclose(
        before.get_layer("softmax").kernel, after.get_layer("softmax").kernel, atol=1e-3
    )


def test_a_model_is_left_as_it_is():
    model = keras_net()
    before = [weight.numpy() for weight in model.weights]
    trainable = [layer.trainable for layer in model.layers]
    transfer(model, pictures(), RECIPE, verbose=False)
    for old, new in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, new)
    assert [layer.trainable for layer in model.layers] == trainable


def test_the_last_layer_is_trained_as_keras_trains_it():
    data, model = pictures(), keras_net()
    recipe = dataclasses.replace(SCALE, epochs=3, batch_size=44, schedule="constant")
    history = transfer(model, data, recipe, seed=4, verbose=False)
    features = cut(model)((data.train.images - data.mean) / 64, training=False).numpy()
    last = keras.Sequential(
        [keras.layers.Dense(2, kernel_initializer=keras.initializers.GlorotUniform(4))]
    )
    last.compile(
        keras.optimizers.Adam(1e-3), keras.losses.CategoricalCrossentropy(from_logits=True)
    )
    losses = [float(last.train_on_batch(features, data.train.labels)) for _ in range(3)]
    np.testing.assert_allclose(history.step_losses, losses, rtol=1e-3)


def test_augmentation_and_film_of_a_recipe_are_left_out():
    recipe = dataclasses.replace(
        pk.MODERN, epochs=2, warmup=0, pixel_scale=64.0, learning_rate=1e-3, film_every=5
    )
    plain = dataclasses.replace(SCALE, epochs=2)
    losses = [
        transfer(keras_net(), pictures(), each, verbose=False).step_losses
        for each in (recipe, plain)
    ]
    assert losses[0] == losses[1]


def test_a_seed_repeats_a_run_and_another_gives_another():
    first, again, other = (
        transfer(keras_net(), pictures(), RECIPE, seed=seed, verbose=False).step_losses
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_it_says_what_it_does(capsys):
    transfer(keras_net(), pictures(), RECIPE)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Computing 784 features of each of 56 pictures."
    assert said[1].startswith("Training on the ")
    assert sum(line.startswith("epoch ") for line in said) == 3


def test_predict_and_visualize_work_on_the_run(on_own_run, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(picture_bytes(1))
    run = pk.Run(on_own_run[0])
    assert run.predict([tmp_path / "photo.jpg"]).sum() == pytest.approx(1)
    inputs = choose_inputs(run, pictures())
    drawn = {figure.file: figure for figure in report_figures._list_figures(inputs)}
    assert {
        "curves.png", "costs.png", "attribution.png", "activation-maximization-softmax.png",
    } <= set(drawn)  # fmt: skip
    figure = drawn["architecture.png"]
    figure.draw().savefig(run.run_dir / "figures" / figure.file)
    page = write_report(inputs, [figure]).read_text(encoding="utf-8")
    assert "A new last layer on top of own, trained with the recipe &#x27;transfer&#x27;" in page


def test_a_deep_network_is_shown_by_a_few_of_its_layers(tmp_path):
    data = pictures(32)
    transfer("mobilenet_v2", data, RECIPE, tmp_path / "run", weights=None, verbose=False)
    run = pk.Run(tmp_path / "run")
    assert run.config["backbone"] == {"backbone": "mobilenet_v2", "weights": None}
    assert len(run.model.layers) > 150
    inputs = choose_inputs(run, data)
    assert len(inputs.layers) == 6
    drawn = {figure.file: figure for figure in report_figures._list_figures(inputs)}
    assert {"attribution.png", "architecture.png"} <= set(drawn)
    for name in ("costs.png", "receptive.png"):
        with pytest.raises(pk.PetkerasError, match="layers, and this figure has room for 30"):
            drawn[name].draw()
    assert (inputs.layers[0], inputs.layers[-1]) == ("Conv1", "Conv_1")


def test_ctrl_c_ends_a_run_that_can_go_on(own_run, tmp_path, monkeypatch):
    whole = transfer(own_run, pictures(), RECIPE, verbose=False)
    take_step, seen = Loop.take_step, []

    def pressed(*arguments):
        seen.append(True)
        if len(seen) == 7:
            signal.raise_signal(signal.SIGINT)
        return take_step(*arguments)

    monkeypatch.setattr(Loop, "take_step", pressed)
    stopped = transfer(own_run, pictures(), RECIPE, tmp_path / "run", verbose=False)
    assert stopped.interrupted
    assert len(stopped.step_losses) == 7
    assert pk.Run(tmp_path / "run").model.input_shape == (None, 16, 16, 3)
    went_on = transfer(own_run, pictures(), RECIPE, tmp_path / "run", resume=True, verbose=False)
    assert not went_on.interrupted
    np.testing.assert_allclose(
        stopped.step_losses + went_on.step_losses, whole.step_losses, rtol=1e-5
    )


# What is refused


def refusal(*arguments, **options):
    with pytest.raises(PetkerasError) as raised:
        transfer(*arguments, verbose=False, **options)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_a_backbone_that_is_not_there_is_refused(tmp_path):
    message = refusal("mobilnet", pictures())
    assert message == (
        "`backbone` must be mobilenet_v2, vgg16, inception_v3, drawn_pets, a run folder or a "
        "keras.Model. Received: backbone='mobilnet'"
    )
    assert "is not a run folder: it has no config.json" in refusal(tmp_path, pictures())


def test_pictures_of_another_size_are_refused(own_run):
    message = refusal(own_run, pictures(32))
    assert message == (
        "The backbone expects images of shape (16, 16, 3), but the data have (32, 32, 3). Load "
        "them with `image_size=16`."
    )
    assert "`image_size`" in refusal("inception_v3", pictures(32), weights=None)
    assert "75x75" in refusal("inception_v3", pictures(32), weights=None)


def test_weights_that_do_not_fit_are_refused(tmp_path, own_run):
    data = pictures(32)
    assert "there is no file" in refusal("mobilenet_v2", data, weights=tmp_path / "none.h5")
    (tmp_path / "weights.pt").write_bytes(b"x")
    message = refusal("mobilenet_v2", data, weights=tmp_path / "weights.pt")
    assert "a file that ends in .weights.h5 or .h5" in message
    (tmp_path / "torn.h5").write_bytes(b"x" * 100)
    message = refusal("mobilenet_v2", data, weights=tmp_path / "torn.h5")
    assert "is damaged, or does not hold the weights of mobilenet_v2" in message
    pk.pet_net(image_size=16).save_weights(tmp_path / "other.weights.h5")
    message = refusal("mobilenet_v2", data, weights=tmp_path / "other.weights.h5")
    assert "is damaged, or does not hold the weights of mobilenet_v2" in message
    message = refusal(own_run, pictures(), weights=tmp_path / "other.weights.h5")
    assert "have their own" in message


def test_without_a_network_there_is_a_way_out(monkeypatch):
    def fetch(*_, **__):
        raise Exception("URL fetch failure on https://example.org: None -- unreachable")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fetch)
    message = refusal("mobilenet_v2", pictures(32))
    assert message.startswith("The ImageNet weights of mobilenet_v2 could not be downloaded: URL")
    assert "pass a weights file as `weights`" in message


def test_a_model_that_carries_code_is_refused(tmp_path, own_run):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Lambda(lambda x: x * 2)(images)
    model = keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(x)))
    assert "contains code of its own" in refusal(model, pictures())

    class Own(keras.Model):
        pass

    assert "must be functional, or sequential and built" in refusal(Own(), pictures())
    unbuilt = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2)])
    assert "must be functional, or sequential and built" in refusal(unbuilt, pictures())

    model.save(own_run / "code.keras")  # and in a run folder: only Keras's safe mode loads it
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    (run_dir / "config.json").write_text((own_run / "config.json").read_text())
    (own_run / "code.keras").rename(run_dir / "model.keras")
    message = refusal(run_dir, pictures())
    assert "was not loaded: it contains or requests code (Lambda)" in message


def test_a_network_without_features_is_refused():
    images = keras.Input((16, 16, 3))
    model = keras.Model(images, keras.layers.Reshape((16, 48))(images))
    assert "The backbone must end in feature maps" in refusal(model, pictures())


def test_a_folder_with_something_in_it_is_refused_before_anything_is_computed(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    assert "is not empty" in refusal("mobilenet_v2", pictures(32), run_dir=tmp_path)


# The name


@pytest.mark.parametrize("first", ["petkeras.runs.transfer", "petkeras.runs.repeat"])
def test_the_public_name_is_the_function_whatever_was_imported_before(first):
    script = f"""
import petkeras, {first}, sys
from petkeras import transfer
assert petkeras.transfer is transfer is sys.modules["petkeras.runs.transfer"].transfer
assert callable(transfer) and "transfer" in dir(petkeras)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_config_is_plain_json(on_own_run):
    assert json.loads((on_own_run[0] / "config.json").read_text())["recipe"]["name"] == "transfer"


def test_features_do_not_depend_on_the_batch():
    data = pictures()
    backbone = open_backbone(keras_net(), data, SCALE)
    alone = backbone.features(data.test.images[3:4])
    np.testing.assert_allclose(
        backbone.features(data.test.images)[3:4], alone, rtol=1e-5, atol=1e-6
    )
    assert alone.dtype == np.float32
    assert isinstance(backbone.model, keras.Model)
    assert tf.is_tensor(backbone.model(tf.zeros((1, 16, 16, 3))))


def test_callbacks_watch_the_last_layer_and_a_validation_part_is_evaluated(own_run):
    data = dataclasses.replace(pictures(), validation=halves(10, seed=2))
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append((look.model.name, logs["val_accuracy"]))
    )
    history = transfer(own_run, data, RECIPE, verbose=False, callbacks=[look])
    assert seen == [("last_layer", accuracy) for accuracy in history.column("val_accuracy")]
