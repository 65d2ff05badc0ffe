"""The checks of chapter 02: typical mistakes get a hint, and nothing raises."""

import numpy as np
import pytest

from petkeras import pet_net
from petkeras.course.exercises import chapter02
from petkeras.visualize import receptive_fields

NONSENSE = [None, "68", 67.5, -4, [], [[1, 2], [3]], np.nan, np.inf, print, {}, lambda x: "16"]


@pytest.mark.parametrize("answer", NONSENSE)
@pytest.mark.parametrize(
    "check", [chapter02.exercise_1, chapter02.exercise_2, chapter02.exercise_3]
)
def test_nonsense_gets_a_hint(check, answer):
    assert not check(answer)
    assert check(answer).text


@pytest.mark.parametrize("size", [1, 9, 32])
def test_weights_counted_by_hand_match_the_network(size):
    assert chapter02._pet_net_weights(size) == pet_net(image_size=size).count_params()


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (224, "102,827,554 weights at 224 pixels. That is not fewer"),
        (69, "That is not fewer than ten million"),
        (64, "can be larger"),
        (17, "fc1 does not see the picture itself"),
    ],
)
def test_exercise_1_says_how_many_weights_a_size_gives(size, sentence):
    assert sentence in chapter02.exercise_1(size).text


def test_exercise_1_passes_the_largest_size():
    assert chapter02.exercise_1(np.int64(68))


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        (64 * 512, "Each of the 512 units also adds a bias"),
        (56 * 56 * 64 * 512 + 512, "This is fc1 as it is"),
        (56 * 56 * 512 + 512, "64 inputs, not 56 x 56"),
        (1024, "there are 64 maps"),
        (64, "how many inputs does fc1 have now?"),
    ],
)
def test_exercise_2_says_what_was_not_counted(weights, sentence):
    assert sentence in chapter02.exercise_2(weights).text


def test_exercise_2_passes_the_sum():
    assert chapter02.exercise_2(33_280)


def sees(layers, start=1, at_once=False):
    pixels, apart = start, 1
    for window, stride in layers:
        apart *= stride if at_once else 1
        pixels += (window - 1) * apart
        apart *= 1 if at_once else stride
    return pixels


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda layers: sees([(w, 1) for w, _ in layers]), "the product of all strides before it"),
        (lambda layers: sees(layers, start=0), "Before the first layer, a unit is one pixel"),
        (
            lambda layers: sees(layers, at_once=True),
            "A stride widens the windows of later layers, not its own",
        ),
        (lambda layers: 2 * sees(layers) - 1, "How much wider does the last layer make it?"),
        (lambda layers: np.prod([w for w, _ in layers]), "Windows overlap"),
        (lambda layers: layers, "Return one number"),
        (lambda layers: layers[-1][0], "Your function raises IndexError"),
    ],
)
def test_exercise_3_says_how_far_a_unit_sees(function, sentence):
    assert sentence in chapter02.exercise_3(function).text


def test_exercise_3_passes_the_right_walk():
    assert chapter02.exercise_3(sees)


def test_exercise_3_expects_what_the_figures_draw():
    fields = receptive_fields(pet_net(image_size=32))
    assert chapter02._receptive_field(chapter02.PET_NET) == fields[-1].height == 16
