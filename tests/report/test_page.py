"""The page embeds all figures and loads nothing from elsewhere."""

import base64
import io
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
from PIL import Image

from petkeras.report.page import _predictions
from petkeras.text import ask_which


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
            assert target.startswith(("data:", "#")) or target == "explorer.html"
    assert "url(" not in shown[2]
    assert "@import" not in shown[2]


def test_the_pages_links_lead_to_its_sections(shown):
    page = Page(shown[2])
    ids = {attributes["id"] for attributes in page.all("section")}
    links = {link["href"].removeprefix("#") for link in page.all("a")}
    assert links - {"explorer.html"} == ids


def test_the_page_links_to_the_explorer_and_says_what_writes_it(shown):
    page = Page(shown[2])
    assert {"href": "explorer.html"} in page.all("a")
    assert "petkeras explore" in page.text


def test_the_page_describes_the_training_and_the_predictions(shown):
    inputs, _, text = shown
    page = Page(text).text
    assert "44 pictures of above and below; 12 more" in page
    last = inputs.run.history.epochs[-1]
    assert f"{last.test_accuracy:.1%} of the test pictures" in page
    for row in inputs.probabilities:
        assert f"{row[0]:.1%}" in page


def test_the_heading_names_a_few_classes_and_counts_many():
    assert ask_which(("shiba_inu", "samoyed")) == "shiba inu or samoyed?"
    assert ask_which([f"breed_{number}" for number in range(37)]) == "Which of 37 breeds?"


def test_the_table_of_predictions_stays_narrow_for_many_classes():
    names = tuple(f"breed_{number}" for number in range(37))
    probabilities = np.full((1, 37), 0.4 / 34)
    probabilities[0, [30, 7, 2]] = 0.3, 0.2, 0.1
    inputs = SimpleNamespace(
        run=SimpleNamespace(class_names=names), names=("a.jpg",), probabilities=probabilities
    )
    page = Page(_predictions(inputs))
    assert len(page.all("th")) == len(page.all("td")) == 4
    assert "a.jpgbreed_30 30.0%breed_7 20.0%breed_2 10.0%" in page.text
