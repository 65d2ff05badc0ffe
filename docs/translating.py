"""The course in another language: catalogs of messages, and the notebooks made with them.

    python docs/translating.py update       # after the English notebooks have changed
    python docs/translating.py check        # what is missing, or does not fit the English
    python docs/translating.py make         # notebooks/zh_CN/ from catalogs and English

A catalog, docs/locale/zh_CN/LC_MESSAGES/course/CHAPTER.po, has a message for each block of text,
and for each line of code with a comment or with words in quotation marks. `make` writes the `.py`
files of the chapters, and the glossary; to execute them:

    jupytext --execute --to ipynb notebooks/zh_CN/*.py
    python docs/strip_widgets.py
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from pathlib import Path

import jupytext
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
CATALOGS = ROOT / "docs" / "locale" / "zh_CN" / "LC_MESSAGES"
TRANSLATED = ROOT / "notebooks" / "zh_CN"
GLOSSARY = ROOT / "docs" / "glossary.md"
WORDS = re.compile(r"[A-Za-z]{2,}")
# A chapter in Chinese chooses the language of what petkeras says, wherever it is opened.
IMPORTS = re.compile(r"^import petkeras as pk\n(from .*\n)*\n?", re.MULTILINE)
CHOICE = '\\g<0>pk.language.use("zh")\n'
# What a translation has to keep as it is: code, formulas, targets of links.
KEPT = re.compile(r"`[^`\n]+`|\$\$?[^$]+\$\$?|\]\([^)\s]+\)|</?\w+[^>]*>")


def english():
    """Return the English chapters' `.py` files."""
    return sorted((ROOT / "notebooks").glob("[0-9]*.py"))


def blocks(text):
    """Return the blocks of a Markdown cell, split at blank lines; fenced code is one block."""
    found, lines, fenced = [], [], False
    for line in text.split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        if line or fenced:
            lines.append(line)
        elif lines:
            found.append("\n".join(lines))
            lines = []
    return [*found, "\n".join(lines)] if lines else found


def as_message(block):
    """Return a block without the line breaks that only keep its lines short."""
    keeps_lines = re.search(r"^(\||[-*] |\d+\. |<|\$\$|>)", block, re.MULTILINE)
    return block if keeps_lines else " ".join(block.split("\n"))


def lines_with_words(code):
    """Return the numbers of the lines of code, from 0, that have comments or words in strings."""
    numbers = set()
    try:
        tree = ast.parse(code)
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, tokenize.TokenError):  # a magic, or a question with a gap
        return {n for n, line in enumerate(code.split("\n")) if re.search(r"#\s*\w", line)}
    for token in tokens:
        if token.type == tokenize.COMMENT and WORDS.search(token.string):
            numbers.add(token.start[0] - 1)
    whole = {part: node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
             for part in node.values}  # fmt: skip
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and WORDS.search(node.value):
            node = whole.get(node, node)
            numbers.update(range(node.lineno - 1, node.end_lineno))
    lines = code.split("\n")
    return {number for number in numbers if WORDS.search(lines[number])}


def translate_code(code, translate):
    """Return code with each line that has words translated."""
    chosen = lines_with_words(code)
    lines = []
    for number, line in enumerate(code.split("\n")):
        bare = line.strip()
        translated = translate(bare) if number in chosen else bare
        lines.append(line.replace(bare, translated) if bare else line)
    return "\n".join(lines)


def translate_text(text, translate):
    """Return the text of a Markdown cell with each block translated."""
    made = []
    for block in blocks(text):
        if block.startswith("```"):
            first, *code, last = block.split("\n")
            made.append("\n".join([first, translate_code("\n".join(code), translate), last]))
        elif WORDS.search(KEPT.sub("", block)):
            made.append(translate(as_message(block)))
        else:
            made.append(block)
    return "\n\n".join(made)


def translate_notebook(notebook, translate):
    """Change the cells of a notebook, given a function from a message to its translation."""
    for cell in notebook.cells:
        do = translate_code if cell.cell_type == "code" else translate_text
        cell.source = do(cell.source, translate)
    return notebook


def messages(file):
    """Return the messages of a chapter, each once, in their order."""
    found = {}
    translate_notebook(jupytext.read(file), lambda text: found.setdefault(text, text))
    return list(found)


def catalog_of(file):
    """Return the path of a chapter's catalog."""
    return CATALOGS / "course" / f"{file.stem}.po"


def read_catalog(path):
    """Return a dict from a catalog's messages to their translations; `""` if there is none."""
    if not path.exists():
        return {}
    with path.open("rb") as opened:
        return {entry.id: entry.string for entry in read_po(opened, "zh_CN") if entry.id}


def write_catalog(path, translations):
    """Write a dict from messages to translations as a catalog."""
    catalog = Catalog("zh_CN", project="petkeras", fuzzy=False)
    for text, translation in translations.items():
        catalog.add(text, translation)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as opened:
        write_po(opened, catalog, width=0, omit_header=True)


def update_catalog(path, messages):
    """Write a catalog with all messages, and the translations there are."""
    old = read_catalog(path)
    write_catalog(path, {text: old.get(text, "") for text in messages})


def catalog_faults(path, messages, kept=KEPT):
    """Yield what is wrong with a catalog, in a line each.

    Args:
        path: the catalog's.
        messages: the English ones.
        kept: a pattern of what a translation has to keep.
    """
    name, translations = path.relative_to(CATALOGS).as_posix(), read_catalog(path)
    for text in messages:
        translation = translations.get(text, "")
        lost = sorted(set(kept.findall(text)) - set(kept.findall(translation)))
        if not translation:
            yield f"{name}: not translated: {text!r}"
        elif lost:
            yield f"{name}: {lost} missing in {translation!r}"
    for text in translations.keys() - set(messages):
        yield f"{name}: no longer in the English: {text!r}"


def faults(file):
    """Yield what is wrong with a chapter's catalog, in a line each."""
    return catalog_faults(catalog_of(file), messages(file))


def make(file):
    """Return the translated chapter as a notebook; what is not translated yet stays English."""
    translations = read_catalog(catalog_of(file))
    notebook = translate_notebook(jupytext.read(file), lambda text: translations.get(text) or text)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("](../", "](../../")  # it lies one folder deeper
        else:
            cell.source = IMPORTS.sub(CHOICE, cell.source, count=1)
    return notebook


def make_glossary():
    """Return the translated glossary; its catalog is one of the site's."""
    translations = read_catalog(CATALOGS / "glossary.po")

    def translate(text):
        marks, words = re.fullmatch(r"(#* ?)(.*)", text, re.DOTALL).groups()
        return marks + (translations.get(words) or words)

    return translate_text(GLOSSARY.read_text(encoding="utf-8"), translate) + "\n"


def main():
    """Update, check or use the catalogs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["update", "check", "make"])
    parser.add_argument("chapters", nargs="*", help="such as 04; all by default")
    options = parser.parse_args()
    chosen = [
        file for file in english() if not options.chapters or file.stem[:2] in options.chapters
    ]
    wrong = []
    for file in chosen:
        if options.task == "update":
            update_catalog(catalog_of(file), messages(file))
        elif options.task == "check":
            wrong += faults(file)
        else:
            TRANSLATED.mkdir(exist_ok=True)
            jupytext.write(make(file), TRANSLATED / file.name)
    if options.task == "make":
        (TRANSLATED / GLOSSARY.name).write_text(make_glossary(), encoding="utf-8")
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
