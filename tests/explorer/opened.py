"""Open an explorer's page from the disk with the network off, and use it as a person does."""

import base64
import contextlib
import io

import numpy as np
from PIL import Image


class Opened:
    """Hold a page that is open.

    Args:
        page: Playwright's page.
        requests: the addresses that it asked for, its own included.
        messages: what the console, errors and dialogs said.
    """

    def __init__(self, page):
        self.page, self.requests, self.messages = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.messages.append(message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on("dialog", lambda dialog: self.messages.append(dialog.message) or dialog.dismiss())

    def open(self, file):
        self.page.goto(file.as_uri())
        self.page.get_by_role("tab").first.wait_for()
        self.rest()

    def start_again(self):
        """Undo all changes; choose the first photograph, layer, map and tab."""
        self.tab("Change")
        reset = self.page.get_by_role("button", name="Reset all")
        if reset.is_enabled():
            reset.click()
        self.page.locator(".px-strip-item").first.click()
        self.page.locator("[role=radio].px-card").first.click()
        self.page.locator(".px-tile >> nth=0").first.dispatch_event("click")
        self.tab("Look")

    def tab(self, name):
        self.page.get_by_role("tab", name=name, exact=True).click()
        self.rest()

    def rest(self):
        """Wait until the page has drawn what was changed."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def text(self, selector):
        """Return the text of the first visible element that matches."""
        return self.page.locator(selector).locator("visible=true").first.inner_text()

    def numbers(self, selector):
        """Return the numbers in the texts of all elements that match."""
        texts = self.page.locator(selector).all_inner_texts()
        return [float(text.split(" ± ")[0].replace("−", "-").replace("+", "")) for text in texts]

    def probabilities(self):
        """Return the probabilities that are shown, and the error that is stated for them."""
        texts = self.page.locator(".px-bar-number").all_inner_texts()
        errors = [float(text.split(" ± ")[1]) for text in texts if " ± " in text]
        return self.numbers(".px-bar-number"), max(errors, default=0.0)

    def choose_layer(self, name):
        self.page.locator(".px-card", has_text=name).first.click()
        self.rest()

    def pixels(self, selector):
        """Return a canvas as an array (height, width, 3) uint8."""
        url = self.page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        return np.asarray(picture.convert("RGB"))

    def focused(self):
        """Return the accessible name of the element with the focus, as far as it is text."""
        return self.page.evaluate(
            "() => document.activeElement.getAttribute('aria-label')"
            " ?? document.activeElement.innerText"
        )


@contextlib.contextmanager
def opened(browser, file, **options):
    """Open a page's file with the network off, in a context of its own."""
    context = browser.new_context(offline=True, **options)
    try:
        explorer = Opened(context.new_page())
        explorer.open(file)
        yield explorer
    finally:
        context.close()
