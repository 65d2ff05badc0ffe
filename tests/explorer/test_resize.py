"""One's own photograph in the page (`resize.js`) against what `predict` does with the same file."""

import io

import numpy as np
import pytest
from explorer.browser import call, open_page
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from petkeras.explorer.photographs import decode_photograph

DECODE = """({resize}, {file, shape}) => resize.decodePhotograph(new Blob([file]), shape)"""


@pytest.fixture(scope="module")
def page(browser):
    page = open_page(browser)
    yield page
    page.close()


def differences(page, file, shape):
    """Return by how many levels the page's pixels of a file differ from Python's."""
    expected = decode_photograph(file, shape)
    pixels = call(page, "resize", DECODE, file=np.frombuffer(file, np.uint8), shape=shape)
    assert pixels.size == expected.size
    return pixels.reshape(shape).astype(int) - expected


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(height, width, channels=3, seed=0):
    """Return random pixels `(height, width, channels)` uint8, some of them in even areas."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, channels), np.uint8)
    pixels[height // 3 : height // 2] = rng.integers(0, 256, channels)
    return pixels


def scene(height=90, width=120, mode="RGB", seed=0):
    """Return a picture with smooth colors, as a camera takes it."""
    coarse = noise(5, 6, len(mode), seed)
    picture = Image.fromarray(coarse.squeeze(), mode)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


sides = st.one_of(st.integers(1, 4), st.integers(5, 300), st.sampled_from([16, 64, 128, 1500]))
new_sides = st.one_of(st.integers(1, 80), st.sampled_from([16, 64]))


@settings(max_examples=120)
@given(
    height=sides,
    width=sides,
    new_height=new_sides,
    new_width=new_sides,
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 99),
)
def test_pictures_of_any_size_are_squashed_to_the_last_bit(
    page, height, width, new_height, new_width, channels, seed
):
    if height * width > 200_000:  # long and narrow, but not large
        width = max(200_000 // height, 1)
    file = saved(Image.fromarray(noise(height, width, seed=seed)))
    assert not differences(page, file, (new_height, new_width, channels)).any()
