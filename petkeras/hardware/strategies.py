"""Train one network on several devices, or on several machines.

Each device sees part of every batch and holds all weights. The gradients are summed over all
devices before Adam updates anything, so the weights stay the same everywhere, and the same as on
one device.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from contextlib import contextmanager

import tensorflow as tf

from petkeras.errors import PetkerasError
from petkeras.hardware import devices
from petkeras.hardware.fast_gradients import replaced_calls
from petkeras.inspection import sample_values
from petkeras.text import one_line
from petkeras.tracing import without_softmax
from petkeras.training import train_step

KINDS = ("mirrored", "multiworker")
PORT = 12355  # of the first process that Slurm starts on a machine

# What TensorFlow raises when another process of the cluster is gone.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


def make_strategy(kind, devices=None):
    """Return a strategy for `pk.train`: all GPUs of this machine, or several machines.

    Call it before anything else starts TensorFlow. Make the model in the strategy's `scope()`.

    Args:
        kind: `"mirrored"` for the GPUs of this machine, or `"multiworker"` for all processes of a
            cluster, one per machine. The cluster is read from the environment variable
            `TF_CONFIG`, or from those that Slurm sets.
        devices: the number of devices, for `"mirrored"`; `None` means all GPUs. Without a GPU the
            CPU stands in for that many devices, which is no faster but shows how it works.

    Returns:
        A `tf.distribute.Strategy`.

    Raises:
        PetkerasError: there are not that many devices, or no cluster is described.

    Example:

    >>> import petkeras as pk
    >>> strategy = pk.strategies.make_strategy("mirrored")  # doctest: +SKIP
    >>> with strategy.scope():  # doctest: +SKIP
    ...     model = pk.pet_net(recipe=pk.MODERN, seed=0)
    >>> history = pk.train(model, data, pk.MODERN, strategy=strategy)  # doctest: +SKIP

    Reference: TensorFlow's guide "Distributed training with TensorFlow".
    """
    if kind not in KINDS:
        raise PetkerasError(f"`kind` must be {' or '.join(KINDS)}. Received: kind={kind!r}")
    if kind == "mirrored":
        return tf.distribute.MirroredStrategy(_local_devices(devices))
    if devices is not None:
        raise PetkerasError(
            "`devices` is only for the mirrored strategy: a worker uses all devices it has."
        )
    spec, task = read_cluster(os.environ)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(spec),
        task_type=task["type"],
        task_id=task["index"],
        rpc_layer="grpc",
    )
    count = sum(map(len, spec.values()))
    print(f"Process {task['type']} {task['index']} waits for all {count} processes.", flush=True)
    with _default_ctrl_c():
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)


@contextmanager
def _default_ctrl_c():
    """Let Ctrl-C end the process while TensorFlow waits in C++ and Python's handler cannot run."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _local_devices(count):
    gpus = tf.config.list_physical_devices("GPU")
    if gpus and (count or 0) > len(gpus):
        raise PetkerasError(f"Requested {count} GPUs, but only {len(gpus)} are available.")
    if gpus:
        return [f"GPU:{number}" for number in range(count or len(gpus))]
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            cpu, [tf.config.LogicalDeviceConfiguration()] * (count or 1)
        )
    except RuntimeError:  # TensorFlow has started, so their number is fixed
        available = len(tf.config.list_logical_devices("CPU"))
        if available < (count or 1):
            raise PetkerasError(
                f"TensorFlow has already started with {available} device. Request {count} devices "
                "before anything else uses TensorFlow."
            ) from None
    return [f"CPU:{number}" for number in range(count or 1)]


def read_cluster(environment):
    """Return the processes that train together, and which of them this process is.

    Args:
        environment: a dict of environment variables.

    Returns:
        A dict such as `{"worker": ["one:12355", "two:12355"]}`, and one such as
        `{"type": "worker", "index": 0}`.

    Raises:
        PetkerasError: neither `TF_CONFIG` nor Slurm's variables describe a cluster.

    Example:

    >>> from petkeras.hardware.strategies import read_cluster
    >>> slurm = {"SLURM_STEP_NODELIST": "n[1-2]", "SLURM_STEP_TASKS_PER_NODE": "1(x2)"}
    >>> read_cluster({**slurm, "SLURM_PROCID": "1"})
    ({'worker': ['n1:12355', 'n2:12355']}, {'type': 'worker', 'index': 1})

    Reference: TensorFlow's guide "Multi-worker training with Keras", section "TF_CONFIG".
    """
    if environment.get("TF_CONFIG"):
        return _read_tf_config(environment["TF_CONFIG"])
    if "SLURM_STEP_NODELIST" in environment:
        return _read_slurm(environment)
    raise PetkerasError(
        "The multiworker strategy finds no other machines: set TF_CONFIG on each of them, or start "
        'them with Slurm\'s srun. The how-to "Several GPUs, several machines" describes both.'
    )


def _read_tf_config(text):
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        address = cluster[task["type"]][int(task["index"])]
        if not set(cluster) <= {"chief", "worker"} or not re.fullmatch(r".+:\d+", address):
            raise ValueError("its cluster must list addresses such as one:12355 under 'worker'")
        return cluster, {"type": task["type"], "index": int(task["index"])}
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise PetkerasError(
            f"TF_CONFIG is not valid ({one_line(repr(error), 100)}). An example: "
            '{"cluster": {"worker": ["one:12355", "two:12355"]}, '
            '"task": {"type": "worker", "index": 0}}'
        ) from None


