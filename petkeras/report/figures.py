"""All figures that a run can be shown by, with a sentence on how to read each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import convolutions, filter_layers, find_layer
from petkeras.models import pet_net
from petkeras.system.files import read_array
from petkeras.visualize.activation_maximization import plot_excitation
from petkeras.visualize.activations import feature_maps, plot_before_after, plot_feature_maps
from petkeras.visualize.animation import Animation
from petkeras.visualize.architecture import plot_architecture
from petkeras.visualize.attribution import (
    grad_cam,
    occlusion,
    plot_attribution,
    saliency,
    smooth_grad,
)
from petkeras.visualize.confusion import confusion_matrix, plot_confusion, plot_worst
from petkeras.visualize.costs import plot_costs
from petkeras.visualize.curves import plot_curves
from petkeras.visualize.evolution import Evolution, animate_evolution, list_frames, plot_movement
from petkeras.visualize.kernels import article_kernels, layer_kernels, plot_kernels
from petkeras.visualize.receptive import plot_receptive_field
from petkeras.visualize.sanity import plot_sanity_check

FILM_FRAMES = 30  # of a film: more would make a page too heavy to mail
SEARCHED = 200  # training pictures at most, for those that excite a filter most
EXCITED = 5  # filters, or classes, that are asked what they look for
PHOTOGRAPHS = 3  # that maps are drawn over where none are named
MOST_LAYERS = 6  # whose maps are shown where none are named, from the first to the last
MOST_MAPS = 64  # of a layer: the last ones of a large network have a thousand
MOST_DRAWN = 30  # layers of a network that is drawn layer by layer


@dataclass(frozen=True)
class Exhibit:
    """Hold a figure that was written to `RUN/figures/`, and what is said about it.

    Args:
        section: the heading that it belongs under.
        file: its name.
        title: what is seen.
        text: how to read it.
        alt: what is in it, for those who cannot see it.
        still: of an animation, the name of a picture of its last frame.
    """

    section: str
    file: str
    title: str
    text: str
    alt: str
    still: str = ""


@dataclass
class Scene:
    """Hold what figures are drawn from.

    Args:
        run: the `Run`.
        data: its `PetData`, or `None` where its pictures are no longer there.
        images: `(n, size, size, 3)` uint8, the photographs to draw over.
        names: the n photographs' names.
        layers: the layers whose maps are shown.
    """

    run: Any
    data: Any
    images: np.ndarray
    names: tuple[str, ...]
    layers: list[str]

    def __post_init__(self):
        self.model = self.run.model
        self.x = self.run.preprocess(self.images)  # (n, size, size, 3) float32
        self.logits = self.model(self.x, training=False).numpy()  # (n, classes)
        self.probabilities = tf.nn.softmax(self.logits).numpy()

    def said(self, number):
        """Return what the network says of a photograph, such as `samoyed 97%`."""
        best = self.probabilities[number].argmax()
        return f"{self.run.class_names[best]} {self.probabilities[number, best]:.0%}"


def make_scene(run, data=None, photographs=(), layers=()):
    """Choose the photographs and layers to show a run by.

    Args:
        run: a `Run`.
        data: its `PetData`, or `None`.
        photographs: paths; none is one test photograph of each class, three at most, or the one
            that was filmed where `data` is `None`.
        layers: names; none is every layer with kernels and feature maps, or six of them, from the
            first to the last, where there are more.

    Raises:
        PetkerasError: a photograph cannot be read, a layer is not there or has no maps, or there
            is no photograph to show anything on.
    """
    model = run.model
    layers = list(layers) or _spread([layer.name for layer in filter_layers(model)])
    if not layers or not convolutions(model):
        raise PetkerasError(
            f"The network of {run.run_dir} has no convolutions, of which these figures are."
        )
    for name in layers:
        find_layer(model, name, maps=True)
    if photographs:
        return Scene(run, data, run.read(photographs), tuple(map(str, photographs)), layers)
    if data is not None:
        classes = data.test.labels.argmax(axis=1)
        chosen = [int(np.argmax(classes == label)) for label in range(len(data.class_names))]
        chosen = chosen[:PHOTOGRAPHS]
        names = tuple(data.test.names[number] for number in chosen)
        return Scene(run, data, data.test.images[chosen], names, layers)
    size = run.config["image_size"]
    filmed = run.run_dir / "evolution" / "photograph.npy"
    try:
        image = read_array(filmed, (size, size, 3), np.uint8)
    except PetkerasError:
        raise PetkerasError(
            f"The pictures that {run.run_dir} was trained on are not there. Name a photograph: "
            f"'petkeras visualize {run.run_dir} PHOTO'."
        ) from None
    return Scene(run, None, image[None], ("the filmed photograph",), layers)


def _spread(names):
    """Return `MOST_LAYERS` of some names, or all: evenly spaced, the first and the last too."""
    if len(names) <= MOST_LAYERS:
        return names
    return [names[int(place)] for place in np.linspace(0, len(names) - 1, MOST_LAYERS)]


def write_figures(scene, progress=lambda title: None):
    """Draw every figure that applies, and write it to `RUN/figures/`.

    Args:
        scene: a `Scene`, such as `make_scene` returns.
        progress: a function that is told each figure's title before it is drawn.

    Returns:
        The list of `Exhibit`s written, in the order of the page.
    """
    folder = scene.run.run_dir / "figures"
    if folder.is_symlink():
        raise PetkerasError(f"{folder} is a link: figures are written to no other folder.")
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        if file.is_symlink():  # of a stranger, it might lead to any file
            file.unlink()
    written = []
    for exhibit, draw in _exhibits(scene):
        progress(exhibit.title)
        drawn = draw()
        if isinstance(drawn, Animation):
            exhibit = replace(exhibit, still=exhibit.file.replace(".gif", ".png"))
            drawn.save(folder / exhibit.file)
            drawn.save(folder / exhibit.still)
        else:
            drawn.savefig(folder / exhibit.file)
        written.append(exhibit)
    return written


def _exhibits(scene) -> list[tuple[Exhibit, Callable]]:
    """List what applies to a scene, each with the function that draws it."""
    return [
        *_training(scene),
        *_test_part(scene),
        *_network(scene),
        *_filters(scene),
        *_film(scene),
        *_looks_at(scene),
        *_looks_for(scene),
    ]


def _training(scene):
    if (scene.run.run_dir / "tensorboard" / "train").is_dir() and scene.run.history.epochs:
        yield (
            Exhibit(
                "How it learned",
                "curves.png",
                "Loss and accuracy, step by step",
                "Pale lines are single batches, strong ones are smoothed. Where the training "
                "curve (dashed) goes on improving and the test curve (solid) does not, the "
                "network learns its pictures by heart.",
                "Two line charts of loss and accuracy by step, in training and on the test part.",
            ),
            lambda: plot_curves(scene.run.run_dir),
        )


def _test_part(scene):
    if scene.data is None:
        return
    test = scene.data.test
    x = [scene.run.preprocess(test.images[i : i + 20]) for i in range(0, len(test), 20)]
    logits = np.concatenate([scene.model(batch, training=False).numpy() for batch in x])
    matrix = confusion_matrix(test.labels, logits)
    right = int(np.trace(matrix))
    yield (
        Exhibit(
            "What it gets wrong",
            "confusion.png",
            "Which breeds are taken for which",
            f"A row for what a test picture shows, a column for what it was called: {right} of "
            f"{len(test)} lie on the diagonal, and are right.",
            f"A confusion matrix of {len(matrix)} classes.",
        ),
        lambda: plot_confusion(matrix, scene.run.class_names),
    )
    yield (
        Exhibit(
            "What it gets wrong",
            "worst.png",
            "The test photographs it is most wrong about",
            "The first ones got the smallest probability for what they are. What do they have in "
            "common?",
            "A gallery of test photographs with the probabilities that the network gave.",
        ),
        lambda: plot_worst(
            test.images, test.labels, logits, scene.run.class_names, test.names, count=8
        ),
    )


def _network(scene):
    if not _can_be_drawn(scene.model):
        return
    yield (
        Exhibit(
            "The network",
            "architecture.png",
            "From a photograph to an answer",
            "Each stack is a layer's feature maps of the photograph, as large as they are; "
            "pooling halves them. The bar is fc1, the last one the classes.",
            "A row of stacked feature maps, from the photograph at the left to the classes.",
        ),
        lambda: plot_architecture(scene.model, scene.x[:1], scene.images[0]),
    )
    yield (
        Exhibit(
            "The network",
            "costs.png",
            "What each layer costs",
            "Nearly all weights are in fc1; nearly all multiplications are in the convolutions.",
            "Bar charts of weights, multiply-adds and memory, layer by layer.",
        ),
        lambda: plot_costs(scene.model),
    )
    yield (
        Exhibit(
            "The network",
            "receptive.png",
            "How much of the photograph one unit sees",
            "The box is all that a unit in the middle of a layer's maps depends on: computed from "
            "kernels and strides, and below it, measured as a gradient.",
            "Photographs with a box around the pixels that one unit of each layer depends on.",
        ),
        lambda: plot_receptive_field(scene.model, scene.x[:1], scene.images[0]),
    )


def _can_be_drawn(model):
    """Tell whether a network is small enough, and its layers follow one another."""
    layers = model.layers
    return len(layers) <= MOST_DRAWN and all(
        layer.input is before.output for before, layer in itertools.pairwise(layers)
    )


def _filters(scene):
    first = convolutions(scene.model)[0].name
    yield (
        Exhibit(
            "What its filters do",
            "kernels-by-hand.png",
            "Four kernels made by hand",
            "Yellow weighs a pixel up, blue down. Below each is what it makes of the photograph: "
            "bright or dark where it answers, gray where it does not.",
            "Four kernels of 7 by 7, and the photograph convolved with each.",
        ),
        lambda: plot_kernels(article_kernels(), scene.images[0]),
    )
    yield (
        Exhibit(
            "What its filters do",
            "kernels.png",
            f"The kernels that {first} has learned",
            "The mean over the three colors. Nobody chose them: they began as random numbers.",
            f"The kernels of {first} as small yellow and blue squares.",
        ),
        lambda: plot_kernels(layer_kernels(scene.model, first)),
    )
    maps = {}

    def maps_of(layer):
        if not maps:
            maps.update(feature_maps(scene.model, scene.x[:1], scene.layers))
        return maps[layer][0]

    for layer in scene.layers:
        yield (
            Exhibit(
                "What its filters do",
                f"activations-{layer}.png",
                f"{_how_many(scene, layer)} feature maps of {layer}",
                "Bright is where a filter answers to the photograph. A dark one answers to "
                "nothing in it.",
                f"A grid of the feature maps of {layer}.",
            ),
            lambda layer=layer: plot_feature_maps(maps_of(layer)[..., :MOST_MAPS]),
        )
    start = _start(scene.run)
    if start is not None:
        layer = scene.layers[min(1, len(scene.layers) - 1)]
        yield (
            Exhibit(
                "What its filters do",
                "before-after.png",
                f"Maps of {layer} before training and after",
                "The same filters on the same photograph. What did training change, and what "
                "was there from the start?",
                f"Two grids of feature maps of {layer}, before and after training.",
            ),
            lambda: plot_before_after(
                feature_maps(start(), scene.x[:1], [layer])[layer][0], maps_of(layer)
            ),
        )


def _how_many(scene, layer):
    count = scene.model.get_layer(layer).output.shape[-1]
    return "All" if count <= MOST_MAPS else f"The first {MOST_MAPS} of {count}"


def _film(scene):
    if not list_frames(scene.run.run_dir / "evolution"):
        return
    evolution = Evolution(scene.run.run_dir)
    for layer in evolution.filters:
        yield (
            Exhibit(
                "How its filters became what they are",
                f"evolution-{layer}.gif",
                f"Filters of {layer} as they learned",
                "The step is above. A color means the same on every frame.",
                f"An animation of feature maps of {layer} over {evolution.steps[-1]:,} steps.",
            ),
            lambda layer=layer: animate_evolution(
                scene.run.run_dir, layer, most_frames=FILM_FRAMES
            ),
        )
    if len(evolution.steps) > 1:
        yield (
            Exhibit(
                "How its filters became what they are",
                "movement.png",
                "How far each layer's kernels have moved",
                "The distance from the random start, as a share of the start's own length. The "
                "lowest line changed the least.",
                "A line chart: for each layer the distance of its kernel from its start, by step.",
            ),
            lambda: plot_movement(scene.run.run_dir),
        )


def _looks_at(scene):
    layer = scene.layers[-1]
    titles = [scene.said(number) for number in range(len(scene.images))]
    window = -(-scene.x.shape[1] // 7)  # 32 of 224 pixels

    def draw():
        maps = {
            "saliency": saliency(scene.model, scene.x),
            "SmoothGrad": smooth_grad(scene.model, scene.x),
            f"Grad-CAM, {layer}": grad_cam(scene.model, scene.x, layer),
            "occlusion": occlusion(scene.model, scene.x, window=window, stride=-(-window // 2)),
        }
        return plot_attribution(scene.images, maps, titles)

    yield (
        Exhibit(
            "Where it looks",
            "attribution.png",
            "What speaks for the class it says",
            "Bright is where pixels matter for the answer below the photograph, by four methods. "
            "A bright background is a warning: it may know the breed by the lawn.",
            "Photographs with maps laid over them by saliency, SmoothGrad, Grad-CAM, occlusion.",
        ),
        draw,
    )
    if not _can_be_drawn(scene.model):
        return
    yield (
        Exhibit(
            "Where it looks",
            "sanity.png",
            "Does the map depend on what was learned?",
            "Layer by layer, from the top down, the weights are shuffled. A map that stays as it "
            "was shows the photograph's edges, and not what the network has learned.",
            "Saliency maps of the trained network, and with ever more layers shuffled.",
        ),
        lambda: plot_sanity_check(scene.model, scene.x[:1], scene.images[0], grad_cam, layer=layer),
    )


def _looks_for(scene):
    if not _can_be_drawn(scene.model):
        return
    images = scene.images
    if scene.data is not None:
        train = scene.data.train.images
        images = train[:: -(-len(train) // SEARCHED)]  # evenly, as the classes follow one another
    classes = scene.run.class_names[:EXCITED]

    def draw(layer, filters, names=None):
        x = scene.run.preprocess(images)
        return plot_excitation(scene.model, x, images, layer, filters, names)

    layer = scene.layers[-1]
    yield (
        Exhibit(
            "What it looks for",
            f"excitation-{layer}.png",
            f"What excites filters of {layer} most",
            "Of the filters that answer most to the photographs above: left, a picture made by "
            "gradient ascent; right, the patches of training pictures that excite each most.",
            f"Made-up pictures and patches of photographs that excite filters of {layer} most.",
        ),
        lambda: draw(layer, _liveliest(scene, layer)),
    )
    last = scene.model.layers[-1].name
    yield (
        Exhibit(
            "What it looks for",
            f"excitation-{last}.png",
            "What excites each class most",
            "Left, a picture made by gradient ascent: to the network it is the class itself. "
            "Right, the training pictures that it is surest of.",
            "For each class a made-up picture, and the photographs that excite it most.",
        ),
        lambda: draw(last, list(range(len(classes))), classes),
    )


def _liveliest(scene, layer):
    """Return the numbers of the filters that answer most to the scene's photographs."""
    maps = feature_maps(scene.model, scene.x, [layer])[layer]  # (n, height, width, filters)
    return np.argsort(-maps.mean(axis=(0, 1, 2)), kind="stable")[:EXCITED].tolist()


def _start(run):
    """Return a function that makes the run's network as it was before training, if it can."""
    if run.model.name != "pet_net":
        return None
    config = run.config
    return lambda: pet_net(
        len(run.class_names),
        config["image_size"],
        run.recipe,
        config["seed"],
        config["dtype_policy"],
    )
