"""Do the layers behave as Keras's own do, wherever Keras lets a layer stand?

The twin of a network here is the same network of Keras's own layers, with the same weights.
"""

import inspect
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.testing.test_case import TestCase

from petkeras import layers, optimizers

POLICIES = ["float32", "mixed_bfloat16", "mixed_float16"]
KINDS = ["sequential", "functional", "subclassed"]
ALL_LAYERS = [layers.Conv2D, layers.MaxPool2D, layers.Dropout, layers.Flatten, layers.Dense]
SHAPE = (8, 9, 3)


def close(policy):
    """Return how near two results have to be that were computed in this precision."""
    return {"rtol": 1e-5, "atol": 1e-5} if policy == "float32" else {"rtol": 2e-2, "atol": 2e-2}


def pictures(count, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(size=(count, *shape)).astype("float32")


def stack(module, policy, rate):
    """Return one of each layer, of `petkeras.layers` or of `keras.layers`."""
    return [
        module.Conv2D(4, 3, padding="same", activation="relu", name="conv1", dtype=policy),
        module.MaxPool2D(2, padding="same", name="pool", dtype=policy),
        module.Conv2D(5, (2, 3), 2, padding="valid", activation="tanh", name="conv2", dtype=policy),
        module.Dropout(rate, seed=7, name="drop", dtype=policy),
        module.Flatten(name="flatten", dtype=policy),
        module.Dense(2, name="dense", dtype="float32"),
    ]


@keras.saving.register_keras_serializable(package="test_conformance")
class Subclassed(keras.Model):
    def __init__(self, source, policy, rate, **kwargs):
        super().__init__(**kwargs)
        self.arguments = {"source": source, "policy": policy, "rate": rate}
        module = layers if source == "petkeras" else keras.layers
        self.conv1, self.pool, self.conv2, self.drop, self.flatten, self.dense = stack(
            module, policy, rate
        )

    def call(self, x, training=False):
        x = self.conv2(self.pool(self.conv1(x)))
        x = self.drop(x, training=training)
        return self.dense(self.flatten(x))

    def get_config(self):
        return {**super().get_config(), **self.arguments}


def network(kind="functional", policy="float32", rate=0.0, source="petkeras"):
    """Return a network of all five layers that starts from always the same weights."""
    module = layers if source == "petkeras" else keras.layers
    if kind == "sequential":
        model = keras.Sequential([keras.Input(SHAPE), *stack(module, policy, rate)])
    elif kind == "functional":
        x = images = keras.Input(SHAPE)
        for layer in stack(module, policy, rate):
            x = layer(x)
        model = keras.Model(images, x)
    else:
        model = Subclassed(source, policy, rate)
        model(pictures(1))
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.3, size=w.shape) for w in model.get_weights()])
    return model


def assert_equal_weights(one, two, **tolerance):
    for mine, theirs in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, **tolerance)


# Keras's battery

BATTERY = {
    "conv2d, same": (
        layers.Conv2D,
        {
            "filters": 4,
            "kernel_size": 3,
            "dilation_rate": 2,
            "activation": "elu",
            "use_bias": False,
            "kernel_regularizer": "l2",
            "kernel_constraint": "non_neg",
        },
        (2, 8, 8, 3),
        (2, 8, 8, 4),
    ),
    "conv2d, valid": (
        layers.Conv2D,
        {
            "filters": 4,
            "kernel_size": (3, 2),
            "strides": 2,
            "padding": "valid",
            "activation": "relu",
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
        },
        (2, 8, 8, 3),
        (2, 3, 4, 4),
    ),
    "max_pool2d, same": (layers.MaxPool2D, {}, (2, 7, 8, 3), (2, 4, 4, 3)),
    "max_pool2d, valid": (
        layers.MaxPool2D,
        {"pool_size": (3, 2), "strides": (1, 2), "padding": "valid"},
        (2, 7, 8, 3),
        (2, 5, 4, 3),
    ),
    "dropout": (
        layers.Dropout,
        {"rate": 0.4, "seed": 7, "noise_shape": (None, 1, 4)},
        (2, 3, 4),
        (2, 3, 4),
    ),
    "flatten": (layers.Flatten, {}, (2, 3, 4, 5), (2, 60)),
    "dense": (
        layers.Dense,
        {"units": 5, "activation": "softmax", "kernel_regularizer": "l1", "bias_regularizer": "l2"},
        (2, 3, 6),
        (2, 3, 5),
    ),
}


