"""The film of a run's filters: reading it, animating it, and how far the kernels moved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np

from petkeras.errors import PetkerasError
from petkeras.language import translate
from petkeras.system.files import fault, local_path, read_array, read_arrays, read_json
from petkeras.text import one_line
from petkeras.visualize.animation import Animation
from petkeras.visualize.description import describe, listed
from petkeras.visualize.lettering import label
from petkeras.visualize.style import (
    VALUE_COLORS,
    WIDTH,
    draw_feature_maps,
    feature_map_scale,
    set_log_scale,
    styled,
)

MAX_FRAMES = 60
# What a layer's filmed weights are called; the last four are those of a BatchNormalization layer.
WEIGHTS = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class FilmedWeights:
    """The weights that a film keeps, besides the filters' maps.

    Args:
        shapes: a dict from each layer to a dict from its weights' names to their shapes.
        every: one frame in this many has the weights; the first and the last frame always do.
        note: a sentence about what was left out, or `""`.
    """

    shapes: dict[str, dict[str, tuple[int, ...]]] = field(default_factory=dict)
    every: int = 1
    note: str = ""


def list_frames(folder):
    """Return the frames `step_0000050.npz` ... of a run's film, ordered by step."""
    return sorted(
        file for file in folder.glob("step_*.npz") if re.fullmatch("step_[0-9]{7,15}", file.stem)
    )


def read_film(file):
    """Return what a `film.json` lists.

    Returns:
        The filmed filters, a dict from each layer to their numbers; and the `FilmedWeights`, of
        which films of petkeras 0.3 have none.

    Raises:
        PetkerasError: the file is missing or damaged.
    """
    try:
        film = read_json(file)
        if not isinstance(film, dict):
            raise ValueError("it does not list what was filmed")
        return _listed_filters(film), _listed_weights(film)
    except (OSError, ValueError) as error:
        raise PetkerasError(f"{file} is damaged: {fault(error)}.") from None


def _listed_filters(film):
    filters = film.get("filters")
    if not isinstance(filters, dict):
        raise ValueError("it does not list the filmed filters")
    for layer, numbers in filters.items():
        is_name = not {"", ".", ".."} & set(layer.split("/"))
        if not is_name or not _is_list_of(numbers, 0):
            raise ValueError(f"layer {layer!r} must have a list of filter numbers")
    return filters


def _listed_weights(film):
    if "weights" not in film:
        return FilmedWeights()
    weights = film["weights"] if isinstance(film["weights"], dict) else {}
    listed, every, note = (weights.get(name) for name in ("shapes", "every", "note"))
    if not isinstance(listed, dict) or not isinstance(note, str):
        raise ValueError("it does not list the filmed weights")
    if type(every) is not int or every < 1:
        raise ValueError("it does not say how many frames have weights")
    shapes = {}
    for layer, named in listed.items():
        known = isinstance(named, dict) and named and set(named) <= set(WEIGHTS)
        if not known or not all(_is_list_of(shape, 1) for shape in named.values()):
            raise ValueError(f"layer {layer!r} must have shapes of weights")
        shapes[layer] = {name: tuple(shape) for name, shape in named.items()}
    return FilmedWeights(shapes, every, one_line(note))


def _is_list_of(values, least):
    """Return True for a list of integers of at least `least` that is not empty."""
    if not isinstance(values, list) or not values:
        return False
    return all(type(value) is int and value >= least for value in values)


