"""Every function that looks at a model takes any functional or sequential one, and no other."""

import inspect

import keras
import numpy as np
import pytest

import petkeras as pk
from petkeras import visualize as pkv
from petkeras.layers import Conv2D, Dense, Flatten, MaxPool2D
from petkeras.tracing import using_calls

KL = keras.layers


def images(size=16, dtype=None):
    return keras.Input((size, size, 3), dtype=dtype)


def he(seed):
    return keras.initializers.HeNormal(seed=seed)


def head(x, activation="softmax", dtype=None):
    x = KL.GlobalAveragePooling2D(name="mean", dtype=dtype)(x)
    options = {"activation": activation, "kernel_initializer": he(9), "dtype": dtype}
    return KL.Dense(3, name="logits", **options)(x)


def sequential(activation):
    model = keras.Sequential()  # layer by layer, as tutorials do it
    for layer in (images(), Conv2D(4, 3, activation="relu", kernel_initializer=he(0), name="conv")):
        model.add(layer)
    for layer in (
        MaxPool2D(),
        Flatten(),
        Dense(3, activation=activation, kernel_initializer=he(1)),
    ):
        model.add(layer)
    return model


def residual(activation):
    inputs = images()
    x = KL.Conv2D(4, 3, padding="same", kernel_initializer=he(0), name="stem")(inputs)
    y = KL.ReLU()(KL.BatchNormalization()(x))
    y = KL.Conv2D(4, 3, padding="same", kernel_initializer=he(1), name="conv")(y)
    return keras.Model(inputs, head(KL.Add(name="sum")([x, y]), activation))


def dense_block(activation):
    inputs = images()
    x = KL.Conv2D(4, 3, padding="same", kernel_initializer=he(0), name="conv")(inputs)
    y = KL.Conv2D(2, 1, kernel_initializer=he(1))(x)
    return keras.Model(inputs, head(KL.Concatenate(name="join")([x, y]), activation))


def squeeze_and_excite(activation):
    inputs = images()
    x = KL.DepthwiseConv2D(3, padding="same", depthwise_initializer=he(0), name="conv")(inputs)
    y = KL.GlobalAveragePooling2D(keepdims=True)(x)
    y = KL.Conv2D(3, 1, activation="sigmoid", kernel_initializer=he(1), name="gate")(y)
    return keras.Model([inputs], [head(KL.Multiply(name="product")([x, y]), activation)])


def backbone():
    inputs = keras.Input((None, None, 3))
    x = KL.SeparableConv2D(4, 3, depthwise_initializer=he(0), pointwise_initializer=he(1),
                           name="conv")(inputs)  # fmt: skip
    return keras.Model(inputs, KL.ReLU(name="out")(x), name="backbone")


def nested(activation):
    inputs = images()
    return keras.Model(inputs, head(backbone()(inputs), activation))


def any_size(activation):
    inputs = images(None)
    x = Conv2D(4, 3, activation="relu", kernel_initializer=he(0), name="conv")(inputs)
    return keras.Model(inputs, head(x, activation))


def float64(activation):
    inputs = images(dtype="float64")
    x = Conv2D(4, 3, activation="relu", kernel_initializer=he(0), name="conv", dtype="float64")
    return keras.Model(inputs, head(x(inputs), activation, "float64"))


def mixed(activation):
    inputs, policy = images(), keras.DTypePolicy("mixed_bfloat16")
    x = Conv2D(4, 3, activation="relu", kernel_initializer=he(0), name="conv", dtype=policy)
    return keras.Model(inputs, head(x(inputs), activation, "float32"))


MODELS = {
    function.__name__: function
    for function in (
        sequential, residual, dense_block, squeeze_and_excite, nested, any_size, float64, mixed,
    )
}  # fmt: skip


@pytest.fixture(scope="module", params=MODELS)
def pair(request):
    """A model that ends in a softmax, the same one that ends in logits, and its convolution."""
    make = MODELS[request.param]
    return make("softmax"), make(None), "backbone/conv" if make is nested else "conv"


@pytest.fixture
def x():
    return np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype("float32")


