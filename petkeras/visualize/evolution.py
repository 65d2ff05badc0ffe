"""How filters become what they are: the article's figures 9 and 10, and which kernels moved."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import PowerNorm

from petkeras.errors import PetkerasError
from petkeras.system.files import read_array, read_arrays, read_json
from petkeras.text import one_line
from petkeras.visualize.animation import Animation
from petkeras.visualize.style import VALUES, WIDTH, picture, styled

MOST_FRAMES = 60


class Evolution:
    """Read what a run kept of its filters while it learned.

    Args:
        run_dir: the run folder.

    Attributes:
        steps: the steps at which something was kept, ascending; the first is 0.
        filters: a dict from each filmed layer to its filters' numbers.
        image: the photograph, `(size, size, 3)` uint8.

    Raises:
        PetkerasError: the run kept nothing, or what it kept is damaged.
    """

    def __init__(self, run_dir):
        self.folder = Path(run_dir) / "evolution"
        self.files = list_frames(self.folder)
        if not self.files:
            raise PetkerasError(
                f"{run_dir} kept no filters while it trained: its recipe had film_every=0, or it "
                "was stopped at once."
            )
        self.steps = [int(file.stem.removeprefix("step_")) for file in self.files]
        self.filters = read_film(self.folder / "film.json")
        self.image = read_array(self.folder / "photograph.npy", (None, None, 3), np.uint8)

    def maps(self, layer, frames=None):
        """Return a layer's maps, `(frames, height, width, filters)` float32.

        Args:
            layer: the name of a filmed layer.
            frames: numbers into `steps`; `None` is all.

        Raises:
            PetkerasError: the layer was not filmed; the message lists those that were. Or a frame
                is damaged.
        """
        filters = len(self.filmed(layer))
        names = (f"maps/{layer}", f"largest/{layer}")
        chosen = range(len(self.files)) if frames is None else frames
        maps: list[np.ndarray] = []
        for number in chosen:
            kept = read_arrays(self.files[number], names.__contains__)
            values, largest = (kept.get(name, np.zeros(0)) for name in names)
            fits = (values.ndim, *values.shape[2:], *largest.shape) == (3, filters, filters)
            if not fits or (maps and values.shape != maps[0].shape):
                raise PetkerasError(
                    f"{self.files[number]} is damaged: it must hold {filters} maps of {layer}."
                )
            maps.append(values.astype(np.float32) * largest)
        return np.stack(maps)  # (frames, height, width, filters)

    def filmed(self, layer):
        """Return the numbers of a layer's filters that were filmed."""
        if layer not in self.filters:
            filmed = ", ".join(self.filters)
            raise PetkerasError(f"Layer '{layer}' was not filmed. Filmed were: {filmed}.")
        return self.filters[layer]

    def movement(self):
        """Return a dict from each layer to its kernel's distance from its start, one a step.

        The distance is |kernel - start| / |start|, with Euclidean norms; of a kernel of more than
        40,000 weights, over every n-th one.
        """
        moved: dict[str, list[float]] = {}
        for file in self.files:
            kept = read_arrays(file, lambda name: name.startswith("moved/"))
            scalars = all(distance.shape == () for distance in kept.values())
            if not scalars or (moved and set(kept) != set(moved)):
                raise PetkerasError(f"{file} is damaged: it must hold each kernel's distance.")
            for name, distance in kept.items():
                moved.setdefault(name, []).append(float(distance))
        return {name.removeprefix("moved/"): np.array(some) for name, some in moved.items()}