@pytest.fixture
def battery():
    yield TestCase()
    keras.config.enable_traceback_filtering()  # which the battery disables


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", BATTERY)
def test_passes_kerass_battery(case, policy, battery):
    layer, arguments, shape, output_shape = BATTERY[case]
    has_weights = layer in (layers.Conv2D, layers.Dense)
    battery.setUp()
    battery.run_layer_test(
        layer,
        init_kwargs={**arguments, "dtype": policy, "name": "under_test"},
        input_shape=shape,
        call_kwargs={"training": True} if layer is layers.Dropout else None,
        expected_output_shape=output_shape,
        expected_output_dtype=policy.removeprefix("mixed_"),
        expected_num_trainable_weights=1 + arguments.get("use_bias", True) if has_weights else 0,
        expected_num_non_trainable_weights=0,
        expected_num_non_trainable_variables=1 if layer is layers.Dropout else 0,
        expected_num_seed_generators=1 if layer is layers.Dropout else 0,
        expected_num_losses=sum(name.endswith("regularizer") for name in arguments),
        supports_masking=layer in (layers.Dropout, layers.Dense),
        assert_built_after_instantiation=not has_weights,
    )


# In every kind of model


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_computes_what_its_twin_does(kind, policy):
    x = pictures(4)
    ours, twin = network(kind, policy), network(kind, policy, source="keras")
    np.testing.assert_allclose(ours(x), twin(x), **close(policy))
    assert ours.count_params() == twin.count_params() == 4 * 28 + 5 * 25 + 2 * 21


def fitted(model, optimizer, policy="float32"):
    x, y = pictures(20, seed=2), np.eye(2, dtype="float32")[np.arange(20) % 2]
    if policy == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=64.0)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)  # XLA takes seconds; the battery uses it
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)  # the last batch is of 4
    return model


@pytest.fixture(scope="module")
def fitted_twin():
    """The twin, trained by Keras's Adam, for each policy."""
    twins = {}

    def make(policy):
        if policy not in twins:
            model = network("functional", policy, source="keras")
            twins[policy] = fitted(model, keras.optimizers.Adam(0.01), policy)
        return twins[policy]

    return make


@pytest.mark.parametrize(
    ("kind", "adam", "policy"),
    [
        ("sequential", optimizers.Adam, "float32"),
        ("functional", optimizers.Adam, "float32"),
        ("subclassed", optimizers.Adam, "float32"),
        ("functional", keras.optimizers.Adam, "float32"),
        ("functional", optimizers.Adam, "mixed_bfloat16"),
        ("functional", optimizers.Adam, "mixed_float16"),
    ],
)
def test_fit_trains_as_the_twin_does(kind, adam, policy, fitted_twin):
    model = network(kind, policy)
    before = model.get_weights()
    fitted(model, adam(0.01), policy)
    assert_equal_weights(model, fitted_twin(policy), **close(policy))
    moved = [abs(new - old).max() for old, new in zip(before, model.get_weights(), strict=True)]
    assert min(moved) > 0.01  # and all weights did learn


