"""The figures of a run that show its network: layers, filters, and what it looks at and for."""

from __future__ import annotations

from petkeras import visualize as pkv
from petkeras.errors import PetkerasError
from petkeras.inspection import convolutions, find_layer, named_layers
from petkeras.models import pet_net
from petkeras.report.report_figure import ReportFigure, in_file_name
from petkeras.visualize.attribution import choose_classes
from petkeras.visualize.lettering import label

ANSWER = "One picture, and the answer"  # the first section, on the first screen
MAX_SEARCHED = 100  # training pictures that are searched for those that activate a class most
MAX_CLASSES = 5  # in a figure of activation maximization
STEPS = 30  # of activation maximization: 60 take twice as long, and look much the same
MAX_MAPS = 64  # of a layer: the last layers of a large network have a thousand
MAX_DRAWN_LAYERS = 30  # of a network that is drawn layer by layer


def _check_few_layers(model):
    """Raise a PetkerasError if a network has too many layers to draw each."""
    count = len(named_layers(model, nested=False))
    if count > MAX_DRAWN_LAYERS:
        raise PetkerasError(
            f"The network has {count} layers, and this figure has room for {MAX_DRAWN_LAYERS}."
        )


def answer_figures(inputs):
    truth = inputs.truth[:1]
    answer = inputs.run.class_names[inputs.probabilities[0].argmax()]
    verdict = f"The answer is {answer}."
    for name in truth:
        verdict += " That is right." if answer == name else f" That is wrong: it shows {name}."
    yield ReportFigure(
        ANSWER,
        "answer.png",
        "One picture, and what the network makes of it",
        f"{'The test picture ' if truth else ''}{inputs.names[0]} goes in. Every layer turns it "
        "into maps, of which you see a few; the heat map is bright where something spoke for the "
        "answer. " + verdict.replace("_", " "),
        "A picture, feature maps, a heat map, and the probabilities of the classes.",
        lambda: pkv.plot_answer(
            inputs.model, inputs.x[:1], inputs.images[0], inputs.run.class_names
        ),
        columns=3,
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
        "From a picture to an answer",
        "Each stack is a layer with its feature maps of the picture, drawn to scale. "
        + (
            "Pooling halves their sides. The bars on the right are fc1 and the classes."
            if is_pet_net
            else "Bars are layers without maps. Of a deep network, ten layers are shown."
        ),
        "A row of stacked feature maps, from the picture on the left to the classes.",
        lambda: pkv.plot_architecture(model, x, image),
    )
    yield ReportFigure(
        "The network",
        "costs.png",
        "What each layer costs",
        "Nearly all weights are in fc1, and nearly all multiplications in the convolutions."
        if is_pet_net
        else "Where are most of the weights, and where are most of the multiplications?",
        "Bar charts of weights, multiply-adds and memory, layer by layer.",
        lambda: draw_each_layer(pkv.plot_costs),
    )
    yield ReportFigure(
        "The network",
        "receptive.png",
        "How much of the picture one unit sees",
        "The box holds all pixels that can reach a unit in the middle of a layer's maps. Above, it "
        "is computed from kernels and strides; below, enlarged, it is measured: the bright pixels "
        "count most.",
        "Pictures with a box around the pixels that one unit of each layer depends on.",
        lambda: draw_each_layer(pkv.plot_receptive_field, x, image),
    )


