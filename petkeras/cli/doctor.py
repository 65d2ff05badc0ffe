"""`petkeras doctor`: check this machine."""

from __future__ import annotations

import click

from petkeras.cli.command import Command
from petkeras.cli.options import JSON


@click.command(cls=Command, any_backend=True)
@JSON
def doctor(as_json):
    """Check what works on this machine, and how to fix the rest."""
    from petkeras.hardware import doctor, probe

    facts = doctor.examine(probe.look())
    if as_json:
        click.echo(doctor.as_json(facts))
    else:
        colors = {doctor.OK: "green", doctor.NOTE: "yellow", doctor.PROBLEM: "red"}
        for fact in facts:
            state, rest = doctor.line(fact).split(" ", 1)
            click.echo(f"{click.style(state, fg=colors[fact.state])} {rest}")
    return 0 if doctor.can_train(facts) else 1
