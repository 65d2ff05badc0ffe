"""The learning rate of a recipe, step by step."""

import dataclasses

import numpy as np

from petkeras.recipes import ARTICLE, MODERN
from petkeras.schedules import learning_rate_schedule


def test_the_schedule_warms_up_and_ends_at_0():
    recipe = dataclasses.replace(MODERN, learning_rate=1.0, warmup=10)
    schedule = learning_rate_schedule(recipe, 100)
    rates = [float(schedule(step)) for step in (0, 5, 10, 55, 100)]
    np.testing.assert_allclose(rates, [0, 0.5, 1, 0.5, 0], atol=1e-3)
    assert learning_rate_schedule(ARTICLE, 100) == 1e-5
    flat = learning_rate_schedule(dataclasses.replace(recipe, schedule="constant"), 100)
    np.testing.assert_allclose([float(flat(step)) for step in (5, 10, 99)], [0.5, 1, 1], atol=1e-3)


def test_the_warmup_is_at_most_half_of_all_steps():
    schedule = learning_rate_schedule(dataclasses.replace(MODERN, warmup=10**9), 40)
    rates = [float(schedule(step)) for step in range(41)]
    assert np.argmax(rates) == 20
