"""The site's pages in another language: a catalog of messages for each page.

    python docs/translating_site.py update      # after an English page has changed
    python docs/translating_site.py check       # what is missing, or does not fit the English

`update` keeps each translation whose English is still on its page, and adds the new messages with
an empty one: write the translation into docs/locale/zh_CN/LC_MESSAGES/PAGE.po, and check. It needs
Sphinx, which finds the messages. The chapters have catalogs of their own (translating.py); the
change log and the pages that are made from docstrings stay English.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from translating import CATALOGS, KEPT, WORDS, catalog_faults, read_catalog, update_catalog

DOCS = Path(__file__).parent
CODE = re.compile(r"``.+?``|" + KEPT.pattern)  # on these pages also `` `code` ``
OTHERS = ("_build", "course", "api", "CHANGELOG.md", "README.zh-CN.md")
THEME = CATALOGS / "sphinx.po"  # words of the theme and its templates, which are on no page


def english():
    """Return the messages of each page that is translated, by the path of its catalog.

    A message without words, such as a number in a table or a line of code, is left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "sphinx", "-b", "gettext", "-Q"]
        command += ["-D", f"exclude_patterns={','.join(OTHERS)}", DOCS, folder]
        subprocess.run(command, check=True)
        return {
            CATALOGS / file.relative_to(folder).with_suffix(".po"): [
                text for text in read_catalog(file) if WORDS.search(CODE.sub("", text))
            ]
            for file in sorted(Path(folder).rglob("*.pot"))
            if file.stem != THEME.stem
        }


def faults(pages):
    """Yield what is wrong with the catalogs, in a line each."""
    for path, messages in {**pages, THEME: list(read_catalog(THEME))}.items():
        yield from catalog_faults(path, messages, CODE)
    for path in CATALOGS.rglob("*.po"):
        if "#, fuzzy" in path.read_text(encoding="utf-8"):
            yield f"{path.relative_to(CATALOGS)}: a translation is marked as fuzzy"


def main():
    """Update or check the catalogs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["update", "check"])
    pages = english()
    if parser.parse_args().task == "update":
        for path, messages in pages.items():
            update_catalog(path, messages)
    wrong = list(faults(pages))
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