@pytest.mark.parametrize("kind", KINDS)
def test_a_clone_has_the_layers_and_not_the_weights(kind):
    model = network(kind, "mixed_bfloat16", rate=0.5)
    clone = keras.models.clone_model(model)
    x = pictures(3)
    clone(x)
    for one, two in zip(clone.layers[-6:], model.layers[-6:], strict=True):
        assert type(one) is type(two)
        assert one.get_config() == two.get_config()
    assert not np.allclose(clone(x), model(x))
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone(x), model(x))
    dropped = model(x, training=True)
    np.testing.assert_array_equal(clone(x, training=True), dropped)  # the seed is the layer's
    model.set_weights([weight * 0 for weight in model.get_weights()])
    assert all(weight.any() for weight in clone.get_weights())


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_keras_file_loads_in_safe_mode_and_gives_the_same(kind, policy, tmp_path):
    model, x = network(kind, policy, rate=0.5), pictures(4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded(x), model(x))
    np.testing.assert_array_equal(loaded(x, training=True), model(x, training=True))
    for one, two in zip(loaded.layers, model.layers, strict=True):
        assert type(one) is type(two)
        assert one.get_config() == two.get_config()


def test_saved_weights_load_into_the_twin(tmp_path):
    network().save_weights(tmp_path / "ours.weights.h5")
    twin, x = network(source="keras"), pictures(2)
    twin.set_weights([weight * 0 for weight in twin.get_weights()])
    twin.load_weights(tmp_path / "ours.weights.h5")
    np.testing.assert_allclose(twin(x), network()(x), **close("float32"))


@pytest.mark.parametrize(
    ("kind", "policy"),
    [*((kind, "float32") for kind in KINDS), *(("functional", p) for p in POLICIES[1:])],
)
def test_an_exported_model_serves_batches_of_any_size(kind, policy, tmp_path):
    model = network(kind, policy, rate=0.5)
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(tmp_path / "saved")
    twin = network(kind, policy, source="keras")
    for count in (1, 5):
        x = pictures(count)
        np.testing.assert_allclose(saved.serve(x), twin(x), **close(policy))  # nothing is dropped


def test_an_exported_model_serves_pictures_of_any_size(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, 2, activation="relu"),
            layers.MaxPool2D(2, 1, padding="valid"),
        ]
    )
    model.export(tmp_path / "saved", verbose=False)
    saved = tf.saved_model.load(tmp_path / "saved")
    for count, size in ((2, (5, 8, 3)), (1, (12, 3, 3))):
        x = pictures(count, size)
        np.testing.assert_allclose(saved.serve(x), model(x), **close("float32"))
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="must be at least 2 pixels high and 2 wide"
    ):
        saved.serve(pictures(1, (2, 9, 3)))


# In a graph


@pytest.mark.parametrize("kind", KINDS)
def test_a_graph_of_unknown_batch_size_is_traced_once(kind):
    model, twin = network(kind), network(kind, source="keras")
    function = tf.function(model, input_signature=[tf.TensorSpec((None, *SHAPE))])
    for count in (1, 4, 7):
        x = pictures(count, seed=count)
        np.testing.assert_allclose(function(x), twin(x), **close("float32"))
    assert function.experimental_get_tracing_count() == 1
    came = model.predict(x, batch_size=3, verbose=0)  # two batches of 3, and one of 1
    np.testing.assert_allclose(came, twin(x), **close("float32"))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("name", ["Conv2D", "MaxPool2D"])
def test_a_graph_of_unknown_height_and_width_takes_every_size(name, padding, policy):
    arguments = (3, (3, 2)) if name == "Conv2D" else ((3, 2),)
    ours = getattr(layers, name)(*arguments, strides=2, padding=padding, dtype=policy)
    twin = getattr(keras.layers, name)(*arguments, strides=2, padding=padding, dtype=policy)
    function = tf.function(ours, input_signature=[tf.TensorSpec((None, None, None, 3))])
    for layer in (ours, twin):
        layer.build((None, None, None, 3))
    twin.set_weights(ours.get_weights())
    for count, size in ((2, (5, 7)), (1, (9, 4)), (3, (3, 2))):
        x = pictures(count, (*size, 3))
        y, wanted = function(x), twin(x)
        assert y.shape == wanted.shape
        np.testing.assert_allclose(
            np.asarray(y, "float32"), np.asarray(wanted, "float32"), **close(policy)
        )
    assert function.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("filters", [3, 2])  # with as many as channels, TensorFlow raises nothing
