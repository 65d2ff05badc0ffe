"""The installed fonts for every script, and the letters that none of them has."""

from __future__ import annotations

from matplotlib import font_manager

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
