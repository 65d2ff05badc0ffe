"""The site in both languages: every link leads somewhere, and everybody can use the pages.

The tests look at `docs/_build/html` and its folder `zh_CN`, and are skipped where the site has not
been built; `.ci/run` builds it, and runs them then.
"""

import functools
import importlib
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

DOCS = Path(__file__).parent.parent / "docs"
SITE = DOCS / "_build" / "html"
LANGUAGES = {"en": SITE, "zh_CN": SITE / "zh_CN"}
PAGES = (
    "index.html",
    "gallery.html",
    "api.html",
    "api/petkeras.html",
    "measured.html",
    "howto/teach.html",
    "course/00_start_here.html",
    "course/04_convolution_and_pooling.html",
    "zh_CN/index.html",
    "zh_CN/api/petkeras.html",
    "zh_CN/glossary.html",
    "zh_CN/measured.html",
    "zh_CN/course/04_convolution_and_pooling.html",
)

# Axe takes seconds, so it looks at each width and at each scheme of colors once.
DESK, PHONE = (1280, "light"), (390, "dark")

# The explorer on the front page is another page, with tests of its own: tests/explorer.
AXE = """async () => {
  const { violations } = await axe.run({iframes: false, resultTypes: ["violations"]});
  return violations.map(({id, nodes}) => `${id}: ${nodes.map((n) => n.html).join(" ")}`);
}"""


pytestmark = pytest.mark.skipif(
    not all((folder / "index.html").exists() for folder in LANGUAGES.values()),
    reason="the site is not built in both languages: see docs/CONTRIBUTING.md",
)


@pytest.fixture(params=LANGUAGES)
def site(request):
    """The folder of the site in one language."""
    return LANGUAGES[request.param]


def pages_of(site):
    """Return the files of a site's pages in one language; the explorer is no page of Sphinx."""
    return [
        file
        for file in sorted(site.rglob("*.html"))
        if file.name != "explorer.html" and "zh_CN" not in file.relative_to(site).parts
    ]


class Page(HTMLParser):
    """Collect a page's language, its links, where others may link to, and its language switch."""

    def __init__(self, file):
        super().__init__()
        self.links, self.anchors, self.switches, self.language = [], set(), [], None
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Take what a tag says about links."""
        values = dict(attributes)
        self.anchors.update(filter(None, (values.get("id"), values.get("name"))))
        self.links += [link for link in (values.get("href"), values.get("src")) if link]
        if tag == "html":
            self.language = values["lang"]
        if values.get("class") == "other-language":
            self.switches.append(values)


read = functools.cache(Page)


def dead_links(file):
    """Yield the links of a page that lead to no file of the site, or to no place in it."""
    for link in read(file).links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        place = unquote(parts.fragment)
        if not target.is_file() or (place and place not in read(target).anchors):
            yield link


def test_every_link_within_the_site_leads_somewhere(site):
    dead = {file.relative_to(site).as_posix(): sorted(dead_links(file)) for file in pages_of(site)}
    assert {page: links for page, links in dead.items() if links} == {}


def test_both_languages_have_the_same_pages():
    english, chinese = (
        [file.relative_to(folder) for file in pages_of(folder)] for folder in LANGUAGES.values()
    )
    assert english == chinese


def test_each_page_has_a_switch_to_the_same_page_in_the_other_language(site):
    for file in pages_of(site):
        (switch,) = read(file).switches
        other = Path(file.parent, switch["href"]).resolve()
        assert other == next(
            folder / file.relative_to(site) for folder in LANGUAGES.values() if folder != site
        )
        assert switch["hreflang"] == switch["lang"] == read(other).language
        assert {read(file).language, read(other).language} == {"en", "zh-CN"}


def test_a_page_that_is_not_translated_says_so():
    site = LANGUAGES["zh_CN"]
    for name, expected in (("CHANGELOG", True), ("api/petkeras", True), ("measured", False)):
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        assert ('<p class="english-only">本页只有英文版。</p>' in text) == expected, name


def test_the_explorer_is_in_the_sites_language(site):
    page = (site / "explorer.html").read_text(encoding="utf-8")
    assert f'<html lang="{read(site / "index.html").language}">' in page[:200]


def test_every_message_of_the_pages_is_translated():
    command = [sys.executable, DOCS / "translating_site.py", "check"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stdout.splitlines() == []
    assert done.returncode == 0, done.stderr


def test_a_change_of_an_english_page_is_noticed(monkeypatch):
    pytest.importorskip("babel")
    monkeypatch.syspath_prepend(DOCS)
    site = importlib.import_module("translating_site")
    catalog = site.CATALOGS / "gallery.po"
    messages = list(site.read_catalog(catalog))
    assert list(site.faults({catalog: messages})) == []
    changed = ["A new title", *messages[1:]]
    assert list(site.faults({catalog: changed})) == [
        "gallery.po: not translated: 'A new title'",
        f"gallery.po: no longer in the English: {messages[0]!r}",
    ]


def test_the_words_of_our_templates_are_translated(monkeypatch):
    pytest.importorskip("babel")
    monkeypatch.syspath_prepend(DOCS)
    site = importlib.import_module("translating_site")
    around = importlib.import_module("site_pages").AROUND_EXPLORER
    templates = "".join(
        file.read_text(encoding="utf-8") for file in (DOCS / "_templates").rglob("*.html")
    )
    marked = re.findall(r"{% trans %}(.+?){% endtrans %}|\b_\([\"'](.+?)[\"']\)", templates)
    words = {"".join(each) for each in marked} | {*around}
    assert len(words) == 4
    assert words <= set(site.read_catalog(site.THEME))


def test_a_search_in_chinese_finds_a_part_of_a_sentence(browser):
    site = LANGUAGES["zh_CN"]
    page = browser.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=类别说对")
    page.locator("#search-results li a", has_text="术语表").wait_for()
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(browser, name):
    axe = pytest.importorskip("axe_core_python")
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((SITE / name).as_uri())
    page.add_script_tag(path=Path(axe.__file__).with_name("axe.min.js"))
    for width, scheme in (DESK, (1280, "dark"), (390, "light"), PHONE):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)  # colors fade over
        if (width, scheme) in (DESK, PHONE):
            assert page.evaluate(AXE) == [], (width, scheme)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, scheme
    assert [url for url in asked if url.startswith("http")] == []
    context.close()