class Evolution:
    """Read the filters that a run filmed while it trained.

    Args:
        run_dir: the run folder.

    Attributes:
        steps: the filmed steps, ascending; the first is 0.
        filters: a dict from each filmed layer to its filters' numbers.
        image: the filmed photograph, `(size, size, 3)` uint8.
        weights_note: a sentence about the weights that were left out of the film, or `""`.

    Raises:
        PetkerasError: the run has no film, or its film is damaged.
    """

    def __init__(self, run_dir):
        self.folder = local_path("run_dir", run_dir) / "evolution"
        self.files = list_frames(self.folder)
        if not self.files:
            raise PetkerasError(
                f"{run_dir} has no film of its filters: its recipe has film_every=0, or training "
                "was stopped before the first frame."
            )
        self.steps = [int(file.stem.removeprefix("step_")) for file in self.files]
        self.filters, filmed = read_film(self.folder / "film.json")
        self._weight_shapes, self.weights_note = filmed.shapes, filmed.note
        self.image = read_array(self.folder / "photograph.npy", (None, None, 3), np.uint8)

    def spaced_frames(self, most):
        """Return the numbers of at most `most` evenly spaced frames, with the first and last."""
        count = min(most, len(self.steps))
        return np.unique(np.linspace(0, len(self.steps) - 1, count).astype(int))

    def maps(self, layer, frames=None):
        """Return a layer's maps, `(frames, height, width, filters)` float32.

        Args:
            layer: the name of a filmed layer.
            frames: indices into `steps`; `None` is all.

        Raises:
            PetkerasError: the layer was not filmed, or a frame is damaged.
        """
        filters = len(self.filmed(layer))
        names = (f"maps/{layer}", f"largest/{layer}")
        maps: list[np.ndarray] = []
        for number in range(len(self.files)) if frames is None else frames:
            arrays = read_arrays(self.files[number], names.__contains__)
            values, largest = (arrays.get(name, np.zeros(0)) for name in names)
            fits = (values.ndim, *values.shape[2:], *largest.shape) == (3, filters, filters)
            if not fits or (maps and values.shape != maps[0].shape):
                raise PetkerasError(
                    f"{self.files[number]} is damaged: it must hold {filters} maps of {layer}."
                )
            maps.append(values.astype(np.float32) * largest)
        return np.stack(maps)  # (frames, height, width, filters)

    def weights(self, frame):
        """Return the weights at the step of a frame.

        Args:
            frame: an index into `steps`.

        Returns:
            A dict from each layer to a dict from its weights' names (`kernel`, `bias`; `gamma`,
            `beta`, `moving_mean`, `moving_variance`) to float32 arrays, rounded to float16. It is
            empty if the frame has no weights: see `weights_note`. Layers that were not trained are
            left out of it.

        Raises:
            PetkerasError: the frame is damaged.
        """
        file = self.files[frame]
        arrays = read_arrays(file, lambda name: name.startswith("weights/"))
        weights: dict[str, dict[str, np.ndarray]] = {}
        for layer, shapes in self._weight_shapes.items() if arrays else ():
            for name, shape in shapes.items():
                values = arrays.get(f"weights/{layer}/{name}", np.zeros(0))
                fits = values.shape == shape and values.dtype == np.float16
                if not fits or not np.isfinite(values).all():
                    raise PetkerasError(
                        f"{file} is damaged: the {name} of {one_line(layer)} must be finite "
                        f"numbers, {shape} float16."
                    )
                weights.setdefault(layer, {})[name] = values.astype(np.float32)
        return weights

    def filmed(self, layer):
        """Return the numbers of a layer's filmed filters."""
        if layer not in self.filters:
            filmed = ", ".join(self.filters)
            raise PetkerasError(f"Layer '{layer}' was not filmed. Filmed layers: {filmed}.")
        return self.filters[layer]

    def movement(self):
        """Return a dict from each layer to its kernel's distance from its start at each step.

        The distance is |kernel - start| / |start| with Euclidean norms; for a kernel of more than
        40,000 weights, over an evenly spaced sample.
        """
        moved: dict[str, list[float]] = {}
        for file in self.files:
            distances = read_arrays(file, lambda name: name.startswith("moved/"))
            scalars = all(distance.shape == () for distance in distances.values())
            if not scalars or (moved and set(distances) != set(moved)):
                raise PetkerasError(f"{file} is damaged: it must hold each kernel's distance.")
            for name, distance in distances.items():
                moved.setdefault(name, []).append(float(distance))
        return {name.removeprefix("moved/"): np.array(values) for name, values in moved.items()}


