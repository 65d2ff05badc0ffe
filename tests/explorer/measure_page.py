"""Measure how fast an explorer's page answers in Chromium; run it by hand on an idle machine.

python tests/explorer/measure_page.py RUN/explorer.html [--slow 4] [--phone]
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

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


def wait_until(page, expression):
    """Wait; `page.wait_for_function` needs an `eval` that the page does not allow."""
    while not page.evaluate(expression):
        page.wait_for_timeout(5)


def measure(page, act, count=50):
    """Return the milliseconds of `count` events, each made by `act(page, number)`."""
    page.evaluate("times.length = 0")
    for number in range(count):
        act(page, number)
        wait_until(page, f"times.length > {number}")
        page.wait_for_timeout(30)
    return np.array(page.evaluate("times"))


def move_on(box, number):
    """Return another point of a box for each number."""
    share = 0.1 + 0.8 * ((number * 37) % 50) / 50
    return box["x"] + share * box["width"], box["y"] + (1.0 - share) * box["height"]


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()
    page.wait_for_timeout(600)


def measure_all(page):
    """Yield (what was done, milliseconds)."""
    open_tab(page, "Look")
    large = page.locator("canvas[role=application]:visible").first
    large.scroll_into_view_if_needed()
    box = large.bounding_box()
    yield "point at a pixel (Look)", measure(page, lambda p, n: p.mouse.move(*move_on(box, n)))

    open_tab(page, "Change")
    cell = page.locator(".px-kernel-cells [tabindex='0']").first
    cell.focus()
    keys = ["+", "+", "ArrowRight", "-"]
    # Arrows only choose another cell: they are pressed between, and not counted.
    times = measure(page, lambda p, n: p.keyboard.press(keys[n % 4]), 67)
    edits = [time for n, time in enumerate(times) if keys[n % 4] in "+-"]
    yield "change a value of a kernel (Change)", np.array(edits)

    page.get_by_role("radio", name="Patch").or_(
        page.get_by_text("Patch", exact=False)
    ).first.click()
    box = page.locator(".px-paint").bounding_box()
    page.locator(".px-paint").scroll_into_view_if_needed()
    box = page.locator(".px-paint").bounding_box()
    page.mouse.move(*move_on(box, 0))
    page.mouse.down()
    yield "slide a patch (Change)", measure(page, lambda p, n: p.mouse.move(*move_on(box, n + 1)))
    page.mouse.up()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--slow", type=float, default=1.0, help="slow the processor by this factor")
    parser.add_argument("--phone", action="store_true", help="a screen of 390 pixels")
    arguments = parser.parse_args()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": 390 if arguments.phone else 1280, "height": 900}
        )
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
        for what, times in measure_all(page):
            report(what, times)
        browser.close()


def report(what, times):
    median, high = np.percentile(times, [50, 95])
    print(f"{what}: median {median:.0f} ms, 95th percentile {high:.0f} ms, n = {len(times)}")


if __name__ == "__main__":
    main()
