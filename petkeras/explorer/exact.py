"""Answer a notebook's questions exactly: TensorFlow computes what the page only approximates."""

from __future__ import annotations

import base64
import binascii

import numpy as np
import tensorflow as tf

from petkeras.data.pictures import MAX_BYTES
from petkeras.errors import PetkerasError
from petkeras.explorer.edits import compute_outputs, read_edits, read_index
from petkeras.explorer.photographs import decode_photograph
from petkeras.language import translate
from petkeras.text import one_line


class ExactNetwork:
    """Compute with an explored network as the page shows it, changes included.

    Args:
        explored: an `Explored`.
    """

    def __init__(self, explored):
        self.explored, self.chain = explored, explored.chain
        self._begun = ""  # the pieces so far of a photograph's file, in base64

    def answer(self, question):
        """Return the answer to a question from the page.

        Args:
            question: a dict of `id`, `ask` (`"logits"`, `"value"`, `"unit"` or `"photograph"`),
                `edits` and what else is asked for. It is not trusted.

        Returns:
            A dict that JSON can hold: `id` and the answer, or `id` and `error`, one line.
        """
        question = question if isinstance(question, dict) else {}
        asked, number = question.get("ask"), question.get("id")
        answers = {
            "logits": self._logits,
            "value": self._value,
            "unit": self._unit,
            "photograph": self._photograph,
        }
        try:
            if not isinstance(asked, str) or asked not in answers:
                asked = one_line(repr(asked), 40)
                raise PetkerasError(translate("There is no answer to {question}.", question=asked))
            return {"id": number, **answers[asked](question)}
        except PetkerasError as error:
            return {"id": number, "error": one_line(error, 300)}
        except (KeyError, TypeError, ValueError) as error:
            line = translate("The question is damaged: {reason}.", reason=one_line(error))
            return {"id": number, "error": line}

    def outputs(self, received):
        """Return the network's input and the outputs of all layers, for changes as JSON."""
        photographs, film = self.explored.photographs, self.explored.film
        edits = read_edits(received or {}, self.chain, len(photographs), len(film.weights))
        pixels = edits.pixels
        if pixels is None:
            if edits.photograph < 0:
                raise PetkerasError(translate("The photograph's pixels are missing."))
            pixels = photographs.pixels[edits.photograph]
        weights = None if edits.frame is None else film.weights[edits.frame]
        x = self.explored.preprocess(pixels[None])  # (1, height, width, channels)
        outputs = [x, *compute_outputs(self.chain, x, edits, weights)]
        if not all(np.isfinite(output).all() for output in outputs):
            raise PetkerasError(
                translate("With these changes some values are too large to be computed in float32.")
            )
        return outputs

    def _logits(self, question):
        if not self.chain.has_logits:
            raise PetkerasError(translate("The network's last layers cannot be explored."))
        edits = question.get("edits") or {}
        if isinstance(edits, dict) and edits.get("frame") is not None:
            raise PetkerasError(
                translate(
                    "The film does not have the dense layers' weights, so at an earlier step there "
                    "are no probabilities."
                )
            )
        outputs = self.outputs(edits)
        logits = outputs[-1][0]  # (classes,)
        dense = self._dense_layers()
        return {
            "logits": logits.numpy().tolist(),
            "probabilities": tf.nn.softmax(logits).numpy().tolist(),
            "features": outputs[dense[-1]][0].numpy().ravel().tolist() if dense else [],
            "outputs": {index: outputs[index + 1][0].numpy().tolist() for index in dense},
        }

    def _value(self, question):
        index = read_index(question["layer"], len(self.chain.layers))
        output = self.outputs(question.get("edits"))[index + 1][0]
        place = [
            read_index(question.get(name, 0), length)
            for name, length in zip(
                ("y", "x", "filter")[3 - output.ndim :], output.shape, strict=True
            )
        ]
        return {"value": float(output[tuple(place)])}

    def _unit(self, question):
        dense = self._dense_layers()
        if not dense:
            raise PetkerasError(translate("The network has no dense layer."))
        layer = self.chain.layers[dense[0]]
        unit = read_index(question["unit"], layer.shape[0])
        outputs = self.outputs(question.get("edits"))
        maps = next(each for each in reversed(outputs[: dense[0] + 1]) if each.shape.rank == 4)
        kernel = layer.weights["kernel"][:, unit]  # (features,)
        if tf.size(maps) != tf.size(kernel):
            name = one_line(layer.name)
            raise PetkerasError(translate("The inputs of layer '{name}' have no place.", name=name))
        values = np.sum(maps[0] * tf.reshape(kernel, maps.shape[1:]), axis=2)  # (height, width)
        height, width = values.shape
        return {"height": height, "width": width, "values": values.ravel().tolist()}

    def _photograph(self, question):
        """Return a photograph's pixels. A large file comes in pieces, each answered with nothing.

        The question has the piece in `file`, its place `at`, and whether `more` are to follow.
        """
        name = one_line(question.get("name", translate("The file")), 80)
        at = question.get("at", 0)
        if at not in (0, len(self._begun)):
            raise PetkerasError(
                translate("{name} did not arrive whole. Choose it again.", name=name)
            )
        text = (self._begun if at else "") + question["file"]
        self._begun = ""
        if len(text) > MAX_BYTES * 4 / 3 + 4:
            raise PetkerasError(
                translate(
                    "{name} cannot be used: it has more than {limit} bytes.",
                    name=name,
                    limit=MAX_BYTES,
                )
            )
        if question.get("more"):
            self._begun = text
            return {}
        try:
            data = base64.b64decode(text, validate=True)
            pixels = decode_photograph(data, self.chain.input_shape)
        except (binascii.Error, ValueError) as error:
            raise PetkerasError(
                translate(
                    "{name} cannot be used: {reason}.", name=name, reason=translate(one_line(error))
                )
            ) from None
        return {"pixels": base64.b64encode(pixels.tobytes()).decode()}

    def _dense_layers(self):
        return [i for i, layer in enumerate(self.chain.layers) if layer.kind == "dense"]
