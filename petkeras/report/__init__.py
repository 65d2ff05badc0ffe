"""The figures of a run, and the page made of them."""
