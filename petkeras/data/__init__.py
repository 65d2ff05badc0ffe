"""Load pictures, split them, and turn them into batches."""
