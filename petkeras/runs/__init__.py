"""Run folders: train into one, read it, go on with it."""
