"""The documents and the site: every link leads somewhere, and nothing is left out."""

import importlib.util
import inspect
import json
import re
import tomllib
from pathlib import Path

import pytest
from explorer.opened import Opened
from test_readme import blocks

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
        assert name in ("index", "README.zh-CN") or f"\n{name}\n" in index


def test_the_chinese_readme_has_the_english_ones_commands():
    pages = (ROOT / "README.md", DOCS / "README.zh-CN.md")
    english, chinese = (
        [re.sub(r" *#.*", "", code) for _, code in blocks(page)]  # without comments
        for page in pages
    )
    assert english == [code.replace("petkeras lab --lang zh", "petkeras lab") for code in chinese]
    first_lines = [page.read_text(encoding="utf-8").splitlines()[0] for page in pages]
    assert first_lines == ["[中文](docs/README.zh-CN.md)", "[English](../README.md)"]


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


def test_the_index_of_the_api_says_in_a_line_what_each_name_is(site_pages):
    pages = site_pages.api_pages()
    index = pages.pop("names.txt")
    described = re.findall(r"^\.\. auto(?!mod)\w+:: (\S+)", "\n".join(pages.values()), re.M)
    lines = dict(re.findall(r"^- \{py:obj\}`\w+ <(\S+)>`: (.+\.)$", index, re.M))
    assert sorted(lines) == sorted(described)
    assert len({lines[f"petkeras.{name}"] for name in ("ARTICLE", "MODERN", "Recipe")}) == 3


def test_the_sites_explorer_answers_a_change(browser):
    """Its network is older than its front end, which must still fit it."""
    page = Opened(browser.new_page())
    page.open(DOCS / "explorer.html")
    before, error = page.probabilities()
    assert error == 0
    page.tab("Change")
    page.page.get_by_role("button", name="Gray patch").click()
    page.page.locator(".px-paint").press("ArrowRight")
    page.rest()
    after, error = page.probabilities()
    assert len(after) == len(before) == 2
    assert 0 < error <= 0.02
    assert page.messages == []
    page.page.close()


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
        ("[a](../README.md)", "a (`README.md`)"),
        ("[`a`](../../petkeras/layers.py)", "`a`"),
    ],
)
def test_links_out_of_the_folder_lead_to_the_sites_pages(site_pages, link, expected):
    assert site_pages.relink(link, None) == expected


# The address of the repository


ADDRESS = "https://github.com/someone/something"


def test_the_address_is_taken_from_the_project_once_it_is_confirmed(site_pages, tmp_path):
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\nname = 'a'\n")
    assert site_pages.repository(project) is None
    project.write_text(f"[project]\nname = 'a'\n[project.urls]\nRepository = '{ADDRESS}/'\n")
    assert site_pages.repository(project) == ADDRESS


def test_with_an_address_links_lead_to_source_files(site_pages):
    source = f"{ADDRESS}/blob/main"
    assert site_pages.relink("[a](../README.md)", ADDRESS) == f"[a]({source}/README.md)"
    linked = site_pages.link_sources("[`b`](../petkeras/layers.py#L3)", ADDRESS)
    assert linked == f"[`b`]({source}/petkeras/layers.py#L3)"


def test_chapters_link_to_colab_and_sources_only_with_an_address(site_pages):
    def cell(text):
        return {"cell_type": "markdown", "metadata": {}, "source": text}

    def first_and_last(address):
        cells = [cell(["# Title\n", "\n", "Text."]), cell("[`a`](../petkeras/layers.py)")]
        text = site_pages.chapter({"cells": cells}, "04_x.ipynb", address)
        return [cell["source"] for cell in json.loads(text)["cells"]]

    assert first_and_last(None) == ["# Title\n\nText.", "`a`"]
    assert first_and_last("https://example.org/x")[0] == "# Title\n\nText."
    colab = "https://colab.research.google.com/github/someone/something/blob/main/notebooks"
    title, source = first_and_last(ADDRESS)
    assert title == f"# Title\n\n[Open this chapter in Colab]({colab}/04_x.ipynb)\n\nText."
    assert source == f"[`a`]({ADDRESS}/blob/main/petkeras/layers.py)"


@pytest.mark.skipif(
    "urls" in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"],
    reason="the address is confirmed",
)
@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda page: page.name)
def test_no_page_names_an_address_that_is_not_confirmed(page):
    text = page.read_text(encoding="utf-8")
    assert "github.com/petkeras" not in text
    assert "/github/petkeras" not in text  # in Colab's links


# Alternative texts


def test_a_pictures_alternative_text_goes_to_the_site(site_pages):
    outputs = [
        {"data": {"image/png": "x"}, "metadata": {"image/png": {"alt": text}}}
        for text in ("One.", "Two.")
    ]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Title"},
        {"cell_type": "code", "metadata": {}, "source": "", "outputs": outputs},
        {"cell_type": "code", "metadata": {}, "source": "", "outputs": [{"metadata": {}}]},
    ]
    cells = json.loads(site_pages.chapter({"cells": cells}, "04_x.ipynb", None))["cells"]
    assert cells[1]["metadata"] == {"mystnb": {"image": {"alt": "One. Two."}}}
    assert cells[2]["metadata"] == {}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda notebook: notebook.name)
def test_every_picture_of_a_chapter_has_an_alternative_text(notebook):
    for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        for output in cell.get("outputs", []):
            data, texts = output.get("data", {}), []
            if "text/html" in data:
                html = "".join(data["text/html"])
                texts = [
                    "".join(re.findall(r'\balt="([^"]*)"', image))
                    for image in re.findall(r"<img [^>]*>", html)
                ]
            elif "image/png" in data:
                texts = [output["metadata"].get("image/png", {}).get("alt", "")]
            assert all(len(text) > 15 for text in texts), f"cell {number}: {texts}"


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
