"""Write the pages that are generated when the site is built: the chapters and the API reference.

`docs/course/` gets copies of the executed notebooks, because Sphinx reads only files below `docs/`.
They are the English ones in every build: a site in another language reads its own in place of them.
`docs/api/` gets a page for each public module of petkeras, and the list of all names that
`docs/api.md` includes. Git ignores both folders.
"""

import importlib
import inspect
import json
import re
import tomllib
from pathlib import Path

import petkeras
from petkeras.explorer.contents import in_language
from petkeras.explorer.explored import make_title
from petkeras.explorer.page import make_page, read_page

DOCS = Path(__file__).parent
CATALOGS = DOCS / "locale"
NOTEBOOKS = DOCS.parent / "notebooks"
COLAB = "https://colab.research.google.com/github/"
BRANCH = "main"
# The words around the explorer on the front page, which are HTML.
AROUND_EXPLORER = ("The explorer of a network", "Open it on a page of its own")
OPEN_IN_COLAB = {"en": "Open this chapter in Colab", "zh_CN": "在 Colab 中打开本章"}
DATA_MODULES = (
    "breeds", "annotations", "pipeline", "augmentation", "pictures", "cache", "mapped", "folder",
    "oxford", "drawn.dataset",
)  # fmt: skip
CONSTANTS = {
    "ARTICLE": "The article's recipe, to the letter.",
    "MODERN": "The same network, with what the field has learned since: the default.",
    "TRANSFER": "The recipe for training a new last layer on another network.",
}


def write(folder, pages):
    """Make a folder hold exactly these pages, given as text by file name."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        if old.is_file() and old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / name
        # An unchanged file is not written again, so that Sphinx does not rebuild its page.
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def repository(project=DOCS.parent / "pyproject.toml"):
    """Return the confirmed address of the repository, or `None` as long as there is none.

    It is the `Repository` in `[project.urls]`. The site's links to source files, and its chapters'
    links to Colab, are made from it.
    """
    urls = tomllib.loads(project.read_text(encoding="utf-8"))["project"].get("urls", {})
    return urls.get("Repository", "").rstrip("/") or None


REPOSITORY = repository()


def chapters(address=REPOSITORY):
    """Return the text of the executed notebooks by file name, as the site needs them.

    Args:
        address: as `repository` returns it.
    """
    return {file.name: chapter_text(file, address) for file in sorted(NOTEBOOKS.glob("*.ipynb"))}


def translated_notebook(page, language):
    """Return the path of a chapter's executed notebook in another language."""
    return NOTEBOOKS / language / Path(page).with_suffix(".ipynb").name


def is_translated(page, language):
    """Return True if a page has a catalog in the language, or a chapter a notebook."""
    if page.startswith("course/"):
        return translated_notebook(page, language).exists()
    return (CATALOGS / language / "LC_MESSAGES" / f"{page}.po").exists()


def chapter_text(file, address=REPOSITORY, language="en"):
    """Return the text of a notebook's file as the site needs it."""
    notebook = json.loads(file.read_text(encoding="utf-8"))
    path = file.relative_to(NOTEBOOKS).as_posix()
    return chapter(notebook, path, address, OPEN_IN_COLAB[language])


def chapter(notebook, path, address, open_in_colab=OPEN_IN_COLAB["en"]):
    """Return a notebook's text, with links and pictures' alternative texts as the site needs them.

    If the address is on GitHub, a link to Colab stands below the title.
    """
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"\]\((?:\.\./)+docs/", "](../", "".join(cell["source"]))
            cell["source"] = link_sources(text, address)
        texts = [
            output.get("metadata", {}).get("image/png", {}).get("alt")
            for output in cell.get("outputs", [])
        ]
        if any(texts):  # MyST-NB has one text for all pictures of a cell
            alt = " ".join(filter(None, texts))
            cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
    first = notebook["cells"][0]
    if address and address.startswith("https://github.com/"):
        page = f"{address.removeprefix('https://github.com/')}/blob/{BRANCH}/notebooks/{path}"
        title, _, rest = first["source"].partition("\n")
        first["source"] = f"{title}\n\n[{open_in_colab}]({COLAB}{page})\n{rest}"
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def relink(text, address=REPOSITORY):
    """Change links that leave `docs/`: to a chapter for a notebook, to source files for others."""
    return link_sources(re.sub(r"\]\(((?:\.\./)*)\.\./notebooks/", r"](\1course/", text), address)


def translate_around_explorer(text, translated):
    """Return a page's text with `AROUND_EXPLORER` translated.

    Args:
        text: the page's text.
        translated: a function of an English text.
    """
    for words in AROUND_EXPLORER:
        text = text.replace(words, translated(words))
    return text


def explorer(lang, file=DOCS / "explorer.html"):
    """Return the text of the site's explorer in another language: the same network, other words."""
    contents = read_page(file)
    with petkeras.language.using(lang):
        contents.manifest.update(in_language(make_title(contents.manifest["class_names"])))
    return make_page(contents)


def link_sources(text, address):
    """Make links to source files lead to the repository, or plain text if it has no address."""

    def link(found):
        words, path = found.groups()
        if address:
            return f"[{words}]({address}/blob/{BRANCH}/{path})"
        return words if "`" in words else f"{words} (`{path}`)"

    return re.sub(r"\[([^\]]*)\]\((?:\.\./)+((?:petkeras/|README\.md|tests/)[^)]*)\)", link, text)


