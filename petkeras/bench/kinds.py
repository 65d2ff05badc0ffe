"""The kinds of benchmark: contenders, one step's operations, or whole trainings."""

from __future__ import annotations

from petkeras.bench import rounds
from petkeras.errors import PetkerasError

PICTURES = ("source", "breeds", "image_size", "data_dir")  # arguments of `load_pets`
TASK = ("steps", "batch_size", "image_size", "device")
OF_TRAININGS = ("breeds", "precision", "accuracy", "data_dir")  # only with `source`


def check(options, given):
    """Refuse options that the requested kind of benchmark would ignore.

    Args:
        options: the command's options, a dict.
        given: the names of the options that the user set.

    Raises:
        PetkerasError: one of them does not apply.
    """
    unused, why = OF_TRAININGS, "Without `source` the pictures are noise"
    if options["profile"]:
        unused = ("rounds", "contender", *OF_TRAININGS)
        why = "With `profile` a single training in float32 is measured"
    if options["source"] is not None:
        unused = ("steps", "batch_size", "contender", "profile")
        why = "With `source` whole trainings are timed"
    refused = [f"`{name}`" for name in given if name in unused]
    if refused:
        raise PetkerasError(f"{why}: leave out {', '.join(refused)}.")


def make_report(options, say):
    """Run the requested benchmark.

    Args:
        options: the command's options, a dict.
        say: called with a line whenever a measurement begins.

    Returns:
        A `Report`.
    """
    options = {**options, "device": rounds.choose_device(options["device"])}
    if options["source"] is not None:
        return _trainings(options, say)
    task = {name: options[name] for name in TASK}
    if options["profile"]:
        return _profile(task)
    return _contenders(options, task, say)


def _contenders(options, task, say):
    from petkeras.bench import profile, tables

    names, left_out = rounds.choose(options["contender"], task["device"])
    results, failed = rounds.run(names, options["rounds"], task, say)
    report = tables.report(results, [*left_out, *failed], task, rounds.work("limits", task))
    if task["device"] == "cpu":
        report.facts["profile"] = rounds.work("profile", task)
        report.parts.insert(-1, profile.part(report.facts["profile"], task))
    return report


def _profile(task):
    from petkeras.bench import profile

    if task["device"] == "gpu":
        raise PetkerasError('`profile` covers only a CPU\'s operations: add `device="cpu"`.')
    return profile.report(rounds.work("profile", task), task)


def _trainings(options, say):
    from petkeras import load_pets
    from petkeras.bench import accuracy

    load_pets(**{name: options[name] for name in PICTURES})  # decoded before the clock starts
    training = {
        name.replace("_", "-"): str(options[name])
        for name in (*PICTURES, "precision")
        if options[name] is not None
    }
    found = accuracy.measure(options["accuracy"], options["rounds"], training, say)
    return accuracy.report(options["accuracy"], found, training)
