"""Shapes of drawn pets."""

import numpy as np
import pytest

from petkeras.data.drawn import brush


def test_smooth_goes_through_its_points():
    points = np.array([0, 1, 1 + 1j, 2j])
    np.testing.assert_allclose(brush.smooth(points, steps=4)[::4], points, atol=1e-12)
    open_ended = brush.smooth(points, closed=False, steps=4)
    np.testing.assert_allclose(open_ended[::4], points, atol=1e-12)


def test_mirrored_is_the_same_on_both_sides():
    shape = brush.mirrored((-1j, 0.8 - 0.2j, 0.5 + 0.5j, 1j))
    left = -shape.conj()
    assert all(np.abs(left - point).min() < 1e-9 for point in shape)


def test_a_limb_is_as_wide_as_it_says():
    tube = brush.limb((0, 1, 2), 0.4, 0.4)
    assert np.ptp(tube.imag) == pytest.approx(0.4)
    assert tube.real.min() == pytest.approx(0)
    assert 2.15 < tube.real.max() <= 2.2  # the rounded end


def test_hair_stands_outward():
    circle, rng = brush.blob(0, 1, 1), np.random.default_rng(0)
    for shape in (circle, circle[::-1]):  # whichever way around
        hairy = brush.furry(shape, 0.1, rng)
        assert np.abs(hairy).max() > 1.05
        assert np.abs(hairy).min() > 0.95
