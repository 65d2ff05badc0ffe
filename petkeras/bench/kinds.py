"""The kinds of bench: of contenders, of one step's operations, of whole trainings."""

from __future__ import annotations

from petkeras.bench import rounds
from petkeras.errors import PetkerasError

PICTURES = ("source", "breeds", "image_size", "data_dir")  # what `load_pets` takes
TASK = ("steps", "batch_size", "image_size", "device")
OF_TRAININGS = ("--breeds", "--precision", "--accuracy", "--data-dir")  # with --source alone


def check(options, given):
    """Refuse what the kind of bench that was asked for would not look at.

    Args:
        options: the command's, a dict.
        given: the flags that were typed.

    Raises:
        PetkerasError: one of them has no meaning here.
    """
    unused, why = OF_TRAININGS, "Without --source the pictures are noise"
    if options["profile"]:
        unused = ("--rounds", "--contender", *OF_TRAININGS)
        why = "With --profile one training in float32 is looked into"
    if options["source"] is not None:
        unused = ("--steps", "--batch-size", "--contender", "--profile")
        why = "With --source whole trainings are timed"
    refused = [flag for flag in given if flag in unused]
    if refused:
        raise PetkerasError(f"{why}: leave out {', '.join(refused)}.")


def make_report(options, said):
    """Measure what was asked for.

    Args:
        options: the command's, a dict.
        said: called with a line whenever something begins.

    Returns:
        A `Report`.
    """
    options = {**options, "device": rounds.choose_device(options["device"])}
    if options["source"] is not None:
        return _trainings(options, said)
    task = {name: options[name] for name in TASK}
    if options["profile"]:
        return _profile(task)
    return _contenders(options, task, said)


def _contenders(options, task, said):
    from petkeras.bench import profile, tables

    names, left_out = rounds.choose(options["contender"], task["device"])
    results, dropped = rounds.run(names, options["rounds"], task, said)
    report = tables.report(results, [*left_out, *dropped], task, rounds.work("limits", task))
    if task["device"] == "cpu":
        report.facts["profile"] = rounds.work("profile", task)
        report.parts.insert(-1, profile.part(report.facts["profile"], task))
    return report


def _profile(task):
    from petkeras.bench import profile

    if task["device"] == "gpu":
        raise PetkerasError("--profile tells a processor's operations: add '--device cpu'.")
    return profile.report(rounds.work("profile", task), task)


def _trainings(options, said):
    from petkeras import load_pets
    from petkeras.bench import accuracy

    load_pets(**{name: options[name] for name in PICTURES})  # decoded before the clock runs
    training = {
        name.replace("_", "-"): str(options[name])
        for name in (*PICTURES, "precision")
        if options[name] is not None
    }
    found = accuracy.measure(options["accuracy"], options["rounds"], training, said)
    return accuracy.report(options["accuracy"], found, training)
