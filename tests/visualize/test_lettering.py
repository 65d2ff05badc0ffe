"""Names in figures: any script, dollars, and lines that fit."""

import logging
import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg

from petkeras.system.fonts import font_families
from petkeras.visualize import plot_confusion, plot_pictures
from petkeras.visualize.lettering import text_width, wrap_text
from petkeras.visualize.style import STYLE

IMAGE = np.zeros((8, 8, 3), np.uint8)


@given(st.text("ab_- 柴", max_size=40), st.integers(4, 20))
def test_wrapping_keeps_every_letter_and_no_line_is_wider_than_asked(text, width):
    lines = wrap_text(text, width).split("\n")
    assert max(map(text_width, lines)) <= width
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_lines_break_after_underscores_and_spaces():
    assert wrap_text("american_pit_bull_terrier", 20) == "american_pit_bull_\nterrier"
    assert wrap_text("samoyed 99.0%\nright", 20) == "samoyed 99.0%\nright"
    assert wrap_text("x" * 25, 10) == "x" * 10 + "\n" + "x" * 10 + "\n" + "x" * 5


def draw(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


@pytest.mark.parametrize("name", ["$5", "$x^{$", "$a$", "a$b$c", r"\alpha", "50% & <b>"])
def test_a_dollar_in_a_name_is_drawn_as_a_dollar(name):
    axes = plot_confusion(np.eye(2), (name, "dog")).axes[0]
    draw(axes.figure)
    label = axes.get_xticklabels()[0]
    assert label.get_text() == name
    assert not label.get_parse_math()
    assert axes.get_yticklabels()[0].get_text() == name


@pytest.fixture
def a_dog_in_a_font(tmp_path, monkeypatch):
    """Install a font of one of the known families, which has a single letter, a square 犬."""
    pen = TTGlyphPen(None)
    for corner, move in (((0, 0), pen.moveTo), ((0, 900), pen.lineTo), ((900, 900), pen.lineTo)):
        move(corner)
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "dog"])
    font.setupCharacterMap({ord("犬"): "dog"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "dog": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (1000, 0), "dog": (1000, 0)})
    font.setupHorizontalHeader(ascent=900, descent=-100)
    font.setupNameTable({"familyName": "SimHei", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "dog.ttf")
    known = font_manager.fontManager.ttflist
    monkeypatch.setattr(font_manager.fontManager, "ttflist", list(known))
    font_manager.fontManager.addfont(tmp_path / "dog.ttf")
    monkeypatch.setitem(STYLE[1], "font.family", font_families())  # as petkeras finds it at start


def test_a_chinese_name_is_drawn_by_an_installed_font(a_dog_in_a_font, caplog):
    assert "SimHei" in font_families()
    draw(plot_pictures([IMAGE], ["犬 dog"]))  # a missing letter would be a warning, and an error
    assert not caplog.records


def test_letters_that_no_font_has_are_reported_once_and_do_not_fail(monkeypatch, caplog):
    only = [font for font in font_manager.fontManager.ttflist if font.name == "DejaVu Sans"]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", only)
    monkeypatch.setitem(STYLE[1], "font.family", font_families())
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        for names in (("柴犬", "萨摩耶"), ("猫", "犬")):
            draw(plot_confusion(np.eye(2), names))
    (record,) = caplog.records
    assert "No installed font has the character" in record.getMessage()


def test_the_style_has_the_installed_fonts_and_leaves_matplotlibs_own_formulas_alone():
    with plt.style.context(STYLE):
        assert matplotlib.rcParams["font.family"] == font_families()
        assert matplotlib.rcParams["text.parse_math"]
        assert not matplotlib.rcParams["axes.spines.top"]  # from the style file
