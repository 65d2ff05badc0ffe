"""Make docs/explorer.gif, the moving picture in the README: the site's explorer in use.

    python docs/make_readme_picture.py

This needs Chromium and Playwright, and takes about a minute. The parts of `docs/explorer.html` that
the picture shows are moved together, because the page is longer than a picture can be; what they
show is what the page shows. All pictures are drawn pets.
"""

import io
import itertools
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).resolve().parent
PICTURE = DOCS / "explorer.gif"
MAX_BYTES = 1_500_000
SIZE = (800, 450)  # CSS pixels
SCALE = 1.5  # pixels of the picture in each of them, for sharp numbers
REST = 1800  # milliseconds at the end of a scene
SIDE = 48  # pixels of a photograph, and of a map of conv1_2

# Everything is hidden but the parts that a scene names, each at a place of its own.
STAGE = """
body { overflow: hidden; }
body * { visibility: hidden; }
.heading { position: fixed; inset: 0 0 auto 0; padding: 11px 20px; background: #0b5cad; color: #fff;
  font: 600 22px system-ui, sans-serif; visibility: visible; }
"""
SHOWN = "%s, %s * { visibility: visible; } %s { position: fixed !important; margin: 0; %s }\n"
LOOK = {
    ".px-look-map .px-stage": "left: 16px; top: 64px; width: 216px;",
    ".px-look-field .px-stage": "left: 16px; top: 292px; width: 144px;",
    ".px-terms": "left: 280px; top: 64px; width: 600px; zoom: 0.9;",
    ".px-why": "left: 280px; top: 130px; width: 600px; zoom: 0.9;",
}
CHANGE = {
    ".px-paint": "left: 12px; top: 52px; width: 288px; height: 288px; zoom: 1.25;",
    ".px-answer": "left: 400px; top: 64px; width: 380px;",
    ".px-layers-group": "left: 400px; top: 180px; width: 370px; flex-wrap: wrap;",
}
# What would not fit beside them is left out, and nothing is wrapped.
FITTED = """
.px-why, .px-why-row { width: 600px; flex-wrap: nowrap !important; }
.px-answer-hint, .px-card-line, .px-card-size, .px-thin { display: none !important; }
.px-why-row:nth-child(n + 5), .px-card:nth-of-type(n + 8) { display: none !important; }
"""

# Over map 0 of conv1_2, along the outline of what is bright: (row, column).
OUTLINE = [(10, 22), (22, 17), (24, 28), (18, 37), (10, 38), (34, 38)]
# The red dog, painted white: strokes through (row, column).
STROKES = [
    [(27, 14), (26, 34), (31, 34), (31, 16)],
    [(34, 17), (42, 18)],
    [(34, 32), (42, 33)],
    [(24, 11), (19, 9), (15, 4), (21, 4)],
    [(22, 34), (16, 33), (17, 28), (21, 29)],
    [(29, 37), (37, 36)],
]
COLORS = 160
BRUSH = 6  # pixels


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
        style = (
            STAGE + FITTED + "".join(SHOWN % (part, part, part, at) for part, at in shown.items())
        )
        self.page.evaluate(
            """([css, text]) => {
              document.querySelectorAll(".heading, .staging").forEach((old) => old.remove());
              const style = document.createElement("style");
              Object.assign(style, {textContent: css, className: "staging"});
              const heading = document.createElement("div");
              Object.assign(heading, {textContent: text, className: "heading"});
              document.head.append(style);
              document.body.append(heading);
            }""",
            [style, heading],
        )
        self.page.wait_for_timeout(300)

    def take(self, time):
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
    for (row, column), (next_row, next_column) in itertools.pairwise(points):
        parts = max(1, round(max(abs(next_row - row), abs(next_column - column)) / step))
        path += [
            (row + (next_row - row) * k / parts, column + (next_column - column) * k / parts)
            for k in range(1, parts + 1)
        ]
    return path


def look(film):
    """Go along a map, with the sum that made each pixel."""
    film.scene("Look", "Point at a pixel: see the sum that made it", LOOK)
    for row, column in between(OUTLINE, 4):
        film.point(".px-look-map canvas", row, column)
        film.take(240)
    film.hold()


def change(film):
    """Paint the red dog white."""
    film.scene("Change", "Paint the red dog white: see how the answer turns", CHANGE)
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
        film.point(".px-paint canvas", *stroke[0])
        film.page.mouse.down()
        for point in between(stroke, 3):
            film.point(".px-paint canvas", *point)
            film.take(120)
        film.page.mouse.up()
    film.hold(2 * REST)


def write(film):
    """Write the film as a GIF with one palette, so that colors do not flicker."""
    every = film.frames[:: max(1, len(film.frames) // 12)]
    sheet = Image.new("RGB", (film.frames[0].width, film.frames[0].height * len(every)))
    for place, frame in enumerate(every):
        sheet.paste(frame, (0, place * frame.height))
    palette = sheet.quantize(COLORS, method=Image.Quantize.MEDIANCUT)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in film.frames]
    frames[0].save(
        PICTURE,
        save_all=True,
        append_images=frames[1:],
        duration=film.times,
        loop=0,
    )


def main():
    """Make the picture, and check its size."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        width, height = SIZE
        page = browser.new_page(
            viewport={"width": width, "height": height},
            device_scale_factor=SCALE,
            bypass_csp=True,
        )
        page.goto((DOCS / "explorer.html").as_uri())
        page.get_by_role("tab").first.wait_for()
        film = Film(page)
        for scene in (look, change):
            scene(film)
        browser.close()
    write(film)
    seconds = sum(film.times) / 1000
    size = PICTURE.stat().st_size
    print(f"{PICTURE.name}: {len(film.frames)} frames, {seconds:.1f} s, {size:,} bytes")
    if size > MAX_BYTES:
        sys.exit(f"The picture is larger than {MAX_BYTES:,} bytes.")


if __name__ == "__main__":
    main()
