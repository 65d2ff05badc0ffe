"""Animations: what is saved, and what Jupyter shows."""

import io
import xml.etree.ElementTree as ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from petkeras.errors import PetkerasError
from petkeras.visualize import Animation


@pytest.fixture
def growing():
    """A bar that grows from 1 to 4."""
    figure, axes = plt.subplots(figsize=(2, 1))
    (bar,) = axes.bar([0], [1])
    axes.set_ylim(0, 5)
    plt.close(figure)
    return Animation(figure, lambda n: bar.set_height(n + 1), 4, 0.25, "A bar"), bar


def test_a_frame_is_drawn_when_it_is_requested(growing):
    animation, bar = growing
    for number, height in ((0, 1), (2, 3), (-1, 4)):
        animation.frame(number)
        assert bar.get_height() == height


def test_a_gif_has_every_frame_at_its_speed_and_loops_forever(growing, tmp_path):
    growing[0].save(tmp_path / "bar.gif")
    with Image.open(tmp_path / "bar.gif") as gif:
        assert (gif.n_frames, gif.info["duration"], gif.info["loop"]) == (4, 250, 0)
        assert gif.size == (200, 100)


def test_rendered_frames_differ_as_the_figure_does(growing):
    frames = growing[0].render()
    assert frames.shape == (4, 100, 200, 3)
    colored = (np.ptp(frames.astype(int), axis=3) > 50).sum(axis=(1, 2))
    assert (np.diff(colored) > 0).all()


def test_the_last_frame_is_saved_as_png_and_svg(growing, tmp_path):
    animation, bar = growing
    animation.save(tmp_path / "bar.png")
    assert bar.get_height() == 4
    with Image.open(tmp_path / "bar.png") as png:
        assert png.size == (200, 100)
    animation.save(tmp_path / "bar.svg")
    assert ElementTree.parse(tmp_path / "bar.svg").getroot().tag.endswith("svg")


def test_another_extension_is_refused(growing, tmp_path):
    with pytest.raises(PetkerasError, match=r"saved as .gif, .png or .svg. Received: .*bar.mp4"):
        growing[0].save(tmp_path / "bar.mp4")


def test_jupyter_shows_the_gif_with_its_description(growing):
    html = growing[0]._repr_html_()
    image = ElementTree.fromstring(html.replace(">", "/>"))
    assert image.get("alt") == "A bar"
    assert image.get("src").startswith("data:image/gif;base64,")


def test_the_same_animation_gives_the_same_bytes(growing):
    assert growing[0].to_gif() == growing[0].to_gif()
    assert Image.open(io.BytesIO(growing[0].to_gif())).n_frames == 4
