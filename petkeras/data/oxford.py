"""The Oxford-IIIT Pet dataset, downloaded or from archives on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from petkeras.data import archives
from petkeras.data.breeds import BREEDS
from petkeras.data.locks import prepare_once
from petkeras.data.pictures import Photograph, Problem
from petkeras.data.storage import UNFINISHED, error_chain, is_disk_full, remove_unfinished
from petkeras.errors import PetkerasError
from petkeras.system.tensorflow import muted_stderr
from petkeras.text import one_line, printable

ALTERNATIVES = (
    "Alternatives: set `source` to 'sample' for drawn pets, which need no network, or to a folder "
    "that holds images.tar.gz and annotations.tar.gz, or one sub-folder of pictures per class."
)
CONTENTS = "contents.json"  # written last, so that it marks a complete preparation


class OxfordPets:
    """Read the photographs of a prepared tensorflow-datasets builder.

    Args:
        builder: a prepared builder of `oxford_iiit_pet`.
        key: identifies these files in the cache of decoded pictures.
        class_names: the breeds that it has, in the dataset's order.
        problems: what was wrong with the files.
    """

    def __init__(self, builder, key, class_names=BREEDS, problems=()):
        self.builder = builder
        self.key = key
        self.class_names = tuple(class_names)
        self.problems = list(problems)
        self.parts = {}  # as in `ClassFolders`; the two official splits are joined

    def photographs(self, class_names):
        """Yield the `Photograph`s of some classes, from both official splits."""
        for example in _examples(self.builder, ("image", "label", "file_name")):
            class_name = BREEDS[example["label"]]
            if class_name in class_names:
                yield Photograph(example["file_name"].decode(), class_name, example["image"])

    def annotations(self, names):
        """Yield (name, trimap as PNG bytes, head box `(4,)`) of some pictures.

        A box is (top, left, bottom, right) as fractions of the picture; all 0 if there is none.
        """
        for example in _examples(self.builder, ("file_name", "segmentation_mask", "head_bbox")):
            name = example["file_name"].decode()
            if name in names:
                yield name, example["segmentation_mask"], example["head_bbox"]

    def class_key(self, class_name):
        """Return the name of a class in the cache of decoded pictures."""
        return f"{self.key}/{class_name}"


def _examples(builder, features):
    """Yield features of every example of both splits, images as encoded bytes."""
    from tensorflow import errors

    tfds = _tfds()
    pictures = {"image", "segmentation_mask"} & set(features)
    decoders = {feature: tfds.decode.SkipDecoding() for feature in pictures}
    partial = tfds.decode.PartialDecoding(dict.fromkeys(features, True), decoders=decoders)
    splits = "+".join(sorted(builder.info.splits))
    # Looked up now, because a generator may be closed while Python shuts down.
    damage = errors.DataLossError, errors.NotFoundError
    try:
        yield from builder.as_dataset(split=splits, decoders=partial).as_numpy_iterator()
    except damage as error:
        raise PetkerasError(
            f"The prepared pictures in {builder.data_dir} are damaged ({one_line(error)}). Remove "
            "that folder, and they will be prepared again."
        ) from None


def open_download(data_dir: Path):
    """Return the published dataset, downloaded once and verified by its checksums.

    Raises:
        PetkerasError: it cannot be downloaded, has a wrong checksum, or the disk is full.
            Unfinished files are removed.
    """

    def find():
        builder = _builder(data_dir)
        return builder if builder.is_prepared() else None

    def prepare():
        try:
            _download(data_dir)
        except BaseException as error:
            _remove_unfinished_download(data_dir)
            if not isinstance(error, Exception):
                raise  # Ctrl-C: a completely downloaded archive is kept
            raise _explain(error, data_dir) from error
        return find()

    builder = prepare_once(find, prepare, data_dir, "oxford", "the Oxford-IIIT Pet dataset")
    return OxfordPets(builder, key=f"oxford-{builder.version}")


def _download(data_dir):
    """Download, verify, extract and prepare the dataset.

    Each attempt extracts into a folder of its own. If one archive fails, tensorflow-datasets keeps
    extracting the other in the background, and its leftovers must not pass for complete.
    """
    downloads = data_dir / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    remove_unfinished(downloads)
    if sys.stderr is not None:
        print(
            "Downloading the Oxford-IIIT Pet dataset, 774 MiB, once.", file=sys.stderr, flush=True
        )
    with (
        _few_retries(),
        _transient_bars(),
        contextlib.redirect_stdout(io.StringIO()),  # its lines about sizes that it does not know
        tempfile.TemporaryDirectory(
            prefix=UNFINISHED, dir=downloads, ignore_cleanup_errors=True
        ) as extracted,
    ):
        config = _tfds().download.DownloadConfig(extract_dir=extracted)
        _builder(data_dir).download_and_prepare(download_config=config)


def open_archives(folder: Path, data_dir: Path):
    """Return the dataset made from the two archives in `folder`, without the network.

    Raises:
        PetkerasError: an archive is missing or damaged, or the disk is full.
    """
    for name in archives.ARCHIVE_NAMES:
        if not (folder / name).is_file():
            raise PetkerasError(f"{printable(folder)} has no {name}. Both archives are needed.")
    key = "archives-" + _fingerprint(folder)
    home = data_dir / "petkeras" / key

    def prepare():
        shutil.rmtree(home, ignore_errors=True)
        try:
            _prepare_archives(folder, home)
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise
        return _load_contents(home)

    class_names, problems = prepare_once(
        lambda: _load_contents(home), prepare, data_dir, key, f"the pictures of {printable(folder)}"
    )
    return OxfordPets(_builder(home), key, class_names, problems)


def _load_contents(home):
    """Return class names and problems of prepared archives, `None` if there are none."""
    try:
        contents = json.loads((home / CONTENTS).read_text())
        problems = [Problem(**entry) for entry in contents["problems"]]
        return (contents["class_names"], problems) if _builder(home).is_prepared() else None
    except (OSError, ValueError, KeyError, TypeError):  # missing or damaged
        return None


def _prepare_archives(folder, home):
    """Extract and repair the archives, and let the builder read the result."""
    home.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=UNFINISHED) as extracted:
        problems = archives.extract(folder, Path(extracted))
        problems += archives.repair(Path(extracted))
        builder = _builder(home)
        split_generators = builder._split_generators  # the hook that each dataset implements
        builder._split_generators = lambda _: split_generators(_ExtractedArchives(extracted))
        with _quiet():
            builder.download_and_prepare(download_dir=extracted)
    labels = sorted({int(example["label"]) for example in _examples(builder, ("label",))})
    contents = {
        "class_names": [BREEDS[label] for label in labels],
        "problems": [asdict(problem) for problem in problems],
    }
    (home / CONTENTS).write_text(json.dumps(contents))


class _ExtractedArchives:
    """Replace the download manager: both archives are extracted already."""

    def __init__(self, folder):
        self.folder = folder

    def download_and_extract(self, urls):
        return dict.fromkeys(urls, self.folder)


def _builder(data_dir):
    return _tfds().builder("oxford_iiit_pet", data_dir=str(data_dir))


def _tfds():
    """Import tensorflow-datasets, which takes a while, and silence its warnings."""
    import tensorflow_datasets as tfds
    from absl import logging as absl_logging

    absl_logging.set_verbosity(absl_logging.ERROR)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs every connection attempt
    return tfds


@contextlib.contextmanager
def _few_retries():
    """Retry a connection for seconds, not minutes; there is no option for it."""
    from tensorflow_datasets.core.download import downloader

    retries = downloader.MAX_RETRIES
    downloader.MAX_RETRIES = 4
    try:
        yield
    finally:
        downloader.MAX_RETRIES = retries


@contextlib.contextmanager
def _transient_bars():
    """Remove tensorflow-datasets' progress bars once they end; in log files there are none."""
    from tqdm import auto

    ordinary = auto.tqdm

    class Transient(ordinary):
        def __init__(self, *args, **kwargs):
            disable = True if sys.stderr is None else None  # None: unless it is a terminal
            super().__init__(*args, **{**kwargs, "leave": False, "disable": disable})

    auto.tqdm = Transient
    try:
        yield
    finally:
        auto.tqdm = ordinary


