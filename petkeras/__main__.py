"""Run the `petkeras` command as `python -m petkeras`."""

from petkeras.cli.main import main

main()
