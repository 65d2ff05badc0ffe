"""Train a network: wire its loop, its callbacks and its run folder together."""

from __future__ import annotations

import contextlib
import math
import re
from functools import cache, partial

import keras
import tensorflow as tf

from petkeras.callbacks.base import RunCallback
from petkeras.callbacks.checkpoint import Checkpoint, Checkpoints, make_state
from petkeras.callbacks.filters import Film, FilterFilm, check_film
from petkeras.callbacks.history import History, RecordHistory
from petkeras.callbacks.interrupt import InterruptGuard
from petkeras.callbacks.progress import make_progress
from petkeras.callbacks.stopping import NonFiniteLossGuard, StopAtLoss
from petkeras.callbacks.tensorboard import TensorBoard
from petkeras.data.pipeline import preprocess, shared_batches, steps_per_epoch
from petkeras.errors import PetkerasError
from petkeras.hardware import devices, strategies
from petkeras.inspection import dtype_policy_name, unwrapped
from petkeras.optimizers import Adam
from petkeras.recipes import Recipe
from petkeras.runs.checks import check_callbacks, check_loadable, check_model
from petkeras.runs.config import make_config, mark_stopped_early
from petkeras.runs.evaluation import evaluate_parts
from petkeras.runs.folder import claim, start_run
from petkeras.runs.intervals import find_caveats
from petkeras.runs.resume import continue_run, epochs_until, restore
from petkeras.runs.run import check_is_run
from petkeras.runs.saving import save_model
from petkeras.schedules import learning_rate_schedule
from petkeras.system.files import local_path
from petkeras.system.memory import check_memory
from petkeras.tracing import compile_logits, final_activation
from petkeras.training import Loop


def train(
    model,
    data,
    recipe: Recipe,
    run_dir=None,
    seed=0,
    resume=False,
    verbose=True,
    film=None,
    strategy=None,
    *,
    callbacks=(),
):
    """Train a network epoch by epoch, and record everything in a run folder.

    Ctrl-C (or a notebook's stop button) ends the run after the current step. The model so far and
    a checkpoint are saved, and the same call with `resume=True` continues from there. After a
    crash that call continues from the newest checkpoint, and ends with exactly the weights of an
    uninterrupted run. A finished run can also be resumed, with more epochs in its recipe.

    Args:
        model: a `keras.Model` from images to logits, such as `pet_net` returns; changed in place.
            It is functional or sequential, has one input and one output, and may take images of any
            size. If it ends in a softmax, its logits before the softmax are trained.
        data: a `PetData`.
        recipe: epochs, batch size, learning rate, augmentation, ...; see `Recipe`.
        run_dir: the folder to create, or `None` to keep nothing on disk.
        seed: an integer that determines the order of the images and their augmentation.
        resume: continue the run in `run_dir`, which must have been started with the same pictures,
            recipe and seed; only `epochs` may be higher.
        verbose: print the device, and show progress.
        film: a `Film`: the filters to record every `recipe.film_every` steps, and the photograph;
            by default the first 8 of each convolution, on the first photograph of the test part.
        strategy: a `tf.distribute.Strategy` in whose scope the model was made. Its devices share
            each batch, and the losses are the same as on one device. If there are several
            processes, the first one writes the run folder, and the others read its checkpoints.
            See `pk.strategies.make_strategy`.
        callbacks: `keras.callbacks.Callback`s. During the run `model.optimizer` is set. `logs` has
            `loss` and `accuracy`; after an epoch it also has `test_loss` and `test_accuracy`, and
            `val_loss` and `val_accuracy` if the data have a validation part. Callbacks start afresh
            when a run is resumed.

    Returns:
        A `History`.

    Raises:
        PetkerasError: the run folder is not empty (or, with `resume`, is missing or belongs to
            another run), another process is training there, the disk is full, the data do not fit
            the model, `film` asks for something that does not exist, the loss is not finite, the
            model was made outside `strategy`, a callback sets a learning rate that follows a
            schedule, or another process of the cluster has died.

    Example:

    >>> import petkeras as pk
    >>> data = pk.load_pets(source="sample")  # doctest: +SKIP
    >>> history = pk.train(pk.pet_net(recipe=pk.MODERN), data, pk.MODERN)  # doctest: +SKIP
    >>> history.column("test_accuracy")[-1]  # doctest: +SKIP
    0.95
    """
    check_model(model, data)
    model = unwrapped(model)
    if run_dir is not None:
        check_loadable(model)
    callbacks = check_callbacks(callbacks, recipe)
    devices.prepare_gpus()
    # A gradient and Adam's m and v, float32, for each weight.
    check_memory(3 * 4 * model.count_params(), "Training")
    film = film or Film()
    check_film(model, film)
    training = Training(model, data, recipe, seed, film, strategy, callbacks)
    if run_dir is None:
        return training.run(verbose)
    config = make_config(data, recipe, seed, model)
    config["film"] = film.filters
    if model.name != "pet_net":
        config["network"] = model.name
    config["device"] = strategies.describe(training.strategy, config["device"])
    return training.run_in_folder(run_dir, config, resume, verbose)