@contextlib.contextmanager
def _quiet():
    """Hide tensorflow-datasets' progress bars and TensorFlow's messages about JPEGs."""
    tfds = _tfds()
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()), muted_stderr():
            yield
    finally:
        tfds.enable_progress_bar()


def _fingerprint(folder):
    """Return a name for two archives, made from their sizes and times."""
    stats = [(folder / name).stat() for name in archives.ARCHIVE_NAMES]
    text = repr([(str(folder.resolve()), stat.st_size, stat.st_mtime_ns) for stat in stats])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _remove_unfinished_download(data_dir):
    """Remove what an interrupted download, extraction or preparation left behind."""
    remove_unfinished(data_dir / "downloads")
    for pattern in (
        "downloads/oxford_iiit_pet/*.tmp.*",  # not "**": the other download may be running
        "oxford_iiit_pet/incomplete*",
    ):
        for path in list(data_dir.glob(pattern)):
            shutil.rmtree(path, ignore_errors=True)


def _explain(error, data_dir):
    """Return a one-line error for a known error of tensorflow-datasets."""
    kinds = {kind.__name__ for cause in error_chain(error) for kind in type(cause).__mro__}
    if is_disk_full(error):
        return error  # `prepare_once` turns it into one line
    if "NonMatchingChecksumError" in kinds:
        return PetkerasError(
            "The Oxford-IIIT Pet dataset was rejected: an archive does not match its published "
            f"checksum. It was removed; try again later. {ALTERNATIVES}"
        )
    if kinds & {"RequestException", "DownloadError"}:
        reason = one_line(error)
        if "NewConnectionError" in kinds or "NameResolutionError" in kinds:
            reason = "no connection to its server"
        return PetkerasError(
            f"The Oxford-IIIT Pet dataset could not be downloaded ({reason}). Try again when there "
            f"is a connection. {ALTERNATIVES}"
        )
    if kinds & {"ExtractError", "TarError", "EOFError", "FileNotFoundError"}:
        shutil.rmtree(data_dir / "downloads" / "oxford_iiit_pet", ignore_errors=True)
        return PetkerasError(
            "The Oxford-IIIT Pet dataset was rejected: an archive is truncated or damaged "
            f"({one_line(error)}). It was removed; try again. {ALTERNATIVES}"
        )
    return error
