"""Ctrl-C while training."""

import signal
import threading
import types

import pytest

from petkeras.callbacks.interrupt import InterruptGuard


def watching(callback, loop=None):
    """Let a callback watch a model; return both."""
    optimizer = types.SimpleNamespace(iterations=3, learning_rate=0.25)
    model = types.SimpleNamespace(stop_training=False, optimizer=optimizer)
    callback.set_model(model)
    callback.set_params({"loop": loop} if loop else {})
    callback.on_train_begin()
    return callback, model


@pytest.fixture
def handler():
    """Python's own handler of Ctrl-C, which some shells leave ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_training_after_the_step(handler):
    guard, model = watching(InterruptGuard())
    guard.on_train_batch_end(0)
    assert not model.stop_training
    signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is handler  # a second one interrupts at once
    guard.on_train_batch_end(1)
    assert model.stop_training
    guard.on_train_end()
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_handler_is_put_back_when_training_ends(handler):
    guard, _ = watching(InterruptGuard())
    assert signal.getsignal(signal.SIGINT) is not handler
    guard.on_train_end()
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(("steps_done", "interrupted"), [(4, True), (5, False)])
def test_a_run_that_was_at_its_end_anyway_is_not_interrupted(handler, steps_done, interrupted):
    loop = types.SimpleNamespace(
        steps_done=steps_done, total_steps=5, steps_per_epoch=5, interrupted=False
    )
    guard, model = watching(InterruptGuard(), loop)
    signal.raise_signal(signal.SIGINT)
    guard.on_train_batch_end(0)
    if steps_done == 5:
        assert not model.stop_training  # the epoch ends first
        guard.on_epoch_end(0)
    assert model.stop_training
    assert loop.interrupted == interrupted


def test_several_processes_stop_once_the_step_says_so(handler):
    step = types.SimpleNamespace(is_alone=False, stop_requested=False, stops=False)
    guard, model = watching(InterruptGuard(step))
    signal.raise_signal(signal.SIGINT)
    guard.on_train_batch_end(0)
    assert (step.stop_requested, model.stop_training) == (True, False)
    step.stops = True  # after the next step, in every process
    guard.on_train_batch_end(1)
    assert model.stop_training


def test_outside_the_main_thread_nothing_is_done(handler):
    thread = threading.Thread(target=lambda: watching(InterruptGuard())[0].on_train_end())
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is handler
