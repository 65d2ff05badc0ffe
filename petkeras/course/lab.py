"""Copy the course into the reader's own folder, and open it in JupyterLab."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import webbrowser
from pathlib import Path

from petkeras.errors import PetkerasError
from petkeras.language import language
from petkeras.system.files import local_path
from petkeras.system.memory import training_environment

COPIED = ".petkeras-lab.json"  # in the folder: each file's hash as it was copied, and the language
GLOSSARY = "glossary.md"
FIRST = "00_start_here.ipynb"

# A link to a term of the glossary: `(../docs/glossary.md#max-pool)` in a chapter of the
# repository, `(#max-pool)` in the glossary itself.
LINK = re.compile(rf"\((?:(?:\.\./)+docs/({re.escape(GLOSSARY)}))?#([\w-]+)\)")


def chapters(lang="en"):
    """Return the course's files by name, as bytes: the notebooks, and the glossary they link to.

    Their links lead to the glossary beside them, with anchors as JupyterLab names them. Jupytext,
    with which we edit them, keeps no second file of them.

    Args:
        lang: their language, "en" or "zh_CN".

    Raises:
        PetkerasError: petkeras was installed without its notebooks.

    Example:

    >>> from petkeras.course.lab import chapters
    >>> "glossary.md" in chapters()
    True
    """
    folder, english, glossary = _places(lang)
    files = sorted(folder.glob("*.ipynb"))
    if not files:
        raise PetkerasError("The notebooks were not installed with petkeras. Please reinstall it.")
    texts = {file.name: file.read_text(encoding="utf-8") for file in (*files, glossary)}
    # JupyterLab's anchor of each term, by the anchor that GitHub and the site give the English one.
    terms = zip(_terms(english.read_text(encoding="utf-8")), _terms(texts[GLOSSARY]), strict=True)
    anchors = {re.sub(r"[^\w -]", "", term.lower()).replace(" ", "-"): own for term, own in terms}

    def relink(match):
        file, anchor = match.groups(default="")
        return f"({file}#{anchors.get(anchor, anchor).replace(' ', '-')})"

    linked = {name: LINK.sub(relink, text) for name, text in texts.items()}
    return {
        name: (text if name == GLOSSARY else _unpaired(text)).encode()
        for name, text in linked.items()
    }


def _places(lang):
    """Return the folder of a language's notebooks, the English glossary, and the language's."""
    package = Path(__file__).parents[1]
    folder = package / "notebooks"  # in a wheel
    english = folder / GLOSSARY
    if not folder.is_dir():  # in a checkout
        folder = package.parent / "notebooks"
        english = package.parent / "docs" / GLOSSARY
    if lang == "en":
        return folder, english, english
    return folder / lang, english, folder / lang / GLOSSARY


def _terms(glossary):
    """Return the headings of the terms in a glossary."""
    return re.findall(r"^## (.+)$", glossary, re.MULTILINE)


def _unpaired(text):
    """Return a notebook's text, with Jupytext's settings replaced by: a notebook, nothing else."""
    notebook = json.loads(text)
    notebook["metadata"]["jupytext"] = {"formats": "ipynb"}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def copy_chapters(folder, files=None, lang="en"):
    """Copy the course into a folder without overwriting what the reader has changed there.

    Args:
        folder: the destination; created if it does not exist.
        files: contents by name; by default those of `chapters(lang)`.
        lang: their language, "en" or "zh_CN".

    Returns:
        What happened to each file, by name: `"copied"`; `"updated"`, if petkeras has a newer one
        and the reader had not changed the old one; `"same"`; or `"kept"`, if the reader changed it.

    Raises:
        PetkerasError: `folder` is a file, or has the course in another language.

    Example:

    >>> import tempfile
    >>> from petkeras.course.lab import copy_chapters
    >>> copy_chapters(tempfile.mkdtemp(), {"01_data.ipynb": b"{}"})
    {'01_data.ipynb': 'copied'}
    """
    folder, files = local_path("folder", folder), chapters(lang) if files is None else files
    if os.path.lexists(folder) and not folder.is_dir():
        raise PetkerasError(f"{folder} is a file. Name a folder for the notebooks.")
    folder.mkdir(parents=True, exist_ok=True)
    copied = _read_hashes(folder)
    if copied and copied.get("language", "en") != lang:
        raise PetkerasError(
            f"{folder} has the course in another language: {copied.get('language', 'en')}. Name "
            "another folder."
        )
    results = {}
    for name, content in files.items():
        current, new = _hash_file(folder / name), _hash(content)
        if current is None:
            results[name] = "copied"
        elif current == new:
            results[name] = "same"
        elif current == copied.get(name):
            results[name] = "updated"
        else:
            results[name] = "kept"
            continue
        if current != new:
            (folder / name).write_bytes(content)
        copied[name] = new
    copied["language"] = lang
    (folder / COPIED).write_text(json.dumps(copied, indent=2) + "\n", encoding="utf-8")
    return results


def _read_hashes(folder):
    """Return the hashes of the files as they were copied before, or none if they are unreadable."""
    try:
        hashes = json.loads((folder / COPIED).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}  # then every file that differs counts as changed by the reader
    return hashes if isinstance(hashes, dict) else {}


def _hash(content):
    return hashlib.sha256(content).hexdigest()


def _hash_file(file):
    if file.is_symlink() or file.is_dir():
        return "not a file"  # equals no hash, so that nothing is written over it or through it
    return _hash(file.read_bytes()) if file.exists() else None


def open_jupyterlab(folder, arguments=()):
    """Run JupyterLab in a folder, with the first chapter open, until the reader quits it.

    As root, which is usual in a container, JupyterLab is allowed to run.

    Args:
        folder: JupyterLab's root.
        arguments: more arguments for JupyterLab, such as `["--no-browser"]`.

    Returns:
        JupyterLab's exit code.

    Raises:
        PetkerasError: JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise PetkerasError("JupyterLab is not installed. Install it: pip install 'petkeras[lab]'")
    own = [f"--LabApp.default_url=/lab/tree/{FIRST}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        own.append("--allow-root")
    command = [sys.executable, "-m", "jupyterlab", *own, *arguments]
    environment = {**training_environment(), **os.environ, "PETKERAS_LANG": language()}
    folder = local_path("folder", folder)
    with subprocess.Popen(command, cwd=folder, env=environment) as jupyterlab:
        # JupyterLab answers Ctrl-C itself, with a question.
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return jupyterlab.wait()
        finally:
            signal.signal(signal.SIGINT, previous)


def has_browser():
    """Return True if this machine can show a web page, as far as Python can tell."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        return False  # Python would open a browser of text
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def is_container():
    """Return True if this process runs in a container of Docker, Podman or Kubernetes."""
    files = (Path("/.dockerenv"), Path("/run/.containerenv"))
    return any(file.exists() for file in files) or "KUBERNETES_SERVICE_HOST" in os.environ