class Training:
    """A training loop on the devices of a strategy, with the callbacks of a run.

    Args: as in `train`.
    """

    def __init__(self, model, data, recipe, seed, film=None, strategy=None, callbacks=()):
        self.model, self.data, self.recipe, self.film = model, data, recipe, film
        self.strategy = strategy = strategy or tf.distribute.get_strategy()
        self.callbacks = callbacks
        strategies.check_scope(self.strategy, model)
        num_images, batch_size = len(data.train), recipe.batch_size
        with self.strategy.scope():
            total_steps = steps_per_epoch(data.train, recipe) * recipe.epochs
            rate = learning_rate_schedule(recipe, total_steps)
            optimizer = Adam(rate)
            optimizer.build(model.trainable_variables)

        @cache
        def batches(first_step):
            def make(parts, own):
                return shared_batches(data.train, data.mean, recipe, seed, first_step, parts, own)

            return strategies.share_batches(strategy, make)

        self.step = strategies.SharedStep(self.strategy, model, optimizer, batches(0).element_spec)
        evaluation = partial(evaluate_parts, compile_logits(model), data, recipe)
        self.loop = Loop(
            model, optimizer, self.step, batches, num_images, batch_size, recipe.epochs, evaluation
        )
        self.history = History()
        self.settings = {}

    def run_in_folder(self, run_dir, config, resume, verbose, save=None):
        """Start a run folder, or continue one, and train until the end.

        Args:
            run_dir: the folder.
            config: the contents of its `config.json`.
            resume: whether to continue the run there.
            verbose: as in `train`.
            save: saves the network, called with `(run_dir, model, mean)`; by default `save_model`.
        """
        run_dir = local_path("run_dir", run_dir)
        self.settings = {
            "seed": config["seed"],
            "image_size": config["image_size"],
            "precision": config["dtype_policy"],
            "backbone": config.get("backbone", {}).get("backbone", "none"),
        }
        state = make_state(self.model, self.loop.optimizer)
        checkpoints = Checkpoints(run_dir, **state)
        if not strategies.is_chief(self.strategy):
            with _one_line_errors(run_dir, checkpoints, self.strategy):
                with _attached(self.model, self.loop.optimizer):
                    step = checkpoints.restore(repair=False)
                self._move_to(step, state, epochs_until(run_dir, step))
                return self.history if self._is_over() else self.run(verbose=False)
        if resume:
            check_is_run(run_dir)
        with claim(run_dir, self.loop), _one_line_errors(run_dir, checkpoints, self.strategy):
            if resume:
                has_ended = continue_run(run_dir, config)
                with _attached(self.model, self.loop.optimizer):  # as when it was saved
                    step, epochs = restore(run_dir, checkpoints, self.loop.steps_per_epoch)
                self._move_to(step, state, epochs)
            else:
                start_run(run_dir, config)
                has_ended = False
            if has_ended or self._is_over():
                checkpoints.save(self.loop.steps_done, kept=1)
            else:
                self.run(verbose, run_dir, state)
                mark_stopped_early(run_dir, not self.history.interrupted and not self._is_over())
            is_saved = has_ended and (run_dir / "model.keras").exists()
            if self._is_usable() and not is_saved:
                (save or save_model)(run_dir, self.model, self.data.mean)
            return self.history

    def run(self, verbose, run_dir=None, state=None):
        """Train until the last epoch or until a callback stops it, and return the `History`.

        Args:
            verbose: as in `train`.
            run_dir: the folder to write to, or `None`.
            state: the contents of its checkpoints, as `make_state` returns them.
        """
        if verbose:
            self._print_start()
        callbacks = self._order_callbacks(verbose, run_dir, state)
        try:
            with _attached(self.model, self.loop.optimizer):
                self.loop.run(callbacks)
        finally:
            for callback in callbacks:
                if isinstance(callback, RunCallback):
                    callback.close()
                callback.set_params({})  # whoever keeps a callback need not keep the loop
        self.history.interrupted = self.loop.interrupted or not self._is_usable()
        if verbose and self.history.epochs:
            self._print_caveats()
        return self.history

    def _order_callbacks(self, verbose, run_dir, state):
        """Return all callbacks of a run: the user's after ours, the checkpoint last."""
        recipe, writing, checkpoint = self.recipe, [], []
        users_guard = any(isinstance(c, keras.callbacks.TerminateOnNaN) for c in self.callbacks)
        if run_dir is not None:
            writing = self._writing_callbacks(run_dir)
            every, minutes = recipe.checkpoint_every, recipe.checkpoint_minutes
            checkpoint = [Checkpoint(run_dir, every, minutes, writing[0].flush, state)]
        return [
            *([] if users_guard else [NonFiniteLossGuard(recipe.learning_rate)]),
            StopAtLoss(recipe.stop_loss),
            RecordHistory(run_dir and run_dir / "history.csv", self.history),
            *writing,
            *([make_progress()] if verbose else []),
            *self.callbacks,
            InterruptGuard(self.step),
            *checkpoint,
        ]

    def _writing_callbacks(self, run_dir):
        """Return the callbacks that write TensorBoard's files and the film."""
        data, recipe = self.data, self.recipe
        prepare = partial(preprocess, mean=data.mean, recipe=recipe)
        tensorboard = TensorBoard(
            run_dir, recipe.summary_every, data.test, prepare, data.class_names,
            recipe.batch_size, recipe, self.settings,
        )  # fmt: skip
        if not recipe.film_every:
            return [tensorboard]
        image = data.test.images[0]
        return [tensorboard, FilterFilm(run_dir, image, self.film, recipe.film_every, prepare)]

    def _move_to(self, step, state, epochs):
        """Make the loop start from a checkpoint's step, or from the beginning if it is `None`."""
        self.history.epochs = epochs
        if step is not None:
            self.loop.steps_done = int(state["step"])
            self.loop.sums = state["sums"].numpy().copy()
            self.loop.seconds_before = float(state["seconds"])

    def _is_over(self):
        """Return True if a resumed run has nothing left to do."""
        epochs, step = self.history.epochs, self.loop.steps_done
        ended = bool(epochs) and epochs[-1].step == step
        return ended and (step == self.loop.total_steps or epochs[-1].loss < self.recipe.stop_loss)

    def _is_usable(self):
        """Return False if a callback ended the run because its loss was not finite."""
        return math.isfinite(next(reversed(self.history.step_losses), 0.0))

    def _print_start(self):
        policy = dtype_policy_name(self.model)
        where = strategies.describe(self.strategy, devices.describe())
        print(f"Training on {where} in {policy}.", flush=True)
        if final_activation(self.model) == "softmax":
            print("The model ends in a softmax: its logits before the softmax are trained.")
        if "bfloat16" in policy and not devices.computes_bfloat16():
            print("It has no bfloat16 instructions: float32 is much faster.", flush=True)
        if done := self.loop.steps_done:
            print(f"Resuming from step {done} of {self.loop.total_steps}.", flush=True)

    def _print_caveats(self):
        labels, names = self.data.test.labels, self.data.class_names
        for caveat in find_caveats(self.history.epochs[-1].test_accuracy, labels, names):
            print(caveat, flush=True)