@styled
def animate_evolution(run_dir, layers=None, filters=None, seconds=0.15, most_frames=MOST_FRAMES):
    """Film how filters' maps of one photograph changed while the network learned.

    Args:
        run_dir: the run folder.
        layers: names of filmed layers, or one name; `None` is all of them.
        filters: the numbers of the filters to show of each layer; `None` is all that were filmed.
        seconds: how long a frame is shown.
        most_frames: of more, that many are taken, evenly spaced, the first and the last always.

    Returns:
        An `Animation`: a row of maps for each layer (two where there are more than four), the step
        above. A color means the same value on every frame: each layer has one scale, over all
        frames, in which small values are spread by a square root.

    Raises:
        PetkerasError: the run kept nothing, or a layer or filter was not filmed.

    Reference: the article's figures 9 and 10.
    """
    evolution = Evolution(run_dir)
    layers = list(evolution.filters) if layers is None else layers
    layers = [layers] if isinstance(layers, str) else list(layers)
    count = min(most_frames, len(evolution.steps))
    frames = np.unique(np.linspace(0, len(evolution.steps) - 1, count).astype(int))
    panels = []  # of (axes image, that panel's maps (frames, height, width))
    chosen = {layer: _filmed(evolution, layer, filters) for layer in layers}
    columns = min(4, max(len(places) for places in chosen.values()))
    rows = [-(-len(places) // columns) for places in chosen.values()]
    panel_side = WIDTH / (columns + 0.55)  # the color bar takes half a panel's width
    figure = plt.figure(figsize=(WIDTH, sum(rows) * (panel_side + 0.25) + 0.45 * len(rows)))
    blocks = np.atleast_1d(figure.subfigures(len(layers), height_ratios=rows))
    for block, (layer, places) in zip(blocks, chosen.items(), strict=True):
        maps = evolution.maps(layer, frames)[..., places]  # (frames, height, width, filters)
        scale = PowerNorm(0.5, vmin=maps.min(), vmax=max(maps.max(), maps.min() + 1e-9))
        axes = block.subplots(-(-len(places) // columns), columns, squeeze=False)
        for panel in axes.flat[len(places) :]:
            panel.set_visible(False)
        for panel, place, values in zip(axes.flat, places, np.moveaxis(maps, 3, 0), strict=False):
            shown = picture(panel, values[0], cmap=VALUES, norm=scale)
            panel.set_title(f"filter {evolution.filters[layer][place]}", fontsize=9, pad=3)
            panels.append((shown, values))
        block.suptitle(layer, x=0.01, ha="left", fontsize=11)
        block.colorbar(shown, ax=axes, pad=0.015, aspect=20)
    step_text = figure.text(0.99, 0.995, "", ha="right", va="top", fontsize=12, weight="bold")

    def draw(number):
        for shown, values in panels:
            shown.set_data(values[number])
        step_text.set_text(f"step {evolution.steps[frames[number]]:,}")

    return Animation(
        figure,
        draw,
        len(frames),
        seconds,
        f"Feature maps of {', '.join(layers)} from step 0 to step {evolution.steps[-1]:,}",
    )


def _filmed(evolution, layer, filters):
    """Return the places of the wanted filters among those that were filmed of a layer."""
    filmed = evolution.filmed(layer)
    if filters is None:
        return list(range(len(filmed)))
    for number in filters:
        if number not in filmed:
            raise PetkerasError(
                f"Filter {number} of layer '{layer}' was not filmed. Filmed were: "
                f"{', '.join(map(str, filmed))}."
            )
    return [filmed.index(number) for number in filters]


@styled
def plot_movement(run_dir):
    """Show how far each layer's kernel has moved from its start, by step.

    Args:
        run_dir: the run folder.

    Returns:
        A matplotlib `Figure`: a line for each layer, its distance as a share of the start's length
        on a logarithmic axis.

    Raises:
        PetkerasError: the run kept nothing.

    Reference: the article's section "Visualizing filters": that the first layer hardly changes.
    """
    evolution = Evolution(run_dir)
    figure, axes = plt.subplots(figsize=(WIDTH, 3.8))
    movement = evolution.movement()
    dashes = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
    for (layer, moved), dash in zip(movement.items(), dashes * len(movement), strict=False):
        axes.plot(evolution.steps[1:], moved[1:], linestyle=dash, label=layer)
    axes.set(title="how far each kernel is from its start", xlabel="step", yscale="log")
    axes.set_ylabel("distance / length at the start")
    figure.legend(loc="outside right center")
    return figure


def list_frames(folder):
    """List the frames `step_0000050.npz` ... of a run's film, in the order of their steps."""
    return sorted(
        file for file in folder.glob("step_*.npz") if re.fullmatch("step_[0-9]{7,15}", file.stem)
    )


def read_film(file):
    """Return what a `film.json` says was filmed: a dict from each layer to its filters' numbers.

    Raises:
        PetkerasError: it is missing or damaged.
    """
    try:
        filters = read_json(file)["filters"]
        for layer, numbers in filters.items():
            if "/" in layer or not numbers or not all(type(n) is int and n >= 0 for n in numbers):
                raise ValueError(f"layer {layer!r} must have a list of filters' numbers")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PetkerasError(f"{file} is damaged: {one_line(error)}.") from None
    return filters
