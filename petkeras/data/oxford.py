"""The Oxford-IIIT Pet dataset, by tensorflow-datasets: downloaded, or from archives on disk."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import logging
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from petkeras.data import archives
from petkeras.data.breeds import BREEDS
from petkeras.data.locks import turn
from petkeras.data.pictures import Photograph, Problem
from petkeras.errors import PetkerasError
from petkeras.system.tensorflow import muted_stderr
from petkeras.text import one_line, printable

WAYS_OUT = (
    "Ways out: '--source sample' draws pets offline; '--source FOLDER' takes a folder that holds "
    "images.tar.gz and annotations.tar.gz, or one sub-folder of pictures per class."
)


CONTENTS = "contents.json"  # written last, so that it stands for a whole preparation


class OxfordPets:
    """Read the photographs out of a prepared tensorflow-datasets builder.

    Args:
        builder: a prepared builder of `oxford_iiit_pet`.
        key: a name for these very files, for the cache of decoded pictures.
        class_names: the breeds that there are, in the dataset's order.
        problems: what was wrong with the files.
    """

    def __init__(self, builder, key, class_names=BREEDS, problems=()):
        self.builder = builder
        self.key = key
        self.class_names = tuple(class_names)
        self.problems = list(problems)

    def photographs(self, class_names):
        """Yield the `Photograph`s of some classes, of both official splits together."""
        for example in _examples(self.builder, ("image", "label", "file_name")):
            class_name = BREEDS[example["label"]]
            if class_name in class_names:
                yield Photograph(example["file_name"].decode(), class_name, example["image"])

    def annotations(self, names):
        """Yield (name, trimap as the bytes of a PNG, head box `(4,)`) of some pictures.

        A box is (top, left, bottom, right) as fractions of the picture; all 0 where there is none.
        """
        for example in _examples(self.builder, ("file_name", "segmentation_mask", "head_bbox")):
            name = example["file_name"].decode()
            if name in names:
                yield name, example["segmentation_mask"], example["head_bbox"]

    def class_key(self, class_name):
        """Return the name under which the decoded pictures of a class are kept."""
        return f"{self.key}/{class_name}"


def _examples(builder, features):
    """Yield the wanted features of every example of both splits, images as their bytes."""
    tfds = _tfds()
    pictures = {"image", "segmentation_mask"} & set(features)
    decoders = {feature: tfds.decode.SkipDecoding() for feature in pictures}
    partial = tfds.decode.PartialDecoding(dict.fromkeys(features, True), decoders=decoders)
    splits = "+".join(sorted(builder.info.splits))
    damage = _damage()  # now, as a generator may be closed while Python shuts down
    try:
        yield from builder.as_dataset(split=splits, decoders=partial).as_numpy_iterator()
    except damage as error:
        raise PetkerasError(
            f"The prepared pictures in {builder.data_dir} are damaged ({one_line(error)}). Remove "
            "that folder, and they are prepared anew."
        ) from None


def _damage():
    """Return what TensorFlow raises over files that are damaged or gone."""
    from tensorflow import errors

    return errors.DataLossError, errors.NotFoundError


def open_download(data_dir: Path):
    """Return the published dataset, downloaded once and checked by checksum.

    Raises:
        PetkerasError: it cannot be downloaded, has a wrong checksum, or the disk is full. What was
            half-made is removed.
    """
    builder = _builder(data_dir)
    if not builder.is_prepared():
        try:
            with turn(data_dir, "oxford", "the Oxford-IIIT Pet dataset"):
                builder = _builder(data_dir)  # another process may just have prepared it
                if not builder.is_prepared():
                    _download_or_remove(builder, data_dir)
        except OSError as error:
            raise _disk_error(error, data_dir) from error
    return OxfordPets(builder, key=f"oxford-{builder.version}")


def _download_or_remove(builder, data_dir):
    """Download, or keep only what has come whole, and say in one line what went wrong."""
    try:
        _download(builder, data_dir / "downloads")
    except BaseException as error:
        _remove_half_made(data_dir)
        if not isinstance(error, Exception):
            raise  # Ctrl-C: an archive that has come whole is kept
        raise _explain(error, data_dir) from error


def _download(builder, downloads):
    """Download, check, unpack and prepare.

    Each try unpacks into a folder of its own. When one archive fails, tensorflow-datasets goes on
    unpacking the other in the background: what that leaves must not be taken for whole.
    """
    downloads.mkdir(parents=True, exist_ok=True)
    for left in list(downloads.glob("incomplete-*")):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with (
        _few_retries(),
        tempfile.TemporaryDirectory(
            prefix="incomplete-", dir=downloads, ignore_cleanup_errors=True
        ) as unpacked,
    ):
        config = _tfds().download.DownloadConfig(extract_dir=unpacked)
        builder.download_and_prepare(download_config=config)


def open_archives(folder: Path, data_dir: Path):
    """Return the dataset as made from the two archives in `folder`, without the network.

    Raises:
        PetkerasError: an archive is missing or damaged, or the disk is full.
    """
    for name in archives.NAMES:
        if not (folder / name).is_file():
            raise PetkerasError(f"{printable(folder)} has no {name}. Both archives are needed.")
    key = "archives-" + _fingerprint(folder)
    home = data_dir / "petkeras" / key
    prepared = _prepared(home)
    if prepared is None:
        try:
            with turn(data_dir, key, f"the pictures of {printable(folder)}"):
                prepared = _prepared(home)  # another process may just have prepared them
                if prepared is None:
                    _prepare_or_remove(folder, home)
                    prepared = _prepared(home)
        except Exception as error:
            if isinstance(error, OSError) or _is_disk_full(error):
                raise _disk_error(error, data_dir) from error
            raise
    class_names, problems = prepared
    return OxfordPets(_builder(home), key, class_names, problems)


def _prepared(home):
    """Return the class names and the problems of prepared archives, `None` if they are not."""
    try:
        contents = json.loads((home / CONTENTS).read_text())
        problems = [Problem(**entry) for entry in contents["problems"]]
        return (contents["class_names"], problems) if _builder(home).is_prepared() else None
    except (OSError, ValueError, KeyError, TypeError):  # missing, or damaged
        return None


def _prepare_or_remove(folder, home):
    shutil.rmtree(home, ignore_errors=True)
    try:
        _prepare_archives(folder, home)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _prepare_archives(folder, home):
    """Unpack, mend, let the builder read the result, and note what there is."""
    home.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="incomplete-") as unpacked:
        problems = archives.extract(folder, Path(unpacked))
        problems += archives.mend(Path(unpacked))
        builder = _builder(home)
        builder._make_download_manager = lambda **_: _OnDisk(unpacked)
        with _without_progress_bars():
            builder.download_and_prepare()
    labels = sorted({int(example["label"]) for example in _examples(builder, ("label",))})
    contents = {
        "class_names": [BREEDS[label] for label in labels],
        "problems": [asdict(problem) for problem in problems],
    }
    (home / CONTENTS).write_text(json.dumps(contents))


class _OnDisk:
    """Stand in for the builder's download manager: everything is on the disk already."""

    downloaded_size = 0

    def __init__(self, folder):
        self.folder = folder

    def download_and_extract(self, urls):
        return dict.fromkeys(urls, self.folder)


