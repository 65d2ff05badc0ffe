"""The page embeds all figures and loads nothing from elsewhere."""

import base64
import io
from html.parser import HTMLParser

from PIL import Image


class Page(HTMLParser):
    """Note every tag with its attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_embeds_every_figure_with_an_alternative_text(shown):
    images = Page(shown[2]).all("img")
    animations = [figure for figure in shown[1] if figure.still]
    assert len(images) == len(shown[1]) + len(animations)  # and their last frames, for printers
    for image in images:
        assert len(image["alt"]) > 15
        kind, data = image["src"].split(";base64,")
        assert kind in ("data:image/png", "data:image/gif")
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert picture.width > 200


def test_the_page_loads_nothing_from_elsewhere(shown):
    page = Page(shown[2])
    assert not page.all("script")
    for tag in ("img", "link", "a"):
        for attributes in page.all(tag):
            target = attributes.get("src") or attributes.get("href")
            assert target.startswith(("data:", "#"))
    assert "url(" not in shown[2]
    assert "@import" not in shown[2]


def test_the_pages_links_lead_to_its_sections(shown):
    page = Page(shown[2])
    ids = {attributes["id"] for attributes in page.all("section")}
    assert {link["href"].removeprefix("#") for link in page.all("a")} == ids


def test_the_page_describes_the_training_and_the_predictions(shown):
    inputs, _, text = shown
    page = Page(text).text
    assert "44 pictures of above, below; 12 more" in page
    last = inputs.run.history.epochs[-1]
    assert f"{last.test_accuracy:.1%} of the test pictures" in page
    for row in inputs.probabilities:
        assert f"{row[0]:.1%}" in page
