"""The training loop: a step under a GradientTape, epochs around it, nothing lost on the way."""

from __future__ import annotations

import math
import re
import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import keras
import tensorflow as tf

from petkeras.callbacks.checkpoint import KEPT, Checkpoints
from petkeras.callbacks.filters import Film, Recorder, check_film, drop_frames_after
from petkeras.callbacks.history import Epoch, History, read_history, write_history
from petkeras.callbacks.progress import make_progress
from petkeras.callbacks.tensorboard import Summaries, count_bars, drop_entries_after
from petkeras.data.pipeline import evaluation_batches, preprocess, shared_batches, steps_per_epoch
from petkeras.errors import PetkerasError
from petkeras.hardware import devices, strategies
from petkeras.hardware.fast import memory_in_one_piece
from petkeras.inspection import kernels, sample_values
from petkeras.losses import accuracy, softmax_cross_entropy
from petkeras.optimizers import Adam
from petkeras.recipes import Recipe
from petkeras.runs.config import make_config
from petkeras.runs.folder import check_is_run, claim, start_run
from petkeras.runs.intervals import find_caveats
from petkeras.runs.resume import go_on_with
from petkeras.runs.saving import save_model


def train_step(model, optimizer, images, labels, mean=tf.reduce_mean):
    """Show the network one batch, and move every weight a little against its gradient.

    Args:
        model: a `keras.Model` that returns logits.
        optimizer: a Keras optimizer.
        images: `(batch, size, size, 3)` float32.
        labels: `(batch, classes)` float32, one-hot.
        mean: a function from one value a picture, `(batch,)`, to the batch's mean. A device that
            sees only a part of a batch passes one that gives its share of the mean.

    Returns:
        The batch's mean loss and accuracy before the step, both float32 scalars, and the
        gradients, one for each trainable weight and of its shape.

    Reference: the article's section "Loss and optimizer".
    """
    with tf.GradientTape() as tape:
        logits = model(images, training=True)  # (B, classes)
        loss = mean(softmax_cross_entropy(labels, logits))
    gradients = tape.gradient(loss, model.trainable_variables)  # one a weight, of its shape
    optimizer.apply(gradients, model.trainable_variables)
    return loss, mean(accuracy(labels, logits)), gradients


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
):
    """Train a network, epoch by epoch, and keep all that happens in a run folder.

    Ctrl-C (or a notebook's stop button) ends the run after the step at hand: the model so far and
    a checkpoint are kept, and the same call with `resume=True` goes on where it stopped. After a
    crash it goes on from the newest checkpoint, and ends with the very weights that it would have
    ended with. A run that has ended goes on, too, if the recipe has more epochs now.

    Args:
        model: a `keras.Model` from images to logits, such as `pet_net` returns; changed in place.
        data: a `PetData`.
        recipe: epochs, batch size, learning rate, augmentation, ...; see `Recipe`.
        run_dir: a folder to be made, or `None` to keep nothing on disk.
        seed: an integer; decides the order of the pictures and their augmentation.
        resume: go on with the run that is in `run_dir`, which must have been begun with the same
            pictures, recipe and seed; only its `epochs` may be raised.
        verbose: say what is trained on, and show progress.
        film: a `Film`: the filters to keep every `recipe.film_every` steps, and the photograph;
            `None` is the first 8 of each convolution, on the first photograph of the test part.
        strategy: a `tf.distribute.Strategy` in whose scope the model was made: its devices share
            each batch, and the losses are those of one device. Of several processes the first one
            writes the run folder; the others read its checkpoints. See
            `pk.strategies.make_strategy`.

    Returns:
        A `History`.

    Raises:
        PetkerasError: the run folder is not empty (or, with `resume`, is none, or of another run),
            another training is at work there, the disk is full, the data do not fit the model,
            `film` asks for what is not there, the loss is not finite, the model was made outside
            `strategy`, or another process that trains with this one has died.

    Example:

    >>> import petkeras as pk
    >>> data = pk.load_pets(source="sample")  # doctest: +SKIP
    >>> history = pk.train(pk.pet_net(recipe=pk.MODERN), data, pk.MODERN)  # doctest: +SKIP
    >>> history.column("test_accuracy")[-1]  # doctest: +SKIP
    0.95
    """
    _check_fit(model, data)
    devices.prepare_gpus()
    # A gradient and Adam's m and v, float32, for each weight.
    devices.check_memory(3 * 4 * model.count_params(), "Training")
    film = film or Film()
    check_film(model, film)
    trainer = Trainer(model, data, recipe, run_dir, seed, film, strategy)
    if run_dir is None:
        return trainer.run(verbose)
    policy = model.layers[1].dtype_policy.name
    config = {**make_config(data, recipe, seed, policy), "film": film.filters}
    config["device"] = strategies.describe(trainer.strategy, config["device"])
    return trainer.keep_in_folder(config, resume, verbose)