@pytest.mark.parametrize("policy", POLICIES)
def test_a_graph_refuses_pictures_smaller_than_a_window(policy, filters):
    signature = [tf.TensorSpec((None, None, None, 3))]
    for layer in (
        layers.Conv2D(filters, (3, 2), padding="valid", dtype=policy),
        layers.MaxPool2D((3, 2), 1, padding="valid", dtype=policy),
    ):
        function = tf.function(layer, input_signature=signature)
        message = (
            f"{type(layer).__name__}: without padding the input must be at least 3 pixels "
            "high and 2 wide"
        )
        for size in ((2, 2), (3, 1), (1, 1)):
            with pytest.raises(tf.errors.InvalidArgumentError, match=message):
                function(pictures(2, (*size, 3)))


def test_a_graph_flattens_pictures_of_any_size_for_which_dense_has_no_weights():
    signature = [tf.TensorSpec((None, None, None, 2))]
    flatten = tf.function(layers.Flatten(), input_signature=signature)
    for size in ((3, 4, 2), (5, 1, 2)):
        x = pictures(3, size)
        np.testing.assert_array_equal(flatten(x), x.reshape(3, -1))
    dense = layers.Dense(2)
    function = tf.function(lambda x: dense(flatten(x)), input_signature=signature)
    with pytest.raises(ValueError, match=r"known number of features.*Received: shape=\(None, None"):
        function.get_concrete_function()


# Shapes


@given(
    batch=st.integers(1, 3),
    size=st.tuples(st.integers(1, 8), st.integers(1, 8)),
    window=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.sampled_from(["same", "valid"]),
    policy=st.sampled_from(POLICIES),
    pool=st.booleans(),
)
@settings(max_examples=60)
def test_promised_shapes_and_dtypes_are_those_that_come(
    batch, size, window, strides, padding, policy, pool
):
    def make(module=layers):
        options = {"strides": strides, "padding": padding, "dtype": policy}
        if pool:
            return module.MaxPool2D(window, **options)
        return module.Conv2D(5, window, **options)

    shape = (batch, *size, 2)
    symbol = keras.KerasTensor(shape)
    ways = [
        lambda: make().compute_output_shape(shape),
        lambda: make().compute_output_spec(symbol),
        lambda: make()(symbol),
        lambda: make()(tf.ones(shape)),
    ]
    if padding == "valid" and (window[0] > size[0] or window[1] > size[1]):
        for way in ways:
            with pytest.raises(ValueError, match=r"'valid'.*_size`.*Received: .*_size=\(\d, \d\)"):
                way()
        return
    promised, spec, symbolic, real = (way() for way in ways)
    wanted = tuple(make(keras.layers)(tf.ones(shape)).shape)
    assert promised == spec.shape == symbolic.shape == tuple(real.shape) == wanted
    assert spec.dtype == symbolic.dtype == real.dtype == policy.removeprefix("mixed_")
    assert make().compute_output_shape((None, *shape[1:])) == (None, *wanted[1:])
    unknown = make()(keras.Input((None, None, 2)))
    assert unknown.shape == (None, None, None, wanted[3])


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=5).map(tuple),
    policy=st.sampled_from(POLICIES),
    training=st.booleans(),
)
def test_flatten_dropout_and_dense_promise_what_comes(shape, policy, training):
    dtype = policy.removeprefix("mixed_")
    flat = (shape[0], int(np.prod(shape[1:])))
    for make, came, wanted in (
        (lambda: layers.Flatten(dtype=policy), shape, flat),
        (lambda: layers.Dropout(0.5, dtype=policy), shape, shape),
        (lambda: layers.Dense(3, dtype=policy), (*shape, 2), (*shape, 3)),
    ):
        options = {"training": training} if isinstance(make(), layers.Dropout) else {}
        symbolic = make()(keras.KerasTensor(came), **options)
        real = make()(tf.ones(came), **options)
        assert make().compute_output_shape(came) == wanted
        assert make().compute_output_shape((None, *came[1:])) == (None, *wanted[1:])
        assert symbolic.shape == tuple(real.shape) == wanted
        assert symbolic.dtype == real.dtype == dtype


