"""`petkeras bench`: how fast a training step is, beside what others make of the same network."""