def evaluate(model, pictures, mean, recipe: Recipe):
    """Return the mean loss and accuracy over pictures, without dropout, and all logits.

    Args:
        model: a `keras.Model` that returns logits.
        pictures: a `Pictures`.
        mean: `(size, size, 3)` float32, the mean image of the training part.
        recipe: gives `pixel_scale` and `batch_size`.

    Returns:
        Loss and accuracy, two floats, and the logits `(pictures, classes)` float32.
    """
    return _evaluate(_make_forward(model), pictures, mean, recipe)


def make_optimizer(recipe: Recipe, total_steps):
    """Return the recipe's Adam, its learning rate a number or a schedule over the whole run."""
    warmup = min(recipe.warmup, total_steps // 2)
    if recipe.schedule == "constant" and warmup == 0:
        return Adam(recipe.learning_rate)
    return Adam(
        keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else recipe.learning_rate,
            decay_steps=total_steps - warmup,
            alpha=1.0 if recipe.schedule == "constant" else 0.0,
            warmup_target=recipe.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    )


class Trainer:
    """Hold what a run works with: the model, its optimizer, the data, and how far it has come."""

    def __init__(self, model, data, recipe, run_dir, seed, film, strategy=None):
        self.model, self.data, self.recipe, self.seed = model, data, recipe, seed
        self.film = film
        self.strategy = strategy or tf.distribute.get_strategy()
        strategies.check_scope(self.strategy, model)
        self.run_dir = None if run_dir is None else Path(run_dir)
        self.per_epoch = steps_per_epoch(data.train, recipe)
        self.total_steps = self.per_epoch * recipe.epochs
        with self.strategy.scope():
            self.optimizer = make_optimizer(recipe, self.total_steps)
            self.optimizer.build(model.trainable_variables)
        self.history = History()
        self.step = tf.Variable(0, dtype=tf.int64)  # steps done
        self.sums = tf.Variable([0.0, 0.0, 0.0])  # this epoch's loss, accuracy and pictures
        self.seconds = tf.Variable(0.0, dtype=tf.float64)  # spent on training so far
        self.checkpoints = None
        if run_dir is not None:
            self.checkpoints = Checkpoints(
                run_dir,
                model=model,
                random=[v.value for v in model.variables if not v.trainable],  # dropout's state
                optimizer=self.optimizer,
                step=self.step,
                sums=self.sums,
                seconds=self.seconds,
            )

    def keep_in_folder(self, config, resume, verbose):
        """Begin a run folder, or go on with one, and train until the end."""
        if not strategies.is_chief(self.strategy):
            with self._errors_told_plainly():
                return self._follow()
        if resume:
            check_is_run(self.run_dir)
        with claim(self.run_dir), self._errors_told_plainly():
            if resume:
                go_on_with(self.run_dir, config)
                self.restore()
            else:
                start_run(self.run_dir, config)
            return self.run(verbose)

    def _follow(self):
        """Train along with the process that writes, from where it begins, and write nothing."""
        self.checkpoints.restore(mend=False)
        self.run_dir = None
        return self.run(verbose=False)

    @contextmanager
    def _errors_told_plainly(self):
        """Say in a line what was full, or has gone, and what is left."""
        try:
            yield
        except (OSError, MemoryError, tf.errors.OpError) as error:
            ours = re.search("PetkerasError: (.*)", str(error))
            if ours:  # of pictures on disk that are gone; TensorFlow has wrapped it in its own
                raise PetkerasError(ours[1]) from None
            left = f"{self.checkpoints.say_what_is_left()}."
            if self.strategy.cluster_resolver and isinstance(error, strategies.LOST):
                raise PetkerasError(
                    "Another process of the cluster has died or cannot be reached. Start all of "
                    f"them again, each as before. {left}"
                ) from None
            if "No space left" in str(error):
                raise PetkerasError(f"The disk of {self.run_dir} is full. {left}") from None
            if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
                raise PetkerasError(
                    f"The memory is full: lower '--batch-size' or '--image-size'. {left}"
                ) from None
            raise

    def restore(self):
        """Take up the run where its newest checkpoint has it, and drop what came after that.

        A run that died before its first checkpoint begins anew.
        """
        step = self.checkpoints.restore()
        if step is None and (self.run_dir / "model.keras").exists():
            raise PetkerasError(
                f"{self.run_dir} has no checkpoint to go on with: they were removed after its end."
            )
        step = -1 if step is None else step  # nothing is kept, not even what is written at step 0
        epochs = read_history(self.run_dir / "history.csv")
        self.history.epochs = [epoch for epoch in epochs if epoch.step <= step]
        whole = max(step, 0) // self.per_epoch
        if [epoch.epoch for epoch in self.history.epochs] != list(range(1, whole + 1)):
            raise PetkerasError(
                f"{self.run_dir}/history.csv is damaged: it must have the {whole} epochs up to its "
                f"checkpoint, that of step {step}."
            )
        drop_entries_after(self.run_dir, step)
        drop_frames_after(self.run_dir, step)

    def run(self, verbose):
        """Train until the last epoch, or until asked to stop; keep the result."""
        forward = _make_forward(self.model)
        summaries = self._open_summaries()
        recorder = self._open_recorder()
        self.started = self.saved = time.monotonic()
        self.before = float(self.seconds)
        first = self.total_steps if self._is_done() else int(self.step)
        batches = self._open_batches(first)
        step = self._compile_step(batches.element_spec)
        if verbose:
            policy = self.model.layers[1].dtype_policy.name
            where = strategies.describe(self.strategy, devices.describe())
            print(f"Training on {where} in {policy}.", flush=True)
            if "bfloat16" in policy and not devices.computes_bfloat16():
                print("It has no instructions for bfloat16: float32 is much faster.", flush=True)
            if int(self.step) > 0:
                print(f"Going on from step {int(self.step)} of {self.total_steps}.", flush=True)
        progress = make_progress(first, self.per_epoch, self.recipe.epochs, verbose)
        with progress, _ctrl_c() as ctrl_c:
            for batch in batches:
                (loss, hits, stop), gradients = step(*batch, float(ctrl_c.pressed))
                loss, hits = float(loss), float(hits)
                self._note_step(loss, hits, self._count_pictures())
                if summaries and int(self.step) % self.recipe.summary_every == 0:
                    self._write_step(summaries, forward, loss, hits, gradients)
                if recorder and int(self.step) % self.recipe.film_every == 0:
                    recorder.record(int(self.step))
                progress.step(self.sums.numpy())
                if int(self.step) % self.per_epoch == 0:
                    self._end_epoch(forward, summaries, progress)
                if self._is_done():
                    break
                if stop or self._is_asked_to_stop(ctrl_c):
                    self.history.interrupted = True
                    break
                if self.run_dir and self._is_time_for_checkpoint():
                    self._save_checkpoint(summaries)
        if recorder and not self.history.interrupted:
            recorder.record(int(self.step))
        if self.run_dir:
            self._save_checkpoint(summaries, kept=1)
            self.save_model()
            summaries.close()
        if verbose and self.history.epochs:
            self._say_caveats()
        return self.history

    def _open_batches(self, first):
        def make(parts, own):
            data, recipe = self.data, self.recipe
            return shared_batches(data.train, data.mean, recipe, self.seed, first, parts, own)

        return strategies.share_batches(self.strategy, make)

    def _say_caveats(self):
        labels, names = self.data.test.labels, self.data.class_names
        for caveat in find_caveats(self.history.epochs[-1].test_accuracy, labels, names):
            print(caveat, flush=True)

    def _compile_step(self, batch_spec):
        """Return `train_step` as a graph: on each device for its part, the results added up."""
        alone = self.strategy.num_replicas_in_sync == 1

        def on_a_device(images, labels, weights, stop):
            mean = tf.reduce_mean if alone else lambda values: tf.reduce_sum(weights * values)
            loss, hits, gradients = train_step(self.model, self.optimizer, images, labels, mean)
            results = [
                tf.stack([loss, hits, stop]),
                [sample_values(gradient) for gradient in gradients],
            ]
            return tf.distribute.get_replica_context().all_reduce("SUM", results)

        signature = [*batch_spec, tf.TensorSpec((), tf.float32)]

        @tf.function(input_signature=signature, jit_compile=devices.uses_xla())
        def step(images, labels, weights, stop):
            with memory_in_one_piece():
                everywhere = self.strategy.run(on_a_device, (images, labels, weights, stop))
            return tf.nest.map_structure(
                lambda value: self.strategy.experimental_local_results(value)[0], everywhere
            )

        return step

    def _count_pictures(self):
        """Count the pictures of the batch that is next: the last of an epoch may be smaller."""
        place = int(self.step) % self.per_epoch * self.recipe.batch_size
        return min(self.recipe.batch_size, len(self.data.train) - place)

    def _is_asked_to_stop(self, ctrl_c):
        """Tell whether Ctrl-C was pressed here; of several processes, all stop one step later."""
        return ctrl_c.pressed and self.strategy.num_replicas_in_sync == 1

    def _open_summaries(self):
        if self.run_dir is None:
            return None
        summaries = Summaries(self.run_dir)
        if int(self.step) == 0:
            summaries.write_graph(self.model)
            summaries.write_recipe(self.recipe, self.data)
        return summaries

    def _open_recorder(self):
        if self.run_dir is None or self.recipe.film_every == 0:
            return None
        if int(self.step) > 0 and not (self.run_dir / "evolution" / "film.json").exists():
            return None  # it was removed: from the middle on it would be no film
        recorder = Recorder(
            self.run_dir,
            self.model,
            self.film,
            self.data.test.images[0],
            lambda images: preprocess(images, self.data.mean, self.recipe),
        )
        if int(self.step) == 0:
            recorder.record(0)
        return recorder

    def _note_step(self, loss, hits, count):
        self.step.assign_add(1)
        if not math.isfinite(loss):
            raise PetkerasError(
                f"The loss became {loss} at step {int(self.step)} and the run was stopped. Try a "
                f"lower '--learning-rate' (it was {self.recipe.learning_rate:g}), a longer "
                "'--warmup', or '--precision float32'."
            )
        self.history.step_losses.append(loss)
        self.sums.assign_add([loss * count, hits * count, count])

    def _write_step(self, summaries, forward, loss, hits, gradients):
        """Write the batch just seen, and a fifth as many test pictures, to TensorBoard.

        They are the next ones each time. As many as a batch has would make training 5% slower.
        """
        step = int(self.step)
        now = [(name, count_bars(values)) for name, values in kernels(self.model)]
        summaries.write_step("train", step, loss, hits, now)
        summaries.write_gradients(step, self.model, gradients)
        test, size = self.data.test, math.ceil(self.recipe.batch_size / 5)
        place = (step // self.recipe.summary_every - 1) * size % len(test)
        batch = replace(
            test,
            images=test.images[place : place + size],
            labels=test.labels[place : place + size],
        )
        test_loss, test_hits, _ = _evaluate(forward, batch, self.data.mean, self.recipe)
        summaries.write_step("test", step, test_loss, test_hits, now)

    def _end_epoch(self, forward, summaries, progress):
        loss, hits, count = self.sums.numpy().tolist()
        test = self.data.test
        test_loss, test_hits, logits = _evaluate(forward, test, self.data.mean, self.recipe)
        epoch = Epoch(
            epoch=int(self.step) // self.per_epoch,
            step=int(self.step),
            loss=loss / count,
            accuracy=hits / count,
            test_loss=test_loss,
            test_accuracy=test_hits,
            seconds=self._elapsed(),
        )
        self.history.epochs.append(epoch)
        self.sums.assign([0.0, 0.0, 0.0])
        progress.epoch(epoch)
        if summaries:
            summaries.write_epoch("train", epoch.step, epoch.loss, epoch.accuracy)
            summaries.write_epoch("test", epoch.step, epoch.test_loss, epoch.test_accuracy)
            if _is_power_of_two(epoch.epoch) or epoch.epoch == self.recipe.epochs:
                x = preprocess(test.images[:1], self.data.mean, self.recipe)
                summaries.write_pictures(epoch.step, self.model, x)
                summaries.write_confusion(epoch.step, test.labels, logits, self.data.class_names)
            write_history(self.run_dir / "history.csv", self.history.epochs)

    def _is_done(self):
        """Tell whether the last epoch has ended, or one with a loss that is low enough."""
        ended = bool(self.history.epochs) and self.history.epochs[-1].step == int(self.step)
        low = ended and self.history.epochs[-1].loss < self.recipe.stop_loss
        return low or int(self.step) == self.total_steps

    def _elapsed(self):
        return self.before + time.monotonic() - self.started

    def _is_time_for_checkpoint(self):
        every, minutes = self.recipe.checkpoint_every, self.recipe.checkpoint_minutes
        by_steps = every > 0 and int(self.step) % every == 0
        return by_steps or 0 < minutes * 60 <= time.monotonic() - self.saved

    def _save_checkpoint(self, summaries, kept=KEPT):
        summaries.flush()  # a run that goes on takes what is up to its checkpoint for written
        self.seconds.assign(self._elapsed())
        self.checkpoints.save(int(self.step), kept)
        self.saved = time.monotonic()

    def save_model(self):
        """Write the network as it is to the run folder."""
        save_model(self.run_dir, self.model, self.data.mean)


def _is_power_of_two(number):
    return number & (number - 1) == 0


def _make_forward(model):
    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.float32)])
    def forward(images):
        return model(images, training=False)

    return forward