# Configs and precisions


@given(
    filters=st.integers(1, 9),
    window=st.integers(1, 5) | st.tuples(st.integers(1, 5), st.integers(1, 5)),
    strides=st.none() | st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["same", "valid"]),
    activation=st.sampled_from(list(layers.ACTIVATIONS)),
    initializer=st.sampled_from(["zeros", "he_normal", keras.initializers.Constant(0.5)]),
    regularizer=st.sampled_from([None, "l2", keras.regularizers.L1(0.5)]),
    constraint=st.sampled_from([None, "non_neg", keras.constraints.MaxNorm(2)]),
    use_bias=st.booleans(),
    noise_shape=st.sampled_from([None, (None, 1), [2, 1, None]]),
    rate=st.floats(0, 1, exclude_max=True),
    seed=st.none() | st.integers(0, 2**31),
    policy=st.sampled_from([*POLICIES, "float64"]),
    trainable=st.booleans(),
)
def test_a_config_makes_the_same_layer_and_is_that_of_the_twin(
    filters, window, strides, padding, activation, initializer, regularizer, constraint, use_bias,
    noise_shape, rate, seed, policy, trainable,
):  # fmt: skip
    common = {"dtype": policy, "trainable": trainable, "name": "layer"}
    ends = {
        "use_bias": use_bias,
        "kernel_initializer": initializer,
        "bias_initializer": initializer,
        "kernel_regularizer": regularizer,
        "bias_constraint": constraint,
    }

    def make(module):
        return [
            module.Conv2D(
                filters, window, strides or 1, padding, activation=activation, **ends, **common
            ),
            module.MaxPool2D(window, strides, padding, **common),
            module.Dropout(rate, seed=seed, noise_shape=noise_shape, **common),
            module.Flatten(**common),
            module.Dense(filters, activation, **ends, **common),
        ]

    for layer, twin in zip(make(layers), make(keras.layers), strict=True):
        config, wanted = layer.get_config(), twin.get_config()
        text = json.dumps(keras.saving.serialize_keras_object(layer))
        again = keras.saving.deserialize_keras_object(json.loads(text), safe_mode=True)
        assert type(again) is type(layer)
        assert again.get_config() == type(layer).from_config(config).get_config() == config
        assert config.keys() >= inspect.signature(type(layer)).parameters.keys() - {"kwargs"}
        config["activation"] = config.get("activation") or "linear"  # as Keras calls none
        shared = config.keys() & wanted.keys() | inspect.signature(type(layer)).parameters.keys()
        shared -= {"kwargs"}
        assert {name: config[name] for name in shared} == {name: wanted[name] for name in shared}


def test_each_layer_keeps_its_own_precision(tmp_path):
    policies = ["mixed_bfloat16", "float32", "mixed_float16", "float64", "float32", "mixed_float16"]
    model = keras.Sequential([keras.Input(SHAPE)])
    for layer, policy in zip(stack(layers, None, 0.5), policies, strict=True):
        model.add(type(layer).from_config({**layer.get_config(), "dtype": policy}))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for network in (model, loaded):
        x = pictures(2)
        for layer, policy in zip(network.layers, policies, strict=True):
            x = layer(x)
            assert layer.dtype_policy.name == policy
            assert x.dtype == layer.output.dtype == policy.removeprefix("mixed_")
            wanted = "float64" if policy == "float64" else "float32"
            assert {weight.dtype for weight in layer.weights} <= {wanted}
    np.testing.assert_array_equal(model(pictures(2)), loaded(pictures(2)))


@pytest.mark.parametrize("policy", POLICIES)
def test_layers_take_kerass_global_policy(policy):
    keras.config.set_dtype_policy(policy)
    try:
        made = stack(layers, None, 0.5)[:-1]
    finally:
        keras.config.set_dtype_policy("float32")
    x = pictures(2)
    for layer in made:
        x = layer(x)
        assert x.dtype == policy.removeprefix("mixed_")


