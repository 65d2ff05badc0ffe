"""What stops a training: a loss that is not finite, or low enough."""

import types

import pytest

from petkeras.callbacks.stopping import NonFiniteLossGuard, StopAtLoss
from petkeras.errors import PetkerasError


def watching(callback):
    """Let a callback watch a model; return both."""
    optimizer = types.SimpleNamespace(iterations=3, learning_rate=0.25)
    model = types.SimpleNamespace(stop_training=False, optimizer=optimizer)
    callback.set_model(model)
    callback.on_train_begin()
    return callback, model


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_not_finite_is_an_error_that_says_what_to_try(loss):
    guard, _ = watching(NonFiniteLossGuard())
    guard.on_train_batch_end(0, {"loss": 1e30})
    with pytest.raises(PetkerasError, match=f"^The loss became {loss} at step 3, ") as raised:
        guard.on_train_batch_end(0, {"loss": loss})
    assert "`learning_rate` (it was 0.25)" in str(raised.value)


def test_a_low_loss_ends_the_training():
    guard, model = watching(StopAtLoss(0.5))
    guard.on_epoch_end(0, {"loss": 0.5})
    assert not model.stop_training
    guard.on_epoch_end(1, {"loss": 0.49})
    assert model.stop_training


def test_a_limit_of_0_never_ends_it():
    guard, model = watching(StopAtLoss(0.0))
    guard.on_epoch_end(0, {"loss": 0.0})
    assert not model.stop_training
