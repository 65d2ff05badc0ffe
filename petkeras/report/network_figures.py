"""The figures of a run that show its network: layers, filters, and what it looks at and for."""

from __future__ import annotations

import numpy as np

from petkeras import visualize as pkv
from petkeras.errors import PetkerasError
from petkeras.inspection import convolutions, find_layer, named_layers
from petkeras.models import pet_net
from petkeras.report.report_figure import ReportFigure, in_file_name

MAX_SEARCHED = 200  # training pictures that are searched for those that activate a filter most
MAX_FILTERS = 5  # filters, or classes, in a figure of activation maximization
MAX_MAPS = 64  # of a layer: the last layers of a large network have a thousand
MAX_DRAWN_LAYERS = 30  # of a network that is drawn layer by layer


def _check_few_layers(model):
    """Raise a PetkerasError if a network has too many layers to draw each."""
    count = len(named_layers(model, nested=False))
    if count > MAX_DRAWN_LAYERS:
        raise PetkerasError(
            f"The network has {count} layers, and this figure has room for {MAX_DRAWN_LAYERS}."
        )


def network_figures(inputs):
    model, x, image = inputs.model, inputs.x[:1], inputs.images[0]
    is_pet_net = model.name == "pet_net"

    def draw_each_layer(plot, *args):
        _check_few_layers(model)
        return plot(model, *args)

    yield ReportFigure(
        "The network",
        "architecture.png",
        "From a photograph to a prediction",
        "Each stack shows a layer's feature maps of the photograph, drawn to scale; "
        + (
            "pooling halves them. The bars are fc1 and the classes."
            if is_pet_net
            else "bars are layers without maps. A deep network is shown by ten of its layers."
        ),
        "A row of stacked feature maps, from the photograph on the left to the classes.",
        lambda: pkv.plot_architecture(model, x, image),
    )
    yield ReportFigure(
        "The network",
        "costs.png",
        "What each layer costs",
        "Nearly all weights are in fc1; nearly all multiplications are in the convolutions."
        if is_pet_net
        else "Where are most of the weights, and where are most of the multiplications?",
        "Bar charts of weights, multiply-adds and memory, layer by layer.",
        lambda: draw_each_layer(pkv.plot_costs),
    )
    yield ReportFigure(
        "The network",
        "receptive.png",
        "How much of the photograph one unit sees",
        "The box holds all pixels that a unit in the middle of a layer's maps depends on: above, "
        "computed from kernels and strides; below, measured as a gradient.",
        "Photographs with a box around the pixels that one unit of each layer depends on.",
        lambda: draw_each_layer(pkv.plot_receptive_field, x, image),
    )


def filter_figures(inputs):
    model, section = inputs.model, "What its filters do"
    yield ReportFigure(
        section,
        "kernels-by-hand.png",
        "Four kernels made by hand",
        "Yellow weights are above 0, blue ones below. Below each kernel is its response to the "
        "photograph: bright or dark where it responds, gray where it does not.",
        "Four kernels of 7 by 7, and the photograph convolved with each.",
        lambda: pkv.plot_kernels(pkv.article_kernels(), inputs.images[0]),
    )
    for first in list(convolutions(model))[:1]:
        yield ReportFigure(
            section,
            "kernels.png",
            f"The kernels that {first} has learned",
            "Each is the mean over the three colors. Nobody chose them: they began as random "
            "numbers.",
            f"The kernels of {first} as small yellow and blue squares.",
            lambda first=first: pkv.plot_kernels(pkv.layer_kernels(model, first)),
        )
    maps = {}

    def maps_of(layer):
        if not maps:
            maps.update(pkv.feature_maps(model, inputs.x[:1], inputs.layers))
        return maps[layer][0]

    for layer in inputs.layers:
        count = find_layer(model, layer).output.shape[-1]
        shown = "All" if count <= MAX_MAPS else f"The first {MAX_MAPS} of {count}"
        yield ReportFigure(
            section,
            f"activations-{in_file_name(layer)}.png",
            f"{shown} feature maps of {layer}",
            "A map is bright where its filter responds to the photograph, and dark everywhere if "
            "nothing in it activates the filter.",
            f"A grid of the feature maps of {layer}.",
            lambda layer=layer: pkv.plot_feature_maps(maps_of(layer)[..., :MAX_MAPS]),
        )
    if not inputs.layers:
        raise PetkerasError("The network has no convolutions.")
    if model.name == "pet_net":
        layer = inputs.layers[min(1, len(inputs.layers) - 1)]

        def before():
            untrained = _untrained_model(inputs.run)
            return pkv.feature_maps(untrained, inputs.x[:1], [layer])[layer][0]

        yield ReportFigure(
            section,
            "before-after.png",
            f"Feature maps of {layer} before and after training",
            "The same filters on the same photograph. What did training change, and what was there "
            "from the start?",
            f"Two grids of feature maps of {layer}, before and after training.",
            lambda: pkv.plot_before_after(before(), maps_of(layer)),
        )


