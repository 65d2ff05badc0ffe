"""The whole page in Chromium, opened from the disk with the network off, against TensorFlow."""

import base64
import io
import re

import numpy as np
import pytest
import tensorflow as tf
from conftest import picture_bytes
from explorer.browser import WEB, call, open_page
from explorer.opened import opened
from PIL import Image

import petkeras as pk
from petkeras.explorer.contents import make_contents, pack
from petkeras.explorer.edits import compute_outputs, read_edits
from petkeras.explorer.photographs import decode_photograph

TABS = ("Look", "Change", "Play", "Time", "Answer")
TOLERANCE = 2e-6  # of a value, relative to its layer's largest


@pytest.fixture(scope="module")
def open_explorer(browser, page_file):
    with opened(browser, page_file, viewport={"width": 1280, "height": 900}) as page:
        yield page


@pytest.fixture
def explorer(open_explorer):
    """The page, with nothing changed and the first photograph chosen."""
    open_explorer.start_again()
    yield open_explorer
    assert open_explorer.messages == []


def probabilities(explored, pixels):
    return tf.nn.softmax(explored.logits(pixels[None]))[0].numpy()


# The page by itself


def test_nothing_is_requested_and_nothing_is_said_in_any_tab(explorer, page_file):
    for name in TABS:
        explorer.tab(name)
        for label in ("Forward", "Play"):
            for each in explorer.page.get_by_role("button", name=label, exact=True).all():
                if each.is_visible() and each.is_enabled():
                    each.click()
        explorer.page.wait_for_timeout(100)
    requests = [url for url in explorer.requests if not url.startswith("data:")]
    assert requests == [page_file.as_uri()]
    assert explorer.messages == []


def test_the_policy_refuses_a_script_a_style_and_a_request_of_others(browser, page_file):
    with opened(browser, page_file) as page:
        refused = page.page.evaluate("""async () => {
          const refused = [];
          addEventListener("securitypolicyviolation", (e) => refused.push(e.effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "window.injected = true";
          const style = document.createElement("style");
          style.textContent = "body { display: none }";
          const image = document.createElement("img");
          image.src = "https://petkeras.test/x.png";
          image.setAttribute("onerror", "window.injected = true");
          document.body.append(script, style, image);
          await fetch("https://petkeras.test/").catch(() => {});
          await new Promise((done) => setTimeout(done, 100));
          return {refused, ran: window.injected === true,
                  shown: getComputedStyle(document.body).display};
        }""")
    wanted = {"script-src-elem", "style-src-elem", "img-src", "connect-src", "script-src-attr"}
    assert set(refused["refused"]) == wanted
    assert (refused["ran"], refused["shown"]) == (False, "block")


# The network's numbers against TensorFlow's

START = """async ({data, engine, network}, {packed, wasm, steps}) => {
  const contents = await data.unpack(packed);
  const net = new network.Network(contents, await engine.createEngine(wasm));
  const take = (i) => net.outputError(i) ?? net.output(i);
  const all = () => net.layers.map((_, i) => take(i));
  const results = [];
  for (const step of steps) {
    for (const [name, ...values] of step) net[name](...values);
    const fast = all();
    while (!net.refine(1000));
    results.push({edits: net.edits(), fast, exact: all(), answer: net.probabilities()});
  }
  return results;
}"""


@pytest.fixture(scope="module")
def results(browser, explored):
    """What the page's own arithmetic gives after one step of changes after the other."""
    page = open_page(browser)
    patch = explored.photographs.pixels[1].copy()
    patch[4:9, 6:11] = 128
    kernel = np.random.default_rng(0).normal(0, 0.3, (3, 3, 3)).astype("float32")
    wide = np.random.default_rng(1).normal(0, 0.1, (7, 7, 32)).astype("float32")
    edit = {"kernel": kernel.ravel(), "size": [3, 3], "bias": 0.25}
    wide_edit = {"kernel": wide.ravel(), "size": [7, 7], "bias": -0.5}
    steps = [
        [],
        [["choose", 1], ["paint", patch.ravel()]],
        [["editFilter", 0, 5, edit], ["editFilter", 1, 2, wide_edit]],
        [["switchOff", 0, 1, True], ["switchOff", 4, 63, True]],
        [["setFrame", 0]],
        [["setFrame", None], ["reset", "kernels"]],
        [["setGeometry", 1, {"strides": [2, 1], "padding": "valid"}]],
        [["reset", "all"], ["choose", 0]],
    ]
    values = {"packed": pack(make_contents(explored)), "wasm": wasm_bytes(), "steps": steps}
    yield call(page, "data engine network", START, **values)
    page.close()


