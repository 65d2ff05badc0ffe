"""The course in a folder of the reader's own, opened in JupyterLab."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from petkeras.errors import PetkerasError
from petkeras.system.memory import settings

DEFAULT_FOLDER = "petkeras-notebooks"
COPIED = ".petkeras-lab.json"  # in the folder: what each file was when it was copied
GLOSSARY = "glossary.md"

# A link to a word of the glossary: `(../docs/glossary.md#max-pool)` from a chapter of the
# repository, `(#max-pool)` in the glossary itself.
LINK = re.compile(rf"\((?:\.\./docs/({re.escape(GLOSSARY)}))?#([\w-]+)\)")


def chapters():
    """Return the course's files by name, as bytes: the notebooks, and the glossary they link to.

    Their links lead to the glossary beside them, and to its words by JupyterLab's names of them.

    Raises:
        PetkerasError: they are not where petkeras is installed.

    Example:

    >>> from petkeras.course.lab import chapters
    >>> "glossary.md" in chapters()
    True
    """
    package = Path(__file__).parent.parent
    shipped = package / "notebooks"  # in a wheel
    glossary = shipped / GLOSSARY
    if not shipped.is_dir():  # in a copy of the repository
        shipped = package.parent / "notebooks"
        glossary = package.parent / "docs" / GLOSSARY
    files = sorted(shipped.glob("*.ipynb"))
    if not files:
        raise PetkerasError("The notebooks were not installed with petkeras. Install it anew.")
    texts = {file.name: file.read_text(encoding="utf-8") for file in (*files, glossary)}
    words = re.findall(r"^## (.+)$", texts[GLOSSARY], re.MULTILINE)
    names = {_slug(word): word.replace(" ", "-") for word in words}

    def link(match):
        file, slug = match.groups(default="")
        return f"({file}#{names.get(slug, slug)})"

    return {name: LINK.sub(link, text).encode() for name, text in texts.items()}


def _slug(heading):
    """Return a heading as GitHub's links and the site's name it; JupyterLab keeps capitals."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def copy_chapters(folder, files=None):
    """Copy the course to a folder, but never over what a reader has changed there.

    Args:
        folder: where to; made if it is not there.
        files: contents by name; by default those of `chapters`.

    Returns:
        What became of each file, by name: `"copied"`; `"updated"`, where petkeras has a newer one
        and the reader had not changed the old one; `"same"`; or `"kept"`, as the reader changed it.

    Raises:
        PetkerasError: `folder` is a file.

    Example:

    >>> import tempfile
    >>> from petkeras.course.lab import copy_chapters
    >>> copy_chapters(tempfile.mkdtemp(), {"01_data.ipynb": b"{}"})
    {'01_data.ipynb': 'copied'}
    """
    folder = Path(folder)
    if os.path.lexists(folder) and not folder.is_dir():
        raise PetkerasError(f"{folder} is a file. Name a folder for the notebooks.")
    folder.mkdir(parents=True, exist_ok=True)
    copied = _read_copied(folder)
    became = {}
    for name, content in (chapters() if files is None else files).items():
        there, new = _hash_file(folder / name), _hash(content)
        if there is None:
            became[name] = "copied"
        elif there == new:
            became[name] = "same"
        elif there == copied.get(name):
            became[name] = "updated"
        else:
            became[name] = "kept"
            continue
        if there != new:
            (folder / name).write_bytes(content)
        copied[name] = new
    (folder / COPIED).write_text(json.dumps(copied, indent=2) + "\n", encoding="utf-8")
    return became


def _read_copied(folder):
    """Return the hashes of what was copied before; nothing where they cannot be read."""
    try:
        copied = json.loads((folder / COPIED).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}  # then every file that differs counts as the reader's
    return copied if isinstance(copied, dict) else {}


def _hash(content):
    return hashlib.sha256(content).hexdigest()


def _hash_file(file):
    if file.is_symlink() or file.is_dir():
        return "the reader's"  # no hash: what it leads to is never written over
    return _hash(file.read_bytes()) if file.exists() else None


def open_jupyterlab(folder, arguments=()):
    """Run JupyterLab in a folder until the reader ends it.

    Args:
        folder: JupyterLab's root.
        arguments: what else to tell JupyterLab, such as `["--no-browser"]`.

    Returns:
        JupyterLab's exit code.

    Raises:
        PetkerasError: JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise PetkerasError("JupyterLab is not installed. Install it: pip install 'petkeras[lab]'")
    command = [sys.executable, "-m", "jupyterlab", *arguments]
    environment = {**settings(), **os.environ}
    with subprocess.Popen(command, cwd=folder, env=environment) as jupyterlab:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for JupyterLab: it asks
        try:
            return jupyterlab.wait()
        finally:
            signal.signal(signal.SIGINT, before)
