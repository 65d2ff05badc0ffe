"""pet_net against the article's figure 1."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras.models import pet_net
from petkeras.recipes import ARTICLE, MODERN

FIGURE_1 = {
    "conv1_1": (224, 224, 32),
    "conv1_2": (224, 224, 32),
    "pool1": (112, 112, 32),
    "drop1": (112, 112, 32),
    "conv2_1": (112, 112, 64),
    "conv2_2": (112, 112, 64),
    "pool2": (56, 56, 64),
    "drop2": (56, 56, 64),
    "flatten": (200704,),
    "fc1": (512,),
    "drop3": (512,),
    "softmax": (2,),
}


def test_has_the_articles_weights_names_and_shapes(large_nets):
    # by hand: a 3x3 kernel for each pair of maps, a bias each; then the two dense layers
    by_hand = 0
    for came, made in ((3, 32), (32, 32), (32, 64), (64, 64)):
        by_hand += 3 * 3 * came * made + made
    by_hand += 56 * 56 * 64 * 512 + 512 + 512 * 2 + 2
    assert large_nets["weights"] == by_hand == 102_827_554
    assert large_nets["output_shapes"] == FIGURE_1
    assert large_nets["input_shape"] == (None, 224, 224, 3)


def test_starts_as_the_recipe_says():
    article, modern = pet_net(image_size=16, seed=0), pet_net(image_size=16, recipe=MODERN, seed=0)
    kernel = article.get_layer("fc1").kernel.numpy()
    assert kernel.std() == pytest.approx(0.1 * 0.8796, rel=0.01)  # cut off at two stddev
    assert abs(kernel).max() <= 0.2
    assert (article.get_layer("fc1").bias.numpy() == 1).all()
    assert (article.get_layer("conv1_1").bias.numpy() == 0).all()
    kernel = modern.get_layer("fc1").kernel.numpy()
    assert kernel.std() == pytest.approx(np.sqrt(2 / (4 * 4 * 64)), rel=0.01)
    assert (modern.get_layer("softmax").bias.numpy() == 0).all()
    assert article.get_layer("drop1").rate == ARTICLE.conv_dropout == 0.8
    assert article.get_layer("drop3").rate == ARTICLE.dense_dropout == 0.5


def test_takes_numpys_whole_numbers():
    model = pet_net(np.int64(3), np.int32(16), seed=np.int16(2))
    assert model.output_shape == (None, 3)
    assert "np." not in str(model.get_config())


def test_a_seed_decides_start_and_dropout():
    x = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    one, two, other = (pet_net(image_size=16, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one(x, training=True), two(x, training=True))
    assert not np.allclose(one(x), other(x))
    kernels = [layer.kernel.numpy() for layer in (one.get_layer("conv1_2"), other.layers[2])]
    assert not np.allclose(*kernels)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_returns_float32_logits_in_every_precision(dtype):
    model = pet_net(num_classes=3, image_size=16, dtype=dtype, seed=0)
    assert model(np.zeros((2, 16, 16, 3), "float32")).dtype == "float32"
    assert model.get_layer("fc1").compute_dtype == dtype.removeprefix("mixed_")
    assert {weight.dtype for weight in model.trainable_weights} == {"float32"}


def test_survives_saving_bit_for_bit(tmp_path):
    x = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    model = pet_net(image_size=16, recipe=MODERN, seed=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_a_clone_and_an_export_give_the_same(dtype, tmp_path):
    model = pet_net(3, image_size=16, recipe=MODERN, seed=0, dtype=dtype)
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(tmp_path / "saved")
    for count in (1, 3):
        x = np.random.default_rng(0).normal(size=(count, 16, 16, 3)).astype("float32")
        np.testing.assert_array_equal(clone(x), model(x))
        np.testing.assert_allclose(saved.serve(x), model(x), rtol=1e-2, atol=1e-2)
        assert saved.serve(x).dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 1}, "`num_classes` must be an integer, 2 or more.*num_classes=1"),
        ({"image_size": 0}, "`image_size` must be a positive number of pixels.*image_size=0"),
        ({"image_size": 22.4}, "image_size=22.4"),
        ({"seed": 1.5}, "`seed` must be an integer or None.*seed=1.5"),
        ({"seed": True}, "`seed` must be an integer or None.*seed=True"),
    ],
)
def test_refuses_sizes_that_make_no_network(arguments, message):
    with pytest.raises(ValueError, match=message):
        pet_net(**arguments)