def filter_figures(inputs):
    model, section = inputs.model, "What its filters do"
    yield ReportFigure(
        section,
        "kernels-by-hand.png",
        "Four kernels made by hand",
        "To compare with the learned ones. Yellow weights are above 0, blue ones below. Under each "
        "kernel you see its response to the picture: bright or dark where it responds, gray where "
        "it does not.",
        "Four kernels of 7 by 7, and the picture convolved with each.",
        lambda: pkv.plot_kernels(pkv.article_kernels(), inputs.images[0]),
    )
    for first in list(convolutions(model))[:1]:
        yield ReportFigure(
            section,
            "kernels.png",
            f"The kernels that {first} has learned",
            "Each square is a kernel, averaged over the three colors. Nobody chose these numbers: "
            "they began at random, and training changed them.",
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
            "A map is bright where its filter responds to the picture. It is dark all over if the "
            "filter finds nothing in it.",
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
            "The same filters, looking at the same picture. What did training change, and what was "
            "there from the start?",
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
    window = -(-x.shape[1] // 5)  # 45 of 224 pixels

    def draw():
        maps = {
            "saliency": pkv.saliency(model, x),
            "SmoothGrad": pkv.smooth_grad(model, x),
        }
        if layer:
            maps[label("Grad-CAM, {layer}", layer=layer)] = pkv.grad_cam(model, x, layer)
        maps["occlusion"] = pkv.occlusion(model, x, window=window, stride=-(-window // 2))
        return pkv.plot_attribution(inputs.images, maps, inputs.predictions())

    yield ReportFigure(
        "Where it looks",
        "attribution.png",
        "What speaks for the answer",
        "Bright pixels mattered for the answer under each picture, as measured in "
        f"{'four' if layer else 'three'} ways. If the background is bright, beware: the network "
        "may know the breed by the lawn. SmoothGrad averages over random noise, so look at its "
        "regions and not at single pixels.",
        "Pictures with the maps of several methods laid over them.",
        draw,
    )

    def draw_sanity_check():
        method, options = (pkv.grad_cam, {"layer": layer}) if layer else (pkv.saliency, {})
        return _plot_random_weights(model, x[:1], inputs.images[:1], method, **options)

    yield ReportFigure(
        "Where it looks",
        "sanity.png",
        "Does the heat map depend on what was learned?",
        "A test of the method. Once more the map of the trained network, and then of the same "
        "network with random weights, first in its last layer, then everywhere. If the map stayed "
        "as it is, it would show edges of the picture and nothing that was learned. The number "
        "says how much a map is like the trained one: 1 is alike, 0 not at all, below 0 rather the "
        "opposite. A gray map found nothing that speaks for the answer.",
        f"{'Grad-CAM' if layer else 'Saliency'} maps of the trained network, and with random "
        "weights.",
        draw_sanity_check,
        columns=2,
    )


def _plot_random_weights(model, x, images, method, **options):
    """Show a picture's map, and what is left of it with random weights."""
    classes = choose_classes(model, x, None)  # as the trained network answers
    last = [name for name, layer in named_layers(model, nested=False).items() if layer.weights][-1]
    trained = method(model, x, class_index=classes, **options)
    maps = {label("trained"): trained}
    last_random = label("{layer} random", layer=last)
    for title, layers in ((last_random, [last]), (label("all layers random"), None)):
        with pkv.randomize(model, layers):
            random = method(model, x, class_index=classes, **options)
        like = round(float(pkv.rank_correlation(trained, random)[0]), 2) + 0.0  # not -0.0
        heading = label("{title}: {correlation:.2f}", title=title, correlation=like)
        maps[heading.replace("-", "\N{MINUS SIGN}")] = random
    return pkv.plot_attribution(images, maps)


def activation_maximization_figures(inputs):
    model, images, section = inputs.model, inputs.images, "What it looks for"
    if inputs.data is not None:
        train = inputs.data.train.images
        images = train[:: -(-len(train) // MAX_SEARCHED)]  # evenly, as they are sorted by class
    last = list(named_layers(model, nested=False))[-1]
    classes = inputs.run.class_names[:MAX_CLASSES]

    def draw():
        _check_few_layers(model)
        x, numbers = inputs.run.preprocess(images), range(len(classes))
        figure = pkv.plot_activation_maximization(
            model, x, images, last, numbers, classes, steps=STEPS
        )
        figure.suptitle("")  # the page has a title
        return figure

    yield ReportFigure(
        section,
        f"activation-maximization-{in_file_name(last)}.png",
        "What activates each class most",
        "The first picture of each row is made up: it began as noise, and each step changed it "
        "so that the class's score rose. It looks like no animal; look at its colors and "
        "textures, which are what the network counts. Next to it are the "
        f"{'training ' if inputs.data else ''}pictures with the highest scores.",
        "For each class a generated picture, and the pictures that activate it most.",
        draw,
    )