IMAGE = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def test_a_softmax_at_the_end_changes_no_map(pair, x):
    with_softmax, with_logits, layer = pair
    for method in (
        lambda model: pkv.saliency(model, x),
        lambda model: pkv.smooth_grad(model, x, samples=2),
        lambda model: pkv.grad_cam(model, x, layer, 1),
        lambda model: pkv.occlusion(model, x, window=8, stride=8),
        lambda model: pkv.feature_maps(model, x, [layer])[layer],
        lambda model: pkv.top_activations(model, x, layer).values,
        lambda model: pkv.gradient_field(model, x[0], layer, 3, 4),
    ):
        values = method(with_softmax)
        assert np.isfinite(values).all()
        assert np.abs(values).max() > 0
        np.testing.assert_allclose(values, method(with_logits), rtol=1e-4, atol=1e-6)


def test_every_map_is_the_output_of_its_layer(pair, x):
    model, _, layer = pair
    maps = pkv.feature_maps(model, x)
    assert layer in maps
    assert all(each.shape[0] == 2 and each.ndim == 4 for each in maps.values())
    if layer == "conv":
        first = model.get_layer(layer) if "stem" not in maps else model.get_layer("stem")
        np.testing.assert_allclose(maps[first.name], np.float32(first(x)), rtol=1e-5, atol=1e-6)


def test_each_model_is_drawn_and_its_weights_are_counted(pair, x):
    model, _, layer = pair
    texts = [text.get_text() for text in pkv.plot_architecture(model, x[:1], IMAGE).axes[0].texts]
    assert layer.replace("/", "/\n") in texts
    if model.inputs[0].shape[1] is not None:
        assert sum(row.weights for row in pkv.costs(model)) == model.count_params()


def test_random_weights_change_the_maps_and_are_taken_back(pair, x):
    model, _, layer = pair
    model.trainable = False  # as a frozen backbone
    before = pkv.saliency(model, x)
    names = [name for name, _ in pkv.sanity_check(model, x, pkv.saliency)]
    assert layer in names
    with pkv.randomize(model, [layer]):
        assert not np.allclose(pkv.saliency(model, x), before)
    np.testing.assert_array_equal(pkv.saliency(model, x), before)


def test_images_can_be_made_and_patches_cut_where_layers_follow_one_another(pair, x):
    model, _, layer = pair
    joins = {type(each).__name__ for each in model.layers} & {"Add", "Concatenate", "Multiply"}
    if joins:
        with pytest.raises(
            pk.PetkerasError, match="The layers of the model must follow one another"
        ):
            pkv.maximize_activation(model, model.layers[-1].name, steps=1)
        return
    made = pkv.maximize_activation(model, model.layers[-1].name, steps=2, size=16)
    assert made.shape == (3, 16, 16, 3)
    assert np.isfinite(made).all()
    top = pkv.top_activations(model, x, layer, count=1)
    if model.inputs[0].shape[1] is not None:
        assert pkv.crop_patches(model, np.stack([IMAGE] * 2), layer, top).shape[2:] == (3, 3, 3)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.conv = KL.Conv2D(2, 3, name="conv")

    def call(self, x):
        return self.conv(x)


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 16, 16, 3), np.float32))
    return model


def unbuilt():
    return keras.Sequential([KL.Conv2D(2, 3, name="conv"), KL.Flatten(), KL.Dense(2)])


def two_inputs():
    left, right = images(), images()
    return keras.Model([left, right], head(KL.Add(name="conv")([left, right])))


def two_outputs():
    inputs = images()
    x = KL.Conv2D(2, 3, name="conv")(inputs)
    return keras.Model(inputs, [head(x), KL.Flatten()(x)])


