"""Recipes: the article's values, and what is refused."""

import dataclasses

import pytest

from petkeras.errors import PetkerasError
from petkeras.recipes import ARTICLE, MODERN, Recipe

LEARNED_SINCE = {
    "name", "epochs", "learning_rate", "schedule", "warmup", "conv_dropout", "dense_dropout",
    "initializer", "dense_bias", "pixel_scale", "flip", "shift", "zoom", "rotation", "light",
    "color", "stop_loss",
}  # fmt: skip

AUGMENTATION = ("flip", "shift", "zoom", "rotation", "light", "color")


def test_article_is_the_article_to_the_letter():
    assert ARTICLE.epochs == 400
    assert ARTICLE.batch_size == 10
    assert ARTICLE.learning_rate == 1e-5
    assert (ARTICLE.conv_dropout, ARTICLE.dense_dropout) == (0.8, 0.5)
    assert (ARTICLE.initializer, ARTICLE.dense_bias) == ("article", 1.0)
    assert ARTICLE.pixel_scale == 1.0
    assert ARTICLE.summary_every == 5
    assert not any(getattr(ARTICLE, name) for name in AUGMENTATION)


def test_modern_changes_only_what_was_learned_since():
    article, modern = dataclasses.asdict(ARTICLE), dataclasses.asdict(MODERN)
    assert {name for name in article if article[name] != modern[name]} <= LEARNED_SINCE


def test_every_field_says_what_it_is():
    assert all(field.metadata["help"] for field in dataclasses.fields(Recipe))


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("name", 5, "a string"),
        ("epochs", 0, "a positive integer"),
        ("epochs", 2**31, "a positive integer"),
        ("batch_size", 2.5, "a positive integer"),
        ("summary_every", True, "a positive integer"),
        ("warmup", -1, "0 or more"),
        ("learning_rate", 0, "above 0"),
        ("learning_rate", float("nan"), "above 0"),
        ("learning_rate", 3.5e38, "finite"),  # in float32 it would be infinite
        ("pixel_scale", -1, "above 0"),
        ("conv_dropout", 1, "in [0, 1)"),
        ("dense_dropout", -0.1, "in [0, 1)"),
        ("shift", 2, "in [0, 1)"),
        ("zoom", "big", "in [0, 1)"),
        ("rotation", 181, "degrees"),
        ("stop_loss", -1, "0 or more"),
        ("dense_bias", float("inf"), "finite"),
        ("schedule", "linear", "'constant' or 'cosine'"),
        ("initializer", "zeros", "'article' or 'he'"),
        ("flip", 1, "True or False"),
    ],
)
def test_refuses_what_is_out_of_range_by_name(field, value, allowed):
    with pytest.raises(PetkerasError) as raised:
        Recipe(**{field: value})
    assert f"`{field}` must be" in str(raised.value)
    assert allowed in str(raised.value)
    assert f"Received: {field}={value!r}" in str(raised.value)


def test_a_value_without_end_is_cut_short_in_the_message():
    with pytest.raises(PetkerasError) as raised:
        Recipe(schedule=10**6 * "x")
    assert str(raised.value).endswith("xxx...")
    assert len(str(raised.value)) < 160