# Frozen, shared, nested


def test_frozen_layers_stay_and_the_others_learn(tmp_path):
    model = network(rate=0.5)
    for name in ("conv1", "dense"):
        model.get_layer(name).trainable = False
    assert [weight.path for weight in model.trainable_weights] == ["conv2/kernel", "conv2/bias"]
    before = {weight.path: weight.numpy() for weight in model.weights}
    fitted(model, optimizers.Adam(0.01))
    for weight in model.weights:
        moved = (weight.numpy() != before[weight.path]).any()
        assert moved == weight.path.startswith("conv2"), weight.path
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in loaded.layers if not layer.trainable] == ["conv1", "dense"]


def siamese(module):
    """Return a model that uses each of its layers twice, the convolution at two sizes."""
    near, far = keras.Input((8, 9, 3), name="near"), keras.Input((7, 12, 3), name="far")
    conv = module.Conv2D(3, 3, 2, "same", activation="tanh", name="conv")
    pool = module.MaxPool2D((2, 3), 1, "valid", name="pool")
    flatten, dense = module.Flatten(name="flatten"), module.Dense(3, "tanh", name="dense")
    ends = [keras.layers.GlobalAveragePooling2D()(pool(conv(conv(x)))) for x in (near, far)]
    return keras.Model(
        [near, far], keras.layers.Subtract()([dense(dense(flatten(e))) for e in ends])
    )


def test_a_shared_layer_is_one_layer(tmp_path):
    ours, twin = siamese(layers), siamese(keras.layers)
    twin.set_weights(ours.get_weights())
    assert ours.count_params() == twin.count_params() == 3 * 28 + 3 * 4
    x = [pictures(4, (8, 9, 3)), pictures(4, (7, 12, 3))]
    np.testing.assert_allclose(ours(x), twin(x), **close("float32"))
    gradients = []
    for model in (ours, twin):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(x) ** 2)
        gradients.append(tape.gradient(loss, model.trainable_variables))
    for mine, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine, theirs, **close("float32"))
    ours.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == 4
    np.testing.assert_array_equal(loaded(x), ours(x))