@styled
def animate_evolution(run_dir, layers=None, filters=None, seconds=0.15, max_frames=MAX_FRAMES):
    """Animate how filters' maps of one photograph changed during training.

    Args:
        run_dir: the run folder.
        layers: names of filmed layers, or one name; `None` is all of them.
        filters: numbers of the filters to show of each layer; `None` is all that were filmed.
        seconds: how long a frame is shown.
        max_frames: of a longer film, this many evenly spaced frames are shown, including the first
            and the last.

    Returns:
        An `Animation`: a row of maps for each layer (two if there are more than four), the step
        above. Each layer has one scale for all frames, in which a square root spreads the small
        values, so a color means the same value on every frame.

    Raises:
        PetkerasError: the run has no film, or a layer or filter was not filmed.

    Reference: the article's figures 9 and 10.
    """
    evolution = Evolution(run_dir)
    layers = list(evolution.filters) if layers is None else layers
    layers = [layers] if isinstance(layers, str) else list(layers)
    frames = evolution.spaced_frames(max_frames)
    chosen = {layer: _filmed_indices(evolution, layer, filters) for layer in layers}
    columns = min(4, max(len(indices) for indices in chosen.values()))
    rows = [-(-len(indices) // columns) for indices in chosen.values()]
    panel_side = WIDTH / (columns + 0.55)  # the color bar is half a panel wide
    figure = plt.figure(figsize=(WIDTH, sum(rows) * (panel_side + 0.25) + 0.45 * len(rows)))
    blocks = np.atleast_1d(figure.subfigures(len(layers), height_ratios=rows))
    images = []  # of (axes image, its maps (frames, height, width))
    for block, (layer, indices) in zip(blocks, chosen.items(), strict=True):
        maps = evolution.maps(layer, frames)[..., indices]  # (frames, height, width, filters)
        scale = feature_map_scale(maps)
        axes = block.subplots()
        numbers = [evolution.filters[layer][index] for index in indices]
        titles = [label("filter {number}", number=number) for number in numbers]
        drawn = draw_feature_maps(axes, maps[0], titles, scale, columns, fontsize=9)
        images += zip(drawn, np.moveaxis(maps, 3, 0), strict=True)
        block.suptitle(layer, x=0.01, ha="left", fontsize=11)
        block.colorbar(drawn[0], ax=axes, pad=0.015, aspect=20)
    step_text = figure.text(0.99, 0.995, "", ha="right", va="top", fontsize=12, weight="bold")

    def draw(number):
        for image, values in images:
            image.set_data(values[number])
        step_text.set_text(label("step {step:,}", step=evolution.steps[frames[number]]))

    description = translate(
        "Feature maps of {layers} from step 0 to step {step:,}",
        layers=", ".join(layers),
        step=evolution.steps[-1],
    )
    return Animation(figure, draw, len(frames), seconds, description)


def _filmed_indices(evolution, layer, filters):
    """Return the indices of filters among those of a layer that were filmed."""
    filmed = evolution.filmed(layer)
    if filters is None:
        return list(range(len(filmed)))
    for number in filters:
        if number not in filmed:
            raise PetkerasError(
                f"Filter {number} of layer '{layer}' was not filmed. Filmed filters: "
                f"{', '.join(map(str, filmed))}."
            )
    return [filmed.index(number) for number in filters]


@styled
def plot_movement(run_dir):
    """Show how far each layer's kernel has moved from its start, by step.

    Args:
        run_dir: the run folder.

    Returns:
        A matplotlib `Figure` with a line for each layer, the first one darkest: its distance as a
        share of the initial norm, on a logarithmic axis.

    Raises:
        PetkerasError: the run has no film.

    Reference: the article's section "Visualizing filters", which finds that the first layer hardly
        changes.
    """
    evolution = Evolution(run_dir)
    movement = evolution.movement()
    figure, axes = plt.subplots(figsize=(WIDTH, max(3.8, 0.22 * len(movement))))
    colors = plt.get_cmap(VALUE_COLORS)(np.linspace(0, 0.85, len(movement)))  # without pale yellow
    dashes = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
    for (layer, moved), color, dash in zip(
        movement.items(), colors, dashes * len(movement), strict=False
    ):
        axes.plot(evolution.steps[1:], moved[1:], color=color, linestyle=dash, label=layer)
    set_log_scale(axes)
    axes.set(title=label("how far each kernel is from its start"), xlabel=label("step"))
    axes.set_ylabel(label("distance / length at the start"))
    figure.legend(loc="outside right center")
    ends = [
        translate("{layer} by {distance:.2%}", layer=layer, distance=moved[-1])
        for layer, moved in movement.items()
    ]
    return describe(
        figure,
        translate(
            "How far each kernel is from its start at step {step:,}: {distances}.",
            step=evolution.steps[-1],
            distances=listed(ends),
        ),
    )
