"""The messages of the package in another language: the catalog that `petkeras.language` reads.

    python docs/translating_package.py update       # after an English message has changed
    python docs/translating_package.py check        # what is missing, or does not fit the English

`update` keeps each translation whose English is still in the source, adds the new messages with
an empty one, and compiles the catalog: write the translation into `petkeras.po`, and update again.

The sources are the package's modules, and the explorer's front end in JavaScript, where a message
is what `say` takes.
"""

import argparse
import ast
import datetime
import re
import string
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "petkeras"
CATALOG = PACKAGE / "locale" / "zh_CN" / "LC_MESSAGES" / "petkeras.po"
# Functions whose first argument is a message, by the module that they are imported from.
FUNCTIONS = {
    "petkeras.language": {"translate", "message"},
    "petkeras.visualize.lettering": {"label"},
    "petkeras.course.exercises.feedback": {"right", "not_yet"},
}
CHECKS = "chapter[0-9][0-9].py"  # in these modules every text is a message: hints lie in lists
# The front end's function for messages, and what it may take: texts in double quotes.
SAY = re.compile(r"(?<!function )\bsay\(\s*")
LITERALS = re.compile(r'"[^"\\\n]*"(?:\s*\+\s*"[^"\\\n]*")*(?=\s*[,)])')
CODE = re.compile(r"`[^`]+`")


def sources():
    """Return the package's modules, and those of the explorer's front end."""
    return sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.js")])


def messages(file):
    """Return the messages of a module, each once, in their order.

    Raises:
        SyntaxError: a message is an f-string, or in JavaScript no literal text. It is only known
            when it has been filled in.
    """
    if file.suffix == ".js":
        return _said(file)
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    names = _imported(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") in names:
            found += _alternatives(node.args[0])
    if file.match(CHECKS):
        found += _sentences(tree)
    for node in found:
        if isinstance(node, ast.JoinedStr):
            raise SyntaxError(
                f"{file.name}, line {node.lineno}: a message must not be an f-string. "
                "Use {placeholders}, and pass their values."
            )
    found.sort(key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.value for node in found))


def _said(file):
    """Return what `say` takes in a JavaScript module: a text, or several that are joined by +."""
    text = file.read_text(encoding="utf-8")
    found = []
    for call in SAY.finditer(text):
        literals = LITERALS.match(text, call.end())
        if literals is None:
            line = text.count("\n", 0, call.end()) + 1
            raise SyntaxError(
                f"{file.name}, line {line}: `say` must take a text in double quotes, or several "
                "joined by +. Use {placeholders}, and pass their values."
            )
        found.append("".join(re.findall(r'"([^"]*)"', literals[0])))
    return list(dict.fromkeys(found))


def _imported(tree):
    """Return the names of the functions for messages that a module imports."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.name
        for node in imports
        for alias in node.names
        if alias.name in FUNCTIONS.get(node.module, ())
    }


def _alternatives(node):
    """Return the texts that an argument may be: all of `a or "b"`, and of `"a" if c else "b"`."""
    if isinstance(node, ast.BoolOp):
        return [text for value in node.values for text in _alternatives(value)]
    if isinstance(node, ast.IfExp):
        return _alternatives(node.body) + _alternatives(node.orelse)
    return [node] if isinstance(node, ast.JoinedStr) or _is_text(node) else []


def _sentences(tree):
    """Return all texts of several words, but not docstrings, and not `"text" in other`."""
    others = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            others.add(node.value)
        elif isinstance(node, ast.Compare):
            others.add(node.left)
        elif isinstance(node, ast.JoinedStr):
            others.update(node.values)
    found = []
    for node in set(ast.walk(tree)) - others:
        texts = node.values if isinstance(node, ast.JoinedStr) else [node]
        words = "".join(text.value for text in texts if _is_text(text))
        if " " in words and re.search("[A-Za-z]{2}", words):
            found.append(node)
    return found


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def all_messages():
    """Return a dict from each message to the modules that have it."""
    found = {}
    for file in sources():
        for text in messages(file):
            found.setdefault(text, []).append(file.relative_to(ROOT).as_posix())
    return found


def read_catalog():
    """Return a dict from message to the catalog's entry."""
    if not CATALOG.exists():
        return {}
    with CATALOG.open("rb") as opened:
        return {entry.id: entry for entry in read_po(opened, "zh_CN") if entry.id}


def compiled():
    """Return a dict from message to translation, as the compiled catalog has it."""
    with CATALOG.with_suffix(".mo").open("rb") as opened:
        return {entry.id: entry.string for entry in read_mo(opened) if entry.id}


def update(translations):
    """Write the catalog and its compiled form: all messages, with the translations there are."""
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # fixed: the same file again
    catalog = Catalog(
        "zh_CN", project="petkeras", fuzzy=False, creation_date=day, revision_date=day
    )
    for text, modules in all_messages().items():
        locations = [(module, 0) for module in modules]
        catalog.add(text, translations.get(text, ""), locations=locations)
    CATALOG.parent.mkdir(parents=True, exist_ok=True)
    with CATALOG.open("wb") as opened:
        write_po(opened, catalog, width=0, omit_header=True, include_lineno=False)
    with CATALOG.with_suffix(".mo").open("wb") as opened:
        write_mo(opened, catalog)


def placeholders(text):
    """Return the placeholders of a template, sorted, with their formats."""
    fields = string.Formatter().parse(text)
    return sorted((name, form) for _, name, form, _ in fields if name is not None)


def faults():
    """Yield what is wrong with the catalog, in a line each."""
    catalog, english = read_catalog(), all_messages()
    for text, modules in english.items():
        entry = catalog.get(text)
        if entry is None or not entry.string:
            yield f"{modules[0]}: not translated: {text!r}"
        elif entry.fuzzy:
            yield f"{modules[0]}: fuzzy: {text!r}"
        elif placeholders(text) != placeholders(entry.string):
            yield f"{modules[0]}: not the placeholders of the English: {entry.string!r}"
        elif sorted(CODE.findall(text)) != sorted(CODE.findall(entry.string)):
            yield f"{modules[0]}: not the code of the English: {entry.string!r}"
    for text in catalog.keys() - english.keys():
        yield f"no longer in the package: {text!r}"
    if compiled() != {text: entry.string for text, entry in catalog.items() if entry.string}:
        yield f"{CATALOG.stem}.mo is not what {CATALOG.name} says: update compiles it"


def main():
    """Update or check the catalog."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=["update", "check"])
    if parser.parse_args().task == "update":
        update({text: entry.string for text, entry in read_catalog().items()})
    wrong = list(faults())
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
