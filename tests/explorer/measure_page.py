"""Measure how fast an explorer's page answers in Chromium; run it by hand on an idle machine.

python tests/explorer/measure_page.py RUN/explorer.html [--slow 4] [--phone]
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

PATIENCE = 2000  # looks, each some 5 ms after the last, at what is waited for

# From an event to the first task after the frame that shows its effect, in milliseconds.
LISTEN = """() => {
  window.times = [];
  for (const type of ["keydown", "pointermove"]) {
    document.addEventListener(type, (event) => requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => times.push(performance.now() - event.timeStamp);
      channel.port2.postMessage(0);
    }), {capture: true});
  }
}"""

# When the explorer was first drawn, in milliseconds after the page was asked for.
WATCH = """() => {
  const watcher = new MutationObserver(() => {
    if (!document.querySelector(".px-tab")) return;
    watcher.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => { window.drawn = performance.now(); };
      channel.port2.postMessage(0);
    });
  });
  watcher.observe(document, {childList: true, subtree: true});
}"""


class Mouse:
    """Point with a mouse."""

    def __init__(self, page, session):
        self.page = page

    def down(self, x, y):
        self.page.mouse.move(x, y)
        self.page.mouse.down()

    def move(self, x, y):
        self.page.mouse.move(x, y)

    def up(self):
        self.page.mouse.up()


class Finger:
    """Point with a finger, which is somewhere only while it touches the screen."""

    def __init__(self, page, session):
        self.session = session

    def down(self, x, y):
        self._send("touchStart", [{"x": x, "y": y}])

    def move(self, x, y):
        self._send("touchMove", [{"x": x, "y": y}])

    def up(self):
        self._send("touchEnd", [])

    def _send(self, kind, points):
        event = {"type": kind, "touchPoints": points}
        self.session.send("Input.dispatchTouchEvent", event)


def wait_until(page, expression):
    """Wait; `page.wait_for_function` needs an `eval` that the page does not allow."""
    for _ in range(PATIENCE):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(5)
    raise SystemExit(f"It never came true that {expression}.")


def measure(page, act, count=50):
    """Return the milliseconds of `count` events, each made by `act(number)`."""
    page.wait_for_timeout(500)
    page.evaluate("times.length = 0")
    for number in range(count):
        act(number)
        wait_until(page, f"times.length > {number}")
        page.wait_for_timeout(30)
    return np.array(page.evaluate("times"))


def drag(page, pointer, area, place):
    """Return the milliseconds of moves over an area, each to the share `place(number)` of it."""
    # Only what is on the screen can be pointed at.
    area.evaluate("(element) => element.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(300)
    box = area.bounding_box()

    def at(number):
        across, down = place(number)
        return box["x"] + across * box["width"], box["y"] + down * box["height"]

    pointer.down(*at(0))
    try:
        return measure(page, lambda number: pointer.move(*at(number + 1)))
    finally:
        pointer.up()


def anywhere(number):
    """Return another place (across, down) for each number, from left to right at first."""
    share = 0.1 + 0.8 * ((number * 37) % 50) / 50
    return share, 0.5 if number < 2 else 1 - share


def up_and_down(number):
    """Return places (across, down) that are far enough apart to change a kernel's value."""
    return 0.5, 0.5 - 0.1 * (number % 4)


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()
    page.wait_for_timeout(600)


def measure_all(page, pointer):
    """Yield (what was done, milliseconds)."""
    open_tab(page, "Look")
    large = page.locator("canvas[role=application]:visible").first
    yield "point at a pixel (Look)", drag(page, pointer, large, anywhere)

    open_tab(page, "Change")
    cells = page.locator(".px-kernel-cells .px-cells-drag")
    yield "drag a value of a kernel (Change)", drag(page, pointer, cells, up_and_down)

    page.get_by_role("button", name="Gray patch").click()
    photograph = page.locator(".px-paint")
    yield "slide a patch (Change)", drag(page, pointer, photograph, anywhere)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--slow", type=float, default=1.0, help="slow the processor by this factor")
    parser.add_argument("--phone", action="store_true", help="a small screen, and a finger")
    arguments = parser.parse_args()
    screen = {"viewport": {"width": 1280, "height": 900}}
    if arguments.phone:
        screen = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(**screen)
        opened = []
        for _ in range(7):
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": arguments.slow})
            page.add_init_script(f"({WATCH})()")
            page.goto(arguments.page.resolve().as_uri())
            wait_until(page, "window.drawn")
            opened.append(page.evaluate("drawn"))
            page.wait_for_timeout(3000)  # until the exact order is computed
            if len(opened) < 7:
                page.close()
        report("open the page", opened)
        page.evaluate(LISTEN)
        pointer = (Finger if arguments.phone else Mouse)(page, session)
        for what, times in measure_all(page, pointer):
            report(what, times)
        browser.close()


def report(what, times):
    median, high = np.percentile(times, [50, 95])
    print(f"{what}: median {median:.0f} ms, 95th percentile {high:.0f} ms, n = {len(times)}")


if __name__ == "__main__":
    main()
