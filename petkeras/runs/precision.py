"""The precision of a network's layers: float32 in its file, the trained one where it is measured.

In mixed precision the weights are float32, and only the computation is done in 16 bits. So a
network can be saved to compute in float32 without any loss. It can then be converted to formats
that have no bfloat16, and its figures are drawn in full precision.
"""

from __future__ import annotations

from contextlib import contextmanager

from petkeras.inspection import named_layers


def mixed_policies(model):
    """Return a dict from names of layers to their dtype policies, for layers in mixed precision.

    Example:

    >>> import petkeras as pk
    >>> from petkeras.runs.precision import mixed_policies
    >>> policies = mixed_policies(pk.pet_net(image_size=16, dtype="mixed_bfloat16"))
    >>> policies["fc1"], "softmax" in policies
    ('mixed_bfloat16', False)
    """
    policies = {name: layer.dtype_policy.name for name, layer in named_layers(model).items()}
    return {name: policy for name, policy in policies.items() if policy.startswith("mixed_")}


def compute_in_float32(model):
    """Make all layers in mixed precision compute in float32 from now on."""
    for layer in _mixed_layers(model):
        layer.dtype_policy = "float32"


def computing_in_float32(model):
    """Make all layers in mixed precision compute in float32 in a `with` block."""
    return _using_policies([(layer, "float32") for layer in _mixed_layers(model)])


def computing_in(model, policies):
    """Give layers other dtype policies in a `with` block.

    Args:
        model: a `keras.Model`.
        policies: a dict from names of layers to names of policies, as `mixed_policies` returns it.
    """
    chosen = [
        (part, policies[name])
        for name, layer in named_layers(model).items()
        if name in policies
        for part in layer._flatten_layers()  # the layer and its sublayers
    ]
    return _using_policies(chosen)


@contextmanager
def _using_policies(chosen):
    """Set the dtype policies of layers in the block, given as (layer, policy) pairs."""
    before = [(layer, layer.dtype_policy) for layer, _ in chosen]
    try:
        for layer, policy in chosen:
            layer.dtype_policy = policy
        yield
    finally:
        for layer, policy in before:
            layer.dtype_policy = policy


def _mixed_layers(model):
    return [
        layer for layer in model._flatten_layers() if layer.dtype_policy.name.startswith("mixed_")
    ]
