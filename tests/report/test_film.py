"""The film of the filters: one picture a layer, whose frames lie one below the other."""

import io

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from petkeras import visualize as pkv
from petkeras.report import film
from petkeras.report.film import averaged, in_rows, read_strips


def test_a_strip_shows_each_step_of_the_film_in_the_colors_of_feature_maps(run_dir):
    evolution = pkv.Evolution(run_dir)
    steps, (strip,) = read_strips(run_dir, ["conv1_1"])
    assert steps == evolution.steps
    maps = evolution.maps("conv1_1")  # (frames, 32, 32, 8)
    assert strip.largest == pytest.approx(maps.max())
    with Image.open(io.BytesIO(strip.png)) as picture:
        assert picture.size == (strip.width, strip.height * len(steps))
        shown = np.asarray(picture.convert("RGBA"))
    side = strip.width // 4  # of a map and its margin
    for frame in (0, len(steps) - 1):
        top = frame * strip.height + side  # the second row of maps
        map_5 = shown[top : top + 32, side : side + 32]
        share = np.sqrt((maps[frame, ..., 5] - maps.min()) / (maps.max() - maps.min()))
        expected = colormaps["viridis"](np.round(share * 63) / 63)[..., :3]
        np.testing.assert_allclose(map_5[..., :3] / 255, expected, atol=0.01)
        assert (map_5[..., 3] == 255).all()
    assert (shown[:, side - 1, 3] == 0).all()  # the margin is transparent


def test_a_long_film_is_shown_by_a_few_steps_with_the_first_and_the_last(run_dir, monkeypatch):
    monkeypatch.setattr(film, "MAX_FRAMES", 2)
    steps, (strip,) = read_strips(run_dir, ["conv2_2"])
    assert steps == [pkv.Evolution(run_dir).steps[0], pkv.Evolution(run_dir).steps[-1]]
    with Image.open(io.BytesIO(strip.png)) as picture:
        assert picture.height == 2 * strip.height


def test_large_maps_are_averaged():
    maps = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(averaged(maps, 2)[0, ..., 0], [[2.5, 4.5], [10.5, 12.5]])
    assert averaged(maps, 4) is maps
    assert averaged(np.ones((1, 225, 224, 3)), 112).shape == (1, 75, 74, 3)


def test_maps_lie_in_rows_of_four():
    levels = np.arange(5, dtype=np.uint8).reshape(1, 1, 1, 5)
    grid = in_rows(levels)[0]
    assert grid.shape == (4, 8)
    assert grid[::2, ::2].tolist() == [[0, 1, 2, 3], [4, film.EMPTY, film.EMPTY, film.EMPTY]]
    assert in_rows(levels[..., :2])[0].shape == (2, 4)
