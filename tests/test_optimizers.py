"""Adam against Keras's Adam and against its own equations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from petkeras import optimizers

SHAPES = [(3, 3, 2, 4), (4,), (7, 5), (5,)]


def hundred_steps(optimizer, steps=100):
    """Follow the same gradients whatever the weights; return all weights after every step."""
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=shape).astype("float32")) for shape in SHAPES]
    path = []
    for step in range(steps):
        gradients = [rng.normal(np.sin(step / 9), size=shape) for shape in SHAPES]
        optimizer.apply([tf.constant(g, tf.float32) for g in gradients], variables)
        path.append(np.concatenate([v.numpy().ravel() for v in variables]))
    return np.array(path)  # (steps, weights)


def assert_same_path(ours, kerass):
    """Compare to 1e-6, relative to the weights' size."""
    distance = np.linalg.norm(ours - kerass, axis=1)
    assert (distance <= 1e-6 * np.linalg.norm(kerass, axis=1)).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"learning_rate": 1e-3},
        {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-5},
        {"learning_rate": 1e-2, "clipnorm": 0.5},
        {"learning_rate": 1e-2, "weight_decay": 0.01},
    ],
)
def test_agrees_with_keras_over_100_steps(arguments):
    ours = hundred_steps(optimizers.Adam(**arguments))
    kerass = hundred_steps(keras.optimizers.Adam(**arguments))
    assert_same_path(ours, kerass)


def test_agrees_with_its_equations_in_float64():
    rng = np.random.default_rng(1)
    w = rng.normal(size=20)
    variable = keras.Variable(w, dtype="float64")
    optimizer = optimizers.Adam(0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
    m = v = np.zeros(20)
    for t in range(1, 21):
        g = rng.normal(size=20)
        optimizer.apply([tf.constant(g)], [variable])
        w, m, v = optimizers.adam_equations(w, m, v, g, t, learning_rate=0.01)
    np.testing.assert_allclose(variable.numpy(), w, rtol=1e-6)  # the learning rate is a float32


def test_the_equations_are_those_of_the_paper():
    g, (w, m, v) = 0.25, optimizers.adam_equations(3.0, 0.5, 0.125, 0.25, 2, 0.1, 0.5, 0.75, 1e-3)
    assert (m, v) == (0.5 * 0.5 + 0.5 * g, 0.75 * 0.125 + 0.25 * g * g)
    m_hat, v_hat = m / (1 - 0.5**2), v / (1 - 0.75**2)  # algorithm 1, with its bias corrections
    epsilon = 1e-3 / np.sqrt(1 - 0.75**2)
    assert w == pytest.approx(3.0 - 0.1 * m_hat / (np.sqrt(v_hat) + epsilon))


def test_takes_a_learning_rate_schedule():
    def schedule():
        return keras.optimizers.schedules.CosineDecay(0.0, 40, warmup_target=0.01, warmup_steps=10)

    ours = hundred_steps(optimizers.Adam(schedule()), steps=60)
    kerass = hundred_steps(keras.optimizers.Adam(schedule()), steps=60)
    assert_same_path(ours, kerass)
    np.testing.assert_array_equal(ours[-1], ours[-2])  # decayed to 0


def small_model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])


def test_works_in_compile_and_survives_saving(tmp_path):
    x = np.random.default_rng(0).normal(size=(32, 6)).astype("float32")
    y = np.eye(3, dtype="float32")[np.arange(32) % 3]
    models = {}
    for name, adam in (("ours", optimizers.Adam), ("keras", keras.optimizers.Adam)):
        models[name] = small_model()
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        models[name].compile(adam(0.01), loss)
        models[name].fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    for mine, theirs in zip(
        models["ours"].get_weights(), models["keras"].get_weights(), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)

    models["ours"].save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.optimizer, optimizers.Adam)
    assert int(loaded.optimizer.iterations) == 12
    for model in (models["ours"], loaded):  # with the moments lost, the two would part
        model.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    for mine, theirs in zip(models["ours"].get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta_1": 1.0}, r"`beta_1` must be in \[0, 1\)\. Received: beta_1=1\.0"),
        ({"beta_2": -0.1}, r"`beta_2` must be in \[0, 1\)\. Received: beta_2=-0\.1"),
        ({"beta_1": None}, r"`beta_1` must be in \[0, 1\)\. Received: beta_1=None"),
        ({"beta_2": "a"}, r"`beta_2` must be in \[0, 1\)\. Received: beta_2='a'"),
        ({"beta_2": np.nan}, r"`beta_2` must be in .* Received: beta_2=nan"),
        ({"epsilon": 0}, r"`epsilon` must be a finite number above 0\. Received: epsilon=0"),
        ({"epsilon": "a"}, r"`epsilon` must be .* Received: epsilon='a'"),
        ({"epsilon": np.inf}, r"`epsilon` must be .* Received: epsilon=inf"),
        ({"learning_rate": -0.1}, r"`learning_rate` must be .* Received: learning_rate=-0\.1"),
        ({"learning_rate": np.nan}, r"`learning_rate` must be .* Received: learning_rate=nan"),
        (
            {"learning_rate": "fast"},
            r"`learning_rate` should be float.*learning_rate=fast",
        ),  # Keras
    ],
)
def test_refuses_what_adam_cannot_use(arguments, message):
    with pytest.raises(ValueError, match=message):
        optimizers.Adam(**arguments)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_refuses_weights_that_it_could_not_move(dtype):
    weight = keras.Variable([1.0, 2.0], dtype=dtype)
    stuck = keras.optimizers.Adam(0.01)  # Keras's does not move bfloat16 weights at all
    stuck.apply([tf.ones(2, dtype)], [weight])
    assert dtype == "float16" or (weight.numpy() == [1.0, 2.0]).all()
    with pytest.raises(ValueError, match=f"^Adam: the weights must be float32 .* dtype={dtype}$"):
        optimizers.Adam(0.01).apply([tf.ones(2, dtype)], [weight])
