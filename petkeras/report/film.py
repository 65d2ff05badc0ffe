"""The film of the filters as a page shows it: each layer's frames in one tall picture.

The page's slider moves the picture behind a window that is one frame high. Without JavaScript, the
window shows the last frame.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from petkeras import visualize as pkv
from petkeras.visualize.style import VALUE_COLORS, feature_map_scale

MAX_FRAMES = 30  # of a film: more would make the page too large to mail
MAX_SIDE = 112  # pixels of a map; larger ones are averaged
COLUMNS = 4  # maps side by side
EMPTY = 64  # of 65 colors the last, which is transparent: between the maps


@dataclass(frozen=True)
class Strip:
    """The frames of one layer, one below the other.

    Args:
        layer: the layer's name.
        filters: the numbers of the filters, from left to right and from top to bottom.
        largest: the value that is shown in yellow.
        width, height: of one frame, in pixels.
        png: the bytes of the picture, `width` by `frames * height`.
    """

    layer: str
    filters: list[int]
    largest: float
    width: int
    height: int
    png: bytes


def read_strips(run_dir, layers):
    """Return the steps of a run's film, at most 30, and a `Strip` for each layer.

    Args:
        run_dir: the run folder.
        layers: names of filmed layers.

    Raises:
        PetkerasError: the run has no film, or it is damaged.
    """
    evolution = pkv.Evolution(run_dir)
    frames = evolution.spaced_frames(MAX_FRAMES)
    strips = []
    for layer in layers:
        maps = averaged(evolution.maps(layer, frames), MAX_SIDE)  # (frames, h, w, filters)
        levels = np.asarray(feature_map_scale(maps)(maps) * (EMPTY - 1)).round().astype(np.uint8)
        sheet = in_rows(levels)  # (frames, height, width)
        height, width = sheet.shape[1:]
        png = _to_png(sheet.reshape(-1, width))
        filters = evolution.filters[layer]
        strips.append(Strip(layer, filters, float(maps.max()), width, height, png))
    return [evolution.steps[frame] for frame in frames], strips


def averaged(maps, largest):
    """Return maps `(frames, h, w, filters)` made smaller, so that no side is above `largest`.

    Example:

    >>> import numpy as np
    >>> from petkeras.report.film import averaged
    >>> averaged(np.ones((2, 224, 224, 8)), 112).shape
    (2, 112, 112, 8)
    """
    frames, height, width, filters = maps.shape
    block = -(-max(height, width) // largest)  # pixels that become one
    if block == 1 or block > min(height, width):
        return maps
    height, width = height // block, width // block
    maps = maps[:, : height * block, : width * block]
    return maps.reshape(frames, height, block, width, block, filters).mean(axis=(2, 4))


def in_rows(levels):
    """Return maps `(frames, h, w, filters)` uint8 as pictures with four maps in a row.

    Each map has a margin on its right and below, in the color `EMPTY`.
    """
    frames, height, width, filters = levels.shape
    columns = min(COLUMNS, filters)
    rows = -(-filters // columns)
    margin = max(1, width // 24)
    padded = np.full((rows * columns, frames, height + margin, width + margin), EMPTY, np.uint8)
    padded[:filters, :, :height, :width] = np.moveaxis(levels, 3, 0)
    grid = padded.reshape(rows, columns, frames, height + margin, width + margin)
    grid = grid.transpose(2, 0, 3, 1, 4)  # (frames, rows, height, columns, width)
    return grid.reshape(frames, rows * (height + margin), columns * (width + margin))


def _to_png(levels):
    """Return `(height, width)` uint8 as the bytes of a PNG in the colors of feature maps."""
    colors = plt.get_cmap(VALUE_COLORS)(np.linspace(0, 1, EMPTY))[:, :3]  # (64, 3)
    image = Image.fromarray(levels)
    image.putpalette((255 * colors).round().astype(np.uint8).tobytes() + bytes(3))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=EMPTY)
    return file.getvalue()
