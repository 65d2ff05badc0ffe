"""Resume an interrupted run, or train a finished one for more epochs."""

from __future__ import annotations

from petkeras.callbacks.filters import drop_frames_after
from petkeras.callbacks.history import read_history
from petkeras.callbacks.tensorboard import drop_entries_after
from petkeras.errors import PetkerasError
from petkeras.runs.config import write_config
from petkeras.runs.run import Run

# Settings that may change when a run is resumed. The pictures are compared by digest.
MAY_CHANGE = ("epochs", "checkpoint_every", "checkpoint_minutes", "source")


def continue_run(run_dir, config):
    """Check that a run was started with a config, and adopt the config's number of epochs.

    Returns:
        Whether a callback has ended the run before, and no epochs are added.

    Raises:
        PetkerasError: the folder is not a run folder, or its run was started with other settings.
    """
    run = Run(run_dir)
    changed = find_difference(run.config, config)
    if changed:
        raise PetkerasError(
            f"{run_dir} holds a different run: {changed}. Choose another `run_dir`, or resume it "
            f"as it was started: `pk.train(..., run_dir={str(run_dir)!r}, resume=True)`."
        )
    then, now = run.recipe.epochs, config["recipe"]["epochs"]
    epochs = run.history.column("epoch")
    if epochs and now < epochs[-1]:
        raise PetkerasError(
            f"{run_dir} has already trained for {epochs[-1]} epochs, which is more than {now}."
        )
    if then != now:
        raised = [*run.config.get("epochs_before", []), then]
        write_config(run_dir, {**config, "epochs_before": raised})
    elif "layer_policies" in config:  # runs of earlier versions lack it
        policies = config["layer_policies"]
        write_config(run_dir, {**run.config, "layer_policies": policies})
    return then == now and run.config.get("stopped_early", False)


def find_difference(config, other):
    """Return the first difference between two configs that affects what a run computes.

    Returns:
        Text such as `"learning_rate is 0.001 there, not 0.01"`, or `None`.
    """
    for there, here, names in (
        (config["recipe"], other["recipe"], other["recipe"]),
        (config["data"], other["data"], {**config["data"], **other["data"]}),
        (config, other, ("seed", "dtype_policy", "deterministic", "xla", "backbone")),
    ):
        for name in names:
            if name not in MAY_CHANGE and there.get(name) != here.get(name):
                return f"{name} is {there.get(name)!r} there, not {here.get(name)!r}"
    if config["pictures"] != other["pictures"]:
        return "its pictures are different"
    return None


def restore(run_dir, checkpoints, steps_per_epoch):
    """Restore a run's newest checkpoint, and delete what the run wrote after it.

    Args:
        run_dir: the run folder, a `Path`.
        checkpoints: its `Checkpoints`.
        steps_per_epoch: the run's steps per epoch.

    Returns:
        The step of the checkpoint, `None` if the run crashed before its first one, and the list
        of `Epoch`s up to that step.

    Raises:
        PetkerasError: a finished run no longer has a checkpoint, or its history is damaged.
    """
    step = checkpoints.restore()
    if step is None and (run_dir / "model.keras").exists():
        raise PetkerasError(
            f"{run_dir} has no checkpoint to resume from: its checkpoints were deleted when "
            "training finished."
        )
    epochs, whole = epochs_until(run_dir, step), (step or 0) // steps_per_epoch
    if [epoch.epoch for epoch in epochs] != list(range(1, whole + 1)):
        raise PetkerasError(
            f"{run_dir}/history.csv is damaged: it must have the {whole} epochs up to the "
            f"checkpoint of step {step}."
        )
    last_step = -1 if step is None else step  # without a checkpoint not even step 0 is kept
    drop_entries_after(run_dir, last_step)
    drop_frames_after(run_dir, last_step)
    return step, epochs


def epochs_until(run_dir, step):
    """Return the `Epoch`s of a run up to a step; none if the step is `None`."""
    epochs = read_history(run_dir / "history.csv")
    return [epoch for epoch in epochs if step is not None and epoch.step <= step]