def _untrained_model(run):
    config = run.config
    return pet_net(
        len(run.class_names),
        config["image_size"],
        run.recipe,
        config["seed"],
        config["dtype_policy"],
    )


def attribution_figures(inputs):
    model, x, layer = inputs.model, inputs.x, (inputs.layers or [None])[-1]
    window = -(-x.shape[1] // 7)  # 32 of 224 pixels

    def draw():
        maps = {
            "saliency": pkv.saliency(model, x),
            "SmoothGrad": pkv.smooth_grad(model, x),
        }
        if layer:
            maps[f"Grad-CAM, {layer}"] = pkv.grad_cam(model, x, layer)
        maps["occlusion"] = pkv.occlusion(model, x, window=window, stride=-(-window // 2))
        return pkv.plot_attribution(inputs.images, maps, inputs.predictions())

    yield ReportFigure(
        "Where it looks",
        "attribution.png",
        "What speaks for the predicted class",
        "Bright pixels matter for the prediction below the photograph, by "
        f"{'four' if layer else 'three'} methods. A bright background is a warning: the network "
        "may recognize the breed by the lawn. SmoothGrad is a mean over random noise: its "
        "regions can be trusted, single pixels cannot.",
        "Photographs with the maps of several methods laid over them.",
        draw,
    )

    def draw_sanity_check():
        _check_few_layers(model)
        method, options = (pkv.grad_cam, {"layer": layer}) if layer else (pkv.saliency, {})
        return pkv.plot_sanity_check(model, x[:1], inputs.images[0], method, **options)

    yield ReportFigure(
        "Where it looks",
        "sanity.png",
        "Does the map depend on what was learned?",
        "Layer by layer, from the top down, the weights are replaced by random ones. A map that "
        "stays the same shows the photograph's edges, and not what the network has learned.",
        f"{'Grad-CAM' if layer else 'Saliency'} maps of the trained network, and with more and "
        "more layers randomized.",
        draw_sanity_check,
    )


def activation_maximization_figures(inputs):
    model, images, section = inputs.model, inputs.images, "What it looks for"
    if inputs.data is not None:
        train = inputs.data.train.images
        images = train[:: -(-len(train) // MAX_SEARCHED)]  # evenly, as they are sorted by class
    last = list(named_layers(model, nested=False))[-1]
    classes = inputs.run.class_names[:MAX_FILTERS]

    def draw(layer, filters, names=None):
        _check_few_layers(model)
        x = inputs.run.preprocess(images)
        return pkv.plot_activation_maximization(model, x, images, layer, filters, names)

    def most_active_filters(layer):
        maps = pkv.feature_maps(model, inputs.x, [layer])[layer]  # (n, height, width, filters)
        return np.argsort(-maps.mean(axis=(0, 1, 2)), kind="stable")[:MAX_FILTERS].tolist()

    for layer in inputs.layers[-1:]:
        yield ReportFigure(
            section,
            f"activation-maximization-{in_file_name(layer)}.png",
            f"What activates filters of {layer} most",
            "The filters that respond most to the photographs above. Left, a picture made by "
            "gradient ascent; right, the patches of training pictures that activate each filter "
            "most.",
            f"Generated pictures and patches of photographs that activate filters of {layer} most.",
            lambda layer=layer: draw(layer, most_active_filters(layer)),
        )
    yield ReportFigure(
        section,
        f"activation-maximization-{in_file_name(last)}.png",
        "What activates each class most",
        "Left, a picture made by gradient ascent: to the network it is the class itself. Right, "
        "the training pictures with the highest score for the class.",
        "For each class a generated picture, and the photographs that activate it most.",
        lambda: draw(last, list(range(len(classes))), classes),
    )
