"""The page embeds all figures, loads nothing from elsewhere, and tells nothing of the machine."""

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from petkeras.report.inputs import choose_inputs
from petkeras.report.page import _accuracy, _predictions, _without_paths, write_report
from petkeras.runs.intervals import accuracy_interval
from petkeras.runs.run import Run
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


def embedded(page):
    """Yield the bytes of every picture in a page."""
    for kind in ("img", "source", "image"):
        for attributes in page.all(kind):
            url = attributes.get("src") or attributes.get("srcset") or attributes["href"]
            mime, data = url.split(";base64,")
            assert mime in ("data:image/png", "data:image/jpeg")
            yield base64.b64decode(data)


def test_the_page_embeds_every_figure_with_an_alternative_text(shown):
    page = Page(shown[2])
    figures, films = shown[1], [figure for figure in shown[1] if figure.layer]
    narrow = [figure for figure in figures if figure.columns]
    assert len(page.all("img")) == len(figures) - len(films)
    assert (len(page.all("source")), len(page.all("image"))) == (len(narrow), len(films))
    assert all(len(image["alt"]) > 15 for image in page.all("img"))
    assert all(len(svg["aria-label"]) > 15 for svg in page.all("svg"))
    for data in embedded(page):
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.width > 50


def test_the_alternative_texts_say_what_is_seen(shown):
    (matrix,) = [figure.alt for figure in shown[1] if figure.file == "confusion.png"]
    assert re.search("The network names correctly [0-9] of 6 above", matrix)


def test_the_page_loads_nothing_from_elsewhere(shown):
    page = Page(shown[2])
    for tag in ("img", "link", "a", "script", "image"):
        for attributes in page.all(tag):
            target = attributes.get("src") or attributes.get("href") or "#"
            assert target.startswith(("data:", "#"))
    assert "url(" not in shown[2]
    assert "@import" not in shown[2]


def test_the_policy_allows_the_pages_own_script_and_style_only(shown):
    (policy,) = [m["content"] for m in Page(shown[2]).all("meta") if "http-equiv" in m]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (text,) = re.findall(f"<{tag}[^>]*>(.*?)</{tag}>", shown[2], re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert not re.search(r"<[^>]* (style|on\w+)=", re.sub('base64,[^"]*', "", shown[2]))


def test_the_pages_links_lead_to_its_sections(shown):
    page = Page(shown[2])
    ids = {attributes["id"] for attributes in page.all("section")}
    assert {link["href"].removeprefix("#") for link in page.all("a")} == ids


def test_the_page_links_to_the_explorer_if_there_is_one(shown, run_dir):
    assert "run petkeras explore on its folder" in Page(shown[2]).text
    (run_dir / "explorer.html").write_text("touch me")
    page = write_report(shown[0], []).read_text(encoding="utf-8")
    (run_dir / "explorer.html").unlink()
    assert {"href": "explorer.html"} in Page(page).all("a")


def test_the_first_screen_shows_the_answer_and_the_accuracy_with_its_interval(shown):
    last = shown[0].run.history.epochs[-1]
    low, high = accuracy_interval(round(12 * last.test_accuracy), 12)
    first = Page(shown[2][: shown[2].index("<nav")])
    assert f"{last.test_accuracy:.1%} right (95% interval: {low:.1%} to {high:.1%})" in first.text
    assert "The test part has only 12 pictures" in first.text
    assert first.all("img")[0]["alt"].startswith("A picture, one of its feature maps in each of")
    answer = shown[0].run.class_names[shown[0].probabilities[0].argmax()]
    verdict = "right" if answer == "above" else "wrong"
    assert "The test picture half_0 goes in." in first.text
    assert f"The answer is {answer}. That is {verdict}" in first.text


def test_a_run_without_an_epoch_has_no_accuracy():
    run = SimpleNamespace(
        history=SimpleNamespace(epochs=[]), config={"pictures": {"train": 5, "test": 5}}
    )
    assert _accuracy(SimpleNamespace(run=run, data=None)) == ""


def test_the_page_describes_the_training_and_the_predictions(shown):
    inputs, _, text = shown
    page = Page(text).text
    assert "on 44 pictures of above and below: 2 epochs" in page
    for row in inputs.probabilities:
        assert f"{row[0]:.1%}" in page


def test_what_is_mailed_has_no_exif_and_no_path_of_the_machine(shown, run_dir, tmp_path):
    photograph = tmp_path / "secret place" / "dog.jpg"
    photograph.parent.mkdir()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"  # ImageDescription
    Image.new("RGB", (40, 30), "red").save(photograph, exif=exif)
    inputs = choose_inputs(Run(run_dir), photographs=[photograph])
    inputs.left_out.append(("A figure", f"{run_dir.resolve()}/mean.npy and {tmp_path}/a are bad."))
    pages = (write_report(inputs, []).read_text(encoding="utf-8"), shown[2])
    assert "RUN/mean.npy" in pages[0]
    assert "dog.jpg" in pages[0]
    for page in pages:
        for private in (str(tmp_path), str(run_dir), str(Path.home()) + "/", "secret", "at home"):
            assert private not in page.replace("<wbr>", "")
        for data in embedded(Page(page)):
            with Image.open(io.BytesIO(data)) as picture:
                assert not picture.getexif()
                notes = " ".join(map(str, picture.info.values()))
                assert str(Path.cwd()) not in notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C:\\Users\\me\\net.keras is missing", "net.keras is missing"),
        ("conv2/a and 1/2 stay, and backbone/conv5", "conv2/a and 1/2 stay, and backbone/conv5"),
        ("'/home/me/a.npy' and /mnt/b.npy: bad", "'a.npy' and b.npy: bad"),
        (f"{Path.home()}/my dog/a.npy", "~/my dog/a.npy"),
    ],
)
def test_a_reason_keeps_the_last_part_of_a_path(text, expected):
    assert _without_paths(text, "runs/real") == expected


def test_the_heading_names_a_few_classes_and_counts_many():
    assert ask_which(("shiba_inu", "samoyed")) == "shiba inu or samoyed?"
    assert ask_which([f"breed_{number}" for number in range(37)]) == "Which of 37 breeds?"


def test_the_table_of_predictions_stays_narrow_for_many_classes():
    names = tuple(f"breed_{number}" for number in range(37))
    probabilities = np.full((1, 37), 0.4 / 34)
    probabilities[0, [30, 7, 2]] = 0.3, 0.2, 0.1
    inputs = SimpleNamespace(
        run=SimpleNamespace(class_names=names),
        names=("a.jpg",),
        truth=(),
        probabilities=probabilities,
    )
    page = Page(_predictions(inputs))
    assert len(page.all("th")) == len(page.all("td")) == 4
    assert "a.jpgbreed_30 30.0%breed_7 20.0%breed_2 10.0%" in page.text
