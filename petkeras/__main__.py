"""Run the `petkeras` command as `python -m petkeras`."""

from petkeras.cli.launch import main

main()