def wasm_bytes():
    return np.frombuffer((WEB / "engine.wasm").read_bytes(), np.uint8)


def as_maps(output):
    return output["data"].reshape(output["height"], output["width"], output["channels"])


def expected_outputs(explored, edits):
    """Return TensorFlow's outputs for edits as the page describes them; `None` past a misfit."""
    read = read_edits(edits, explored.chain, len(explored.photographs), len(explored.film.frames))
    pixels = explored.photographs.pixels[read.photograph] if read.pixels is None else read.pixels
    weights = None if read.frame is None else explored.film.weights[read.frame]
    layers = explored.chain.layers
    for stop in range(len(layers), 0, -1):
        part = type(explored.chain)(layers[:stop], explored.chain.input_shape, None, False)
        try:
            x = explored.preprocess(pixels[None])
            return [y[0].numpy() for y in compute_outputs(part, x, read, weights)]
        except pk.PetkerasError:
            continue
    return []


@pytest.mark.parametrize("step", range(8))
def test_every_layer_equals_tensorflow_in_the_fast_and_in_the_exact_order(explored, results, step):
    result = results[step]
    expected = expected_outputs(explored, result["edits"])
    assert len(expected) >= 9  # up to the first dense layer
    for order in ("fast", "exact"):
        for index, (layer, own) in enumerate(
            zip(explored.chain.layers, result[order], strict=False)
        ):
            if layer.kind == "dense":
                break  # its kernel is compressed: see the probabilities
            y = expected[index]
            own = as_maps(own).reshape(y.shape)
            np.testing.assert_allclose(own, y, rtol=0, atol=TOLERANCE * max(np.abs(y).max(), 1))


def test_after_a_reset_all_is_as_at_first_to_the_last_bit(results):
    first, last = results[0], results[-1]
    assert last["edits"] == first["edits"]
    for a, b in zip(first["exact"], last["exact"], strict=True):
        np.testing.assert_array_equal(a["data"], b["data"])
    assert last["answer"] == first["answer"] | {"values": last["answer"]["values"]}
    np.testing.assert_array_equal(first["answer"]["values"], last["answer"]["values"])


def test_a_film_and_a_misfit_give_no_answer_but_a_reason(results):
    reasons = [result["answer"]["reason"] for result in results]
    assert [bool(reason) for reason in reasons] == [False] * 4 + [True, False, True, False]
    assert "film" in reasons[4]
    assert re.search(r"'fc1' takes 1024 values, and now there are \d+", reasons[6])


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_probability_is_within_the_stated_error(explored, results, step):
    answer = results[step]["answer"]
    logits = expected_outputs(explored, results[step]["edits"])[-1]
    off = np.abs(tf.nn.softmax(logits).numpy() - answer["values"]).max()
    assert off <= answer["error"] + 1e-6


# What a person sees


def test_the_sum_under_the_pointer_is_the_maps_pixel(explorer, explored):
    explorer.tab("Look")
    outputs = expected_outputs(explored, {})
    for name, layer in (("conv1_1", 0), ("conv2_2", 5), ("pool2", 6)):
        explorer.choose_layer(name)
        canvas = explorer.page.locator(".px-look-map canvas:visible")
        box = canvas.bounding_box()
        maps = outputs[layer]
        for y, x in ((0, 0), (1, 2), (3, 3)):
            cell = box["width"] / maps.shape[1], box["height"] / maps.shape[0]
            canvas.hover(position={"x": (x + 0.5) * cell[0], "y": (y + 0.5) * cell[1]})
            explorer.rest()
            assert f"row {y}, column {x}" in explorer.text(".px-explain h3, .px-explain h4")
            terms = explorer.numbers(".px-term-value")
            shown = explorer.numbers(".px-look-map .px-bubble:visible")[0]
            assert terms[-1] == shown == pytest.approx(maps[y, x, 0], abs=5.1e-5)
            words = explorer.text(".px-words")
            assert f"has {shown:.4f} at row {y}, column {x}".replace("-", "−") in words
            if layer != 6:
                total, bias, before, after = terms
                assert total + bias == pytest.approx(before, abs=1.1e-4)
                assert after == max(before, 0)
                sums = explorer.numbers(".px-why-sum")
                rest = explorer.page.locator(".px-why-rest").inner_text()
                if rest:
                    sums.append(float(rest.split()[-1].replace("−", "-")))
                assert sum(sums) == pytest.approx(total, abs=5e-4)


