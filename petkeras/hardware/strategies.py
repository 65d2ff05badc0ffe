"""Several devices, or several machines, that train one network together.

Each device sees a part of every batch, and has all weights. The gradients are added up over all
devices before Adam moves anything, so that the weights stay the same everywhere, and the same as on
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
from petkeras.text import one_line

KINDS = ("mirrored", "multiworker")
PORT = 12355  # of the first process on a machine that Slurm has started

# What TensorFlow raises when another process has gone.
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


def make_strategy(kind, devices=None):
    """Return a strategy for `pk.train`: on all GPUs of this machine, or on several machines.

    To be called before anything else has made TensorFlow start. The model must be made within the
    strategy's `scope()`.

    Args:
        kind: `"mirrored"`: this machine's GPUs. `"multiworker"`: all processes of a cluster, one
            a machine; which they are is read from the environment variable `TF_CONFIG`, or from
            those that Slurm sets.
        devices: of `"mirrored"`, how many devices; `None` is all GPUs. Without a GPU the processor
            is taken for so many devices, which is no faster, but shows how it works.

    Returns:
        A `tf.distribute.Strategy`.

    Raises:
        PetkerasError: there are not so many devices, or no cluster is described.

    Example:

    >>> import petkeras as pk
    >>> strategy = pk.strategies.make_strategy("mirrored")  # doctest: +SKIP
    >>> with strategy.scope():  # doctest: +SKIP
    ...     model = pk.pet_net(recipe=pk.MODERN, seed=0)
    >>> history = pk.train(model, data, pk.MODERN, strategy=strategy)  # doctest: +SKIP

    Reference: TensorFlow's guide "Distributed training with TensorFlow".
    """
    if kind not in KINDS:
        raise PetkerasError(f"`strategy` must be {' or '.join(KINDS)}. Received: {kind!r}")
    if kind == "mirrored":
        return tf.distribute.MirroredStrategy(_local_devices(devices))
    if devices is not None:
        raise PetkerasError("'--devices' is for '--strategy mirrored': a worker takes all it has.")
    spec, task = read_cluster(os.environ)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(spec),
        task_type=task["type"],
        task_id=task["index"],
        rpc_layer="grpc",
    )
    count = sum(map(len, spec.values()))
    print(f"Process {task['type']} {task['index']} waits for all {count} of them.", flush=True)
    with _ctrl_c_ends_it():
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)


@contextmanager
def _ctrl_c_ends_it():
    """Let Ctrl-C end the process while TensorFlow waits for others, deaf to Python's handler."""
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
        raise PetkerasError(f"There are {len(gpus)} GPUs, not {count}.")
    if gpus:
        return [f"GPU:{number}" for number in range(count or len(gpus))]
    processor = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(
            processor, [tf.config.LogicalDeviceConfiguration()] * (count or 1)
        )
    except RuntimeError:  # TensorFlow has started: there are as many as there are
        there = len(tf.config.list_logical_devices("CPU"))
        if there < (count or 1):
            raise PetkerasError(
                f"TensorFlow has started with {there} device; {count} must be asked for before "
                "anything else is done with it."
            ) from None
    return [f"CPU:{number}" for number in range(count or 1)]


def read_cluster(environment):
    """Return who trains together, and which of them this process is.

    Args:
        environment: a dict of environment variables.

    Returns:
        A dict such as `{"worker": ["one:12355", "two:12355"]}`, and one such as
        `{"type": "worker", "index": 0}`.

    Raises:
        PetkerasError: neither `TF_CONFIG` nor Slurm's variables tell.

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
        "'--strategy multiworker' finds no other machines: set TF_CONFIG on each of them, or start "
        'it with Slurm\'s srun. The how-to "Several GPUs, several machines" has both.'
    )


def _read_tf_config(text):
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        address = cluster[task["type"]][int(task["index"])]
        if not set(cluster) <= {"chief", "worker"} or not re.fullmatch(r".+:\d+", address):
            raise ValueError("its cluster must have addresses such as one:12355 of 'worker'")
        return cluster, {"type": task["type"], "index": int(task["index"])}
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise PetkerasError(
            f"TF_CONFIG is not as it must be ({one_line(repr(error), 100)}). An example: "
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
            f"Slurm's variables do not tell who trains together ({one_line(repr(error), 100)})."
        ) from None


def is_chief(strategy):
    """Tell whether this process is the one that writes: the only one, or the cluster's first."""
    resolver = strategy and strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return resolver.task_type == "chief"
    return resolver.task_id == 0


def describe(strategy, device):
    """Name what a strategy computes on, given what one device is called."""
    count = strategy.num_replicas_in_sync
    return device if count == 1 else f"{count} devices that share each batch: {device}"


def check_scope(strategy, model):
    """Raise a PetkerasError if a model was made outside the strategy that is to train it.

    Or if the strategy has several devices, and XLA is to compile the step.
    """
    weight = model.variables[0].value
    if not strategy.extended.variable_created_in_scope(weight):
        raise PetkerasError(
            "The model was made without the strategy, or with another one: make it within "
            "`with strategy.scope():`."
        )
    if devices.uses_xla() and strategy.num_replicas_in_sync > 1:
        raise PetkerasError("'--xla' is for one device: leave out '--strategy', or '--xla'.")


def share_batches(strategy, make):
    """Return batches in parts, one for each device here.

    Args:
        strategy: a `tf.distribute.Strategy`.
        make: a function `(parts, own)` as `shared_batches` has them, to a `tf.data.Dataset`.
    """

    def of_this_process(context):
        here = context.num_replicas_in_sync // context.num_input_pipelines
        first = context.input_pipeline_id * here
        return make(context.num_replicas_in_sync, range(first, first + here))

    batches = strategy.distribute_datasets_from_function(of_this_process)
    gpus = tf.config.list_logical_devices("GPU")
    if gpus and isinstance(batches, tf.data.Dataset):
        return prefetch_to(gpus[0].name, batches)  # a strategy of GPUs does so by itself
    return batches


def prefetch_to(device, batches):
    """Have the next two batches of a `tf.data.Dataset` on a device before they are asked for."""
    return batches.apply(tf.data.experimental.prefetch_to_device(device, buffer_size=2))
