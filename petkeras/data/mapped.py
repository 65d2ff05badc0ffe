"""Pictures that stay on disk and are indexed like a NumPy array."""

from __future__ import annotations

import numpy as np

from petkeras.errors import PetkerasError

CHUNK_BYTES = 2**24  # how much is read at a time when going through all pictures


class MappedImages:
    """Index the pictures in several files as one array, reading only those asked for.

    A file is memory-mapped only while it is read, so that pictures do not stay in memory, and a
    thousand classes do not need a thousand open files.

    Args:
        files: paths; each file holds the raw bytes of `(pictures, image_size, image_size, 3)`
            uint8.
        file_numbers: `(n,)`, for each picture the index of its file in `files`.
        rows: `(n,)`, for each picture its index within its file.
        image_size: height and width in pixels.

    Example:

    >>> import tempfile
    >>> import numpy as np
    >>> from petkeras.data.mapped import MappedImages
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     np.arange(24, dtype=np.uint8).tofile(file.name)  # two pictures of 2 x 2 pixels
    ...     images = MappedImages([file.name], file_numbers=[0, 0], rows=[1, 0], image_size=2)
    ...     images.shape, images[0].ravel().tolist(), images[[1, 0, 1]].shape
    ((2, 2, 2, 3), [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23], (3, 2, 2, 3))
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files, file_numbers, rows, image_size):
        self.files = list(files)
        self.file_numbers = np.asarray(file_numbers)
        self.rows = np.asarray(rows)
        self.shape = (len(self.rows), image_size, image_size, 3)
        self.nbytes = int(np.prod(self.shape))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        """Return the pictures at an index along the first axis, as an array.

        Args:
            index: anything NumPy accepts: an integer, a slice, integers, booleans.

        Raises:
            PetkerasError: a file is missing or truncated.
        """
        rows, file_numbers = np.asarray(self.rows[index]), np.asarray(self.file_numbers[index])
        images = np.empty((*rows.shape, *self.shape[1:]), np.uint8)
        for number in np.unique(file_numbers):
            in_file = file_numbers == number
            images[in_file] = self._read(self.files[number], rows[in_file])
        return images

    def _read(self, file, rows):
        """Return some of the pictures in a file: `(rows, size, size, 3)` uint8."""
        try:
            return np.memmap(file, np.uint8, "r").reshape(-1, *self.shape[1:])[rows]
        except (OSError, ValueError, IndexError):
            raise PetkerasError(
                f"The decoded pictures in {file} are missing or truncated. Load the data again to "
                "decode them again."
            ) from None

    def __iter__(self):
        for chunk in self._chunks():
            yield from self[chunk]

    def read(self):
        """Return all pictures as one array in memory."""
        images = np.empty(self.shape, np.uint8)
        for chunk in self._chunks():
            images[chunk] = self[chunk]
        return images

    def _chunks(self):
        """Yield slices that together cover all pictures."""
        count = max(1, CHUNK_BYTES // int(np.prod(self.shape[1:])))
        for first in range(0, len(self), count):
            yield slice(first, first + count)
