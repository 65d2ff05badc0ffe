"""Read a run folder: what a training run leaves behind."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from petkeras.callbacks.history import History, read_history
from petkeras.data.pictures import decode, read_file
from petkeras.data.pipeline import preprocess
from petkeras.errors import PetkerasError
from petkeras.runs.config import read_config
from petkeras.runs.folder import check_is_run
from petkeras.runs.loading import load_model
from petkeras.runs.precision import compute_in_float32, mixed_policies
from petkeras.system.files import local_path, read_array
from petkeras.text import one_line
from petkeras.tracing import compute_logits


def read_photograph(file, image_size):
    """Return a photograph as `(image_size, image_size, 3)` uint8: upright, in color, square.

    Raises:
        PetkerasError: the file is missing, or is not a picture.
    """
    file = local_path("file", file)
    try:
        return decode(read_file(file), image_size)[0]
    except ValueError as error:
        raise PetkerasError(f"{file} cannot be used: {error}.") from None


class Run:
    """A run folder, read from disk.

    Args:
        run_dir: the folder.

    Attributes:
        config: the contents of `config.json`.
        class_names: the breeds, in the order of the model's outputs.
        recipe: the `Recipe`.
        trained_policies: a dict from names of layers to their dtype policies in training, for
            layers in mixed precision.

    Raises:
        PetkerasError: the folder is not a run folder, or one of its files is damaged.

    Example:

    >>> import petkeras as pk
    >>> run = pk.Run("runs/real")  # doctest: +SKIP
    >>> run.history.column("test_accuracy")[-1]  # doctest: +SKIP
    0.95
    >>> run.predict(["photo1.jpg"])  # doctest: +SKIP
    array([[0.9871, 0.0129]], dtype=float32)
    """

    def __init__(self, run_dir):
        self.run_dir = local_path("run_dir", run_dir)
        check_is_run(self.run_dir)
        self.config, self.recipe = read_config(self.run_dir / "config.json")
        self.class_names = tuple(self.config["class_names"])
        self.trained_policies = self.config.get("layer_policies", {})
        self._model = None

    @property
    def model(self):
        """The trained `keras.Model`, loaded safely when it is first used.

        It computes in float32, even if it was trained in mixed precision.
        """
        if self._model is None:
            file = self._file("model.keras")
            model = load_model(file)
            if not self._fits(model):
                size = self.config["image_size"]
                raise PetkerasError(
                    f"{file} belongs to another run: config.json describes a network for "
                    f"{len(self.class_names)} classes and pictures of {size} x {size} pixels."
                )
            # Earlier versions of petkeras saved the layers' policies in the file.
            self.trained_policies = mixed_policies(model) or self.trained_policies
            compute_in_float32(model)
            self._model = model
        return self._model

    def _fits(self, model):
        if (len(model.inputs), len(model.outputs)) != (1, 1) or len(model.input_shape) != 4:
            return False
        batch, height, width, colors = model.input_shape
        sides = {height, width} <= {None, self.config["image_size"]}  # None: of any size
        classes = (None, len(self.class_names))
        return (batch, colors, model.output_shape) == (None, 3, classes) and sides

    @property
    def mean(self):
        """The mean image of the training part, `(size, size, 3)` float32."""
        size = self.config["image_size"]
        return read_array(self._file("mean.npy"), (size, size, 3), np.float32)

    @property
    def history(self):
        """The run's `History`, as recorded in `history.csv`."""
        epochs = read_history(self.run_dir / "history.csv")
        finished = self.config.get("stopped_early", False) or (
            bool(epochs)
            and (epochs[-1].epoch >= self.recipe.epochs or epochs[-1].loss < self.recipe.stop_loss)
        )
        return History(epochs, interrupted=not finished)

    def predict(self, files):
        """Return each photograph's probability of each class.

        The photographs go through the network one at a time, so that a result does not depend on
        the other photographs.

        Args:
            files: paths of pictures.

        Returns:
            `(files, classes)` float32; each row sums to 1.

        Raises:
            PetkerasError: a file is missing, or is not a picture.
        """
        images = self.read(files)  # (files, size, size, 3) uint8
        mean = self.mean
        rows = []
        for image in images:
            x = preprocess(image[None], mean, self.recipe)  # (1, size, size, 3)
            logits = compute_logits(self.model, x)  # (1, classes)
            rows.append(tf.nn.softmax(logits)[0].numpy())
        if not np.isfinite(rows).all():
            raise PetkerasError(
                f"{self.run_dir}/model.keras returns values that are not finite: its weights are "
                "damaged."
            )
        return np.array(rows, np.float32).reshape(-1, len(self.class_names))

    def read(self, files):
        """Read photographs as the network sees them: upright, in color, squashed to squares.

        Args:
            files: paths of pictures.

        Returns:
            `(files, size, size, 3)` uint8.

        Raises:
            PetkerasError: a file is missing, or is not a picture.
        """
        size = self.config["image_size"]
        return np.array([read_photograph(file, size) for file in files], np.uint8).reshape(
            -1, size, size, 3
        )

    def preprocess(self, images):
        """Return the network's input, `(n, size, size, 3)` float32, for uint8 images."""
        return preprocess(images, self.mean, self.recipe)

    def filmed_photograph(self):
        """Return the filmed photograph, for want of the run's pictures: `(size, size, 3)` uint8.

        Raises:
            PetkerasError: there is none, or it is damaged.
        """
        size = self.config["image_size"]
        file = self.run_dir / "evolution" / "photograph.npy"
        try:
            return read_array(file, (size, size, 3), np.uint8)
        except PetkerasError:
            raise PetkerasError(
                f"The pictures that {one_line(self.run_dir)} was trained on were not found. "
                "Name a photograph in `photographs`."
            ) from None

    def _file(self, name):
        file = self.run_dir / name
        if not file.is_file():
            raise PetkerasError(
                f"{self.run_dir} has no {name} yet: training was stopped before it was saved. "
                f"Resume with `pk.train(..., run_dir={str(self.run_dir)!r}, resume=True)`."
            )
        return file
