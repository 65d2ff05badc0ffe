"""What the page computes (`network.js`) against TensorFlow and NumPy, in a real browser."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf
from explorer.browser import WEB, call, open_page
from explorer.small_runs import mixed_network, photographs
from hypothesis import given, settings
from hypothesis import strategies as st

from petkeras.errors import PetkerasError
from petkeras.explorer.contents import make_contents, pack
from petkeras.explorer.edits import WINDOWED, compute_outputs, read_edits
from petkeras.explorer.explored import open_explored

TOLERANCE = 2e-6  # of the largest number of a layer
OPEN = """async ({data, engine, network}, {packed, wasm}) => {
  globalThis.networks = {};
  for (const [name, text] of Object.entries(packed)) {
    const contents = await data.unpack(text);
    networks[name] = new network.Network(contents, await engine.createEngine(wasm));
  }
  globalThis.tools = {
    start(net, steps) {
      net.choose(0);
      net.reset("all");
      for (const [name, ...values] of steps) net[name](...values);
    },
    refine(net) {
      while (!net.refine(1000));
    },
    outputs: (net) => net.layers.map((_, i) => net.outputError(i) ?? net.output(i)),
  };
}"""


ERRORS = [  # invented: of a difference of scores, after changes up to a size
    {"size": 0.0, "count": 1, "error": 0.001},
    {"size": 0.4, "count": 2, "error": 0.02},
    {"size": 1.5, "count": 3, "error": 9.0},
]


class Networks:
    """Hold networks that are open in the browser, and what they were made of."""

    def __init__(self, page, explored, **changed):
        self.page, self.explored = page, explored
        contents = {name: make_contents(each) for name, each in explored.items()} | changed
        wasm = np.frombuffer((WEB / "engine.wasm").read_bytes(), np.uint8)
        self.contents = contents
        packed = {name: pack(each) for name, each in contents.items()}
        call(page, "data engine network", OPEN, packed=packed, wasm=wasm)

    def run(self, name, script, steps=(), **values):
        """Return what a function of a network in JavaScript returns after some changes."""
        script = f"(_, {{steps, ...values}}) => {{\n  const net = networks.{name};\n  " + (
            f"tools.start(net, steps);\n  return ({script})(net, values);\n}}"
        )
        return call(self.page, "network", script, steps=list(steps), **values)


@pytest.fixture(scope="module")
def mixed():
    mean = np.random.default_rng(2).uniform(90, 160, (20, 20, 3))
    explored = open_explored(mixed_network(), photographs(2, 20), mean=mean, pixel_scale=4)
    outputs = compute_outputs(explored.chain, explored.preprocess(explored.photographs.pixels))
    assert all(np.std(output) > 0 for output in outputs), "some layers return 0 only"
    return explored


@pytest.fixture(scope="module")
def networks(browser, explored, mixed):
    page = open_page(browser)
    contents = make_contents(explored)
    manifest = contents.manifest | {"dense": contents.manifest["dense"] | {"errors": ERRORS}}
    yield Networks(
        page,
        {"mixed": mixed, "trained": explored},
        asked=make_contents(explored, notebook=True),
        inexact=dataclasses.replace(contents, manifest=manifest),
    )
    page.close()


def maps(output):
    return output["data"].reshape(output["height"], output["width"], output["channels"])


def equal(outputs, others):
    """Return whether the outputs of all layers are the same to the last bit."""
    return all(
        a == b if isinstance(a, str) or isinstance(b, str) else np.array_equal(a["data"], b["data"])
        for a, b in zip(outputs, others, strict=True)
    )


def tensorflow_outputs(explored, edits):
    """Return TensorFlow's outputs for edits as the page describes them, up to a misfit."""
    edits = json.loads(json.dumps(edits))
    read = read_edits(edits, explored.chain, len(explored.photographs), len(explored.film.frames))
    pixels = explored.photographs.pixels[read.photograph] if read.pixels is None else read.pixels
    weights = None if read.frame is None else explored.film.weights[read.frame]
    for stop in range(len(explored.chain.layers), 0, -1):
        part = dataclasses.replace(explored.chain, layers=explored.chain.layers[:stop])
        try:
            outputs = compute_outputs(part, explored.preprocess(pixels[None]), read, weights)
        except PetkerasError:
            continue
        return [output[0].numpy() for output in outputs]
    return []


