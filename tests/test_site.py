"""The site's own pages for everybody: axe finds nothing, and a phone needs no sideways scrolling.

The tests look at `docs/_build/html`, and are skipped where the site has not been built; `.ci/run`
builds it, and runs them then.
"""

from pathlib import Path

import pytest

SITE = Path(__file__).parent.parent / "docs" / "_build" / "html"
PAGES = (
    "index.html",
    "gallery.html",
    "api.html",
    "api/petkeras.html",
    "measured.html",
    "howto/teach.html",
    "course/00_start_here.html",
    "course/04_convolution_and_pooling.html",
)

# Axe takes seconds, so it looks at each width and at each scheme of colors once.
DESK, PHONE = (1280, "light"), (390, "dark")

# The explorer on the front page is another page, with tests of its own: tests/explorer.
AXE = """async () => {
  const { violations } = await axe.run({iframes: false, resultTypes: ["violations"]});
  return violations.map(({id, nodes}) => `${id}: ${nodes.map((n) => n.html).join(" ")}`);
}"""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(browser, name):
    if not SITE.exists():
        pytest.skip("the site is not built: sphinx-build -b html docs docs/_build/html")
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
