"""`python -m petkeras` is the `petkeras` command."""

from petkeras.cli.launch import main

main()