def test_a_covered_photograph_has_tensorflows_probability(explorer, explored):
    values, error = explorer.probabilities()
    assert error == 0
    np.testing.assert_allclose(
        values, probabilities(explored, explored.photographs.pixels[0]), atol=5.1e-4
    )
    explorer.tab("Change")
    explorer.page.get_by_role("button", name="Gray patch").click()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft"):
        explorer.page.locator(".px-paint").press(key)
    explorer.rest()
    line = explorer.page.locator("p", has_text="The patch covers rows").inner_text()
    top, bottom, left, right = map(int, re.findall(r"\d+", line))
    pixels = explored.photographs.pixels[0].copy()
    pixels[top : bottom + 1, left : right + 1] = 128
    values, error = explorer.probabilities()
    assert error > 0
    np.testing.assert_allclose(values, probabilities(explored, pixels), atol=error + 5.1e-4)


def state(page):
    """Return what the page shows of its network: pictures, probabilities, and the sum."""
    page.page.evaluate("() => scrollTo(0, 0)")  # what is out of sight is not drawn
    page.page.wait_for_timeout(500)  # until all is in the exact order
    canvases = page.page.locator(".px-header canvas, .px-layers canvas").evaluate_all(
        "(all) => all.map((canvas) => canvas.toDataURL())"
    )
    return canvases, page.text(".px-answer")


def test_changes_are_seen_and_a_reset_returns_to_the_first_state(explorer):
    explorer.tab("Change")
    first = state(explorer)
    seen = [first]
    page = explorer.page

    def changed():
        explorer.rest()
        seen.append(state(explorer))
        assert seen[-1] != seen[-2]

    page.locator(".px-kernel .px-cell-field").nth(4).fill("-3.5")
    changed()
    page.get_by_label("Switch this map off").check()
    changed()
    page.locator(".px-change").get_by_role("combobox", name="Stride").select_option("2")
    changed()
    assert "no longer fits" in explorer.text(".px-change")
    assert "–" in explorer.text(".px-bar-number")
    line = explorer.text(".px-summary")
    assert "filter 0 of conv1_1" in line
    assert "stride 2 × 2" in line
    page.get_by_role("button", name="Reset all").click()
    explorer.rest()
    assert state(explorer) == first
    assert "Nothing is changed." in explorer.text(".px-summary")


def test_the_slider_of_time_shows_the_film(explorer, explored):
    explorer.tab("Time")
    kernels = explorer.page.locator(".px-time .px-cells:visible")
    maps = explorer.page.locator(".px-time .px-figure-large:visible")
    assert (kernels.count(), maps.count()) == (1, 1)  # only the trained ones
    slider = explorer.page.get_by_role("slider", name="Time")
    assert slider.get_attribute("max") == str(len(explored.film.frames)) == "3"
    trained = explorer.numbers(".px-time .px-cells >> nth=0 >> .px-cell")
    slider.press("Home")
    explorer.rest()
    assert slider.get_attribute("aria-valuetext") == "step 0"
    assert "There is no probability" in explorer.text(".px-time .px-readout")
    assert explorer.text(".px-bar-number") == "–"
    assert (kernels.count(), maps.count()) == (2, 2)
    then = explorer.numbers(".px-time .px-cells >> nth=0 >> .px-cell")
    channel = int(explorer.page.locator(".px-time select:visible").last.input_value())
    kernel = explored.film.weights[0][0]["kernel"]
    np.testing.assert_allclose(then, kernel[:, :, channel, 0].ravel(), atol=5.1e-3)
    assert then != trained
    explorer.page.get_by_role("button", name="Back to the trained network").click()
    explorer.rest()
    assert explorer.numbers(".px-time .px-cells >> nth=0 >> .px-cell") == trained


def test_a_change_of_colors_is_followed_by_the_bars(explorer):
    def ink(scheme):
        explorer.page.emulate_media(color_scheme=scheme)
        explorer.page.wait_for_timeout(100)
        return explorer.pixels(".px-layers > .px-end:last-child canvas").max()

    assert ink("light") < 60
    assert ink("dark") > 200
    assert ink("light") < 60