# Changes, drawn at random


def layers_of(explored, *kinds):
    return [i for i, layer in enumerate(explored.chain.layers) if layer.kind in kinds]


def other_filter(rng, explored, index=None):
    """Return a filter of a convolution with other weights, maybe of another size."""
    index = rng.choice(layers_of(explored, "conv")) if index is None else index
    height, width, channels, filters = explored.chain.layers[index].weights["kernel"].shape
    if rng.random() < 0.5:
        height, width = map(int, rng.integers(1, 8, 2))
    kernel = rng.normal(0, 0.3, (height, width, channels)).astype("float32")
    edit = {"kernel": kernel.ravel(), "size": [height, width], "bias": rng.choice([0, -0.5, 1.25])}
    return ["editFilter", index, rng.integers(filters), edit]


def other_geometry(rng, explored, index=None):
    """Return a convolution or a pool with other strides and padding."""
    index = rng.choice(layers_of(explored, *WINDOWED)) if index is None else index
    geometry = {"strides": rng.integers(1, 4, 2).tolist(), "padding": rng.choice(["same", "valid"])}
    return ["setGeometry", index, geometry]


def map_off(rng, explored):
    index = rng.integers(len(explored.chain.layers))
    return ["switchOff", index, rng.integers(explored.chain.layers[index].shape[-1]), True]


def other_photograph(rng, explored):
    """Return a photograph with a patch over it, another one, or one's own."""
    number = rng.integers(len(explored.photographs))
    pixels = explored.photographs.pixels[number].copy()
    top, left = rng.integers(0, np.array(pixels.shape[:2]) - 4)
    pixels[top : top + 5, left : left + 5] = rng.integers(256)
    steps = [["paint", pixels.ravel()], ["useOwn", pixels.ravel(), "x"], ["choose", number]]
    return steps[rng.integers(3)]


def other_frame(rng, explored):
    return ["setFrame", rng.integers(len(explored.film.frames))]


def random_changes(rng, explored):
    """Return up to four changes of any kind."""
    kinds = [other_filter, other_geometry, map_off, other_photograph]
    kinds += [other_frame] if explored.film.frames else []
    return [kinds[rng.integers(len(kinds))](rng, explored) for _ in range(rng.integers(1, 5))]


seeds = st.integers(0, 2**32 - 1)

# Outputs

CHANGED = """(net) => {
  const [fast, edits] = [tools.outputs(net), net.edits()];
  tools.refine(net);
  return {fast, edits, exact: tools.outputs(net), misfit: net.misfit()};
}"""


@pytest.mark.parametrize("name", ["mixed", "trained"])
@settings(max_examples=40)
@given(seed=seeds)
def test_outputs_after_any_changes_equal_tensorflow(networks, name, seed):
    explored = networks.explored[name]
    changes = random_changes(np.random.default_rng(seed), explored)
    result = networks.run(name, CHANGED, changes)
    expected = tensorflow_outputs(explored, result["edits"])
    compressed = networks.contents[name].manifest["dense"]["layer"]
    for order in ("fast", "exact"):
        for index, output in enumerate(result[order][:compressed]):
            if index >= len(expected):
                assert isinstance(output, str), f"layer {index} has an output"
                continue
            assert not isinstance(output, str), output
            y = expected[index]
            tolerance = TOLERANCE * max(np.abs(y).max(), 1)
            np.testing.assert_allclose(maps(output).reshape(y.shape), y, rtol=0, atol=tolerance)
    assert bool(result["misfit"]) == (len(expected) < len(explored.chain.layers))


