"""The engine, in JavaScript and WebAssembly, against TensorFlow and NumPy in a real browser."""

import base64
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow as tf
from explorer.browser import WEB, call, open_page

ENGINES = ("javascript", "wasm")
# height, width, channels, filters, kernel, strides, padding, dilation
CASES = [
    (9, 9, 3, 8, (3, 3), (1, 1), "same", (1, 1)),
    (9, 8, 5, 6, (3, 3), (2, 2), "same", (1, 1)),
    (10, 7, 4, 7, (5, 3), (1, 2), "valid", (1, 1)),
    (12, 11, 8, 1, (7, 7), (1, 1), "same", (1, 1)),
    (12, 11, 7, 1, (2, 4), (3, 2), "same", (1, 1)),
    (8, 8, 16, 32, (1, 1), (1, 1), "valid", (1, 1)),
    (13, 12, 3, 12, (3, 2), (1, 1), "same", (2, 3)),
    (13, 12, 2, 4, (3, 3), (1, 1), "valid", (3, 2)),
    (5, 21, 6, 16, (4, 4), (2, 5), "same", (1, 1)),
    (3, 3, 1, 3, (5, 5), (4, 4), "same", (1, 1)),
]
CONV = """async ({engine: {createEngine}}, {wasm, input, layers, exact}) => {
  const engine = await createEngine(wasm);
  return layers.map(([input, layer]) => engine.conv(input, layer, {exact}));
}"""


@pytest.fixture(scope="module")
def page(browser):
    page = open_page(browser)
    yield page
    page.close()


@pytest.fixture(params=ENGINES)
def wasm(request):
    """The engine's bytes, or `None` for the engine in JavaScript."""
    return wasm_bytes() if request.param == "wasm" else None


def wasm_bytes(file=WEB / "engine.wasm"):
    return np.frombuffer(file.read_bytes(), np.uint8)


def maps(x):
    height, width, channels = x.shape
    return {"data": x, "height": height, "width": width, "channels": channels}


def from_maps(maps):
    return maps["data"].reshape(maps["height"], maps["width"], maps["channels"])


def convolution(case, seed):
    """Return a case's input, what the engine takes for it, and TensorFlow's result."""
    height, width, channels, filters, size, strides, padding, dilation = case
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(height, width, channels)).astype("float32")
    kernel = rng.normal(size=(*size, channels, filters)).astype("float32")
    bias = rng.normal(size=filters).astype("float32")
    layer = {"kernel": kernel, "size": size, "filters": filters, "bias": bias, "relu": True}
    layer |= {"strides": strides, "padding": padding, "dilation": dilation}
    y = tf.nn.convolution(x[None], kernel, strides, padding.upper(), dilations=dilation)
    return [maps(x), layer], tf.nn.relu(y + bias)[0].numpy()


@pytest.fixture(scope="module")
def convolutions():
    layers, expected = zip(*(convolution(case, n) for n, case in enumerate(CASES)), strict=True)
    return list(layers), list(expected)


@pytest.mark.parametrize("exact", [False, True])
def test_convolution_equals_tensorflow(page, wasm, convolutions, exact):
    layers, expected = convolutions
    for result, y in zip(
        call(page, "engine", CONV, wasm=wasm, layers=layers, exact=exact), expected, strict=True
    ):
        np.testing.assert_allclose(from_maps(result), y, rtol=1e-6, atol=1e-6 * np.abs(y).max())


def test_exact_order_is_the_same_in_both_engines_and_in_numpy(page, convolutions):
    layers, _ = convolutions
    ours, others = (
        call(page, "engine", CONV, wasm=wasm, layers=layers, exact=True)
        for wasm in (None, wasm_bytes())
    )
    for one, other in zip(ours, others, strict=True):
        np.testing.assert_array_equal(one["data"], other["data"])
    x, layer = from_maps(layers[0][0]), layers[0][1]
    window = np.pad(x, ((1, 1), (1, 1), (0, 0)))[4:7, 2:5]  # row 4, column 2
    total = np.float32(0)
    for value, weight in zip(window.ravel(), layer["kernel"][..., 5].ravel(), strict=True):
        total = np.float32(total + np.float64(value) * weight)
    assert from_maps(ours[0])[4, 2, 5] == max(total + layer["bias"][5], 0)


