"""The `petkeras` command."""
