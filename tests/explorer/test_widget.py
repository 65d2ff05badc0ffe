"""The widget: what it sends to the front end, and its answers."""

import base64
import json

import numpy as np
import pytest
from conftest import picture_bytes
from explorer.small_runs import photographs

import petkeras as pk
from petkeras.explorer.contents import unpack
from petkeras.explorer.page import WEB

anywidget = pytest.importorskip("anywidget")


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(image_size=32, seed=0)


@pytest.fixture
def widget(model):
    return pk.explore(model, photographs(2, 32), class_names=["cat", "dog"], tab="change")


@pytest.fixture
def ask(widget, monkeypatch):
    """Ask the widget as the front end does; return the answer, which JSON must be able to hold."""
    sent = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: sent.append(content))

    def put(question):
        widget._handle_custom_msg(question, [])
        return json.loads(json.dumps(sent.pop(), allow_nan=False))

    return put


def test_all_that_is_sent_is_text(widget):
    state = widget.get_state()
    json.dumps(state)
    assert base64.b64decode(state["wasm"]) == (WEB / "engine.wasm").read_bytes()
    assert "export default { render };" in state["_esm"]
    assert ".petkeras-explorer" in state["_css"]


def test_the_large_kernel_stays_in_the_notebook(widget):
    contents = unpack(widget.contents)
    assert contents.manifest["dense"]["kind"] == "kernel"
    assert contents.manifest["start"]["tab"] == "change"
    large = [name for name, array in contents.arrays.items() if array.size > 500_000]
    assert large == []


def test_probabilities_are_those_of_the_model(widget, ask, model):
    answer = ask({"id": "a1", "ask": "logits", "edits": {"photograph": 1}})
    expected = model(photographs(2, 32)[1:].astype("float32")).numpy()[0]
    assert answer["id"] == "a1"
    np.testing.assert_allclose(answer["logits"], expected, rtol=1e-5, atol=1e-4)
    assert sum(answer["probabilities"]) == pytest.approx(1)


def test_a_photograph_is_decoded_as_predict_does(ask):
    file = base64.b64encode(picture_bytes(3)).decode()
    answer = ask({"id": 7, "ask": "photograph", "name": "photo.jpg", "file": file})
    assert len(base64.b64decode(answer["pixels"])) == 32 * 32 * 3


@pytest.mark.parametrize(
    "question",
    [
        None,
        "hello",
        [],
        {},
        {"id": 3},
        {"id": 3, "ask": "money"},
        {"id": 3, "ask": ["logits"]},
        {"id": 3, "ask": "logits", "edits": "all"},
        {"id": 3, "ask": "logits", "edits": {"photograph": 99}},
        {"id": 3, "ask": "logits", "edits": {"filters": [{"layer": 0}]}},
        {"id": 3, "ask": "value", "layer": 400, "filter": 0, "y": 0, "x": 0},
        {"id": 3, "ask": "unit", "unit": "first"},
        {"id": 3, "ask": "photograph", "file": "no base64"},
        {"id": 3, "ask": "photograph", "file": base64.b64encode(b"no picture").decode()},
    ],
    ids=lambda question: repr(question)[:60],
)
def test_nonsense_is_answered_in_one_line(ask, question):
    answer = ask(question)
    assert answer["id"] == (question.get("id") if isinstance(question, dict) else None)
    assert answer["error"]
    assert "\n" not in answer["error"]


def test_an_unforeseen_error_is_answered_too(widget, ask, monkeypatch):
    monkeypatch.setattr(widget, "_network", None)
    assert "cannot be answered" in ask({"id": 1, "ask": "logits"})["error"]


def test_two_widgets_answer_for_themselves(model, monkeypatch):
    answers = []
    for seed in (1, 2):
        widget = pk.explore(model, photographs(1, 32, seed=seed))
        monkeypatch.setattr(widget, "send", lambda content, buffers=None: answers.append(content))
        widget._handle_custom_msg({"id": 1, "ask": "logits", "edits": {}}, [])
    assert answers[0]["logits"] != answers[1]["logits"]


def test_without_edits_the_first_photograph_is_meant(ask):
    first = ask({"id": 1, "ask": "logits", "edits": {}})
    assert first["logits"] == ask({"id": 2, "ask": "logits"})["logits"]