def test_slices_of_rows_equal_the_whole(page, wasm, convolutions):
    script = """async ({engine: {createEngine}, windows: {emptyOutput}}, {wasm, layers}) => {
      const engine = await createEngine(wasm);
      return layers.map(([input, layer]) => {
        const output = emptyOutput(input, layer);
        for (let from = 0; from < output.height; from += 2) {
          const to = Math.min(from + 2, output.height);
          engine.conv(input, layer, {exact: true, output, from, to});
        }
        return [output.data, engine.conv(input, layer, {exact: true}).data];
      });
    }"""
    layers, _ = convolutions
    for sliced, whole in call(page, "engine windows", script, wasm=wasm, layers=layers):
        np.testing.assert_array_equal(sliced, whole)


def test_pools_equal_tensorflow(page, wasm):
    script = """async ({engine: {createEngine}}, {wasm, pools}) => {
      const engine = await createEngine(wasm);
      return pools.map(([input, layer]) => (
        [engine.maxPool(input, layer), engine.averagePool(input, layer),
         engine.globalAveragePool(input)]));
    }"""
    pools, expected = [], []
    for n, (height, width, channels, _, size, strides, padding, _) in enumerate(CASES):
        x = np.random.default_rng(n).normal(size=(height, width, channels)).astype("float32")
        pools.append([maps(x), {"size": size, "strides": strides, "padding": padding}])
        expected.append(
            [
                tf.nn.max_pool2d(x[None], size, strides, padding.upper())[0],
                tf.nn.avg_pool2d(x[None], size, strides, padding.upper())[0],
                tf.reduce_mean(x, [0, 1], keepdims=True),
            ]
        )
    results = call(page, "engine", script, wasm=wasm, pools=pools)
    for (largest, mean, whole), (max_pool, avg_pool, global_pool) in zip(
        results, expected, strict=True
    ):
        np.testing.assert_array_equal(from_maps(largest), max_pool)
        np.testing.assert_allclose(from_maps(mean), avg_pool, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(from_maps(whole), global_pool, rtol=1e-6, atol=1e-6)


def test_batch_normalization_and_relu_equal_tensorflow(page, wasm):
    script = """async ({engine: {createEngine}}, {wasm, x, weights}) => {
      const engine = await createEngine(wasm);
      const {mean, variance} = weights;
      return [engine.batchNorm(x, {...weights, epsilon: 0.001}),
        engine.relu(engine.batchNorm(x, {mean, variance, epsilon: 0.001}))];
    }"""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 5, 6)).astype("float32")
    mean, gamma, beta = rng.normal(size=(3, 6)).astype("float32")
    variance = rng.uniform(0.1, 2, 6).astype("float32")
    weights = {"mean": mean, "variance": variance, "gamma": gamma, "beta": beta}
    full, plain = call(page, "engine", script, wasm=wasm, x=maps(x), weights=weights)
    y = tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)
    np.testing.assert_allclose(from_maps(full), y, rtol=1e-5, atol=1e-6)
    y = tf.nn.relu(tf.nn.batch_normalization(x, mean, variance, None, None, 1e-3))
    np.testing.assert_allclose(from_maps(plain), y, rtol=1e-5, atol=1e-6)


