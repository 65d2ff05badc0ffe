"""Names in figures: labels in the chosen language, and lines that fit."""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings

from matplotlib.text import Text

from petkeras.language import translate
from petkeras.system.fonts import missing_letters

MISSING_GLYPH = "Glyph .* missing from font"  # how Matplotlib's warning begins


def label(text, /, **values):
    """Return a label in the current language, or in English if no installed font has its letters.

    Args:
        text: the English label, which may have `{placeholders}`.
        **values: what to put into them.

    Example:

    >>> from petkeras.visualize.lettering import label
    >>> label("step {step}", step=300)
    'step 300'
    """
    translated = translate(text)
    chosen = text if missing_letters(translated) else translated
    return chosen.format(**values) if values else chosen


def check_letters(figure):
    """Warn once, not per letter, if no installed font has a figure's letters."""
    if any(known and known.pattern == MISSING_GLYPH for _, known, *_ in warnings.filters):
        return
    missing = missing_letters("".join(text.get_text() for text in figure.findobj(Text)))
    if missing:
        warnings.filterwarnings("ignore", MISSING_GLYPH)
        logging.getLogger("petkeras").warning(
            "No installed font has the character %s: figures show a box in its place. Install a "
            "font that has it, such as Noto Sans CJK, and start again.",
            repr(missing[0]),
        )


def text_width(text):
    """Return how wide a line is, in letters; Chinese and Japanese characters are wider."""
    return sum(1.7 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrap_text(text, width):
    """Break lines that are wider than `width` letters, if possible after `_`, `-` or a space.

    Example:

    >>> from petkeras.visualize.lettering import wrap_text
    >>> wrap_text("american_pit_bull_terrier 80.0%", 25).split("\\n")
    ['american_pit_bull_terrier', '80.0%']
    """
    lines = []
    for line in text.split("\n"):
        lines.append("")
        for piece in re.findall(r"[^\s_-]*[\s_-]|[^\s_-]+", line):
            if lines[-1] and text_width(lines[-1] + piece.rstrip()) > width:
                lines.append("")
            for letter in piece:
                if lines[-1] and letter != " " and text_width(lines[-1] + letter) > width:
                    lines.append("")
                lines[-1] += letter
    return "\n".join(line.rstrip() for line in lines)


def letters_across(inches, fontsize):
    """Return how many letters fit in a line: a letter's width is about 0.6 of the font size."""
    return max(1, 72 * inches / (0.6 * fontsize))