X = np.zeros((1, 16, 16, 3), np.float32)
TOP = pkv.TopActivations(*np.zeros((3, 1, 1), int), values=np.ones((1, 1)))
LOOKS = {
    "saliency": lambda m: pkv.saliency(m, X),
    "smooth_grad": lambda m: pkv.smooth_grad(m, X),
    "grad_cam": lambda m: pkv.grad_cam(m, X, "conv"),
    "occlusion": lambda m: pkv.occlusion(m, X, window=8, stride=8),
    "feature_maps": lambda m: pkv.feature_maps(m, X),
    "plot_answer": lambda m: pkv.plot_answer(m, X, IMAGE, ["a", "b"]),
    "plot_architecture": lambda m: pkv.plot_architecture(m, X, IMAGE),
    "top_activations": lambda m: pkv.top_activations(m, X, "conv"),
    "crop_patches": lambda m: pkv.crop_patches(m, IMAGE[None], "conv", TOP),
    "maximize_activation": lambda m: pkv.maximize_activation(m, "conv"),
    "plot_activation_maximization": lambda m: pkv.plot_activation_maximization(
        m, X, IMAGE[None], "conv", [0]
    ),
    "randomize": lambda m: pkv.randomize(m).__enter__(),
    "cascading_randomization": lambda m: pkv.cascading_randomization(m, X, pkv.saliency),
    "sanity_check": lambda m: pkv.sanity_check(m, X, pkv.saliency),
    "plot_sanity_check": lambda m: pkv.plot_sanity_check(m, X, IMAGE, pkv.saliency),
    "receptive_field": lambda m: pkv.receptive_field(m, "conv", 0, 0),
    "receptive_fields": pkv.receptive_fields,
    "gradient_field": lambda m: pkv.gradient_field(m, X, "conv", 0, 0),
    "plot_receptive_field": lambda m: pkv.plot_receptive_field(m, X, IMAGE),
    "costs": pkv.costs,
    "cost_table": pkv.cost_table,
    "plot_costs": pkv.plot_costs,
    "layer_kernels": lambda m: pkv.layer_kernels(m, "conv"),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_other_kinds_of_models_are_refused_with_what_is_wanted(look):
    for make in (subclassed, unbuilt, two_inputs, two_outputs):
        with pytest.raises(pk.PetkerasError, match="with one input and one output") as told:
            look(make())
        assert "\n" not in str(told.value)


def test_no_function_that_takes_a_model_is_missing_above():
    taking = {n for n in pkv.__all__ if "model" in inspect.signature(getattr(pkv, n)).parameters}
    assert taking == set(LOOKS)


def test_a_second_call_runs_no_python_of_the_model(x):
    model = sequential("softmax")

    def look(count):
        pkv.saliency(model, x[:count])
        pkv.smooth_grad(model, x[:count], samples=2)
        pkv.grad_cam(model, x[:count], "conv")
        pkv.occlusion(model, x[:count], window=8, stride=8)
        pkv.feature_maps(model, x[:count], ["conv"])
        pkv.top_activations(model, x[:count], "conv")

    look(1)
    conv, called = model.get_layer("conv"), []
    with using_calls([(conv, called.append)]):
        look(2)  # compiled for any number of images
    assert not called


def test_maps_instead_of_logits_are_refused(x):
    with pytest.raises(pk.PetkerasError, match=r"must return logits \(batch, classes\)"):
        pkv.saliency(backbone(), x)


def test_costs_of_a_shared_layer_count_its_weights_once():
    inputs, shared = images(), KL.Conv2D(3, 3, padding="same", use_bias=False, name="shared")
    first, second = pkv.costs(keras.Model(inputs, shared(shared(inputs))))
    assert (first.weights, second.weights) == (81, 0)
    assert first.multiply_adds == second.multiply_adds == 81 * 16 * 16


def test_costs_of_separable_and_transposed_convolutions_count_each_product():
    separable = keras.Sequential([images(), KL.SeparableConv2D(5, 3, 2, depth_multiplier=2)])
    (row,) = pkv.costs(separable)
    assert row.multiply_adds == 7 * 7 * (3 * 3 * 3 * 2 + 6 * 5)  # each position, both kernels
    transposed = keras.Sequential([images(), KL.Conv2DTranspose(5, 3, 2)])
    (row,) = pkv.costs(transposed)
    assert row.multiply_adds == 16 * 16 * 3 * 3 * 3 * 5  # each input position
