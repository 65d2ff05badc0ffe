"""The base class of all commands, and loading TensorFlow for them."""

from __future__ import annotations

import click

from petkeras.cli.messages import translate
from petkeras.errors import PetkerasError
from petkeras.system.tensorflow import loading_tensorflow


class Command(click.Command):
    """A command that rejects empty values, and Keras backends other than TensorFlow.

    Args:
        any_backend: allow any Keras backend, because the command does not need Keras.
    """

    def __init__(self, *args, any_backend=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.any_backend = any_backend

    def invoke(self, context):
        """Run the command, and reword library errors to name options instead of arguments."""
        for parameter in self.get_params(context):
            value = context.params.get(parameter.name)
            if value == "" or (isinstance(value, tuple) and "" in value):  # Path("") is "."
                raise click.BadParameter("it must not be empty.", context, parameter)
        if not self.any_backend:
            with loading_tensorflow():
                pass  # only checks the backend
        try:
            return super().invoke(context)
        except PetkerasError as error:
            raise PetkerasError(translate(str(error), self)) from error


def load_tensorflow():
    """Load TensorFlow and Keras quietly; takes seconds.

    Commands call this after they have checked their options and before they import any module of
    petkeras that needs TensorFlow.
    """
    with loading_tensorflow():
        import keras  # noqa: F401