def _builder(data_dir):
    return _tfds().builder("oxford_iiit_pet", data_dir=str(data_dir))


def _tfds():
    """Import tensorflow-datasets, which takes a while, and keep its warnings off the terminal."""
    import tensorflow_datasets as tfds
    from absl import logging as absl_logging

    absl_logging.set_verbosity(absl_logging.ERROR)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it tells of every try to connect
    return tfds


@contextlib.contextmanager
def _few_retries():
    """Try a connection for seconds, not for the minutes that tensorflow-datasets does."""
    from tensorflow_datasets.core.download import downloader

    retries = downloader.MAX_RETRIES
    downloader.MAX_RETRIES = 4
    try:
        yield
    finally:
        downloader.MAX_RETRIES = retries


@contextlib.contextmanager
def _without_progress_bars():
    """Keep tensorflow-datasets' bars, and what TensorFlow says of JPEGs, off the terminal."""
    tfds = _tfds()
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()), muted_stderr():
            yield
    finally:
        tfds.enable_progress_bar()


def _fingerprint(folder):
    """Name two archives by size and time of change, without reading them."""
    stats = [(folder / name).stat() for name in archives.NAMES]
    text = repr([(str(folder.resolve()), stat.st_size, stat.st_mtime_ns) for stat in stats])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _remove_half_made(data_dir):
    """Remove what an interrupted download, unpacking or preparation has left."""
    for pattern in (
        "downloads/oxford_iiit_pet/*.tmp.*",  # no "**": the other download may be going on
        "downloads/incomplete-*",
        "oxford_iiit_pet/incomplete*",
    ):
        for path in list(data_dir.glob(pattern)):
            shutil.rmtree(path, ignore_errors=True)


def _remove_archives(data_dir):
    """Remove the downloaded archives."""
    shutil.rmtree(data_dir / "downloads" / "oxford_iiit_pet", ignore_errors=True)


def _explain(error, data_dir):
    """Turn what tensorflow-datasets raised into one line."""
    kinds = {kind.__name__ for link in _chain(error) for kind in type(link).__mro__}
    if _is_disk_full(error):
        return _disk_error(error, data_dir)
    if "NonMatchingChecksumError" in kinds:
        return PetkerasError(
            "The Oxford-IIIT Pet dataset was not taken: an archive does not have its published "
            f"checksum. It was removed; try again later. {WAYS_OUT}"
        )
    if kinds & {"RequestException", "DownloadError"}:
        reason = one_line(error)
        if "NewConnectionError" in kinds or "NameResolutionError" in kinds:
            reason = "no connection to its server"
        return PetkerasError(
            f"The Oxford-IIIT Pet dataset could not be downloaded ({reason}). Try again when there "
            f"is a connection. {WAYS_OUT}"
        )
    if kinds & {"ExtractError", "TarError", "EOFError", "FileNotFoundError"}:
        _remove_archives(data_dir)
        return PetkerasError(
            "The Oxford-IIIT Pet dataset was not taken: an archive is cut short or damaged "
            f"({one_line(error)}). It was removed; try again. {WAYS_OUT}"
        )
    if "OSError" in kinds:
        return _disk_error(error, data_dir)
    return error


def _chain(error):
    """List an exception and those that led to it."""
    chain = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _is_disk_full(error):
    return any(
        getattr(link, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        or type(link).__name__ == "ResourceExhaustedError"
        or "Not enough disk space" in str(link)
        for link in _chain(error)
    )


def _disk_error(error, data_dir):
    if _is_disk_full(error):
        return PetkerasError(
            f"The disk is full: the pictures could not be prepared under {data_dir}. What was "
            "half-made is removed. Free some space, or name another place with '--data-dir'."
        )
    return PetkerasError(
        f"The pictures could not be prepared under {data_dir} ({one_line(error)}). "
        "Name another place with '--data-dir'."
    )
