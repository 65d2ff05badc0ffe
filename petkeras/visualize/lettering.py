"""Names in figures: fonts for every script, and lines that fit."""

from __future__ import annotations

import logging
import re
import unicodedata
import warnings

from matplotlib import font_manager
from matplotlib.text import Text

from petkeras.language import translate

# Fonts with the scripts that DejaVu Sans lacks; those that are installed are used.
SCRIPT_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans CJK TC", "Noto Sans SC",
    "Noto Sans JP", "Noto Sans KR", "Noto Sans TC", "Source Han Sans SC", "Source Han Sans CN",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "PingFang SC",
    "Hiragino Sans GB", "Heiti TC", "Microsoft YaHei", "SimHei", "Yu Gothic", "Hiragino Sans",
    "IPAexGothic", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic", "Noto Sans Devanagari",
    "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Thai", "Noto Sans Hebrew",
    "Noto Sans Arabic", "Noto Emoji", "Nirmala UI", "Leelawadee UI", "Segoe UI Symbol",
    "Arial Unicode MS", "Unifont",
)  # fmt: skip
MISSING_GLYPH = "Glyph .* missing from font"  # how Matplotlib's warning begins


def font_families():
    """Return DejaVu Sans and the installed fonts for other scripts, in the order of preference."""
    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in SCRIPT_FONTS if name in installed)]


def missing_letters(text):
    """Return the letters beyond Latin that no installed font has, sorted."""
    unusual = sorted(letter for letter in set(text) if letter > "\u017f")
    if not unusual:
        return []
    fonts = [font_manager.get_font(font_manager.findfont(name)) for name in font_families()]
    return [c for c in unusual if not any(font.get_char_index(ord(c)) for font in fonts)]


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
