"""Open the explorer of a run or a network: as a widget in a notebook, or as a page in a file."""

from __future__ import annotations

import base64
import importlib.util
import io
import os

import keras

from petkeras.errors import PetkerasError, is_integer
from petkeras.explorer.contents import make_contents
from petkeras.explorer.explored import open_explored
from petkeras.explorer.page import write_page
from petkeras.explorer.still import plot_explorer
from petkeras.language import check_language, language, using
from petkeras.runs.run import Run
from petkeras.text import one_line
from petkeras.visualize.description import description

TABS = ("look", "change", "play", "time", "answer")


def explore(
    run_or_model,
    photographs=None,
    *,
    class_names=None,
    mean=None,
    pixel_scale=1.0,
    data=None,
    data_dir=None,
    layer=None,
    filter=None,
    tab=None,
    words=None,
    lang=None,
):
    """Touch a network: see each map and each sum, change kernels and photographs, go through time.

    Args:
        run_or_model: a run folder's path, a `petkeras.Run`, or a `keras.Model`.
        photographs: a path or several, or an array `(n, height, width, 3)` uint8. By default, some
            of the test part that the network gets right and some that it gets wrong.
        class_names: for a model: the names of its classes.
        mean, pixel_scale: for a model: its input is `(pixels - mean) / pixel_scale`. The mean is an
            image or a number, by default 0.
        data: a `petkeras.PetData`: the photographs come from its test part, and a model's class
            names and mean from it, too. By default, a run loads its own pictures.
        data_dir: as in `petkeras.load_pets`.
        layer, filter: the name of the layer and the number of the filter to begin with.
        tab: what to begin with: `"look"`, `"change"`, `"play"`, `"time"` or `"answer"`.
        words: a dict that translates the sentences of the explorer from English, instead of
            petkeras's own translation.
        lang: the explorer's language: `"en"`, or `"zh"` for Chinese. By default, that of petkeras:
            as `petkeras.language.use`, `PETKERAS_LANG` or the locale says.

    Returns:
        A widget, if anywidget is installed, and otherwise an object with the same `save(file)`,
        which a notebook shows as a picture. `save` writes a self-contained page.

    Raises:
        PetkerasError: an argument is not as described, or the network cannot be explored.

    Example:

    >>> import petkeras as pk
    >>> pk.explore("runs/mine", tab="change")  # doctest: +SKIP
    >>> pk.explore("runs/mine", ["photo.jpg"]).save("mine.html")  # doctest: +SKIP
    """
    _check_source(run_or_model, class_names, mean, pixel_scale)
    check_language(lang, "lang")
    with using("en" if lang is None and words is not None else lang):
        explored = open_explored(
            run_or_model,
            photographs,
            data=data,
            data_dir=data_dir,
            class_names=class_names,
            mean=mean,
            pixel_scale=pixel_scale,
        )
        start = _check_start(explored.chain.layers, layer, filter, tab)
        if importlib.util.find_spec("anywidget") is None:  # it belongs to the extra `lab`
            return Explorer(explored, start, words)
        from petkeras.explorer.widget import ExplorerWidget

        return ExplorerWidget(explored, start, words)


def _check_source(source, class_names, mean, pixel_scale):
    if isinstance(source, keras.Model):
        return
    if not isinstance(source, Run | str | os.PathLike):
        raise PetkerasError(
            "`run_or_model` must be the path of a run folder, a pk.Run or a keras.Model. Received: "
            f"{one_line(repr(source), 80)}"
        )
    if class_names is not None or mean is not None or pixel_scale != 1.0:
        raise PetkerasError(
            "`class_names`, `mean` and `pixel_scale` describe a keras.Model; a run has its own. "
            "Leave them out."
        )


def _check_start(layers, layer, filter, tab):
    """Return what the explorer begins with, as the page takes it."""
    counts = {each.name: each.shape[-1] for each in layers}
    if layer is not None and layer not in counts:
        raise PetkerasError(
            f"There is no layer '{one_line(layer)}'. The layers are: {one_line(', '.join(counts))}."
        )
    if filter is not None:
        layer = layer or next((each.name for each in layers if each.kind == "conv"), layers[0].name)
        if not is_integer(filter) or not 0 <= filter < counts[layer]:
            raise PetkerasError(
                f"`filter` of layer '{one_line(layer)}' must be an integer from 0 to "
                f"{counts[layer] - 1}. Received: filter={filter!r}"
            )
    if tab is not None and tab not in TABS:
        raise PetkerasError(f"`tab` must be one of {', '.join(TABS)}. Received: tab={tab!r}")
    chosen = {"layer": layer, "filter": filter, "tab": tab}
    return {name: value for name, value in chosen.items() if value is not None}


class Explorer:
    """Hold the explorer of a network; a notebook shows it as a picture.

    `petkeras.explore` makes it. It keeps the language in which it was made.

    Args:
        explored: an `Explored`.
        start: a dict of the `layer`, the `filter` and the `tab` to begin with, where chosen.
        words: a dict that translates the explorer's sentences, or `None` for petkeras's own.
    """

    def __init__(self, explored, start, words=None):
        self._explored, self._start, self._words = explored, start, words
        self._picture = None
        self._lang = language()

    def save(self, file):
        """Write the explorer as one self-contained HTML page, and return its path.

        The page opens from the disk, in any current browser, without a server or a network.

        Args:
            file: the page's path.

        Raises:
            PetkerasError: the file cannot be written.
        """
        with using(self._lang):
            contents = make_contents(self._explored, start=self._start, words=self._words)
        return write_page(contents, file)

    def __repr__(self):
        layers, photographs = self._explored.chain.layers, self._explored.photographs
        counts = ((len(layers), "layer"), (len(photographs), "picture"))
        parts = " and ".join(f"{count} {what}{'s' * (count != 1)}" for count, what in counts)
        with using(self._lang):
            return f"<explorer of {parts}: {one_line(self._explored.title)}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        picture, text = self._draw()
        data = {"text/plain": repr(self), "image/png": picture}
        return data, {"image/png": {"alt": text}}

    def _draw(self):
        """Return the explorer's picture, a PNG in base64, and its alternative text; drawn once."""
        if self._picture is None:
            file = io.BytesIO()
            with using(self._lang):
                figure = plot_explorer(self._explored, **self._start)
            figure.savefig(file, format="png")
            self._picture = base64.b64encode(file.getvalue()).decode(), description(figure)
        return self._picture