def _evaluate(forward, pictures, mean, recipe):
    logits = tf.concat(
        [forward(images) for images in evaluation_batches(pictures, mean, recipe)], axis=0
    )  # (pictures, classes)
    loss = tf.reduce_mean(softmax_cross_entropy(pictures.labels, logits))
    hits = tf.reduce_mean(accuracy(pictures.labels, logits))
    return float(loss), float(hits), logits.numpy()


def _check_fit(model, data):
    wanted = (model.input_shape[1:], model.output_shape[1:])
    there = (data.mean.shape, (len(data.class_names),))
    if wanted != there:
        raise PetkerasError(
            f"The model takes images {wanted[0]} and tells {wanted[1][0]} classes apart, but the "
            f"data have images {there[0]} of {there[1][0]} classes. Make the model with "
            "pet_net(num_classes=..., image_size=...) to fit."
        )


class _CtrlC:
    pressed = False


@contextmanager
def _ctrl_c():
    """Note Ctrl-C instead of breaking off in the middle of a step; a second one does break off."""
    state = _CtrlC()

    def note(*_):
        state.pressed = True
        signal.signal(signal.SIGINT, before)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread: signals go elsewhere
        yield state
        return
    try:
        yield state
    finally:
        signal.signal(signal.SIGINT, before)
