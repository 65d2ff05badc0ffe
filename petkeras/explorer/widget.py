"""The explorer in a notebook: the page's own front end, and TensorFlow to answer its questions."""

from __future__ import annotations

import anywidget
import traitlets

from petkeras.explorer.contents import make_contents, pack
from petkeras.explorer.exact import ExactNetwork
from petkeras.explorer.explore import Explorer
from petkeras.explorer.page import engine_text, joined_module, joined_style
from petkeras.language import translate, using
from petkeras.text import one_line


class ExplorerWidget(Explorer, anywidget.AnyWidget):
    """Show the explorer of a network as a widget.

    All data are text: the widget managers of Colab and VS Code have had trouble with binary
    messages. The large kernel of the first dense layer stays here; the front end asks for exact
    results in messages, and each is answered with one.

    Args: as in `Explorer`.
    """

    _esm = joined_module()
    _css = joined_style()
    contents = traitlets.Unicode().tag(sync=True)
    wasm = traitlets.Unicode().tag(sync=True)

    def __init__(self, explored, start, words=None):
        Explorer.__init__(self, explored, start, words)
        contents = make_contents(explored, notebook=True, start=start, words=words)
        self._network = ExactNetwork(explored)
        anywidget.AnyWidget.__init__(self, contents=pack(contents), wasm=engine_text())
        self.on_msg(self._reply)

    def _reply(self, widget, question, buffers):
        """Send the answer to a question of the front end, or one line that says what is wrong."""
        with using(self._lang):
            self.send(self._answer(question))

    def _answer(self, question):
        try:
            return self._network.answer(question)
        except Exception as error:  # without an answer, the front end would wait forever
            number = question.get("id") if isinstance(question, dict) else None
            line = translate("This cannot be answered: {reason}.", reason=one_line(error))
            return {"id": number, "error": line}

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = anywidget.AnyWidget._repr_mimebundle_(self, **kwargs)
        own, texts = Explorer._repr_mimebundle_(self)
        return data | own, {**(metadata or {}), **texts}