def matrices(features, units):
    """Return a matrix of each kind, with the values that it stands for."""
    rng = np.random.default_rng(units)
    size = {"features": features, "units": units}
    kernel = rng.normal(size=(features, units)).astype("float32")
    yield dict(kind="float32", kernel=kernel, **size), kernel
    scale = rng.uniform(0.5, 2, (3, units)).astype("float32")  # 3 blocks of rows
    scales = scale.repeat(-(-features // 3), axis=0)[:features]
    eight = rng.integers(-127, 128, (features, units), dtype=np.int8)
    yield dict(kind="int8", quantized=eight, scale=scale, **size), eight * scales
    four = rng.integers(-8, 8, (features, units), dtype=np.int8)
    nibbles = (four + 8).astype(np.uint8)
    packed = nibbles[:, 0::2] | nibbles[:, 1::2] << 4
    yield dict(kind="int4", quantized=packed, scale=scale, **size), four * scales
    left = rng.integers(-127, 128, (features, 16), dtype=np.int8)
    left_scale = rng.uniform(0.5, 2, 16).astype("float32")
    right = rng.normal(size=(16, units)).astype("float32")
    factors = {"rank": 16, "left": left, "left_scale": left_scale, "right": right}
    yield dict(kind="low_rank", **factors, **size), (left * left_scale) @ right


@pytest.mark.parametrize("units", [2, 64])
def test_vector_times_matrix_of_each_kind_equals_numpy(page, wasm, units):
    script = """async ({engine: {createEngine}, matrix: {matrixColumn}}, {wasm, x, matrices}) => {
      const engine = await createEngine(wasm);
      return matrices.map((matrix) => [engine.matmul(x, matrix), matrixColumn(matrix, 1)]);
    }"""
    x = np.random.default_rng(1).normal(size=100).astype("float32")
    x[::3] = 0  # skipped
    given, values = zip(*matrices(100, units), strict=True)
    results = call(page, "engine matrix", script, wasm=wasm, x=x, matrices=given)
    for (product, column), matrix in zip(results, values, strict=True):
        expected = x.astype("float64") @ matrix
        np.testing.assert_allclose(product, expected, rtol=1e-5, atol=2e-6 * np.abs(expected).max())
        np.testing.assert_allclose(column, matrix[:, 1], rtol=1e-5, atol=1e-4)


def test_engine_says_which_it_is_and_falls_back(page):
    script = """async ({engine: {createEngine}}, {wasm}) => (
      [await createEngine(wasm), await createEngine(null), await createEngine(wasm.slice(0, 99))]
        .map(({kind}) => kind)
    )"""
    kinds = call(page, "engine", script, wasm=wasm_bytes())
    assert kinds == ["wasm", "javascript", "javascript"]


def test_rebuilt_engine_gives_the_same(page, convolutions, tmp_path):
    if not (shutil.which("clang") and shutil.which("wasm-ld")):
        pytest.skip("there is no clang for WebAssembly")
    lines = (WEB / "engine.c").read_text().splitlines()
    start = next(n for n, line in enumerate(lines) if "clang --target" in line)
    command = " ".join(line.removeprefix("//") for line in lines[start : start + 2]).split()
    command = [{"engine.wasm": tmp_path / "engine.wasm"}.get(word, word) for word in command]
    subprocess.run(command, cwd=WEB, check=True)
    layers, _ = convolutions
    for exact in (False, True):
        ours, rebuilt = (
            call(page, "engine", CONV, wasm=wasm_bytes(file), layers=layers, exact=exact)
            for file in (WEB / "engine.wasm", tmp_path / "engine.wasm")
        )
        for one, other in zip(ours, rebuilt, strict=True):
            np.testing.assert_array_equal(one["data"], other["data"])


def test_unpacked_data_equals_what_was_packed(page):
    contents = pytest.importorskip("petkeras.explorer.contents")
    arrays = {
        "half": np.float16([[1.5, -2.25e-5], [65504, 0]]),
        "bytes": np.arange(7, dtype=np.uint8),
        "whole": np.int32([[-5]]),
    }
    text = contents.pack(contents.Contents({"title": "Ä <"}, arrays))
    unpacked = call(page, "data", "({data}, {text}) => data.unpack(text)", text=text)
    assert unpacked["manifest"] == {"title": "Ä <"}
    for name, array in arrays.items():
        assert unpacked["arrays"][name]["shape"] == list(array.shape)
        np.testing.assert_array_equal(
            unpacked["arrays"][name]["data"].reshape(array.shape), array.astype("float32")
        )
    script = "({data}, {bytes}) => [data.toBase64(bytes), data.fromBase64(data.toBase64(bytes))]"
    raw = np.arange(70000, dtype=np.int32).astype(np.uint8)
    encoded, decoded = call(page, "data", script, bytes=raw)
    assert base64.b64decode(encoded) == raw.tobytes() == decoded.tobytes()
