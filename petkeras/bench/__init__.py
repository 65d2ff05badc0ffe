"""`petkeras bench`: time a training step of petkeras, Keras, PyTorch and the article."""
