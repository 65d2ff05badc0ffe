"""The sentences of the explorer's front end in the current language."""

from __future__ import annotations

import re
from pathlib import Path

from petkeras.language import translations

WEB = Path(__file__).with_name("web")


def explorer_words():
    """Return a dict from each English sentence of the front end to its translation.

    It has those messages of the package's catalog that occur in the scripts. For English it is
    empty.
    """
    scripts = "".join(file.read_text(encoding="utf-8") for file in WEB.glob("*.js"))
    scripts = re.sub(r'"\s*\+\s*"', "", scripts)  # a long sentence is joined of several texts
    return {text: other for text, other in translations().items() if f'"{text}"' in scripts}
