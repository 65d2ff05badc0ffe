"""The explorer in Chinese: its page, its picture, its answers, and the words of one's own."""

import re

import pytest
from explorer.opened import opened
from explorer.small_runs import photographs, small_data
from matplotlib.text import Text

import petkeras as pk
from petkeras import language
from petkeras.errors import PetkerasError
from petkeras.explorer import still
from petkeras.explorer.contents import make_contents, unpack
from petkeras.explorer.explore import Explorer
from petkeras.explorer.explored import open_explored
from petkeras.explorer.page import make_page, read_page, write_page
from petkeras.explorer.still import plot_explorer
from petkeras.explorer.words import explorer_words
from petkeras.system import fonts
from petkeras.visualize import lettering

HAN = re.compile("[\u4e00-\u9fff]")
# Words that a Chinese page may have: of the network, of its pictures, and names.
NAMES = (
    r"conv\w+|pool\w+|drop\w+|flatten|fc1|softmax|above|below|half|ReLU|SAME|VALID|"
    r"TensorFlow|petkeras"
)


@pytest.fixture(scope="module")
def model():
    return pk.pet_net(image_size=16, seed=0)


@pytest.fixture
def chinese():
    with language.using("zh"):
        yield


# The table of words


def test_english_needs_no_table(model):
    assert explorer_words() == {}
    manifest = make_contents(open_explored(model, photographs(1))).manifest
    assert (manifest["words"], manifest["lang"]) == ({}, "en")


def test_the_table_has_sentences_of_the_front_end_only(chinese):
    words = explorer_words()
    assert words["Look"] == "看"
    long = next(text for text in words if text.startswith("Each of the {units} times"))
    assert "softmax" in words[long]  # in the script, it is joined of several texts
    assert "What does the network see?" in language.translations()
    assert "What does the network see?" not in words  # Python says it


def test_words_of_ones_own_go_first(model, chinese):
    explored = open_explored(model, photographs(1))
    assert make_contents(explored, words={"Look": "Schau"}).manifest["words"] == {"Look": "Schau"}
    assert make_contents(explored, words={}).manifest["words"] == {}


# What Python says


def test_contents_are_in_the_current_language(model, chinese):
    explored = open_explored(model, photographs(2), class_names=["cat", "big_dog"])
    manifest = make_contents(explored).manifest
    assert manifest["lang"] == "zh-CN"
    assert manifest["title"] == "Cat 还是 big dog？"
    assert [photograph["name"] for photograph in manifest["photographs"]] == ["照片 1", "照片 2"]
    assert all(map(HAN.search, manifest["kernels"]))


@pytest.mark.parametrize(
    ("classes", "title"),
    [
        ((), "What does the network see?"),
        (("a_b",), "A b?"),
        ("abcd", "A or b or c or d?"),
        ("abcde", "Which of 5 classes?"),
    ],
)
def test_the_title_asks_in_both_languages(model, classes, title):
    explored = open_explored(model, photographs(1))
    explored = type(explored)(**{**vars(explored), "class_names": tuple(classes)})
    assert explored.title == title
    with language.using("zh"):
        assert explored.title.endswith("？")


def test_the_sentences_around_the_page_are_in_its_language(model):
    explored = open_explored(model, photographs(1))
    english = make_page(make_contents(explored))
    assert '<html lang="en">' in english
    assert "nothing leaves your computer.</footer>" in english
    with language.using("zh"):
        contents = make_contents(explored)
    page = make_page(contents)  # as it was made, whatever the language is now
    assert '<html lang="zh-CN">' in page
    for element in ("<p>", "<noscript><p>", "<footer>"):
        assert HAN.search(page.partition(element)[2].partition("</")[0]), element


def test_an_explorer_keeps_its_language(model, tmp_path):
    with language.using("zh"):
        explored = open_explored(model, photographs(1), class_names=["cat", "dog"])
        shown = Explorer(explored, {})
    assert read_page(shown.save(tmp_path / "x.html")).manifest["lang"] == "zh-CN"
    _, metadata = shown._repr_mimebundle_()
    assert metadata["image/png"]["alt"].startswith("探索器，“Cat 还是 dog？”")


def test_a_language_is_that_of_one_explorer_only(model):
    shown = pk.explore(model, photographs(1), class_names=["cat", "dog"], lang="zh")
    assert "Cat 还是 dog？" in repr(shown)
    assert language.language() == "en"
    assert "Cat or dog?" in repr(pk.explore(model, photographs(1), class_names=["cat", "dog"]))


