"""`python -m petkeras` is the `petkeras` command."""

from petkeras.cli import main

main()
