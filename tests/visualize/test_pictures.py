"""Images are shown unchanged; outlines and boxes are where they belong."""

import numpy as np
import pytest

from petkeras.errors import PetkerasError
from petkeras.visualize import plot_annotations, plot_pictures

TRIMAP = np.full((12, 12), 2)
TRIMAP[2:9, 3:10] = 3
TRIMAP[3:8, 4:9] = 1
IMAGE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


def test_every_picture_is_shown_under_its_title():
    images = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)
    figure = plot_pictures(images, [f"number {i}" for i in range(5)])
    full = [axes for axes in figure.axes if axes.images]
    assert len(full) == 5
    for number, (axes, image) in enumerate(zip(full, images, strict=True)):
        np.testing.assert_array_equal(axes.images[0].get_array(), image)
        assert axes.get_title(loc="left") == f"number {number}"


def test_a_long_title_is_no_wider_than_its_picture():
    figure = plot_pictures([IMAGE] * 6, ["staffordshire_bull_1.jpg"] * 6, columns=6)
    figure.draw_without_rendering()
    for axes in figure.axes:
        title = axes.get_title(loc="left")
        (text,) = [child for child in axes.get_children() if getattr(child, "_text", "") == title]
        assert text.get_window_extent().width <= 1.05 * axes.get_window_extent().width


def test_floats_are_read_as_0_to_255_and_clipped():
    shown = plot_pictures([np.array([[-3.0, 0.0], [127.9, 300.0]])]).axes[0].images[0]
    np.testing.assert_array_equal(shown.get_array(), [[0, 0], [127, 255]])
    assert (shown.norm.vmin, shown.norm.vmax) == (0, 255)


def test_columns_can_be_chosen():
    figure = plot_pictures([IMAGE] * 6, columns=6)
    assert {axes.get_subplotspec().rowspan.start for axes in figure.axes} == {0}


@pytest.mark.parametrize(("images", "titles"), [([], None), ([IMAGE], ["a", "b"])])
def test_no_images_or_a_wrong_number_of_titles_are_refused(images, titles):
    with pytest.raises(PetkerasError, match=f"{len(images)} images, {len(titles or [])} titles"):
        plot_pictures(images, titles)


def test_the_outline_runs_half_a_pixel_outside_of_the_pet():
    axes = plot_annotations(IMAGE, TRIMAP).axes[0]
    (path,) = axes.collections[0].get_paths()
    assert path.vertices.min(axis=0).tolist() == [3.5, 2.5]  # pet from (4, 3)
    assert path.vertices.max(axis=0).tolist() == [8.5, 7.5]  # to (8, 7)
    assert not axes.patches


def test_a_pet_that_fills_the_picture_is_outlined_at_its_edge():
    axes = plot_annotations(IMAGE, np.ones((12, 12))).axes[0]
    vertices = axes.collections[0].get_paths()[0].vertices
    assert (vertices.min(), vertices.max()) == (-0.5, 11.5)
    assert axes.get_ylim() == (11.5, -0.5)


def test_a_trimap_without_a_pet_has_no_outline():
    assert not plot_annotations(IMAGE, np.full((12, 12), 2)).axes[0].collections


def test_the_box_covers_its_pixels():
    box = plot_annotations(IMAGE, TRIMAP, (4.0, 3.0, 9.0, 8.0)).axes[0].patches[0]
    assert box.get_bbox().extents.tolist() == [3.5, 2.5, 8.5, 7.5]  # pixels 4..8 and 3..7


def test_the_trimap_has_a_color_for_each_of_its_values():
    axes = plot_annotations(IMAGE, TRIMAP).axes[1]
    np.testing.assert_array_equal(axes.images[0].get_array(), TRIMAP)
    colors = [axes.images[0].to_rgba(value) for value in (1, 2, 3)]
    legend = [patch.get_facecolor() for patch in axes.get_legend().get_patches()]
    np.testing.assert_allclose(colors, legend)
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["pet", "background", "border"]


def test_a_trimap_of_another_size_is_refused():
    with pytest.raises(PetkerasError, match=r"\(6, 6\) and \(12, 12\)"):
        plot_annotations(IMAGE, TRIMAP[:6, :6])
