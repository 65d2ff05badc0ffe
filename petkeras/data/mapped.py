"""Pictures that stay on disk, and are indexed as an array in memory is."""

from __future__ import annotations

import numpy as np

from petkeras.errors import PetkerasError

AT_ONCE = 2**24  # bytes that are read at a time where all pictures are gone through


class Mapped:
    """Index pictures in files on disk as one array, of which only what is asked for is read.

    A file is mapped into memory for the moment of a read only: neither does what was read stay in
    memory, nor are a thousand classes a thousand open files.

    Args:
        files: paths; each holds `(its pictures, image_size, image_size, 3)` uint8, bare.
        numbers: `(n,)` the number of the file in which each picture is.
        rows: `(n,)` the place that each picture has in its file.
        image_size: height and width in pixels.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from petkeras.data.mapped import Mapped
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     np.arange(24, dtype=np.uint8).tofile(file.name)  # two pictures of 2 x 2 pixels
    ...     images = Mapped([file.name], numbers=[0, 0], rows=[1, 0], image_size=2)
    ...     images.shape, images[0].ravel().tolist(), images[[1, 0, 1]].shape
    ((2, 2, 2, 3), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23], (3, 2, 2, 3))
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files, numbers, rows, image_size):
        self.files = list(files)
        self.numbers = np.asarray(numbers)
        self.rows = np.asarray(rows)
        self.picture_shape = (image_size, image_size, 3)

    @property
    def shape(self):
        """`(n, image_size, image_size, 3)`."""
        return (len(self), *self.picture_shape)

    @property
    def nbytes(self):
        """How many bytes they would take in memory."""
        return len(self) * int(np.prod(self.picture_shape))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        """Return an array of the pictures that an index along the first axis chooses.

        Args:
            index: whatever NumPy takes there: an integer, a slice, integers, booleans.

        Raises:
            PetkerasError: a file is gone, or cut short.
        """
        rows, numbers = np.asarray(self.rows[index]), np.asarray(self.numbers[index])
        images = np.empty((*rows.shape, *self.picture_shape), np.uint8)
        for number in np.unique(numbers):
            here = numbers == number
            images[here] = self._read(self.files[number], rows[here])
        return images

    def _read(self, file, rows):
        """Return some of the pictures in a file, `(rows, size, size, 3)`."""
        try:
            return np.memmap(file, np.uint8, "r").reshape(-1, *self.picture_shape)[rows]
        except (OSError, ValueError, IndexError):
            raise PetkerasError(
                f"The decoded pictures in {file} are gone, or cut short. Load them again: they "
                "are decoded anew."
            ) from None

    def __iter__(self):
        for some in self._slices():
            yield from self[some]

    def read(self):
        """Return all of them as one array in memory."""
        images = np.empty(self.shape, np.uint8)
        for some in self._slices():
            images[some] = self[some]
        return images

    def _slices(self):
        """Yield slices that go through all pictures, few enough at a time."""
        count = max(1, AT_ONCE // int(np.prod(self.picture_shape)))
        for first in range(0, len(self), count):
            yield slice(first, first + count)
