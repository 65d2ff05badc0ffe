"""Tables and lines: nothing is cut off, however narrow the terminal is."""

from types import SimpleNamespace

import pytest
from rich.cells import cell_len

from petkeras.cli.printing import print_data, print_table

COLUMNS = ("breed", "pictures", "train", "validation", "test", "smallest", "median", "largest")
SIZES = ("200", "140", "20", "40", "100x99", "500x375", "3000x2000")


@pytest.mark.parametrize("width", [30, 60, 80, 120, 200])
@pytest.mark.parametrize("name", ["pug", "american_pit_bull_terrier", "x" * 90, "阿比西尼亚猫"])
def test_every_cell_of_a_table_is_printed_at_any_width(name, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    print_table("Pictures", COLUMNS, [(name, *SIZES)] * 3)
    out = capsys.readouterr().out
    assert max(map(cell_len, out.splitlines())) <= width
    assert all(out.count(cell) == 3 for cell in SIZES[4:])
    assert all(column in out for column in COLUMNS[1:])
    letters = [letter for letter in out if letter in name]
    assert len(letters) >= 3 * len(name)
    if len(name) < 24:
        assert out.count(name) == 3


@pytest.mark.parametrize(
    ("classes", "described"), [(2, "b0 and b1"), (4, "b0, b1, b2 and b3"), (37, "37 breeds")]
)
def test_the_first_line_names_a_few_breeds_and_counts_many(classes, described, capsys):
    data = SimpleNamespace(
        class_names=tuple(f"b{i}" for i in range(classes)),
        train=range(90),
        validation=None,
        test=range(10),
        origin={"source": "sample"},
        problems=(),
        notes=(),
    )
    print_data(data)
    out = capsys.readouterr().out
    assert out == f"Drawn pets (source sample): {described}, 90 to train and 10 to test.\n"
