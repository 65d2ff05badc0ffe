"""Make docs/explorer.gif, the moving picture in the README: the site's explorer in use.

    python docs/make_readme_picture.py

This needs Chromium and Playwright, and takes about a minute. The parts of `docs/explorer.html` that
the picture shows are moved together, because the page is longer than a picture can be; what they
show is what the page shows. The photographs are drawn pets.
"""

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
PICTURE = DOCS / "explorer.gif"
MAX_BYTES = 1_500_000
SIZE = (800, 450)  # pixels
FRAME = 100  # milliseconds
REST = 1500  # milliseconds at the end of a scene
SIDE = 48  # pixels of a photograph, and of a map of conv1_2

# Everything is hidden but the parts that a scene names, each at a place of its own.
STAGE = """
body { overflow: hidden; }
body * { visibility: hidden; }
.heading { position: fixed; inset: 0 0 auto 0; padding: 12px 20px; font: 600 22px system-ui, sans-serif;
  background: #0b5cad; color: #fff; }
"""
SHOWN = "%s, %s * { visibility: visible; } %s { position: fixed; margin: 0; %s }\n"
LOOK = {
    ".px-look-map .px-stage": "left: 20px; top: 70px; width: 240px;",
    ".px-look-field .px-stage": "left: 20px; top: 322px; width: 116px;",
    ".px-terms": "left: 300px; top: 70px; width: 490px;",
    ".px-why": "left: 300px; top: 138px; width: 490px;",
}
CHANGE = {
    ".px-paint": "left: 20px; top: 70px; width: 336px;",
    ".px-answer": "left: 390px; top: 70px; width: 390px;",
    ".px-layers": "left: 390px; top: 230px; width: 400px;",
}
TIME = {
    ".px-time .px-player": "left: 20px; top: 70px; width: 760px;",
    ".px-time .px-figures": "left: 20px; top: 120px; width: 420px;",
    ".px-time .px-thumbnails": "left: 460px; top: 120px; width: 330px;",
}

# Along the dog's outline on map 0 of conv1_2: (row, column).
OUTLINE = [(14, 22), (22, 22), (24, 30), (20, 34), (10, 33), (10, 38), (30, 38)]
# The red dog, painted white: strokes through (row, column).
STROKES = [
    [(27, 15), (25, 24), (26, 33), (30, 34), (29, 25), (30, 17)],
    [(33, 18), (42, 18)],
    [(33, 31), (41, 34)],
    [(25, 12), (19, 9), (15, 5), (20, 5)],
    [(22, 34), (17, 34), (16, 29)],
]
BRUSH = 5  # pixels


class Film:
    """Take pictures of a page, each with the time that it is shown."""

    def __init__(self, page):
        self.page, self.frames, self.times = page, [], []

    def scene(self, tab, heading, shown):
        """Open a tab, and leave only the parts in `shown` in sight."""
        self.page.evaluate(
            "(name) => [...document.querySelectorAll('[role=tab]')]"
            ".find((tab) => tab.textContent === name).click()",
            tab,
        )
        style = STAGE + "".join(SHOWN % (part, part, part, at) for part, at in shown.items())
        self.page.evaluate(
            """([css, text]) => {
              document.querySelectorAll(".heading, .staging").forEach((old) => old.remove());
              const style = document.createElement("style");
              Object.assign(style, {textContent: css, className: "staging"});
              const heading = document.createElement("div");
              Object.assign(heading, {textContent: text, className: "heading"});
              heading.style.visibility = "visible";
              document.head.append(style);
              document.body.append(heading);
            }""",
            [style, heading],
        )
        self.page.wait_for_timeout(300)

    def take(self, time=FRAME):
        """Take a picture when the page has drawn what was changed."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        image = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(image)
        self.times.append(time)

    def hold(self, time=REST):
        """Wait for the exact numbers, and show them for a while."""
        self.page.wait_for_timeout(1000)
        self.take(time)

    def point(self, selector, row, column):
        """Move the pointer to a pixel of a picture."""
        box = self.page.locator(selector).locator("visible=true").first.bounding_box()
        x = box["x"] + (column + 0.5) * box["width"] / SIDE
        self.page.mouse.move(x, box["y"] + (row + 0.5) * box["height"] / SIDE)


def between(points, step):
    """Return the points of a line through `points`, `step` apart."""
    path = [points[0]]
    for (row, column), (next_row, next_column) in zip(points, points[1:], strict=False):
        parts = max(1, round(max(abs(next_row - row), abs(next_column - column)) / step))
        path += [
            (row + (next_row - row) * k / parts, column + (next_column - column) * k / parts)
            for k in range(1, parts + 1)
        ]
    return path


def look(film):
    """Go along a map, with the sum that made each pixel."""
    film.scene("Look", "Point at a pixel: see the sum that made it", LOOK)
    for row, column in between(OUTLINE, 1.5):
        film.point(".px-look-map canvas", row, column)
        film.take()
    film.hold()


def change(film):
    """Paint the red dog white."""
    film.page.get_by_role("tab", name="Change")
    film.scene("Change", "Paint the red dog white: maps and answer follow", CHANGE)
    film.page.evaluate(
        """(size) => {
          const label = [...document.querySelectorAll(".px-slider")]
            .find((each) => each.textContent.startsWith("Size in pixels"));
          const input = label.querySelector("input");
          input.value = size;
          input.dispatchEvent(new Event("input"));
        }""",
        BRUSH,
    )
    film.hold(1000)
    for stroke in STROKES:
        film.point(".px-paint", *stroke[0])
        film.page.mouse.down()
        for point in between(stroke, 2):
            film.point(".px-paint", *point)
            film.take()
        film.page.mouse.up()
    film.hold(2 * REST)


def time(film):
    """Go through the training, from random kernels to the trained network."""
    film.scene("Time", "Go back in time: from random numbers to a trained network", TIME)
    places = film.page.locator(".px-time input[type=range]")
    last = int(places.get_attribute("max"))
    for place in range(last + 1):
        places.evaluate(
            "(input, at) => { input.value = at; input.dispatchEvent(new Event('input')); }", place
        )
        film.take(700)
    film.hold()


def write(film):
    """Write the film as a GIF with one palette, so that colors do not flicker."""
    every = film.frames[:: max(1, len(film.frames) // 12)]
    sheet = Image.new("RGB", (film.frames[0].width, film.frames[0].height * len(every)))
    for place, frame in enumerate(every):
        sheet.paste(frame, (0, place * frame.height))
    palette = sheet.quantize(256, method=Image.Quantize.MEDIANCUT)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in film.frames]
    frames[0].save(
        PICTURE,
        save_all=True,
        append_images=frames[1:],
        duration=film.times,
        loop=0,
        optimize=False,
    )


def main():
    """Make the picture, and check its size."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        width, height = SIZE
        page = browser.new_page(viewport={"width": width, "height": height}, bypass_csp=True)
        page.goto((DOCS / "explorer.html").as_uri())
        page.get_by_role("tab").first.wait_for()
        film = Film(page)
        for scene in (look, change, time):
            scene(film)
        browser.close()
    write(film)
    seconds = sum(film.times) / 1000
    print(
        f"{PICTURE.name}: {len(film.frames)} frames, {seconds:.1f} s, "
        f"{PICTURE.stat().st_size:,} bytes"
    )
    if PICTURE.stat().st_size > MAX_BYTES:
        sys.exit(f"The picture is larger than {MAX_BYTES:,} bytes.")


if __name__ == "__main__":
    main()