# The API reference


def public_names(module):
    """Return a module's public names: those in `__all__`, or else those that it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
    ]


def api_pages():
    """Return the text of each page of the API reference by file name."""
    names = public_names(petkeras)
    modules = [name for name in names if inspect.ismodule(getattr(petkeras, name))]
    top = [name for name in names if name not in modules]
    top.sort(key=lambda name: not callable(getattr(petkeras, name)))  # recipes come last
    pages = {"petkeras.md": _page("petkeras", petkeras, _entries("petkeras", top))}
    for name in modules:
        module = getattr(petkeras, name)
        if name == "visualize":
            body = _sections_by_home(module)
        elif name == "data":
            body = "\n".join(_section(f"petkeras.data.{part}") for part in DATA_MODULES)
        else:
            at_top = [name for name in public_names(module) if name in top]
            here = [name for name in public_names(module) if name not in top]
            body = _see(at_top) + _entries(module.__name__, here)
        pages[f"petkeras.{name}.md"] = _page(f"petkeras.{name}", module, body)
    return {**pages, "names.txt": api_index(pages)}


def api_index(pages):
    """Return the list of all names, module by module, with the first line of each docstring."""
    lines = []
    for file, text in pages.items():
        module = file.removesuffix(".md")
        lines += [f"## [{module}](api/{file})", "", _first_line(_look_up(module)), ""]
        for heading, name in re.findall(r"^(?:## (.+)|\.\. auto(?!mod)\w+:: (\S+))$", text, re.M):
            if heading:
                lines += ["", f"### {heading}", ""]
            else:
                short = name.rpartition(".")[2]
                line = CONSTANTS.get(short) or _first_line(_look_up(name))
                lines.append(f"- {{py:obj}}`{short} <{name}>`: {line}")
        lines.append("")
    return "\n".join(lines)


def _look_up(name):
    """Return the module, function, class or value with a dotted name."""
    parent, _, last = name.rpartition(".")
    return getattr(importlib.import_module(parent), last) if parent else petkeras


def _first_line(value):
    return inspect.getdoc(value).partition("\n")[0]


def _page(title, module, body):
    return f"# {title}\n\n```{{eval-rst}}\n.. automodule:: {module.__name__}\n```\n\n{body}"


def _sections_by_home(module):
    """Return the names of a package under a heading for the file that defines each."""
    homes = {}
    for name in public_names(module):
        homes.setdefault(getattr(module, name).__module__, []).append(name)
    return "\n".join(_section(home, module.__name__, homes[home]) for home in sorted(homes))


def _section(home, parent=None, names=None):
    module = importlib.import_module(home)
    title = re.sub(r"[._]", " ", home.split(".", 2)[2]).capitalize()
    about = inspect.getdoc(module).partition("\n\n")[0]
    return f"## {title}\n\n{about}\n\n" + _entries(parent or home, names or public_names(module))


def _entries(parent, names):
    values = {name: getattr(importlib.import_module(parent), name) for name in names}
    return "".join(
        f"```{{eval-rst}}\n.. {_directive(value)}:: {parent}.{name}\n"
        f"{'   :members:' if inspect.isclass(value) else ''}\n```\n\n"
        for name, value in values.items()
        if inspect.getdoc(value)
    )


def _directive(value):
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, Exception) else "autoclass"
    return "autofunction" if callable(value) else "autodata"


def _see(names):
    links = ", ".join(f"{{py:obj}}`petkeras.{name}`" for name in names)
    return f"See also {links}.\n\n" if names else ""


def convert_docstring(value, lines):
    """Return a docstring as reStructuredText that Sphinx accepts.

    A heading whose text starts on the same line (`Reference: ...`) gets a line of its own, as does
    `Example:`, whose code is not indented. A plural may follow code, as in `Photograph`s, and `|x|`
    stays an absolute value. Dataclass fields with a `help` become arguments, and `Args: see ...`
    becomes a sentence. Anything that is neither a function nor a class gets its class's name.
    """
    if not callable(value) and not inspect.ismodule(value) and not isinstance(value, property):
        return [f"A :py:class:`petkeras.{type(value).__name__}`."]
    text = re.sub(r"^Args: +(.+)(?:\n +.+)*", _sentence, "\n".join(lines), flags=re.M)
    heading = re.compile(r"(Call arguments|Input shape|Output shape|Reference|References): +(.+)")
    converted = []
    for line in text.split("\n"):
        if not line.lstrip().startswith((">>>", "...")):
            line = re.sub(r"(`[^`]+`)(?=\w)", r"\1\\ ", line.replace("|", r"\|"))
        found = heading.fullmatch(line)
        if found:
            converted += ["", f"{found[1]}:", f"    {found[2][0].upper()}{found[2][1:]}"]
        else:
            converted.append(".. rubric:: Example" if line == "Example:" else line)
    arguments = [
        f"    {field.name}: {field.metadata['help']}."
        for field in getattr(value, "__dataclass_fields__", {}).values()
        if "help" in field.metadata
    ]
    return [*converted, "", "Args:", *arguments, ""] if arguments else converted


def _sentence(found):
    words = found[0].removeprefix("Args:").split()
    return " ".join([words[0].capitalize(), *words[1:]])
