"""Go on with a run that was interrupted, or that is given more epochs."""

from __future__ import annotations

from petkeras.errors import PetkerasError
from petkeras.runs.config import write_config
from petkeras.runs.run import Run

# What may be different when a run goes on; of the pictures, a digest is compared, not their place.
MAY_CHANGE = ("epochs", "checkpoint_every", "checkpoint_minutes", "source")


def go_on_with(run_dir, config):
    """Check that a run was begun with a config, and let its epochs be those of the config.

    Raises:
        PetkerasError: the folder is no run folder, or its run was begun with something else.
    """
    run = Run(run_dir)
    changed = difference(run.config, config)
    if changed:
        raise PetkerasError(
            f"{run_dir} is of another run: {changed}. Name another '--run-dir', or go on as it was "
            f"begun with '--resume {run_dir}'."
        )
    then, now = run.recipe.epochs, config["recipe"]["epochs"]
    epochs = run.history.column("epoch")
    if epochs and now < epochs[-1]:
        raise PetkerasError(f"{run_dir} has trained for {epochs[-1]} epochs already, not {now}.")
    if then != now:
        raised = [*run.config.get("epochs_before", []), then]
        write_config(run_dir, {**config, "epochs_before": raised})


def difference(one, other):
    """Name the first thing in which two configs differ that decides what a run computes.

    Returns:
        Such as `"learning_rate is 0.001 there, not 0.01"`, or `None`.
    """
    for there, here, names in (
        (one["recipe"], other["recipe"], other["recipe"]),
        (one["data"], other["data"], other["data"]),
        (one, other, ("seed", "dtype_policy", "deterministic", "xla", "backbone")),
    ):
        for name in names:
            if name not in MAY_CHANGE and there.get(name) != here.get(name):
                return f"{name} is {there.get(name)!r} there, not {here.get(name)!r}"
    if one["pictures"] != other["pictures"]:
        return "its pictures were others"
    return None
