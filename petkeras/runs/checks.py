"""Check what a training run is given before anything is written."""

from __future__ import annotations

import keras
import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.inspection import check_one_input_and_output
from petkeras.tracing import final_activation

# These callbacks set the learning rate, which a schedule would overwrite at every step.
SET_THE_RATE = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)


def check_model(model, data):
    """Raise a PetkerasError unless a model can learn these pictures."""
    check_one_input_and_output(model)
    images, labels = data.mean.shape, (len(data.class_names),)
    takes, returns = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
    if not tf.TensorShape(takes).is_compatible_with(images) or returns != labels:
        advice = "Make the model with pet_net(num_classes=..., image_size=...) to match."
        if returns == (1,):
            advice = "One output is not enough for two classes: end the model in Dense(2)."
        raise PetkerasError(
            f"The model takes images of shape {takes} and returns {returns} for each, but the data "
            f"have images of shape {images} in {labels[0]} classes. "
            f"{advice}"
        )
    activation = final_activation(model)
    if activation not in (None, "softmax"):
        raise PetkerasError(
            f"The model must end in logits or in a softmax. Received: one that ends in {activation}"
        )
    if not model.trainable_weights:
        raise PetkerasError(
            "The model has no weights to train. Set `trainable = True` on some layers with weights."
        )


def check_callbacks(callbacks, recipe):
    """Return callbacks as a list, given one, several or none, if a run can have them.

    Raises:
        PetkerasError: one of them is no callback, or sets a learning rate that follows a schedule.
    """
    several = [callbacks] if isinstance(callbacks, keras.callbacks.Callback) else callbacks or ()
    callbacks = keras.tree.flatten(list(several))
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise PetkerasError(
                "`callbacks` must be keras.callbacks.Callback instances. "
                f"Received: {type(callback).__name__}"
            )
        follows_schedule = recipe.schedule != "constant" or recipe.warmup > 0
        if isinstance(callback, SET_THE_RATE) and follows_schedule:
            raise PetkerasError(
                f"{type(callback).__name__} cannot change a learning rate that follows a schedule: "
                'use a recipe with `schedule="constant"` and `warmup=0`.'
            )
    return callbacks