SHORT = ["setGeometry", 2, {"strides": [1, 1], "padding": "same"}]  # too much for fc1
ONE_OF_EACH = {
    "photograph": ["paint", np.full(16 * 16 * 3, 77, np.uint8)],
    "kernels": ["editFilter", 1, 3, {"kernel": np.ones(32 * 25), "size": [5, 5], "bias": 1}],
    "maps": ["switchOff", 0, 2, True],
    "geometry": ["setGeometry", 2, {"strides": [1, 2], "padding": "same"}],
    "frame": ["setFrame", 1],
}
RESET = """(net, {kind, others}) => {
  const changed = [tools.outputs(net), net.changes()];
  net.reset(kind);
  const reset = [tools.outputs(net), net.edits(), (tools.refine(net), tools.outputs(net))];
  tools.start(net, others);
  const fresh = [tools.outputs(net), net.edits(), (tools.refine(net), tools.outputs(net))];
  return {changed, reset, fresh, left: net.changes()};
}"""


@pytest.mark.parametrize("kind", ONE_OF_EACH)
@pytest.mark.parametrize("among_others", [False, True])
def test_a_reset_of_one_kind_leaves_no_trace_and_the_others_alone(networks, kind, among_others):
    steps = ONE_OF_EACH if among_others else {kind: ONE_OF_EACH[kind]}
    others = [step for name, step in steps.items() if name != kind]
    result = networks.run("trained", RESET, steps.values(), kind=kind, others=others)
    outputs, changes = result["changed"]
    assert {name for name, is_so in changes.items() if is_so} == {*steps, "any"}
    assert not equal(outputs, result["fresh"][0])
    assert result["left"] == changes | {kind: False, "any": among_others}
    (fast, edits, exact), (fresh_fast, fresh_edits, fresh_exact) = result["reset"], result["fresh"]
    assert edits == fresh_edits
    assert equal(fast, fresh_fast)
    assert equal(exact, fresh_exact)


def test_what_does_not_fit_is_said_in_one_line(networks):
    def misfit(name, *steps):
        line = networks.run(name, "(net) => net.misfit()", steps)
        assert line == networks.run(name, "(net) => net.outputError(net.layers.length - 1)", steps)
        return line

    narrow = {"strides": [3, 3], "padding": "valid"}
    wide = {"kernel": np.ones(8 * 9, np.float32), "size": [3, 3], "bias": 0}
    assert misfit("trained", SHORT) == (
        "'fc1' takes 1024 values, and now there are 4096: no answer with these strides and padding."
    )
    steps = [["setGeometry", 0, narrow], ["setGeometry", 3, narrow]]
    assert misfit("mixed", *steps) == (
        "'inner/conv' has windows of 2 x 2, and its input is only 1 x 1."
    )
    dilated = ["setGeometry", 4, {"strides": [1, 1], "padding": "valid"}]
    name = networks.explored["mixed"].chain.layers[4].name
    assert misfit("mixed", *steps, dilated) == (
        f"'{name}' has windows of 5 x 5, and its input is only 2 x 2."
    )
    assert misfit("mixed", ["editFilter", 8, 4, wide]) == (
        "Filter 4 of 'inner/conv' has a kernel of 3 x 3 and the others 2 x 2: "
        "that needs padding 'same'."
    )
    nothing = networks.run("mixed", "(net) => [net.misfit(), net.outputError(3)]")
    assert nothing == ["", None]


# Where a number came from


