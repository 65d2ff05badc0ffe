"""All figures of a run, with a caption that says how to read each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from petkeras import visualize as pkv
from petkeras.errors import PetkerasError
from petkeras.inspection import convolutions
from petkeras.models import pet_net
from petkeras.visualize.evolution import list_frames

MAX_FRAMES = 30  # of a film: more would make the page too large to mail
MAX_SEARCHED = 200  # training pictures that are searched for those that activate a filter most
MAX_FILTERS = 5  # filters, or classes, in a figure of activation maximization
MAX_MAPS = 64  # of a layer: the last layers of a large network have a thousand
MAX_DRAWN_LAYERS = 30  # of a network that is drawn layer by layer


@dataclass(frozen=True)
class ReportFigure:
    """Hold a figure of the report and its texts.

    Args:
        section: the heading that it belongs under.
        file: the name of its file in `RUN/figures/`.
        title: what it shows.
        text: how to read it.
        alt: the alternative text for screen readers.
        draw: a function without arguments that returns a matplotlib `Figure` or an `Animation`.
        still: of an animation, the name of a file that shows its last frame.
    """

    section: str
    file: str
    title: str
    text: str
    alt: str
    draw: Callable | None = None
    still: str = ""


def write_figures(inputs, progress=lambda title: None):
    """Draw every figure that applies to a run, and write it to `RUN/figures/`.

    Args:
        inputs: the `FigureInputs` that `choose_inputs` returns.
        progress: a function that is called with each figure's title before it is drawn.

    Returns:
        A list of `ReportFigure`, in the order of the page.
    """
    folder = inputs.run.run_dir / "figures"
    if folder.is_symlink():
        raise PetkerasError(f"{folder} is a link: figures are written into the run folder only.")
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        if file.is_symlink():  # in someone else's run folder it could point to any file
            file.unlink()
    written = []
    for figure in list(_list_figures(inputs)):
        progress(figure.title)
        drawn = figure.draw()
        if isinstance(drawn, pkv.Animation):
            figure = replace(figure, still=figure.file.replace(".gif", ".png"))
            drawn.save(folder / figure.file)
            drawn.save(folder / figure.still)
        else:
            drawn.savefig(folder / figure.file)
        written.append(figure)
    return written


def _list_figures(inputs):
    """Yield all figures that apply to a run."""
    yield from _training_figures(inputs)
    yield from _test_figures(inputs)
    if _can_be_drawn(inputs.model):
        yield from _network_figures(inputs)
    yield from _filter_figures(inputs)
    yield from _film_figures(inputs)
    yield from _attribution_figures(inputs)
    if _can_be_drawn(inputs.model):
        yield from _activation_maximization_figures(inputs)


def _can_be_drawn(model):
    """Return True if a network is small enough and its layers follow one another."""
    layers = model.layers
    return len(layers) <= MAX_DRAWN_LAYERS and all(
        layer.input is before.output for before, layer in itertools.pairwise(layers)
    )


def _training_figures(inputs):
    run = inputs.run
    if (run.run_dir / "tensorboard" / "train").is_dir() and run.history.epochs:
        yield ReportFigure(
            "How it learned",
            "curves.png",
            "Loss and accuracy, step by step",
            "Pale lines are single batches, strong lines are smoothed. If the training curve "
            "(dashed) keeps improving and the test curve (solid) does not, the network is "
            "memorizing its pictures.",
            "Two line charts of loss and accuracy by step, in training and on the test part.",
            lambda: pkv.plot_curves(run.run_dir),
        )


def _test_figures(inputs):
    if inputs.data is None:
        return
    test, names = inputs.data.test, inputs.run.class_names
    x = [inputs.run.preprocess(test.images[i : i + 20]) for i in range(0, len(test), 20)]
    logits = np.concatenate([inputs.model(batch, training=False).numpy() for batch in x])
    matrix = pkv.confusion_matrix(test.labels, logits)
    yield ReportFigure(
        "What it gets wrong",
        "confusion.png",
        "Which breeds are confused",
        "A row is the true class of a test picture, a column the predicted class. "
        f"{int(np.trace(matrix))} of {len(test)} pictures are on the diagonal: their prediction "
        "is right.",
        f"A confusion matrix of {len(matrix)} classes.",
        lambda: pkv.plot_confusion(matrix, names),
    )
    yield ReportFigure(
        "What it gets wrong",
        "worst.png",
        "The test photographs with the worst predictions",
        "The first ones got the lowest probability for their true class. What do they have in "
        "common?",
        "Test photographs with the probabilities that the network predicted.",
        lambda: pkv.plot_worst(test.images, test.labels, logits, names, test.names, count=8),
    )


def _network_figures(inputs):
    model, x, image = inputs.model, inputs.x[:1], inputs.images[0]
    yield ReportFigure(
        "The network",
        "architecture.png",
        "From a photograph to a prediction",
        "Each stack shows a layer's feature maps of the photograph, drawn to scale; pooling halves "
        "them. The bars are fc1 and the classes.",
        "A row of stacked feature maps, from the photograph on the left to the classes.",
        lambda: pkv.plot_architecture(model, x, image),
    )
    yield ReportFigure(
        "The network",
        "costs.png",
        "What each layer costs",
        "Nearly all weights are in fc1; nearly all multiplications are in the convolutions.",
        "Bar charts of weights, multiply-adds and memory, layer by layer.",
        lambda: pkv.plot_costs(model),
    )
    yield ReportFigure(
        "The network",
        "receptive.png",
        "How much of the photograph one unit sees",
        "The box holds all pixels that a unit in the middle of a layer's maps depends on: above, "
        "computed from kernels and strides; below, measured as a gradient.",
        "Photographs with a box around the pixels that one unit of each layer depends on.",
        lambda: pkv.plot_receptive_field(model, x, image),
    )


def _filter_figures(inputs):
    model, section = inputs.model, "What its filters do"
    first = convolutions(model)[0].name
    yield ReportFigure(
        section,
        "kernels-by-hand.png",
        "Four kernels made by hand",
        "Yellow weights are above 0, blue ones below. Below each kernel is its response to the "
        "photograph: bright or dark where it responds, gray where it does not.",
        "Four kernels of 7 by 7, and the photograph convolved with each.",
        lambda: pkv.plot_kernels(pkv.article_kernels(), inputs.images[0]),
    )
    yield ReportFigure(
        section,
        "kernels.png",
        f"The kernels that {first} has learned",
        "Each is the mean over the three colors. Nobody chose them: they began as random numbers.",
        f"The kernels of {first} as small yellow and blue squares.",
        lambda: pkv.plot_kernels(pkv.layer_kernels(model, first)),
    )
    maps = {}

    def maps_of(layer):
        if not maps:
            maps.update(pkv.feature_maps(model, inputs.x[:1], inputs.layers))
        return maps[layer][0]

    for layer in inputs.layers:
        count = model.get_layer(layer).output.shape[-1]
        shown = "All" if count <= MAX_MAPS else f"The first {MAX_MAPS} of {count}"
        yield ReportFigure(
            section,
            f"activations-{layer}.png",
            f"{shown} feature maps of {layer}",
            "A map is bright where its filter responds to the photograph, and dark everywhere if "
            "nothing in it activates the filter.",
            f"A grid of the feature maps of {layer}.",
            lambda layer=layer: pkv.plot_feature_maps(maps_of(layer)[..., :MAX_MAPS]),
        )
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


def _film_figures(inputs):
    run_dir, section = inputs.run.run_dir, "How its filters developed"
    if not list_frames(run_dir / "evolution"):
        return
    evolution = pkv.Evolution(run_dir)
    for layer in evolution.filters:
        yield ReportFigure(
            section,
            f"evolution-{layer}.gif",
            f"Filters of {layer} during training",
            "The step is at the top. A color means the same value on every frame.",
            f"An animation of feature maps of {layer} over {evolution.steps[-1]:,} steps.",
            lambda layer=layer: pkv.animate_evolution(run_dir, layer, max_frames=MAX_FRAMES),
        )
    if len(evolution.steps) > 1:
        yield ReportFigure(
            section,
            "movement.png",
            "How far each layer's kernel has moved",
            "The distance from the random start, as a share of the start's own length. The layer "
            "with the lowest line changed least.",
            "A line chart: for each layer the distance of its kernel from its start, by step.",
            lambda: pkv.plot_movement(run_dir),
        )


def _attribution_figures(inputs):
    model, x, layer = inputs.model, inputs.x, inputs.layers[-1]
    window = -(-x.shape[1] // 7)  # 32 of 224 pixels

    def draw():
        maps = {
            "saliency": pkv.saliency(model, x),
            "SmoothGrad": pkv.smooth_grad(model, x),
            f"Grad-CAM, {layer}": pkv.grad_cam(model, x, layer),
            "occlusion": pkv.occlusion(model, x, window=window, stride=-(-window // 2)),
        }
        return pkv.plot_attribution(inputs.images, maps, inputs.predictions())

    yield ReportFigure(
        "Where it looks",
        "attribution.png",
        "What speaks for the predicted class",
        "Bright pixels matter for the prediction below the photograph, by four methods. A bright "
        "background is a warning: the network may recognize the breed by the lawn.",
        "Photographs with maps laid over them by saliency, SmoothGrad, Grad-CAM, occlusion.",
        draw,
    )
    if _can_be_drawn(model):
        yield ReportFigure(
            "Where it looks",
            "sanity.png",
            "Does the map depend on what was learned?",
            "Layer by layer, from the top down, the weights are replaced by random ones. A map "
            "that stays the same shows the photograph's edges, and not what the network has "
            "learned.",
            "Grad-CAM maps of the trained network, and with more and more layers randomized.",
            lambda: pkv.plot_sanity_check(
                model, x[:1], inputs.images[0], pkv.grad_cam, layer=layer
            ),
        )


def _activation_maximization_figures(inputs):
    model, images, section = inputs.model, inputs.images, "What it looks for"
    if inputs.data is not None:
        train = inputs.data.train.images
        images = train[:: -(-len(train) // MAX_SEARCHED)]  # evenly, as they are sorted by class
    layer, last = inputs.layers[-1], model.layers[-1].name
    classes = inputs.run.class_names[:MAX_FILTERS]

    def draw(layer, filters, names=None):
        x = inputs.run.preprocess(images)
        return pkv.plot_activation_maximization(model, x, images, layer, filters, names)

    def most_active_filters():
        maps = pkv.feature_maps(model, inputs.x, [layer])[layer]  # (n, height, width, filters)
        return np.argsort(-maps.mean(axis=(0, 1, 2)), kind="stable")[:MAX_FILTERS].tolist()

    yield ReportFigure(
        section,
        f"activation-maximization-{layer}.png",
        f"What activates filters of {layer} most",
        "The filters that respond most to the photographs above. Left, a picture made by gradient "
        "ascent; right, the patches of training pictures that activate each filter most.",
        f"Generated pictures and patches of photographs that activate filters of {layer} most.",
        lambda: draw(layer, most_active_filters()),
    )
    yield ReportFigure(
        section,
        f"activation-maximization-{last}.png",
        "What activates each class most",
        "Left, a picture made by gradient ascent: to the network it is the class itself. Right, "
        "the training pictures with the highest score for the class.",
        "For each class a generated picture, and the photographs that activate it most.",
        lambda: draw(last, list(range(len(classes))), classes),
    )