@contextlib.contextmanager
def _attached(model, optimizer):
    """Set `model.optimizer`, where Keras's callbacks look for it, while a model is trained.

    The old value is restored afterward, because Keras would save the optimizer with the model.
    """
    had_one, before = hasattr(model, "optimizer"), getattr(model, "optimizer", None)
    model.optimizer = optimizer
    try:
        yield
    finally:
        if had_one:
            model.optimizer = before
        else:
            del model.optimizer


@contextlib.contextmanager
def _one_line_errors(run_dir, checkpoints, strategy):
    """Turn disk, memory and cluster failures into one-line errors that say how to resume."""
    try:
        yield
    except (OSError, MemoryError, tf.errors.OpError) as error:
        ours = re.search("PetkerasError: (.*)", str(error))
        if ours:  # raised in the input pipeline, where TensorFlow wraps it in its own error
            raise PetkerasError(ours[1]) from None
        advice = f"{checkpoints.how_to_resume()}."
        if strategy.cluster_resolver and isinstance(error, strategies.LOST):
            raise PetkerasError(
                "Another process of the cluster has died or cannot be reached. Restart all "
                f"processes with the same commands. {advice}"
            ) from None
        if "No space left" in str(error):
            raise PetkerasError(f"The disk of {run_dir} is full. {advice}") from None
        if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
            raise PetkerasError(
                f"Out of memory. Lower `batch_size` or `image_size`. {advice}"
            ) from None
        raise
