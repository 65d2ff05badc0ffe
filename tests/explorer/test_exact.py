import base64
import io
import json

import numpy as np
import pytest
import tensorflow as tf
from explorer.small_runs import mixed_network, photographs
from PIL import Image

import petkeras as pk
from petkeras.explorer.exact import ExactNetwork
from petkeras.explorer.explored import open_explored
from petkeras.tracing import compile_outputs, compute_logits


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(image_size=16, seed=3)


@pytest.fixture(scope="module")
def exact(model):
    pixels = photographs(2)
    return ExactNetwork(open_explored(model, pixels, mean=90.0, pixel_scale=200.0))


def x_of(exact, number=0):
    return exact.explored.preprocess(exact.explored.photographs.pixels[number : number + 1])


def ask(exact, **question):
    answer = exact.answer({"id": 7, **question})
    json.dumps(answer, allow_nan=False)
    assert answer.pop("id") == 7
    return answer


def test_logits_are_the_model_s_own(exact, model):
    answer = ask(exact, ask="logits", edits={"photograph": 1})
    x = x_of(exact, 1)
    logits = compute_logits(model, x)[0]
    np.testing.assert_array_equal(answer["logits"], logits)
    np.testing.assert_allclose(answer["probabilities"], tf.nn.softmax(logits), rtol=1e-6)
    features = compile_outputs(model, ["fc1"])(x)["fc1"][0]
    np.testing.assert_allclose(answer["features"], features, atol=1e-5)
    names = [layer.name for layer in exact.chain.layers]
    assert set(answer["outputs"]) == {names.index("fc1"), names.index("softmax")}
    np.testing.assert_allclose(answer["outputs"][names.index("fc1")], features, atol=1e-5)
    assert answer["outputs"][names.index("softmax")] == answer["logits"]


def test_a_changed_photograph_is_used(exact, model):
    pixels = photographs(1, seed=5)[0]
    text = base64.b64encode(pixels.tobytes()).decode()
    answer = ask(exact, ask="logits", edits={"photograph": -1, "pixels": text})
    x = exact.explored.preprocess(pixels[None])
    np.testing.assert_array_equal(answer["logits"], compute_logits(model, x)[0])


def test_a_value_is_that_of_the_layer(exact, model):
    maps = compile_outputs(model, ["pool1"])(x_of(exact))["pool1"]
    index = [layer.name for layer in exact.chain.layers].index("pool1")
    answer = ask(exact, ask="value", layer=index, filter=9, y=2, x=5)
    assert answer["value"] == float(maps[0, 2, 5, 9])
    unit = ask(exact, ask="value", layer=len(exact.chain.layers) - 1, filter=1, y=0, x=0)
    assert unit["value"] == pytest.approx(float(compute_logits(model, x_of(exact))[0, 1]), rel=1e-6)


def test_a_unit_s_map_sums_to_its_value_without_bias(exact, model):
    answer = ask(exact, ask="unit", unit=11)
    values = np.reshape(answer["values"], (answer["height"], answer["width"]))
    assert values.shape == (4, 4)
    maps = compile_outputs(model, ["pool2"])(x_of(exact))["pool2"].numpy().ravel()
    kernel = model.get_layer("fc1").kernel.numpy()[:, 11]
    np.testing.assert_allclose(values.sum(), maps @ kernel, rtol=1e-4)


def picture_text():
    file = io.BytesIO()
    Image.fromarray(photographs(1, 40)[0]).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_a_photograph_is_decoded_as_predict_does(exact):
    answer = ask(exact, ask="photograph", name="mine.png", file=picture_text())
    pixels = np.frombuffer(base64.b64decode(answer["pixels"]), np.uint8).reshape(16, 16, 3)
    expected = Image.fromarray(photographs(1, 40)[0]).resize((16, 16), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels, expected)


def test_a_file_in_pieces_is_the_file(exact):
    text = picture_text()
    whole = ask(exact, ask="photograph", file=text)
    pieces = [(0, text[:999], True), (999, text[999:2000], True), (2000, text[2000:], False)]
    answers = [ask(exact, ask="photograph", at=a, file=f, more=m) for a, f, m in pieces]
    assert answers == [{}, {}, whole]
    assert ask(exact, ask="photograph", file=text) == whole


def test_a_piece_that_does_not_follow_the_last_is_refused(exact):
    text = picture_text()
    ask(exact, ask="photograph", file=text[:999], more=True)
    assert "Choose it again" in ask(exact, ask="photograph", at=500, file=text[500:])["error"]
    ask(exact, ask="photograph", at=999, file=text[999:])
    assert "Choose it again" in ask(exact, ask="photograph", at=999, file=text[999:])["error"]


def test_a_file_that_is_too_large_is_refused(exact, monkeypatch):
    monkeypatch.setattr("petkeras.explorer.exact.MAX_BYTES", 1000)
    line = ask(exact, ask="photograph", name="big.png", file="A" * 2000, more=True)["error"]
    assert line == "big.png cannot be used: it has more than 1000 bytes."


HUGE = {
    "filters": [
        {"layer": index, "filter": number, "kernel": [1e30] * 288, "size": [3, 3], "bias": 0}
        for index in (1, 4)
        for number in range(4)
    ]
}


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ({"ask": "everything"}, "There is no answer to 'everything'."),
        ({"ask": ["logits"]}, "There is no answer to"),
        ({}, "There is no answer to None."),
        ({"ask": "logits", "edits": {"off": 1}}, "These changes do not fit the network"),
        ({"ask": "logits", "edits": "nonsense"}, "These changes do not fit the network"),
        ({"ask": "logits", "edits": HUGE}, "some values are too large to be computed in float32"),
        ({"ask": "logits", "edits": {"photograph": -1}}, "The photograph's pixels are missing."),
        ({"ask": "logits", "edits": {"frame": 0}}, "at an earlier step there are no probabilities"),
        ({"ask": "value", "layer": 99}, "99 is not a number from 0 to"),
        ({"ask": "value"}, "The question is damaged"),
        ({"ask": "value", "layer": 0, "filter": 0, "y": 16, "x": 0}, "16 is not a number from 0"),
        ({"ask": "unit", "unit": "a"}, "is not a number from 0 to 511"),
        ({"ask": "photograph"}, "The question is damaged"),
        ({"ask": "photograph", "name": "a\nb", "file": "AAAA"}, "cannot be used"),
        ({"ask": "photograph", "file": "?"}, "The file cannot be used"),
    ],
)
def test_what_cannot_be_answered_is_one_line(exact, question, line):
    answer = ask(exact, **question)
    assert list(answer) == ["error"]
    assert line in answer["error"]
    assert "\n" not in answer["error"]


def test_a_question_that_is_no_dict_is_answered(exact):
    assert "error" in exact.answer("nonsense")
    assert "error" in exact.answer(None)


def test_a_network_with_global_pooling_has_no_map_of_a_unit():
    exact = ExactNetwork(open_explored(mixed_network(), photographs(1, 20)))
    assert "have no place" in ask(exact, ask="unit", unit=0)["error"]
    assert len(ask(exact, ask="logits")["features"]) == 7
