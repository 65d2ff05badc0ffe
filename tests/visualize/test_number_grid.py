"""The numbers that grids show."""

import numpy as np
import pytest

from petkeras.visualize.number_grid import format_number


@pytest.mark.parametrize(
    ("value", "text"),
    [(2.0, "2"), (-0.004, "0"), (0.5, "0.5"), (-1.239, "-1.24"), (10, "10"), (np.nan, "")],
)
def test_numbers_are_short(value, text):
    assert format_number(value) == text
