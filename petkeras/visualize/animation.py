"""A figure that changes from frame to frame: shown inline by Jupyter, saved as a GIF."""

from __future__ import annotations

import base64
import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from petkeras.errors import PetkerasError
from petkeras.language import language, message, translate, using
from petkeras.system.files import local_path
from petkeras.visualize.style import figure_style

ANIMATION = message("An animation")


class Animation:
    """Hold a figure and a function that draws each frame into it, always in the same language.

    Args:
        figure: a matplotlib `Figure`.
        draw: a function of the frame's number that changes the figure to show that frame.
        count: the number of frames.
        seconds: how long each frame is shown.
        description: the alternative text for screen readers.

    Example:

    >>> import matplotlib.pyplot as plt
    >>> from petkeras.visualize import Animation
    >>> figure, axes = plt.subplots()
    >>> dot = axes.scatter([0], [0])
    >>> rising = Animation(figure, lambda frame: dot.set_offsets([(0, frame)]), count=10)
    >>> rising.save("rising.gif")  # doctest: +SKIP
    """

    def __init__(self, figure, draw, count, seconds=0.5, description=ANIMATION):
        self.figure = figure
        self.draw = draw
        self.count = count
        self.seconds = seconds
        self.description = translate(description)
        self._language = language()

    def frame(self, number):
        """Return the figure as frame `number` shows it; negative numbers count from the end."""
        with figure_style(), using(self._language):
            self.draw(range(self.count)[number])
        return self.figure

    def render(self):
        """Return all frames as one `(frames, height, width, 3)` uint8 array."""
        canvas = FigureCanvasAgg(self.figure)
        frames = []
        for number in range(self.count):
            self.frame(number)
            canvas.draw()
            self.figure.set_layout_engine("none")  # the first frame's layout is kept for all
            frames.append(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        return np.stack(frames)

    def save(self, file):
        """Write all frames as `.gif`, or the last one as `.png` or `.svg`.

        Raises:
            PetkerasError: the file has another extension.
        """
        file = local_path("file", file)
        extension = file.suffix.lower()
        if extension == ".gif":
            file.write_bytes(self.to_gif())
        elif extension in (".png", ".svg"):
            self.frame(-1).savefig(file)
        else:
            raise PetkerasError(f"An animation is saved as .gif, .png or .svg. Received: {file}")

    def to_gif(self):
        """Return the GIF as bytes. All frames share one palette, so colors are comparable."""
        frames = self.render()
        _, height, width, _ = frames.shape
        column = Image.fromarray(np.concatenate(frames)).quantize(
            256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )  # all frames, one below the other
        images = [
            column.crop((0, height * number, width, height * (number + 1)))
            for number in range(self.count)
        ]
        file = io.BytesIO()
        images[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=images[1:],
            duration=round(1000 * self.seconds),  # milliseconds
            loop=0,  # forever
        )
        return file.getvalue()

    def _repr_html_(self):
        data = base64.b64encode(self.to_gif()).decode()
        return f'<img src="data:image/gif;base64,{data}" alt="{self.description}">'
