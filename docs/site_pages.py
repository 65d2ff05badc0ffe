"""Write the pages that are generated when the site is built: the chapters and the API reference.

`docs/course/` gets copies of the executed notebooks, because Sphinx reads only files below `docs/`;
`docs/api/` gets a page for each public module of petkeras. Git ignores both folders.
"""

import importlib
import inspect
import re
from pathlib import Path

import petkeras

DOCS = Path(__file__).parent
NOTEBOOKS = DOCS.parent / "notebooks"
ON_GITHUB = "https://github.com/petkeras/petkeras/blob/main"
DATA_MODULES = (
    "breeds", "annotations", "pipeline", "augmentation", "pictures", "cache", "mapped", "folder",
    "oxford", "drawn.dataset",
)  # fmt: skip


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


def chapters():
    """Return the text of the executed notebooks by file name, with links as the site needs them."""
    return {
        file.name: file.read_text(encoding="utf-8")
        .replace("](../docs/", "](../")
        .replace("](../petkeras/", f"]({ON_GITHUB}/petkeras/")
        for file in sorted(NOTEBOOKS.glob("*.ipynb"))
    }


def relink(text):
    """Change links that leave `docs/`: to a chapter for a notebook, to GitHub for other files."""
    text = re.sub(r"\]\(((?:\.\./)*)\.\./notebooks/", r"](\1course/", text)
    return re.sub(r"\]\((?:\.\./)+(petkeras/|README\.md|tests/)", rf"]({ON_GITHUB}/\1", text)


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
    return pages


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
