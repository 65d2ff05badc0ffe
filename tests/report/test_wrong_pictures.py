"""The wrong pictures come first, each beside a heat map of its wrong answer."""

import numpy as np

from petkeras import visualize as pkv
from petkeras.report.wrong_pictures import plot_wrong, worst_first


def test_only_wrong_pictures_are_shown_the_worst_first():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    assert worst_first(probabilities, np.array([0, 0, 0, 1])).tolist() == [2, 1]


def test_at_most_eight_are_shown_and_four_if_none_is_wrong():
    probabilities = np.array([[0.9, 0.1]] * 20)
    assert len(worst_first(probabilities, np.ones(20, int))) == 8
    probabilities[7] = [0.6, 0.4]
    least_sure = worst_first(probabilities, np.zeros(20, int))
    assert (len(least_sure), least_sure[0]) == (4, 7)


def test_each_picture_stands_beside_the_map_of_its_answer(shown):
    inputs = shown[0]
    figure = plot_wrong(
        inputs.model, inputs.x, inputs.images, "conv2_2", ["one\ntwo", "three\nfour"], ["a", "b"]
    )
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert len(panels) == 4
    np.testing.assert_array_equal(panels[2].images[0].get_array(), inputs.images[1])
    assert panels[2].get_title(loc="left") == "three\nfour"
    heat = pkv.grad_cam(inputs.model, inputs.x, "conv2_2")[1]
    drawn = panels[3].images[1].get_array()
    largest = np.percentile(heat, 99.5) or heat.max() or 1
    np.testing.assert_allclose(drawn, np.minimum(heat / largest, 1), rtol=1e-4, atol=1e-6)
    assert "Two test pictures" in pkv.description(figure)
