"""Drawn pets, for use without a network."""