def test_an_unknown_language_is_refused(model):
    message = "`lang` must be one of 'en', 'zh', 'zh_CN', 'zh-CN'. Received: lang='fr'"
    with pytest.raises(PetkerasError) as error:
        pk.explore(model, photographs(1), lang="fr")
    assert str(error.value) == message


def test_a_widget_answers_in_its_language(model, monkeypatch):
    pytest.importorskip("anywidget")
    shown = pk.explore(model, photographs(1), lang="zh")
    assert unpack(shown.contents).manifest["words"]["Look"] == "看"
    answers = []
    monkeypatch.setattr(shown, "send", answers.append)
    for question in ({"ask": "fortune"}, {"ask": "photograph", "file": "AAAA"}, {"ask": "value"}):
        shown._handle_custom_msg({"id": 1, **question}, [])
    assert len(answers) == 3
    assert all(HAN.search(answer["error"]) for answer in answers), answers


# The picture

LAYERS = ("conv1_1", "conv1_2", "pool1", "drop1", "flatten", "fc1", "softmax")


@pytest.fixture
def chinese_font(monkeypatch):
    """Act as if there were a font for Chinese; nothing is drawn with it."""
    for module in (lettering, still):
        monkeypatch.setattr(module, "missing_letters", lambda text: [])


def words_in(figure):
    """Return the lines of a figure that have English words in them."""
    lines = [text.get_text() for text in figure.findobj(Text)]
    return [line for line in lines if re.search("[A-Za-z]{3}", re.sub(NAMES, "", line))]


@pytest.mark.parametrize("layer", LAYERS)
def test_the_picture_has_chinese_labels(model, chinese, chinese_font, layer):
    explored = open_explored(model, photographs(1), class_names=("above", "below"))
    figure = plot_explorer(explored, layer)
    assert words_in(figure) == ["Above 还是 below？"]
    assert any(HAN.search(text.get_text()) for text in figure.findobj(Text))


def test_the_picture_has_english_labels_where_no_font_has_chinese_ones(model, chinese, monkeypatch):
    monkeypatch.setattr(fonts, "font_families", lambda: ["DejaVu Sans"])
    figure = plot_explorer(open_explored(model, photographs(1), class_names=("above", "below")))
    texts = "".join(text.get_text() for text in figure.findobj(Text))
    assert "Above or below?" in texts
    assert not HAN.search(texts)


def test_the_picture_of_a_film_has_chinese_labels(trained, chinese, chinese_font):
    figure = plot_explorer(open_explored(trained, data=small_data()), tab="time")
    assert words_in(figure) == ["Above 还是 below？"]


# In a browser

TEXTS = """() => {
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (["SCRIPT", "NOSCRIPT"].includes((node.parentElement ?? node).tagName)) continue;
    if (node.nodeType === Node.TEXT_NODE) texts.push(node.textContent);
    const names = ["aria-label", "aria-roledescription", "aria-valuetext", "title"];
    for (const name of names) texts.push(node.getAttribute?.(name) ?? "");
  }
  return texts;
}"""


def test_a_chinese_page_has_no_english_sentence(browser, trained, chinese, tmp_path):
    explored = open_explored(trained, data=small_data())
    file = write_page(make_contents(explored), tmp_path / "explorer.html")
    with opened(browser, file) as explorer:
        page = explorer.page
        assert page.locator(".petkeras-explorer").get_attribute("lang") == "zh-CN"
        english = set()

        def read():
            explorer.rest()
            for text in page.evaluate(TEXTS):
                if re.search("[A-Za-z]{3}", re.sub(NAMES, "", text)):
                    english.add(text)

        for card in page.locator("[role=radio].px-card").all():
            card.click()
            read()
        page.locator("[role=radio].px-card").first.click()
        for tab in ("看", "改", "播放", "时间", "答案"):
            explorer.tab(tab)
            read()
        explorer.tab("改")
        page.locator(".px-preset").first.click()
        page.get_by_role("button", name="灰色方块").click()
        read()
        assert "现在改了：图片；conv1_1 的滤波器" in explorer.text(".px-summary")
        assert english == {"Above 还是 below？"}
        assert explorer.messages == []
