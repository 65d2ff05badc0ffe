"""`python -m petkeras` is the `petkeras` command."""

from petkeras.start import main

main()
