"""The page for everybody: by keyboard alone, read aloud, on a phone, in the dark, at rest."""

from pathlib import Path

import pytest
from explorer.opened import opened

TABS = ("Look", "Change", "Play", "Time", "Answer")
AXE = """async () => {
  const { violations } = await axe.run({resultTypes: ["violations"]});
  return violations.map(({id, nodes}) => `${id}: ${nodes.map((n) => n.html).join(" ")}`);
}"""


@pytest.fixture(scope="module")
def checked(browser, page_file):
    """The page with axe-core in it, which the page's policy would refuse."""
    axe = pytest.importorskip("axe_core_python")
    with opened(browser, page_file, bypass_csp=True) as explorer:
        explorer.page.add_script_tag(path=Path(axe.__file__).with_name("axe.min.js"))
        yield explorer


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(checked, width, scheme):
    page = checked.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for name in TABS:
        checked.tab(name)
        assert page.evaluate(AXE) == [], name
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, name


MOVING = """() => {
  const moves = (style) => style.scrollBehavior === "smooth"
    || style.transitionDuration.split(", ").some((seconds) => parseFloat(seconds) > 0.01);
  const styles = [...document.querySelectorAll("*")].map((element) => getComputedStyle(element));
  return styles.filter(moves).length + document.getAnimations().length;
}"""


def test_nothing_moves_for_those_who_want_no_motion(browser, page_file):
    with opened(browser, page_file, reduced_motion="reduce") as explorer:
        for name in TABS:
            explorer.tab(name)
            moving = explorer.page.evaluate(MOVING)
            assert moving == 0, name


def test_playing_is_one_step_a_press_for_those_who_want_no_motion(browser, page_file):
    with opened(browser, page_file, reduced_motion="reduce") as explorer:
        explorer.tab("Play")
        play = explorer.page.locator(".px-play-grid").get_by_role("button", name="Play one step")
        for step in ("2 / ", "3 / "):
            play.click()
            explorer.page.wait_for_timeout(600)
            assert explorer.text(".px-play-grid .px-slider-value").startswith(step)
        assert explorer.page.locator(".px-speed:visible").count() == 0
        explorer.page.emulate_media(reduced_motion="no-preference")
        explorer.tab("Time")
        explorer.page.get_by_role("button", name="Play", exact=True).click()
        assert "Pause" in explorer.text(".px-time .px-play")


class Keyboard:
    """Press keys, and nothing else."""

    def __init__(self, explorer):
        self.explorer, self.page = explorer, explorer.page

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.explorer.rest()

    def go_to(self, selector, back=False):
        """Press Tab until an element that matches has the focus, which can be seen there."""
        for _ in range(150):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            found = self.page.evaluate(
                """(selector) => document.activeElement.matches(selector) &&
                  [document.activeElement, document.activeElement.parentElement].some((e) =>
                    getComputedStyle(e).outlineStyle !== "none" ||
                    getComputedStyle(e).boxShadow !== "none")""",
                selector,
            )
            if found:
                return
        raise AssertionError(f"no Tab leads to {selector}, or its focus cannot be seen")

    def heard(self):
        """Return what a screen reader was told last."""
        return self.page.locator(".px-live").inner_text()


@pytest.fixture
def keyboard(browser, page_file):
    with opened(browser, page_file, viewport={"width": 1280, "height": 900}) as explorer:
        yield Keyboard(explorer)
        assert explorer.messages == []


def test_all_of_it_can_be_used_by_keyboard_alone(keyboard):
    explorer, press, go_to = keyboard.explorer, keyboard.press, keyboard.go_to

    # A photograph, a layer, a map, a pixel.
    first = explorer.text(".px-caption")
    go_to("[role=radio].px-strip-item")
    press("ArrowRight")
    assert explorer.text(".px-caption") != first
    go_to("[role=radio].px-card")
    press("ArrowRight", "ArrowRight")
    assert explorer.text(".px-look-title") == "pool1"
    press("Home")
    assert explorer.text(".px-look-title") == "conv1_1"
    go_to("[role=tab]")
    go_to("[role=radio].px-tile")
    press("ArrowRight", "ArrowRight")
    assert "Map 2" in explorer.text(".px-look-map")
    go_to("canvas")
    press("Home", "PageUp", "ArrowDown", "ArrowRight", "ArrowRight")
    assert "row 1, column 2" in explorer.text(".px-explain")
    total = explorer.text(".px-term-value")
    assert keyboard.heard().startswith(f"Row 1, column 2: sum {total}, bias ")

    # A kernel, a map, the photograph; and back.
    go_to("[role=tab]", back=True)
    press("ArrowRight")
    go_to(".px-kernel .px-cell-field")
    press("ArrowRight", "+")
    changed = "kernel or bias of filter 2 of conv1_1"
    assert changed in explorer.text(".px-summary")
    keyboard.page.keyboard.type("-1.5")
    press("Enter")
    assert "Row 0, column 1: −1.5" in explorer.text(".px-kernel")
    go_to(".px-preset")
    press("Enter")
    assert "7 × 7" in keyboard.heard()
    go_to("input[type=checkbox]")
    press("Space")
    go_to("[aria-pressed=false]")
    press("Space")
    go_to(".px-paint")
    press("ArrowLeft")
    assert "The patch covers rows" in keyboard.heard()
    assert "the picture" in explorer.text(".px-summary")
    keyboard.page.get_by_role("button", name="Reset all").focus()
    press("Enter")
    assert "Nothing is changed" in explorer.text(".px-summary")

    # A step of the animation.
    go_to("[role=tab]", back=True)
    press("ArrowRight")
    go_to("[aria-label=Forward]")
    press("Enter")
    assert keyboard.heard().startswith("Row 0, column 1: ")
    go_to("input[type=range]")
    press("End")
    assert keyboard.heard().startswith("Row 0, column 1: ")  # only keys of its own are spoken
    assert explorer.text(".px-play-grid .px-sum").startswith("Row 3, column 3: ")

    # Time, and the answer.
    go_to("[role=tab]", back=True)
    press("ArrowRight")
    go_to("input[type=range]")
    press("Home")
    assert "There is no probability" in explorer.text(".px-time")
    press("End")
    go_to("[role=tab]", back=True)
    press("ArrowRight")
    go_to("select")
    press("ArrowDown")
    assert "Score of below" in explorer.text(".px-answer-tab")
    go_to(".px-waterfall button")
    press("Tab", "Enter")
    unit = explorer.focused().split("\n")[0]
    assert unit.startswith("Unit ")
    assert f"What it saw: {unit}" in explorer.text(".px-answer-tab")


def test_groups_and_pictures_have_names(checked):
    checked.tab("Look")
    for role, name in (
        ("radiogroup", "Pictures"),
        ("radiogroup", "Layers"),
        ("radiogroup", "Maps of conv1_1"),
        ("tablist", "What to do with the chosen layer"),
        ("region", "The network's answer"),
        ("region", "How this number came about"),
    ):
        assert checked.page.get_by_role(role, name=name).count() == 1, name
    verdicts = checked.page.locator(".px-verdict").all_inner_texts()
    assert set(verdicts) <= {"✓ right", "✗ wrong"}  # not by their color alone