def windows_of(x, size, geometry):
    """Return all windows `(height, width, kh, kw, channels)`, and which values are inside."""
    strides, padding = geometry["strides"], geometry["padding"]
    dilation = geometry.get("dilation", [1, 1])
    spans = [(n - 1) * step + 1 for n, step in zip(size, dilation, strict=True)]
    pads = [(0, 0), (0, 0)]
    if padding == "same":
        for axis, (length, span, stride) in enumerate(zip(x.shape, spans, strides, strict=False)):
            outside = max((-(-length // stride) - 1) * stride + span - length, 0)
            pads[axis] = (outside // 2, outside - outside // 2)

    def cut(values):
        padded = np.pad(values, pads)
        view = np.lib.stride_tricks.sliding_window_view(padded, spans, (0, 1))
        return view[:: strides[0], :: strides[1], ..., :: dilation[0], :: dilation[1]]

    inside = cut(np.ones(x.shape[:2], np.uint8))
    windows = np.stack([cut(x[..., c]) for c in range(x.shape[2])], axis=-1)
    return windows, inside


EXPLAIN = """(net, {i, place}) => {
  tools.refine(net);
  const output = net.output(i);
  const [y, x, filter] = [output.height, output.width, output.channels]
    .map((length, axis) => Math.floor(place[axis] * length));
  const {kernel, size, bias} = net.layers[i].kind === "conv" ? net.filterOf(i, filter) : {};
  return {
    explained: net.explain(i, filter, y, x), value: output.data[
      (y * output.width + x) * output.channels + filter],
    y, x, filter, input: net.output(i - 1), kernel, size, bias,
    geometry: net.arrays && net.layers[i].strides ? net.geometryOf(i) : null,
  };
}"""


@settings(max_examples=50)
@given(seed=seeds)
def test_a_number_is_explained_by_what_its_window_holds(networks, seed):
    mixed, rng = networks.explored["mixed"], np.random.default_rng(seed)
    i = rng.integers(len(mixed.chain.layers))
    layer = mixed.chain.layers[i]
    steps = []
    if layer.kind == "conv" and layer.settings["padding"] == "same":
        steps = [other_filter(rng, mixed, i) for _ in range(rng.integers(4))]
    elif layer.kind in WINDOWED:
        steps = [other_geometry(rng, mixed, i)]
    result = networks.run("mixed", EXPLAIN, steps, i=i, place=rng.random(3).tolist())
    explained, value, x = result["explained"], result["value"], maps(result["input"])
    y, column, filter = (result[name] for name in ("y", "x", "filter"))
    assert explained["kind"] == layer.kind
    assert explained["after"] == value
    if layer.kind == "conv":
        windows, inside = windows_of(x, result["size"], result["geometry"])
        check_convolution(explained, windows[y, column], inside[y, column], result, value)
    elif layer.kind in ("max_pool", "average_pool"):
        windows, inside = windows_of(x, layer.settings["pool"], result["geometry"])
        window, is_inside = windows[y, column, ..., filter].ravel(), inside[y, column].ravel()
        np.testing.assert_array_equal(explained["values"], window)
        np.testing.assert_array_equal(explained["inside"], is_inside)
        if layer.kind == "max_pool":
            assert value == window[explained["winner"]] == window[is_inside == 1].max()
        else:
            assert value == pytest.approx(window[is_inside == 1].mean(), rel=1e-5, abs=1e-6)
            assert explained["winner"] is None
    elif layer.kind == "global_average_pool":
        assert explained["count"] == x.shape[0] * x.shape[1]
        assert value == pytest.approx(x[..., filter].mean(), rel=1e-5, abs=1e-6)
    elif layer.kind == "batch_norm":
        assert explained["value"] == x[y, column, filter]
        norm = {name: explained[name] for name in ("mean", "variance", "gamma", "beta", "epsilon")}
        for name in ("mean", "variance", "gamma", "beta"):
            weight = layer.weights.get(name)
            default = {"gamma": 1, "beta": 0}.get(name)
            assert norm[name] == (default if weight is None else weight.numpy()[filter])
        scaled = (explained["value"] - norm["mean"]) / np.sqrt(norm["variance"] + norm["epsilon"])
        assert value == pytest.approx(scaled * norm["gamma"] + norm["beta"], rel=1e-5, abs=1e-5)
    elif layer.kind == "dense":
        kernel, bias = (layer.weights[name].numpy() for name in ("kernel", "bias"))
        before = x.ravel() @ kernel[:, filter] + bias[filter]
        assert explained["before"] == pytest.approx(before, rel=1e-5, abs=1e-4)
        relu = layer.settings["activation"] == "relu"
        assert value == (max(explained["before"], 0) if relu else explained["before"])
    else:
        assert explained["value"] == x[y, column, filter]
        assert value == (
            max(x[y, column, filter], 0) if layer.kind == "relu" else explained["value"]
        )


def check_convolution(explained, window, inside, result, value):
    """Check a convolution's number against its window `(kh, kw, channels)`."""
    kernel = result["kernel"].reshape(window.shape)
    np.testing.assert_array_equal(explained["inside"], inside.ravel())
    for part in explained["parts"]:
        c = part["channel"]
        np.testing.assert_array_equal(part["values"], window[..., c].ravel())
        np.testing.assert_array_equal(part["kernel"], kernel[..., c].ravel())
        products = np.float64(window[..., c]) * kernel[..., c]
        np.testing.assert_array_equal(part["products"], products.ravel())
        assert part["sum"] == pytest.approx(products.sum(), abs=1e-9)
    assert [part["channel"] for part in explained["parts"]] == list(range(window.shape[2]))
    total = np.float32(0)
    for number, weight in zip(window.ravel(), kernel.ravel(), strict=True):
        total = np.float32(total + np.float64(number) * weight)
    assert explained["sum"] == total
    before = np.float32(total + np.float64(result["bias"]))
    assert (explained["bias"], explained["before"]) == (result["bias"], before)
    assert value in (before, max(before, 0))  # without and with ReLU


CONTRIBUTIONS = """(net, {i, filter}) => ({
  input: net.output(i - 1), contributions: net.contributions(i, filter),
  again: net.contributions(i, filter), ...net.filterOf(i, filter), geometry: net.geometryOf(i),
})"""


@settings(max_examples=30)
@given(seed=seeds)
def test_contributions_are_shares_of_what_each_input_map_gave(networks, seed):
    mixed, rng = networks.explored["mixed"], np.random.default_rng(seed)
    i = rng.choice(layers_of(mixed, "conv"))
    steps = [other_filter(rng, mixed, i), other_geometry(rng, mixed, i)][: rng.integers(3)]
    filter = steps[0][2] if steps else 0
    result = networks.run("mixed", CONTRIBUTIONS, steps, i=i, filter=filter)
    contributions = result["contributions"]
    if not contributions:
        assert networks.run("mixed", "(net, {i}) => net.output(i)", steps, i=i) is None
        return
    windows, _ = windows_of(maps(result["input"]), result["size"], result["geometry"])
    kernel = result["kernel"].reshape(windows.shape[2:])
    given = np.abs(np.einsum("yxhwc,hwc->yxc", np.float64(windows), kernel)).mean((0, 1))
    shares = [each["share"] for each in contributions]
    assert shares == sorted(shares, reverse=True)
    for each in contributions:
        assert each["mean"] == pytest.approx(given[each["channel"]], rel=1e-6)
        assert each["share"] * given.sum() == pytest.approx(given[each["channel"]], rel=1e-6)
    assert sum(shares) == pytest.approx(1)
    assert {each["channel"] for each in contributions} == set(range(windows.shape[-1]))
    assert result["again"] == contributions


def positive(explored):
    """Return an `Explored` whose every output grows with all that it sees."""
    layers = []
    for layer in explored.chain.layers:
        weights = {name: tf.ones_like(weight) for name, weight in layer.weights.items()}
        kind = {"max_pool": "average_pool"}.get(layer.kind, layer.kind)
        layers.append(dataclasses.replace(layer, kind=kind, weights=weights))
    layers = tuple(layers)
    return dataclasses.replace(explored, chain=dataclasses.replace(explored.chain, layers=layers))


FIELD = """(net, {i, place}) => {
  const output = net.output(i);
  if (!output) return {field: net.receptiveField(i, 0, 0)};
  const [y, x] = [output.height, output.width]
    .map((length, axis) => Math.floor(place[axis] * length));
  return {field: net.receptiveField(i, y, x), y, x, edits: net.edits()};
}"""


@settings(max_examples=15)
@given(seed=seeds)
def test_the_receptive_field_is_where_tensorflow_has_a_gradient(networks, seed):
    mixed, rng = networks.explored["mixed"], np.random.default_rng(seed)
    i = rng.integers(len(mixed.chain.layers))
    kinds = rng.choice([other_geometry, other_filter], rng.integers(4))
    steps = [kind(rng, mixed) for kind in kinds]
    for step in steps:
        if step[0] == "editFilter":
            step[3]["kernel"] = np.abs(step[3]["kernel"]) + np.float32(0.1)
    result = networks.run("mixed", FIELD, steps, i=i, place=rng.random(2).tolist())
    if "y" not in result:
        assert result["field"] is None
        return
    chain = positive(mixed).chain
    chain = dataclasses.replace(chain, layers=chain.layers[: i + 1])
    edits = read_edits(result["edits"], mixed.chain, len(mixed.photographs))
    x = tf.fill((1, *mixed.chain.input_shape), 9.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = compute_outputs(chain, x, edits)[-1]
        value = output if len(output.shape) == 2 else output[0, result["y"], result["x"]]
        value = tf.reduce_sum(value)
    rows, columns = np.nonzero(np.abs(tape.gradient(value, x)).sum((0, 3)))
    top, left = rows.min(), columns.min()
    assert result["field"] == {
        "top": top,
        "left": left,
        "height": rows.max() - top + 1,
        "width": columns.max() - left + 1,
    }


# The answer


def dense_kernel(networks, name, index):
    """Return the kernel `(features, units)` that the page has of a dense layer."""
    arrays = networks.contents[name].arrays
    if f"layers/{index}/kernel" in arrays:
        return arrays[f"layers/{index}/kernel"]
    quantized, scale = (arrays[f"layers/{index}/{part}"] for part in ("quantized", "scale"))
    assert networks.contents[name].manifest["dense"]["kind"] == "int8"
    rows = -(-len(quantized) // len(scale))
    return quantized * np.repeat(scale, rows, axis=0)[: len(quantized)]


@pytest.mark.parametrize("name", ["mixed", "trained"])
def test_the_first_dense_layer_sees_input_times_kernel_at_each_place(networks, name):
    layers = networks.explored[name].chain.layers
    index = layers_of(networks.explored[name], "dense")[0]
    script = "(net, {index}) => [net.output(index - 1), net.denseSees(2)]"
    steps = [["switchOff", 0, 0, True]]
    features, seen = networks.run(name, script, steps, index=index)
    last = next(layer.shape for layer in reversed(layers[:index]) if layer.kind.endswith("pool"))
    height, width, channels = last if len(last) == 3 else (1, 1, *last)
    kernel = dense_kernel(networks, name, index)
    products = np.float64(features["data"]) * kernel[:, 2]
    expected = products.reshape(height, width, channels).sum(axis=2)
    assert (seen["height"], seen["width"]) == (height, width)
    np.testing.assert_allclose(
        seen["values"].reshape(height, width), expected, rtol=1e-5, atol=1e-5
    )


def test_a_dense_layer_without_an_output_sees_nothing(networks):
    assert networks.run("trained", "(net) => net.denseSees(2)", [SHORT]) is None


@pytest.mark.parametrize("name", ["mixed", "trained"])
@pytest.mark.parametrize("class_index", [0, 1])
def test_an_answer_is_the_sum_of_what_each_unit_gives(networks, name, class_index):
    script = """(net, {c}) => [net.answer(c), net.output(net.layers.length - 2), net.logits(),
      net.probabilities()]"""
    steps = [["switchOff", 0, 1, True]]
    answer, features, logits, probabilities = networks.run(name, script, steps, c=class_index)
    layer = networks.explored[name].chain.layers[-1]
    weights = layer.weights["kernel"].numpy()[:, class_index]
    bias = layer.weights["bias"].numpy()[class_index]
    products = [each["product"] for each in answer["units"]]
    assert [abs(product) for product in products] == sorted(map(abs, products), reverse=True)
    for each in answer["units"]:
        assert each["input"] == features["data"][each["unit"]]
        assert each["weight"] == weights[each["unit"]]
        assert each["product"] == each["input"] * each["weight"]
    assert sorted(each["unit"] for each in answer["units"]) == list(range(len(weights)))
    assert answer["bias"] == bias
    total = features["data"].astype(float) @ weights + bias
    assert answer["total"] == logits["values"][class_index] == pytest.approx(total, rel=1e-5)
    softmax = tf.nn.softmax(logits["values"])
    np.testing.assert_allclose(probabilities["values"], softmax, atol=1e-6)


def test_no_answer_without_its_reason(networks):
    script = "(net) => [net.probabilities(), net.logits(), net.answer(0)]"
    for name, steps, why in [
        ("trained", [["setFrame", 0]], "no answer at earlier steps"),
        ("trained", [SHORT], "'fc1' takes 1024 values"),
        ("asked", [], "computed in the notebook"),
    ]:
        probabilities, logits, answer = networks.run(name, script, steps)
        assert why in probabilities["reason"]
        assert logits["reason"] == probabilities["reason"]
        assert (probabilities["values"], logits["values"], answer) == (None, None, None)


SIZE = """(net) => {
  const now = net.output(net.manifest.dense.layer - 1).data;
  const {error, exact} = net.logits();
  const probabilities = net.probabilities();
  tools.start(net, [["choose", Math.max(net.photograph, 0)]]);
  return {now, before: net.output(net.manifest.dense.layer - 1).data, error, exact, probabilities};
}"""


@settings(max_examples=20)
@given(seed=seeds)
def test_the_error_is_that_of_measured_changes_up_to_the_same_size(networks, seed):
    rng, explored = np.random.default_rng(seed), networks.explored["trained"]
    changes = [map_off, other_photograph, other_filter][rng.integers(3)](rng, explored)
    result = networks.run("inexact", SIZE, [["choose", 0], changes] if rng.random() < 0.9 else [])
    now, before = np.float64(result["now"]), np.float64(result["before"])
    size = np.linalg.norm(now - before) / np.linalg.norm(before)
    expected = [row["error"] for row in ERRORS if size <= row["size"] * (1 + 1e-6)] + [np.inf]
    error = 0 if size == 0 else expected[0]
    assert result["exact"] == (error == 0)
    answer = result["probabilities"]
    if error in (9, np.inf):
        assert answer["values"] is None
        assert "'fc1' is compressed" in answer["reason"]
        return
    assert result["error"] == error
    odds = answer["values"] / (1 - answer["values"])
    worst = max(
        np.abs(1 / (1 + 1 / (odds * factor)) - answer["values"]).max()
        for factor in (np.exp(error), np.exp(-error))
    )
    assert answer["error"] == pytest.approx(worst, rel=1e-3, abs=1e-7)


def test_ones_own_photograph_has_tensorflows_probabilities_within_the_error(networks, explored):
    pixels = explored.photographs.others[0]
    script = "(net) => [net.probabilities(), net.photograph, net.ownName, net.changes().any]"
    answer, *rest = networks.run("trained", script, [["useOwn", pixels.ravel(), "mine.png"]])
    assert rest == [-1, "mine.png", False]
    expected = tf.nn.softmax(explored.logits(pixels[None])[0]).numpy()
    assert 0 < np.abs(answer["values"] - expected).max() <= answer["error"]


# Exactness


def test_layers_are_exact_when_all_before_them_are(networks, mixed):
    script = """(net) => {
      const exact = () => net.layers.map((_, i) => net.isExact(i));
      const before = exact();
      tools.refine(net);
      return [before, exact(), net.layers.map((_, i) => net.sameToTheLastBit(i)), net.isExact(-1)];
    }"""
    fast, exact, same, is_input_exact = networks.run("mixed", script)
    assert is_input_exact
    assert not any(fast)
    assert exact == [True] + [False] * (len(exact) - 1)  # batch normalization comes second
    trained = networks.run("trained", script)[1]
    kinds = [layer.kind for layer in networks.explored["trained"].chain.layers]
    assert trained == [kind != "dense" for kind in kinds[: kinds.index("dense") + 1]] + [
        False for _ in kinds[kinds.index("dense") + 1 :]
    ]
    changed = networks.run("mixed", script, [["switchOff", 0, 0, True]])
    assert changed[1][0]
    assert not any(changed[2])
    measured = networks.contents["mixed"].manifest["exactness"]
    assert same[0] == (measured[mixed.chain.layers[0].name]["largest"] == 0)


def test_refining_in_small_slices_gives_the_same(networks):
    script = """(net) => {
      while (!net.refine(0.01));
      const sliced = tools.outputs(net);
      tools.start(net, [["setFrame", 0], ["setFrame", null]]);
      tools.refine(net);
      return [sliced, tools.outputs(net)];
    }"""
    sliced, whole = networks.run("trained", script, [ONE_OF_EACH["kernels"], ["reset", "kernels"]])
    assert equal(sliced, whole)
