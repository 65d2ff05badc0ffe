"""Find layers, kernels and sampled values in any Keras model, whatever its layers are called."""

from __future__ import annotations

import difflib

import keras
import tensorflow as tf

from petkeras.errors import PetkerasError

MAX_SAMPLES = 40_000  # values of a kernel; larger kernels are sampled evenly
MAX_LISTED = 30  # layers in a message


def check_one_input_and_output(model):
    """Raise a PetkerasError unless a model is built and has one input and one output."""
    ends = [getattr(model, name, None) or () for name in ("inputs", "outputs")]
    if [len(end) for end in ends] == [1, 1]:
        return
    wanted = "It must be functional, or sequential and built, with one input and one output."
    if not all(ends) and isinstance(model, keras.Sequential):
        problem = "is not built yet. Begin it with keras.Input((height, width, 3))"
    elif not all(ends):
        problem = "is a subclassed model, whose layers cannot be followed"
    else:
        problem = f"has {len(ends[0])} inputs and {len(ends[1])} outputs"
    raise PetkerasError(f"The keras.Model '{model.name}' {problem}. {wanted}")


def unwrapped(model):
    """Return a model with one input and one output that takes and returns a tensor.

    A model made from lists or dicts, such as `keras.Model([images], [logits])`, returns those. The
    model returned here has the same layers and weights.
    """
    if isinstance(model, keras.Sequential):
        return model
    if all(keras.backend.is_keras_tensor(end) for end in (model.input, model.output)):
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def fits(shape, wanted):
    """Return True if a shape matches `wanted`, where `None` stands for any length."""
    return len(shape) == len(wanted) and all(
        length in (None, given) for given, length in zip(shape, wanted, strict=True)
    )


def named_layers(model, nested=True):
    """Return a dict from names to a model's layers, in the order in which they compute.

    Args:
        model: a functional or sequential `keras.Model`.
        nested: whether to include nested models themselves, after their layers. A layer of the
            nested model `backbone` has a name such as `backbone/conv5`.

    Example:

    >>> import keras
    >>> from petkeras.inspection import named_layers
    >>> top = keras.Sequential([keras.layers.Dense(2, name="logits")], name="top")
    >>> list(named_layers(keras.Sequential([keras.Input((3,)), top])))
    ['top/logits', 'top']
    """
    layers = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        if is_nested_model(layer):
            inner = named_layers(layer, nested)
            layers |= {f"{layer.name}/{name}": each for name, each in inner.items()}
        if nested or not is_nested_model(layer):
            layers[layer.name] = layer
    return layers


def is_nested_model(layer):
    """Return True if a layer is a functional or sequential model, whose layers have outputs."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None))


def find_layer(model, name, maps=False):
    """Return a layer by its name.

    Args:
        model: a functional or sequential `keras.Model`.
        name: the layer's name; for a layer in a nested model, such as `"backbone/conv5"`.
        maps: whether the layer must have feature maps.

    Raises:
        PetkerasError: there is no such layer, or it has no feature maps. The message lists the
            layers that qualify.
    """
    check_one_input_and_output(model)
    layers = named_layers(model)
    suitable = [each for each, layer in layers.items() if not maps or has_feature_maps(layer)]
    if name in suitable:
        return layers[name]
    if name in layers:
        problem = f"Layer '{name}' has no feature maps. Layers with feature maps"
    else:
        problem = f"There is no layer '{name}'. The layers"
    if len(suitable) <= MAX_LISTED:
        raise PetkerasError(f"{problem} are: {', '.join(suitable) or 'none'}.")
    close = difflib.get_close_matches(str(name), suitable, n=3, cutoff=0)
    raise PetkerasError(
        f"{problem} include {', '.join(close)}; petkeras.inspection.named_layers(model) lists all."
    )


def has_feature_maps(layer):
    """Return True if a layer other than the input returns `(batch, height, width, channels)`."""
    if isinstance(layer, keras.layers.InputLayer):
        return False
    try:
        return len(layer.output.shape) == 4
    except (AttributeError, ValueError):  # several outputs, or never called on its own
        return False


def convolutions(model):
    """Return a dict of the layers that have a kernel `(height, width, channels, filters)`."""
    return {
        name: layer
        for name, layer in named_layers(model, nested=False).items()
        if len(getattr(getattr(layer, "kernel", None), "shape", ())) == 4
    }


def filter_layers(model):
    """Return a dict of the layers that have feature maps and a trainable kernel."""
    return {
        name: layer
        for name, layer in named_layers(model, nested=False).items()
        if has_feature_maps(layer) and any(w.name == "kernel" for w in layer.trainable_weights)
    }


def dtype_policy_name(model):
    """Return the name of the dtype policy of a model's first layer with weights."""
    layers = named_layers(model, nested=False).values()
    return next((each.dtype_policy for each in layers if each.weights), model.dtype_policy).name


def check_filters(filters, count, owner):
    """Return the indices of the chosen filters; `None` chooses all `count` of them.

    Raises:
        PetkerasError: an index is not in `0..count - 1`. The message begins with `owner`, such as
            "Layer 'conv1_1'".
    """
    chosen = range(count) if filters is None else list(filters)
    for number in chosen:
        if not 0 <= number < count:
            raise PetkerasError(f"{owner} has the filters 0 to {count - 1}. Received: {number}")
    return chosen


def sampled_kernels(model):
    """Return a list of (layer name, kernel values): all values, or 40,000 evenly spaced ones.

    `fc1` has 102,760,448 weights. Reading all of them at each summary would take as long as a
    training step, and one in 2570 gives the same picture.
    """
    sampled = []
    for name, layer in named_layers(model, nested=False).items():
        kernels = [weight for weight in layer.trainable_weights if weight.name == "kernel"]
        for weight in kernels:  # a layer made of layers has several: they are named by their paths
            label = name if len(kernels) == 1 else weight.path.rpartition("/")[0]
            sampled.append((label, sample_values(weight.value)))
    return sampled


def sample_values(values):
    """Return a tensor's values as a 1-D tensor: all, or 40,000 evenly spaced ones."""
    flat = tf.reshape(values, (-1,))
    return flat[:: -(-flat.shape[0] // MAX_SAMPLES)]
