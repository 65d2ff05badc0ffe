"""One self-contained page of an explorer: it opens from the disk, and requests nothing."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from string import Template

import petkeras
from petkeras.errors import PetkerasError
from petkeras.explorer.contents import pack, unpack
from petkeras.explorer.words import WEB
from petkeras.language import translate, using
from petkeras.system.browser import page_policy
from petkeras.system.files import local_path, written_atomically

IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def joined_module(start="main"):
    """Return a module of the front end with all that it imports, as one ES module.

    Imports come first, and each file comes once. Its import lines are dropped, and so is the word
    `export` at the start of a line, except for the default export that anywidget calls.

    Example:

    >>> from petkeras.explorer.page import joined_module
    >>> "import {" in joined_module()
    False
    """
    texts: dict[str, str] = {}

    def add(name):
        text = (WEB / f"{name}.js").read_text(encoding="utf-8")
        for needed in IMPORT.findall(text):
            if needed not in texts:
                add(needed)
        texts[name] = re.sub(r"^export (?!default )", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add(start)
    return "\n".join(texts.values())


def joined_style():
    """Return the front end's style sheets as one."""
    files = sorted(WEB.glob("*.css"), key=lambda file: (file.stem != "explorer", file.name))
    return "\n".join(f.read_text(encoding="utf-8") for f in files if f.stem != "page")


def engine_text():
    """Return the WebAssembly engine in base64."""
    return base64.b64encode((WEB / "engine.wasm").read_bytes()).decode()


def make_page(contents):
    """Return the text of a page for `Contents`: HTML with its script, its style and its data.

    Its sentences are in the language of the contents. The page's policy allows its own script and
    style, by their hashes, and nothing from elsewhere.
    """
    script = joined_module()
    style = (WEB / "page.css").read_text(encoding="utf-8") + joined_style()
    return Template((WEB / "page.html").read_text(encoding="utf-8")).substitute(
        # There is no worker-src: the page starts no worker, so the policy allows none.
        policy=page_policy(script, style, also="'wasm-unsafe-eval'", images="data: blob:"),
        lang=contents.manifest["lang"],
        title=html.escape(contents.manifest["title"]),
        **_sentences(contents.manifest["lang"]),
        style=style,
        contents=pack(contents),  # base64 has no "<", so it cannot end its element
        wasm=engine_text(),
        script=script,
    )


def _sentences(lang):
    """Return the sentences around the explorer, as HTML."""
    with using(lang):
        sentences = {
            "unpacking": translate(
                "The network is being unpacked. If this line stays, your browser is too old: the "
                "explorer needs Chrome or Edge 123, Firefox 120, Safari 17.5, or a newer one."
            ),
            "no_script": translate(
                "The explorer needs JavaScript, which is switched off in this browser."
            ),
            "footer": translate(
                "Made by petkeras {version}. Everything on this page is in this one file, and "
                "nothing leaves your computer.",
                version=petkeras.__version__,
            ),
        }
    return {name: html.escape(text, quote=False) for name, text in sentences.items()}


def read_page(file):
    """Return the `Contents` of a page that `write_page` has written."""
    page = Path(file).read_text(encoding="utf-8")
    return unpack(re.search(r'id="petkeras-contents">([^<]+)<', page)[1])


def write_page(contents, file):
    """Write the page for `Contents` atomically, and return its path.

    Raises:
        PetkerasError: the file cannot be written.
    """
    file, page = local_path("file", file), make_page(contents)
    try:
        with written_atomically(file) as partial:
            partial.unlink(missing_ok=True)  # in someone else's folder it could be a link
            partial.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise PetkerasError(f"{file} cannot be written: {error.strerror}.") from None
    return file
