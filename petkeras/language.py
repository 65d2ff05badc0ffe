"""The language in which petkeras speaks to a learner: English, or Chinese from a catalog.

The catalog is `petkeras/locale/zh_CN/LC_MESSAGES/petkeras.po`, and compiled beside it;
`docs/translating_package.py` keeps it in step with the messages in the source.
"""

from __future__ import annotations

import contextlib
import functools
import gettext
import locale
import os
from pathlib import Path

from petkeras.errors import PetkerasError

# The languages by the names under which they can be chosen.
LANGUAGES = {"en": "en", "zh": "zh_CN", "zh_CN": "zh_CN", "zh-CN": "zh_CN"}

_chosen: str | None = None  # by `use`


def check_language(value, argument):
    """Raise a `PetkerasError` unless the value of an argument names a language, or is `None`."""
    if value not in (None, *LANGUAGES):
        choices = ", ".join(map(repr, LANGUAGES))
        raise PetkerasError(
            f"`{argument}` must be one of {choices}. Received: {argument}={value!r}"
        )


def use(name):
    """Choose the language of all messages from now on.

    Args:
        name: "en" for English, "zh_CN" (also "zh" or "zh-CN") for Chinese, or `None` for the
            environment's language.

    Raises:
        PetkerasError: there is no such language.
    """
    global _chosen
    check_language(name, "name")
    _chosen = name if name is None else LANGUAGES[name]


@contextlib.contextmanager
def using(name):
    """Choose the language of a block of code, and go back afterwards.

    Args:
        name: as in `use`, except that `None` changes nothing.

    Example:

    >>> from petkeras import language
    >>> with language.using("zh"):
    ...     language.language()
    'zh_CN'
    """
    before = _chosen
    if name is not None:
        use(name)
    try:
        yield
    finally:
        use(before)


def language():
    """Return "zh_CN" or "en": as chosen by `use`, else by `PETKERAS_LANG`, else by the locale.

    A value of `PETKERAS_LANG` that names no language counts as English.
    """
    if _chosen:
        return _chosen
    if name := os.environ.get("PETKERAS_LANG"):
        return LANGUAGES.get(name, "en")
    variables = map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))
    name = next(filter(None, variables), None)  # the first one that is set decides
    name = name or _system_locale()
    return "zh_CN" if name.startswith(("zh", "Chinese")) else "en"


def _system_locale():
    """Return the system's locale; Windows sets no variable, and says "Chinese (...)_China"."""
    try:
        return locale.getlocale()[0] or ""
    except ValueError:  # a name that Python does not know
        return ""


def translate(text, /, **values):
    """Return a message in the current language, its `{placeholders}` filled with the values.

    A message that the catalog does not have stays English.

    Example:

    >>> from petkeras.language import translate
    >>> translate("{count:,} weights. {hint}", count=5190, hint="Too many?")
    '5,190 weights. Too many?'
    """
    if text and language() != "en":  # "" is the catalog's header
        text = _catalog(language()).gettext(text)
    return text.format(**values) if values else text


def message(text):
    """Return a text as it is: it becomes a message, to be translated where it is shown.

    Example:

    >>> from petkeras.language import message, translate
    >>> TITLES = {"mean": message("mean of all runs")}
    >>> translate(TITLES["mean"])
    'mean of all runs'
    """
    return text


def translations():
    """Return a dict from all messages to those of the current language; none for English."""
    if language() == "en":
        return {}
    # gettext looks up single messages only: its table has no public name.
    table = getattr(_catalog(language()), "_catalog", {})
    return {text: other for text, other in table.items() if text}  # "" is the catalog's header


@functools.cache
def _catalog(name):
    return gettext.translation("petkeras", Path(__file__).parent / "locale", [name], fallback=True)
