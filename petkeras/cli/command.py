"""What all commands do before and after their own work."""

from __future__ import annotations

import click

from petkeras.cli.messages import translate
from petkeras.errors import PetkerasError
from petkeras.system.tensorflow import loading_tensorflow


class Command(click.Command):
    """A command that refuses empty values, and other Keras backends than TensorFlow.

    Args:
        any_backend: run under any Keras backend; the command does not need Keras.
    """

    def __init__(self, *args, any_backend=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.any_backend = any_backend

    def invoke(self, context):
        """Run the command; library errors that it raises name options, not arguments."""
        for parameter in self.get_params(context):
            value = context.params.get(parameter.name)
            if value == "" or (isinstance(value, tuple) and "" in value):  # "" is the path "."
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

    Commands call this once they have checked their options, before they import any module of
    petkeras that needs TensorFlow.
    """
    with loading_tensorflow():
        import keras  # noqa: F401
