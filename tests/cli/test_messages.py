"""Library messages in the words of a command."""

import pytest

from petkeras.cli import cli
from petkeras.cli.messages import translate


@pytest.mark.parametrize(
    ("message", "translated"),
    [
        ("Lower `image_size` or `batch_size`.", "Lower '--image-size' or '--batch-size'."),
        ("Load them with `image_size=160`.", "Load them with '--image-size 160'."),
        ('`source="sample"` works offline', "'--source sample' works offline"),
        ("Set `resume=True`, or `flip=False`.", "Set '--resume', or '--no-flip'."),
        ('Use `dtype="float32"`.', "Use '--precision float32'."),
        ('only with `kind="mirrored"`', "only with '--strategy mirrored'"),
        ("`recipe` is not the run's", "'--recipe' is not the run's"),
        (
            "Recipe: `epochs` must be an integer above 0. Received: epochs=0",
            "Recipe: '--epochs' must be an integer above 0. Received: --epochs=0",
        ),
        (
            "Resume with `pk.train(..., run_dir='runs/a b', resume=True)`.",
            "Resume with 'petkeras train --resume runs/a b'.",
        ),
        (
            "`pk.train(..., run_dir=FOLDER)` makes one.",
            "'petkeras train --run-dir FOLDER' makes one.",
        ),
        ("`petkeras.data.breeds.BREEDS` lists all 37.", "'petkeras data --list' lists all 37."),
        ("leave out `strategy` or `devices.use_xla()`", "leave out '--strategy' or '--xla'"),
        (
            "`data` has 3 classes. Received: shape=(3,)",
            "`data` has 3 classes. Received: shape=(3,)",
        ),
    ],
)
def test_arguments_become_the_options_of_train(message, translated):
    assert translate(message, cli.commands["train"]) == translated


def test_what_a_command_has_no_option_for_stays_and_its_arguments_are_named_as_in_its_usage():
    evaluate = cli.commands["evaluate"]
    assert translate("Lower `image_size=8`.", evaluate) == "Lower `image_size=8`."
    assert translate("`run_dir` is a file. Received: run_dir='x'", evaluate) == (
        "RUN_DIR is a file. Received: RUN_DIR='x'"
    )
