"""Check the arguments of a training run before anything is written."""

from __future__ import annotations

import json
import warnings

import keras

from petkeras.errors import PetkerasError
from petkeras.inspection import check_one_input_and_output, fits, named_layers
from petkeras.runs.loading import find_code
from petkeras.tracing import final_activation

# These callbacks set the learning rate, which a schedule would overwrite at every step.
SET_THE_RATE = (keras.callbacks.ReduceLROnPlateau, keras.callbacks.LearningRateScheduler)


def check_model(model, data):
    """Raise a PetkerasError unless a model can learn these pictures."""
    check_one_input_and_output(model)
    images, labels = data.mean.shape, (len(data.class_names),)
    takes, returns = tuple(model.input_shape[1:]), tuple(model.output_shape[1:])
    if not fits(images, takes) or returns != labels:
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


def check_loadable(model):
    """Raise a PetkerasError if a model that is saved in a run folder could not be loaded again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns about a lambda; the message below says more
        code = find_code(json.loads(model.to_json())) or _find_own_function(model)
    if code:
        raise PetkerasError(
            f"The keras.Model '{model.name}' contains code of its own ({code}), which a run folder "
            "must not contain. Use a Keras layer instead, or register its class with "
            "keras.saving.register_keras_serializable."
        )


def _find_own_function(model):
    """Return the first layer that cannot be made from its config, such as one with a lambda."""
    for name, layer in named_layers(model, nested=False).items():
        try:
            type(layer).from_config(layer.get_config())
        except Exception:  # a layer may raise anything
            return f"layer {name}"
    return None


def check_callbacks(callbacks, recipe):
    """Return callbacks as a list, given one, several or none, if a run can have them.

    Raises:
        PetkerasError: one of them is not a callback, or sets a learning rate that follows a
            schedule.
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
