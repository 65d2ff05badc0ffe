"""Invented breeds are reproducible, differ from each other, and are like no drawn breed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from petkeras.data.drawn.breeds import DRAWN_BREEDS
from petkeras.data.drawn.invented import COAT_DISTANCE, HEAD_DISTANCE, find_breed, invent_breed
from petkeras.data.drawn.pet import PET, draw_pet

NAMES = [f"drawn-{number:03d}" for number in range(100)]


def looks(name, count=20):
    rng = np.random.default_rng(0)
    return [find_breed(name)(rng) for _ in range(count)]


def test_no_coat_comes_near_one_of_a_drawn_breed():
    known = np.array([look.back for breed in DRAWN_BREEDS for look in looks(breed, 300)])
    for name in NAMES:
        for look in looks(name):
            assert np.linalg.norm(known - look.back, axis=1).min() > COAT_DISTANCE


def test_no_head_comes_near_one_of_a_drawn_breed():
    known = np.array([looks(breed, 1)[0].skull for breed in DRAWN_BREEDS])
    for name in NAMES:
        (look,) = looks(name, 1)
        assert np.abs(known - look.skull).mean(axis=1).min() > HEAD_DISTANCE


def test_the_head_distance_is_more_than_lies_between_two_drawn_breeds():
    shiba, bengal = (looks(breed, 1)[0].skull for breed in ("shiba_inu", "Bengal"))
    assert 0 < np.abs(np.subtract(shiba, bengal)).mean() < HEAD_DISTANCE


def test_a_breed_keeps_its_head_and_markings_and_comes_in_two_colors():
    for name in NAMES[:20]:
        pets = looks(name)
        assert len({(look.skull, look.cat, look.cheeks, look.mask is None) for look in pets}) == 1
        hues = {tuple(np.round(look.back / look.back.sum(), 6)) for look in pets}
        assert len(hues) == 2


def test_breeds_differ_and_their_order_does_not_matter():
    skulls = {invent_breed(name)(np.random.default_rng(0)).skull for name in NAMES}
    assert len(skulls) == len(NAMES)
    before = looks("drawn-007", 1)[0].back
    invent_breed.cache_clear()
    np.testing.assert_array_equal(looks("drawn-007", 1)[0].back, before)


@given(st.sampled_from(NAMES), st.integers(0, 1000))
def test_an_invented_pet_is_drawn_like_any_other(name, number):
    first, second = draw_pet(name, number), draw_pet(name, number)
    assert first.image.tobytes() == second.image.tobytes()
    assert 0.03 < (np.asarray(first.trimap) == PET).mean() < 0.95
