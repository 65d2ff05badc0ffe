"""The page in a browser: the slider, a phone's width, axe, and the page without JavaScript."""

from pathlib import Path

import pytest

AXE = """async () => {
  const { violations } = await axe.run({resultTypes: ["violations"]});
  return violations.map(({id, nodes}) => `${id}: ${nodes.map((n) => n.html.slice(0, 200))}`);
}"""
TOPS = (
    "() => [...document.querySelectorAll('.film image')].map((image) => +image.getAttribute('y'))"
)


@pytest.fixture
def file(shown, tmp_path):
    """The page in a folder of its own."""
    (tmp_path / "report.html").write_text(shown[2], encoding="utf-8", newline="\n")
    return tmp_path / "report.html"


def test_the_film_can_be_scrubbed_and_the_page_fits_a_phone(browser, file):
    axe = pytest.importorskip("axe_core_python")
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())

    steps = page.evaluate("() => document.querySelector('.film').dataset.steps.split(',')")
    heights = page.evaluate(
        "() => [...document.querySelectorAll('.film svg')].map((svg) => svg.viewBox.baseVal.height)"
    )
    slider, output = page.locator(".film input"), page.locator(".film output")

    def check(frame):
        assert output.inner_text() == f"step {steps[frame]}"
        assert slider.get_attribute("aria-valuetext") == f"step {steps[frame]}"
        assert page.evaluate(TOPS) == [-frame * height for height in heights]

    check(len(steps) - 1)
    slider.press("Home")
    check(0)
    slider.press("ArrowRight")
    check(1)
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    check(len(steps) - 1)
    page.get_by_role("button", name="Play").click()
    check(0)
    page.wait_for_function("() => document.querySelector('.film input').value === '1'")
    page.get_by_role("button", name="Stop").click()

    page.set_viewport_size({"width": 1280, "height": 900})
    assert page.locator(".accuracy").bounding_box()["y"] + 60 < 900  # on the first screen
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []

    page.evaluate(Path(axe.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate(AXE) == [], (width, scheme)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, scheme
        for image in page.locator("figure img, figure svg").all():
            assert image.bounding_box()["width"] <= width
    context.close()


def test_without_javascript_the_film_shows_its_last_frame(browser, file):
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    film = page.locator(".film")
    assert not film.locator("input").is_visible()
    assert "Without JavaScript, you see the last step" in film.inner_text()
    height = float(film.locator("svg").first.get_attribute("viewBox").split()[-1])
    count = len(film.get_attribute("data-steps").split(","))
    assert float(film.locator("image").first.get_attribute("y")) == -height * (count - 1)
    context.close()