def _read_slurm(environment):
    from tensorflow.python.distribute.cluster_resolver import slurm_cluster_resolver as slurm

    try:
        hosts = slurm.expand_hostlist(environment["SLURM_STEP_NODELIST"])
        counts = slurm.expand_tasks_per_node(environment["SLURM_STEP_TASKS_PER_NODE"])
        workers = [
            f"{host}:{PORT + number}"
            for host, count in zip(hosts, counts, strict=True)
            for number in range(count)
        ]
        index = int(environment["SLURM_PROCID"])
        return {"worker": workers}, {"type": "worker", "index": range(len(workers))[index]}
    except (ValueError, KeyError, IndexError) as error:
        raise PetkerasError(
            f"Slurm's variables do not describe a cluster ({one_line(repr(error), 100)})."
        ) from None


def is_chief(strategy):
    """Return True if this process is the one that writes: the only one, or the cluster's first."""
    resolver = strategy and strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_id == 0


def describe(strategy, device):
    """Return a description of a strategy's devices, given the description of one."""
    count = strategy.num_replicas_in_sync
    return device if count == 1 else f"{count} devices that share each batch: {device}"


def check_scope(strategy, model):
    """Raise a PetkerasError if a strategy cannot train a model.

    Either the model was made outside the strategy's scope, or the strategy has several devices and
    XLA is to compile the step.
    """
    weight = model.variables[0].value
    if not strategy.extended.variable_created_in_scope(weight):
        raise PetkerasError(
            "The model was made outside the strategy, or in another one. Make it inside "
            "`with strategy.scope():`."
        )
    if devices.uses_xla() and strategy.num_replicas_in_sync > 1:
        raise PetkerasError(
            "`devices.use_xla()` is for one device: leave it out, or leave out `strategy`."
        )


class SharedStep:
    """Take a training step on all devices of a strategy, each on its part of the batch.

    `train_step` is compiled into a graph once. While it is traced,
    `petkeras.hardware.fast_gradients` replaces the calls of the layers that benefit, and a model
    that ends in a softmax returns its logits.

    Args:
        strategy: a `tf.distribute.Strategy`.
        model: a `keras.Model` made in the strategy's scope.
        optimizer: a Keras optimizer made in that scope.
        batch_spec: the `tf.TypeSpec`s of images, labels and weights in `share_batches`'s datasets.

    Attributes:
        is_alone: whether there is only one device.
        stop_requested: set to True to ask all processes to stop after the next step.
        stops: whether one of the processes asked to stop before the last step.
    """

    def __init__(self, strategy, model, optimizer, batch_spec):
        self.is_alone = is_alone = strategy.num_replicas_in_sync == 1
        self.stop_requested = self.stops = False

        def on_a_device(images, labels, weights, stop):
            mean = tf.reduce_mean
            if not is_alone:  # this device's share of the mean over the whole batch
                mean = lambda values: tf.reduce_sum(weights * values)  # noqa: E731
            loss, correct, gradients = train_step(model, optimizer, images, labels, mean)
            samples = [sample_values(gradient) for gradient in gradients]
            results = [tf.stack([loss, correct, stop]), samples]
            return tf.distribute.get_replica_context().all_reduce("SUM", results)

        signature = [*batch_spec, tf.TensorSpec((), tf.float32)]

        @tf.function(input_signature=signature, jit_compile=devices.uses_xla())
        def step(images, labels, weights, stop):
            with replaced_calls(model), without_softmax(model):
                results = strategy.run(on_a_device, (images, labels, weights, stop))
            return tf.nest.map_structure(
                lambda value: strategy.experimental_local_results(value)[0], results
            )

        # TensorFlow warns about a `tf.function` that is retraced often, in all runs together.
        self._step = step.get_concrete_function() if is_alone else step

    def __call__(self, images, labels, weights):
        """Return the batch's loss and accuracy, two floats, and values of each gradient."""
        results, gradients = self._step(
            images, labels, weights, tf.constant(float(self.stop_requested))
        )
        loss, correct, stop = results
        loss, correct = float(loss), float(correct)
        self.stops = not self.is_alone and float(stop) > 0
        return loss, correct, gradients


def share_batches(strategy, make):
    """Return batches in parts, one for each device of this process.

    Args:
        strategy: a `tf.distribute.Strategy`.
        make: a function that takes `(parts, own)`, as `shared_batches` does, and returns a
            `tf.data.Dataset`.
    """

    def of_this_process(context):
        here = context.num_replicas_in_sync // context.num_input_pipelines
        first = context.input_pipeline_id * here
        return make(context.num_replicas_in_sync, range(first, first + here))

    batches = strategy.distribute_datasets_from_function(of_this_process)
    gpus = tf.config.list_logical_devices("GPU")
    if gpus and isinstance(batches, tf.data.Dataset):
        return prefetch_to(gpus[0].name, batches)  # a strategy with GPUs does so by itself
    return batches


def prefetch_to(device, batches):
    """Return a `tf.data.Dataset` whose next two batches are on a device before they are needed."""
    return batches.apply(tf.data.experimental.prefetch_to_device(device, buffer_size=2))
