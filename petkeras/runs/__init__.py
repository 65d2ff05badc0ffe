"""Run folders: train into one, read it, resume it, or repeat its run."""
