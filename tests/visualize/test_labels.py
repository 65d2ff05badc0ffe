"""Figures speak the chosen language, and English where no font has its letters."""

import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import tiny_net
from matplotlib.text import Text
from visualize.drawings import ANIMATIONS, CLASSES, IMAGES, PLOTS, X

from petkeras import language
from petkeras import visualize as pkv
from petkeras.report.figures import _verdict
from petkeras.report.network_figures import _plot_random_weights
from petkeras.report.wrong_pictures import plot_wrong
from petkeras.system import fonts
from petkeras.visualize import lettering
from petkeras.visualize.style import STYLE

REPORT = {
    "random weights": lambda net, run: _plot_random_weights(net, X[:1], IMAGES[:1], pkv.saliency),
    "wrong pictures": lambda net, run: plot_wrong(
        net, X[:2], IMAGES[:2], "conv", verdicts(), ["1", "2"]
    ),
}
FIGURES = PLOTS | ANIMATIONS | REPORT
WITHOUT_WORDS = ("plot_feature_maps", "plot_pictures")  # of petkeras, besides names that are given
# Names of layers and classes, and what else is the same in any language.
NAMES = (
    r"conv\w*|max_|pool\w*|drop\w*|flatten\w*|dense\w*|fc1|softmax|above|below|dog|cat|SAME|VALID"
    r"|.?MAC"
)
SCOPES = r"images|labels|loss|accuracy|train"  # of a graph


@pytest.fixture
def chinese(monkeypatch):
    """Choose Chinese, as if a font had every letter."""
    monkeypatch.setattr(lettering, "missing_letters", lambda text: [])
    language.use("zh")
    yield
    language.use(None)


@pytest.fixture
def chinese_without_fonts(monkeypatch):
    """Choose Chinese where no font has its letters."""
    monkeypatch.setattr(fonts, "font_families", lambda: ["DejaVu Sans"])
    monkeypatch.setitem(STYLE[1], "font.family", ["DejaVu Sans"])
    language.use("zh")
    yield
    language.use(None)


def verdicts():
    return [_verdict(CLASSES, np.array([0.9, 0.1]), truth) for truth in (0, 1)]


def draw(name, run):
    """Return a figure and its alternative text; of an animation, its last frame."""
    drawn = FIGURES[name](tiny_net(), run)
    if isinstance(drawn, pkv.Animation):
        return drawn.frame(-1), drawn.description
    return drawn, pkv.description(drawn)


def texts(figure):
    """Return the figure's texts, without numbers."""
    shown = (text.get_text() for text in figure.findobj(Text) if text.get_visible())
    return [text for text in shown if re.search(r"[^\W\d_]{2}", text)]


def english_words(text, names=NAMES):
    return re.findall("[A-Za-z]{3,}", re.sub(names, "", text))


def is_chinese(text):
    return bool(re.search("[\u4e00-\u9fff]", text))


def test_every_function_that_draws_is_tested():
    drawing = {name for name in pkv.__all__ if name.startswith(("plot_", "animate_"))}
    assert drawing == set(PLOTS | ANIMATIONS)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_chinese_labels_and_no_english_words(name, chinese, tiny_run):
    figure, description = draw(name, tiny_run)
    shown = texts(figure)
    assert any(map(is_chinese, shown)) == (name not in WITHOUT_WORDS)
    assert is_chinese(description)
    names = f"{NAMES}|{SCOPES}" if name == "plot_graph" else NAMES
    for text in (*shown, description):
        assert not english_words(text, names), text


@pytest.mark.parametrize("name", ["plot_confusion", "plot_kernels", "animate_max_pool"])
def test_without_a_chinese_font_labels_are_english(name, chinese_without_fonts, tiny_run, caplog):
    figure, description = draw(name, tiny_run)
    figure.savefig(io.BytesIO())  # a missing letter would be a warning, and an error
    assert any(map(english_words, texts(figure)))
    assert not any(map(is_chinese, texts(figure)))
    if name in PLOTS:  # for screen readers, which need no font
        assert is_chinese(description)
    assert not caplog.records


@pytest.mark.skipif(bool(fonts.missing_letters("步数")), reason="there is no Chinese font")
def test_the_style_of_a_notebooks_own_figures_has_a_font_for_chinese_labels():
    with plt.style.context(STYLE):
        figure, axes = plt.subplots()
        axes.set(xlabel="步数")
        figure.savefig(io.BytesIO())  # a missing letter would be a warning, and an error
        plt.close(figure)


def test_an_animation_keeps_the_language_in_which_it_was_made(chinese):
    figure, axes = plt.subplots()
    title = axes.set_title("")
    made = pkv.Animation(figure, lambda frame: title.set_text(lettering.label("loss")), count=2)
    language.use("en")
    made.frame(0)
    assert title.get_text() == "损失"
    plt.close(figure)


def test_names_that_code_uses_stay_english(chinese):
    assert list(pkv.layer_kernels(tiny_net(), "conv", [2])) == ["filter 2"]
    assert list(pkv.article_kernels()) == ["horizontal", "vertical", "diagonal", "outline"]
    assert "trained" in pkv.cascading_randomization(tiny_net(), X[:1], pkv.saliency)
    gids = {text.get_gid() for text in pkv.animate_max_pool(np.eye(2)).figure.axes[0].texts}
    assert {"input 0 0", "output 0 0"} <= gids


def test_a_title_that_is_given_stays_as_it_is(chinese):
    titles = ("{mine}", "input")
    figure = pkv.plot_before_after(IMAGES[0] / 255, IMAGES[1] / 255, titles=titles)
    assert texts(figure) == [*titles]
    kernels = {"input": np.eye(3), 7: np.eye(3)}
    assert texts(pkv.plot_kernels(kernels)) == ["input"]
    maps = dict.fromkeys(("input", "trained"), X[..., 0])
    assert texts(pkv.plot_attribution(IMAGES, maps)) == ["图片", "input", "trained"]


def test_the_table_of_costs_is_aligned_in_a_terminal(chinese):
    lines = str(pkv.cost_table(tiny_net())).splitlines()
    assert lines[0].split()[:3] == ["层", "输出", "权重"]
    assert lines[-1].startswith("合计 ")
    columns = {len(line) + sum(map(is_chinese, line)) for line in lines}
    assert len(columns) == 1  # a Chinese character is two columns wide
