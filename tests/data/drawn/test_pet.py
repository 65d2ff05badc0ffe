"""Drawn pets are reproducible, varied, and labeled correctly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from petkeras.data.breeds import BREEDS, DEFAULT_BREEDS
from petkeras.data.drawn.breeds import DRAWN_BREEDS
from petkeras.data.drawn.pet import BACKGROUND, BORDER, PET, draw_pet


@given(st.sampled_from(sorted(DRAWN_BREEDS)), st.integers(0, 10_000))
def test_the_same_number_gives_the_same_picture(breed, number):
    first, second = draw_pet(breed, number), draw_pet(breed, number)
    assert first.image.tobytes() == second.image.tobytes()
    assert first.trimap.tobytes() == second.trimap.tobytes()
    assert first.head == second.head


@given(st.sampled_from(sorted(DRAWN_BREEDS)), st.integers(0, 10_000))
def test_a_drawing_has_a_pet_and_its_head_within_the_picture(breed, number):
    drawing = draw_pet(breed, number)
    trimap = np.asarray(drawing.trimap)
    assert drawing.image.mode == "RGB"
    assert drawing.image.size == drawing.trimap.size
    assert set(np.unique(trimap)) <= {PET, BACKGROUND, BORDER}
    assert 0.03 < (trimap == PET).mean() < 0.95
    left, top, right, bottom = drawing.head
    width, height = drawing.image.size
    assert 1 <= left < right <= width
    assert 1 <= top < bottom <= height
    assert (trimap[top - 1 : bottom, left - 1 : right] == PET).mean() > 0.2


def test_the_default_breeds_are_drawn_and_all_are_of_the_dataset():
    assert set(DEFAULT_BREEDS) < set(DRAWN_BREEDS) < set(BREEDS)


def test_pictures_of_a_breed_differ_in_size_place_pose_and_color():
    drawings = [draw_pet("samoyed", number) for number in range(30)]
    assert len({drawing.image.size for drawing in drawings}) > 20
    middles = np.array([np.asarray(drawing.image)[100:140, 100:140].mean() for drawing in drawings])
    assert middles.std() > 20
    shares = np.array([(np.asarray(drawing.trimap) == PET).mean() for drawing in drawings])
    assert shares.std() > 0.1