def test_the_row_of_the_articles_network_fits_a_screen_or_has_arrows(explorer):
    row, arrows = (explorer.page.locator(name) for name in (".px-layers", ".px-layers-more"))
    hidden = "(row) => row.scrollWidth - row.clientWidth"
    assert row.evaluate(hidden) == 0
    assert arrows.locator("visible=true").count() == 0
    explorer.page.set_viewport_size({"width": 700, "height": 900})
    assert row.evaluate(hidden) > 300
    arrows.locator("visible=true").click()
    assert row.evaluate("(row) => row.scrollLeft") > 300
    arrows.first.wait_for()  # the way back
    explorer.page.set_viewport_size({"width": 1280, "height": 900})


# One's own photograph


def canvas_pixels(page):
    """Return the network's photograph as the header shows it, RGB."""
    return page.pixels(".px-photograph canvas")


FILES = {
    "tall.png": (picture_bytes(1, (30, 47), "PNG"), "image/png"),
    "wide one's.jpg": (picture_bytes(2, (64, 20), "JPEG"), "image/jpeg"),
    "gray.png": (picture_bytes(3, (33, 33), "PNG", "L"), "image/png"),
    "tiny.webp": (picture_bytes(4, (9, 5), "WEBP"), "image/webp"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_photograph_of_ones_own_is_read_as_predict_reads_it(explorer, explored, tmp_path, name):
    data, kind = FILES[name]
    explorer.page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": kind, "buffer": data}
    )
    explorer.page.locator(".px-caption", has_text=name).wait_for()
    explorer.rest()
    np.testing.assert_array_equal(canvas_pixels(explorer), decode_photograph(data, (16, 16, 3)))
    (tmp_path / name).write_bytes(data)
    values, error = explorer.probabilities()
    expected = explored.run.predict([tmp_path / name])[0]
    np.testing.assert_allclose(values, expected, atol=error + 5.1e-4)


DROP = """(root, {name, type, data}) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, {type}));
  for (const kind of ["dragover", "drop"]) {
    root.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true,
      cancelable: true}));
  }
}"""


def drop(page, name, data, kind):
    values = {"name": name, "type": kind, "data": base64.b64encode(data).decode()}
    page.page.locator("#petkeras-explorer").evaluate(DROP, values)


def test_a_dropped_photograph_is_shown_and_remembered(explorer):
    drop(explorer, "dropped.png", *FILES["tall.png"])
    explorer.page.locator(".px-caption", has_text="dropped.png").wait_for()
    own = canvas_pixels(explorer)
    explorer.page.locator(".px-strip-item").first.click()
    explorer.rest()
    assert not np.array_equal(canvas_pixels(explorer), own)
    explorer.page.locator(".px-strip-item", has_text="your own").click()
    explorer.rest()
    np.testing.assert_array_equal(canvas_pixels(explorer), own)


@pytest.mark.parametrize(
    "data", [b"no picture", b"", FILES["wide one's.jpg"][0][:90]], ids=["text", "empty", "cut off"]
)
def test_a_file_that_is_no_picture_is_one_line(explorer, data):
    before = canvas_pixels(explorer)
    drop(explorer, "<b>notes</b>.txt", data, "text/plain")
    alert = explorer.page.locator(".px-own [role=alert]")
    alert.filter(has_text="cannot be opened").wait_for()
    assert alert.inner_text().startswith("'<b>notes</b>.txt' cannot be opened as a picture.")
    assert "\n" not in alert.inner_text()
    np.testing.assert_array_equal(canvas_pixels(explorer), before)


def test_an_upright_photograph_is_turned_as_its_camera_says(explorer):
    picture = Image.open(io.BytesIO(FILES["tall.png"][0]))
    exif = picture.getexif()
    exif[0x0112] = 6  # a quarter turn
    file = io.BytesIO()
    picture.save(file, "PNG", exif=exif)
    drop(explorer, "turned.png", file.getvalue(), "image/png")
    explorer.page.locator(".px-caption", has_text="turned.png").wait_for()
    expected = decode_photograph(file.getvalue(), (16, 16, 3))
    np.testing.assert_array_equal(canvas_pixels(explorer), expected)