def test_a_model_stands_in_a_model(tmp_path):
    inner = network("sequential", rate=0.5)
    images = keras.Input(SHAPE)
    half = keras.Sequential([keras.Input((2,)), layers.Dropout(0.5, seed=1), layers.Dense(3)])
    outer = keras.Sequential([keras.Model(images, inner(images), name="middle"), half])
    x = pictures(4)
    outer(x)
    kernel, bias = (weight.numpy() for weight in half.weights)
    np.testing.assert_allclose(outer(x), inner(x) @ kernel + bias, **close("float32"))
    for model in (keras.models.clone_model(outer), outer):
        model(x)
        assert len(model.trainable_weights) == 8
        assert model.count_params() == inner.count_params() + 9
    outer.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), outer(x))
    np.testing.assert_array_equal(loaded(x, training=True), outer(x, training=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_summary_names_layers_shapes_and_counts(kind):
    lines = []
    network(kind).summary(print_fn=lines.append)
    text = "\n".join(lines)
    rows = [
        ("conv1 (Conv2D)", "(None, 8, 9, 4)", 3 * 3 * 3 * 4 + 4),
        ("pool (MaxPool2D)", "(None, 4, 5, 4)", 0),
        ("conv2 (Conv2D)", "(None, 2, 2, 5)", 2 * 3 * 4 * 5 + 5),
        ("drop (Dropout)", "(None, 2, 2, 5)", 0),
        ("flatten (Flatten)", "(None, 20)", 0),
        ("dense (Dense)", "(None, 2)", 20 * 2 + 2),
    ]
    for name, shape, count in rows:
        row = next(line for line in text.splitlines() if name in line)
        assert shape in row or kind == "subclassed", row
        assert f" {count} " in row
    assert "Total params: 279" in text


# Messages

BAD_NUMBERS = [0, -1, 2.5, "3", None, True, [1, 2], np.nan]
BAD_WINDOWS = [0, -1, 2.5, "3", "33", True, (1, 2, 3), (2, 0), (2, None), (2, True), {}]
BAD_PADDINGS = ["full", "", None, 1, ["same"]]
BAD_ACTIVATIONS = ["nope", "", 1, True, ["relu"], {}]
BAD_INITIALIZERS = ["nope", None, 3, 0.5, {}, ["zeros"]]
BAD_PARTS = ["nope", 3, True, {}, ["l2"]]
BAD_FORMATS = ["channels_first", "NHWC", 1]
BAD_WEIGHTS = {
    "activation": BAD_ACTIVATIONS,
    "use_bias": [1, None, "yes"],
    "kernel_initializer": BAD_INITIALIZERS,
    "bias_initializer": BAD_INITIALIZERS,
    "kernel_regularizer": BAD_PARTS,
    "bias_regularizer": BAD_PARTS,
    "kernel_constraint": BAD_PARTS,
    "bias_constraint": BAD_PARTS,
}
BAD_ARGUMENTS = {
    layers.Conv2D: {
        "filters": BAD_NUMBERS,
        "kernel_size": [*BAD_WINDOWS, None],
        "strides": [*BAD_WINDOWS, None],
        "padding": BAD_PADDINGS,
        "dilation_rate": [*BAD_WINDOWS, None],
        "data_format": BAD_FORMATS,
        **BAD_WEIGHTS,
    },
    layers.MaxPool2D: {
        "pool_size": [*BAD_WINDOWS, None],
        "strides": BAD_WINDOWS,
        "padding": BAD_PADDINGS,
        "data_format": BAD_FORMATS,
    },
    layers.Dropout: {
        "rate": [1, -0.1, 2, np.nan, np.inf, "half", None, True, [0.5], 1j],
        "seed": [1.5, "1", True, [1], np.nan],
        "noise_shape": ["12", 3, True, (2, 0), (2, -1), (2, 1.5)],
    },
    layers.Flatten: {"data_format": BAD_FORMATS},
    layers.Dense: {"units": BAD_NUMBERS, **BAD_WEIGHTS},
}
GOOD_ARGUMENTS = {
    layers.Conv2D: {"filters": 2, "kernel_size": 3},
    layers.Dropout: {"rate": 0.5},
    layers.Dense: {"units": 2},
}


@pytest.mark.parametrize("layer", ALL_LAYERS)
def test_every_argument_is_checked_and_the_message_names_it(layer):
    assert set(BAD_ARGUMENTS[layer]) == inspect.signature(layer).parameters.keys() - {"kwargs"}
    for argument, values in BAD_ARGUMENTS[layer].items():
        for value in values:
            with pytest.raises(
                ValueError, match=f"^{layer.__name__}: `{argument}` must be"
            ) as raised:
                layer(**{**GOOD_ARGUMENTS.get(layer, {}), argument: value})
            message = str(raised.value)
            assert message.endswith(f"Received: {argument}={value!r}")
            assert "\n" not in message.removesuffix(repr(value))
    with pytest.raises(ValueError, match=r"Unrecognized keyword .*kernel_sizes"):  # says Keras
        layer(**GOOD_ARGUMENTS.get(layer, {}), kernel_sizes=2)


def test_numbers_of_numpy_are_numbers():
    conv = layers.Conv2D(np.int64(2), (np.int32(3), np.uint8(3)), strides=np.int64(2))
    dropout = layers.Dropout(np.float32(0.5), seed=np.int64(3))
    dense = layers.Dense(np.int16(4), use_bias=np.True_)
    json.dumps([layer.get_config() for layer in (conv, dropout, dense)])
    assert conv(pictures(1)).shape == (1, 4, 5, 2)
    drawn = layers.Dropout(0.5, seed=3)(pictures(1), training=True)
    np.testing.assert_array_equal(dropout(pictures(1), training=True), drawn)


IMAGES, ROWS = (None, 8, 9, 3), (None, 6)


@pytest.mark.parametrize(
    ("layer", "shape", "bad", "wanted"),
    [
        (layers.Conv2D(4, 3), IMAGES, (2, 8, 9, 6), "kernels expect 3 channels"),
        (layers.Conv2D(4, 3), IMAGES, (8, 9, 3), "4-D"),
        (layers.Conv2D(4, 3), IMAGES, (0, 8, 9, 3), "must hold an image"),
        (layers.Conv2D(4, 3), IMAGES, (2, 0, 9, 3), "must hold an image"),
        (layers.Conv2D(4, 3, padding="valid"), IMAGES, (2, 2, 9, 3), "at most the input's height"),
        (
            layers.Conv2D(4, 3, padding="valid", dilation_rate=3),
            IMAGES,
            (2, 8, 6, 3),
            "at most the input's height",
        ),
        (layers.MaxPool2D(3), IMAGES, (2, 8, 9), "4-D"),
        (layers.MaxPool2D(3, padding="valid"), IMAGES, (2, 8, 2, 3), "at most the input's height"),
        (layers.MaxPool2D(3), IMAGES, (2, 8, 9, 0), "must hold an image"),
        (layers.Flatten(), IMAGES, (), "must have a batch axis"),
        (layers.Flatten(), IMAGES, (2, 0, 3), "above 0"),
        (layers.Dense(4), ROWS, (2, 7), "kernel expects 6 features"),
        (layers.Dense(4), ROWS, (2, 3, 7), "kernel expects 6 features"),
        (layers.Dense(4), ROWS, (6,), "known number of features"),
        (layers.Dense(4), ROWS, (2, 0), "known number of features"),
        (layers.Dropout(0.5, noise_shape=(None, 1)), ROWS, (2, 6, 3), "`noise_shape` must have"),
        (layers.Dropout(0.5, noise_shape=(None, 3)), (None, 3), (2, 6), "`noise_shape` must have"),
    ],
)
@pytest.mark.parametrize("built", [True, False])
def test_an_input_that_does_not_fit_is_refused_in_every_call(layer, shape, bad, wanted, built):
    layer = type(layer).from_config(layer.get_config())
    if built:
        layer.build(shape)
    elif "expect" in wanted:
        layer(np.ones((2, *shape[1:]), "float32"))
    message = f"{type(layer).__name__}: .*{wanted}.*Received: .*shape="
    for give in (layer, tf.function(layer)):
        with pytest.raises(ValueError, match=message):
            give(tf.ones(bad))
    with pytest.raises(ValueError, match=message):
        layer(keras.KerasTensor(bad))
    with pytest.raises(ValueError, match=message):
        layer.compute_output_shape(bad)


@pytest.mark.parametrize("layer", ALL_LAYERS)
def test_pictures_of_whole_numbers_are_cast_and_complex_ones_refused(layer):
    made = layer(**GOOD_ARGUMENTS.get(layer, {}))
    x = np.random.default_rng(0).integers(0, 2, (2, 8, 9, 3))
    wanted = made(x.astype("float32"))
    for dtype in ("uint8", "int32", "bool"):
        symbol = keras.Input(x.shape[1:], dtype=dtype)
        model = keras.Model(symbol, made(symbol))
        for came in (made(x.astype(dtype)), made(tf.constant(x, dtype)), model(x.astype(dtype))):
            assert came.dtype == model.output.dtype == "float32"
            np.testing.assert_array_equal(came, wanted)
    message = f"^{layer.__name__}: .*floating-point, integer or bool dtype.*dtype=complex64$"
    for came in (x.astype("complex64"), keras.KerasTensor(x.shape, "complex64")):
        with pytest.raises(ValueError, match=message):
            made(came)
    assert made(x.astype("float64")).dtype == "float32"  # float64 is cast by Keras


def test_flatten_never_mixes_pictures():
    flatten = layers.Flatten()
    flatten(pictures(2))
    x = pictures(4, (4, 9, 3))  # half as high as the first
    np.testing.assert_array_equal(flatten(x), keras.layers.Flatten()(x))
