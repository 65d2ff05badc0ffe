"""The report of a benchmark: headings, tables and lines, for a terminal, a page or a program."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Part:
    """Hold a heading, a table (if there are columns) and the lines below it.

    A part that is `page_only` appears on a page of `docs/` but is not printed on a terminal.
    """

    title: str
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    lines: Sequence[str] = ()
    page_only: bool = False


@dataclass(frozen=True)
class Report:
    """Hold a page's title, its parts, and the same facts as a dict for `--json`."""

    title: str
    parts: list[Part]
    facts: dict

    def markdown(self):
        """Return all parts as a Markdown page."""
        blocks = [f"# {self.title}"]
        for part in self.parts:
            blocks.append(f"## {part.title}")
            if part.columns:
                rows = [part.columns, ["---"] * len(part.columns), *part.rows]
                blocks.append("\n".join("| " + " | ".join(row) + " |" for row in rows))
            if part.lines:
                blocks.append("\n".join(f"- {line}" for line in part.lines))
        return "\n\n".join(blocks)


def machine():
    """Return the device, the processor and the versions of the packages as a dict."""
    from petkeras.hardware import devices  # loads TensorFlow

    versions = {"python": platform.python_version()}
    for name in ("petkeras", "tensorflow", "keras", "numpy", "torch", "jax"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            pass
    return {
        "device": devices.describe(),
        "processor": devices.cpu_name(),
        "cores": os.cpu_count(),
        "bfloat16": devices.computes_bfloat16(),
        "versions": versions,
    }


def machine_part(facts):
    """Return what `machine` returned as a `Part` of a page."""
    has = "has" if facts["bfloat16"] else "has no"
    return Part(
        "The machine",
        lines=[
            f"Trained on {facts['device']}, which {has} instructions for bfloat16.",
            f"Processor: {facts['processor']}, {facts['cores']} cores.",
            ", ".join(f"{name} {version}" for name, version in facts["versions"].items()) + ".",
        ],
        page_only=True,
    )
