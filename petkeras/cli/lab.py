"""`petkeras lab`: the course in JupyterLab."""

from __future__ import annotations

import re

import click

from petkeras.cli.command import Command
from petkeras.cli.options import LANG
from petkeras.cli.printing import print_line
from petkeras.language import language, message, translate, use

FOLDERS = {"en": "petkeras-notebooks", "zh_CN": "petkeras-notebooks-zh"}
# What happened to a notebook, as `copy_chapters` reports it, and the text to print.
OUTCOMES = {
    "copied": message("Copied"),
    "updated": message("Updated to petkeras's newer version"),
    "kept": message(
        "Kept with your changes (to get petkeras's version, rename yours and run this again)"
    ),
}
NO_BROWSER = message(
    "There is no browser here. In a browser, open the address that JupyterLab prints below, with "
    "its token. From another computer, first run there: ssh -L {port}:localhost:{port} THIS_MACHINE"
)
IN_CONTAINER = message(
    "There is no browser here. In a browser, open the address that JupyterLab prints below, with "
    "its token: the one with 127.0.0.1. For that, start the container with -p "
    "127.0.0.1:{port}:{port}, and in it: petkeras lab -- --ip=0.0.0.0"
)


class LabCommand(Command):
    """A command that hands on, untouched, all that follows `--`."""

    def parse_args(self, context, arguments):
        """Split the arguments at `--`, and parse those before it."""
        own, handed_on = arguments, []
        if "--" in arguments:
            place = arguments.index("--")
            own, handed_on = arguments[:place], arguments[place + 1 :]
        context.obj = handed_on
        return super().parse_args(context, own)

    def collect_usage_pieces(self, context):
        """Return the pieces of the usage line."""
        return [*super().collect_usage_pieces(context), "[-- JUPYTERLAB_OPTIONS]"]


@click.command(cls=LabCommand)
@click.argument("folder", metavar="[DIR]", type=click.Path(), required=False)
@LANG
@click.option("--copy-only", is_flag=True, help="Copy the notebooks; do not start JupyterLab.")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="JupyterLab's port. [default: 8888]")
@click.pass_obj
def lab(handed_on, folder, lang, copy_only, no_browser, port):
    """Copy the course's notebooks to DIR and open the first one in JupyterLab.

    DIR is ./petkeras-notebooks by default, or ./petkeras-notebooks-zh for the course in Chinese.
    Files that you have changed there are never overwritten. What follows -- goes to JupyterLab:
    petkeras lab -- --ip=0.0.0.0
    """
    from petkeras.course.lab import copy_chapters, has_browser, is_container, open_jupyterlab

    use(lang)
    folder = folder or FOLDERS[language()]
    outcomes = copy_chapters(folder, lang=language())
    for outcome, text in OUTCOMES.items():
        names = [name for name in outcomes if outcomes[name] == outcome]
        if names:
            click.echo(f"{translate(text)}: {', '.join(names)}")
    print_line(translate("The notebooks are in {folder}.", folder=folder))
    _warn_without_chinese_font()
    if copy_only:
        return 0
    arguments = [*([f"--port={port}"] if port else []), *handed_on]
    if no_browser or not has_browser():
        chosen = re.search(r"--(?:ServerApp\.)?port=(\d+)", " ".join(arguments))
        advice = IN_CONTAINER if is_container() else NO_BROWSER
        print_line(translate(advice, port=chosen[1] if chosen else 8888))
        arguments.insert(0, "--no-browser")
    return open_jupyterlab(folder, arguments)


def _warn_without_chinese_font():
    """Warn if the course is in Chinese and no installed font can draw it."""
    if language() == "en":
        return
    from petkeras.system.fonts import missing_letters

    if missing_letters("\u4e2d"):
        print_line(
            translate(
                "No Chinese font is installed. petkeras's own figures have English labels; those "
                "that a chapter draws itself have boxes in place of characters. Install a font, "
                "such as Noto Sans CJK, and start again."
            )
        )
