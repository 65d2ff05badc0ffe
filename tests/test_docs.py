"""The documents and the site: every link leads somewhere, and nothing is left out."""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import petkeras as pk
from petkeras.explorer.page import joined_module

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("howto/*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def site_pages():
    spec = importlib.util.spec_from_file_location("site_pages", DOCS / "site_pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slug(heading):
    """Return a heading's anchor, as GitHub and the site generate it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def headings():
    return re.findall(r"^## (.+)$", (DOCS / "glossary.md").read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_one(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        assert "://" in link or (page.parent / link).exists(), link


def test_the_gallery_shows_every_picture_once_with_alt_text():
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[(.{15,})\]\(gallery/(.+)\)", text)
    assert sorted(file for _, file in shown) == sorted(
        file.name for file in (ROOT / "docs" / "gallery").iterdir()
    )


# The glossary


def test_the_glossary_is_in_alphabetical_order():
    assert headings() == sorted(set(headings()), key=str.lower)


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda page: page.name)
def test_every_link_to_a_term_leads_to_its_heading(page):
    text = page.read_text(encoding="utf-8")
    terms = set(re.findall(r"glossary\.md#([\w-]+)", text))
    if page.name == "glossary.md":
        terms = set(re.findall(r"\]\(#([\w-]+)\)", text))
        assert terms
    assert terms <= {slug(heading) for heading in headings()}


# The site


def test_the_site_has_every_notebook_and_every_page(site_pages):
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert re.search(r":glob:\n\ncourse/\*\n", index)
    assert list(site_pages.chapters()) == [notebook.name for notebook in NOTEBOOKS]
    for page in PAGES[1:]:
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert name == "index" or f"\n{name}\n" in index


def test_every_public_name_is_in_the_api_reference(site_pages):
    text = "\n".join(site_pages.api_pages().values())
    described = set(re.findall(r"^\.\. auto\w+:: (\S+)", text, re.M))
    described |= set(re.findall(r"\{py:obj\}`(\S+)`", text))
    described |= set(re.findall(r"^# (\S+)$", text, re.M))
    for name in pk.__all__:
        assert f"petkeras.{name}" in described
    for module in (pk.layers, pk.losses, pk.optimizers, pk.models, pk.training, pk.visualize):
        for name, value in vars(module).items():
            here = getattr(value, "__module__", "").startswith(module.__name__)
            if here and not name.startswith("_") and not inspect.ismodule(value):
                assert inspect.getdoc(value), name
                assert described & {f"{module.__name__}.{name}", f"petkeras.{name}"}, name


def test_the_sites_explorer_is_the_present_one_and_small():
    page = DOCS / "explorer.html"
    assert page.stat().st_size < 4_000_000
    assert joined_module() in page.read_text(encoding="utf-8"), (
        "Run: python docs/make_explorer.py --refresh"
    )
    assert '<iframe class="explorer" src="explorer.html"' in (DOCS / "index.md").read_text()


def test_pages_are_written_and_old_ones_removed(site_pages, tmp_path):
    site_pages.write(tmp_path / "pages", {"a.md": "a", "b.md": "b"})
    site_pages.write(tmp_path / "pages", {"b.md": "new"})
    assert [file.read_text() for file in (tmp_path / "pages").iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](../notebooks/08_training.ipynb)", "[a](course/08_training.ipynb)"),
        ("[a](../../notebooks/08_training.ipynb)", "[a](../course/08_training.ipynb)"),
        ("[a](gallery.md) [b](#c)", "[a](gallery.md) [b](#c)"),
        ("[a](../README.md)", "[a](https://github.com/petkeras/petkeras/blob/main/README.md)"),
    ],
)
def test_links_out_of_the_folder_lead_to_the_sites_pages(site_pages, link, expected):
    assert site_pages.relink(link) == expected


def test_docstrings_become_restructuredtext(site_pages):
    lines = ["Some `Photograph`s.", "", "Reference: the article's", "    part.", "", "Example:", ""]
    assert site_pages.convert_docstring(len, [*lines, ">>> 1 | 2"]) == [
        r"Some `Photograph`\ s.",
        "",
        "",
        "Reference:",
        "    The article's",
        "    part.",
        "",
        ".. rubric:: Example",
        "",
        ">>> 1 | 2",
    ]
    assert site_pages.convert_docstring(pk.ARTICLE, lines) == ["A :py:class:`petkeras.Recipe`."]
    converted = site_pages.convert_docstring(pk.Recipe, ["Hold."])
    described = [line.split(":")[0].strip() for line in converted if line.startswith("    ")]
    assert described == list(pk.Recipe.__dataclass_fields__)
    assert site_pages.convert_docstring(len, ["Args: see `x`. All", "    fit.", "", "End."]) == [
        "See `x`. All fit.",
        "",
        "End.",
    ]
