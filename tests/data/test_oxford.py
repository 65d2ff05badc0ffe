"""The dataset by the real tfds builder, from a local server or from archives."""

import errno
import hashlib
import http.server
import io
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import picture_bytes, published_archives, two_breeds
from tensorflow_datasets.core.download.checksums import UrlInfo
from tensorflow_datasets.datasets.oxford_iiit_pet import (
    oxford_iiit_pet_dataset_builder as tfds_module,
)

from petkeras.data import oxford
from petkeras.errors import PetkerasError

ARCHIVES = ("images.tar.gz", "annotations.tar.gz")


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve files; truncate those in the server's `cut`."""

    def do_GET(self):
        self.server.requests.append(self.path)
        name = self.path.rsplit("/", 1)[-1]
        data = (self.server.folder / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if name in self.server.cut else data)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve small archives in the published layout to the real builder."""
    folder = tmp_path / "published"
    published_archives(folder, two_breeds())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.folder, server.requests, server.cut = folder, [], set()
    url = f"http://127.0.0.1:{server.server_port}/pets"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(tfds_module, "_BASE_URL", url)
    publish(server, monkeypatch)
    yield server
    server.shutdown()
    server.server_close()


def publish(server, monkeypatch):
    """Declare the present checksums of the archives to be the published ones."""
    infos = {}
    for name in ARCHIVES:
        data = (server.folder / name).read_bytes()
        infos[f"{tfds_module._BASE_URL}/{name}"] = UrlInfo(
            size=len(data), checksum=hashlib.sha256(data).hexdigest(), filename=name
        )
    monkeypatch.setattr(tfds_module.Builder, "url_infos", infos)


def names_in(source, breeds=("samoyed", "shiba_inu")):
    return sorted(photograph.name for photograph in source.photographs(breeds))


def refused(data_dir):
    """Return the message of a failed download, which is one line."""
    with pytest.raises(PetkerasError) as raised:
        oxford.open_download(data_dir)
    message = str(raised.value)
    assert "\n" not in message
    return message


def assert_second_try_works(server, data_dir):
    """Check that a second try, after leftovers, ends with all pictures."""
    assert len(names_in(oxford.open_download(data_dir))) == 8


def test_downloads_once_and_reads_both_official_splits(server, tmp_path):
    source = oxford.open_download(tmp_path / "data")
    photographs = list(source.photographs(["samoyed"]))
    assert sorted(p.name for p in photographs) == [f"samoyed_{i}.jpg" for i in range(1, 5)]
    assert photographs[0].data in two_breeds().values()  # the very bytes
    assert len(server.requests) == 2
    assert names_in(oxford.open_download(tmp_path / "data")) == names_in(source)
    assert len(server.requests) == 2  # nothing was requested again


def test_a_connection_cut_within_an_archive_is_one_line_and_leaves_nothing(server, tmp_path):
    server.cut = {"images.tar.gz"}
    message = refused(tmp_path / "data")
    assert "could not be downloaded" in message
    assert "`source` to 'sample'" in message
    server.cut = set()
    assert_second_try_works(server, tmp_path / "data")


def test_an_archive_published_cut_short_is_one_line_and_leaves_nothing(
    server, tmp_path, monkeypatch
):
    images = server.folder / "images.tar.gz"
    whole = images.read_bytes()
    images.write_bytes(whole[: len(whole) // 2])
    publish(server, monkeypatch)
    message = refused(tmp_path / "data")
    assert "truncated or damaged" in message
    images.write_bytes(whole)
    publish(server, monkeypatch)
    assert_second_try_works(server, tmp_path / "data")


def test_a_wrong_checksum_is_one_line_and_leaves_nothing(server, tmp_path):
    annotations = server.folder / "annotations.tar.gz"
    whole = annotations.read_bytes()
    annotations.write_bytes(whole + b"\0" * 512)  # the published checksum stays
    message = refused(tmp_path / "data")
    assert "checksum" in message
    assert "`source` to 'sample'" in message
    annotations.write_bytes(whole)
    assert_second_try_works(server, tmp_path / "data")


def test_a_refused_connection_is_one_line_that_names_the_alternatives(
    server, tmp_path, monkeypatch, capfd
):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = taken.getsockname()[1]
        with monkeypatch.context() as patch:
            patch.setattr(tfds_module, "_BASE_URL", f"http://127.0.0.1:{port}/pets")
            message = refused(tmp_path / "data")
    assert "could not be downloaded (no connection to its server)" in message
    assert capfd.readouterr() == ("", "Downloading the Oxford-IIIT Pet dataset, 774 MiB, once.\n")
    assert not (tmp_path / "data").exists()
    assert "`source` to 'sample'" in message
    assert "images.tar.gz and annotations.tar.gz" in message
    assert_second_try_works(server, tmp_path / "data")


def test_without_standard_error_it_downloads_silently(server, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert len(names_in(oxford.open_download(tmp_path / "data"))) == 8


def test_on_a_terminal_progress_bars_are_removed_once_they_end(monkeypatch):
    from tensorflow_datasets.core.utils import tqdm_utils

    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    with oxford._transient_bars(), tqdm_utils.async_tqdm(total=1, desc="Dl Completed...") as bar:
        bar.update(1)
    shown = screen.getvalue()
    assert "Dl Completed..." in shown
    assert shown.rsplit("\r", 2)[1].strip() == ""


@pytest.mark.parametrize("when", ["downloading", "preparing"])
def test_a_full_disk_is_one_line_and_leaves_nothing(server, tmp_path, monkeypatch, when):
    with monkeypatch.context() as patch:
        if when == "downloading":
            fill_the_disk(patch)
        else:
            patch.setattr(tfds_module.Builder, "_generate_examples", full_while_preparing)
        message = refused(tmp_path / "data")
    assert "the disk is full" in message
    assert "`data_dir`" in message
    assert_second_try_works(server, tmp_path / "data")


def full_while_preparing(self, **_):
    raise OSError(errno.ENOSPC, "No space left on device")
    yield


def fill_the_disk(patch):
    """Let every download fail as on a full disk."""
    from tensorflow_datasets.core.download import downloader

    def no_space(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    patch.setattr(downloader._Downloader, "_sync_download", no_space)


def test_ctrl_c_leaves_nothing_unfinished(server, tmp_path, monkeypatch):
    def interrupted(self, **_):
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patch:
        patch.setattr(tfds_module.Builder, "_generate_examples", interrupted)
        with pytest.raises(KeyboardInterrupt):
            oxford.open_download(tmp_path / "data")
    assert not list((tmp_path / "data").rglob("incomplete*"))
    assert_second_try_works(server, tmp_path / "data")


def test_what_a_killed_download_left_is_removed(server, tmp_path):
    left = tmp_path / "data" / "downloads" / "incomplete-1"
    left.mkdir(parents=True)
    assert_second_try_works(server, tmp_path / "data")
    assert not left.exists()


def test_two_at_once_download_once(server, tmp_path):
    with ThreadPoolExecutor(2) as threads:
        sources = threads.map(lambda _: oxford.open_download(tmp_path / "data"), range(2))
        assert [len(names_in(source)) for source in sources] == [8, 8]
    assert len(server.requests) == 2


def test_an_unexpected_error_is_raised_unchanged(server, tmp_path, monkeypatch):
    def broken(self, **_):
        raise RuntimeError("a bug")
        yield

    monkeypatch.setattr(tfds_module.Builder, "_generate_examples", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        oxford.open_download(tmp_path / "data")


# From archives on disk


def test_archives_on_disk_need_no_network(tmp_path):
    published_archives(tmp_path / "pets", two_breeds(), gzip=True)
    source = oxford.open_archives(tmp_path / "pets", tmp_path / "data")
    assert source.class_names == ("samoyed", "shiba_inu")
    assert len(names_in(source)) == 8
    assert source.problems == []


def test_dirty_files_are_repaired_or_left_out_and_reported(tmp_path):
    files = two_breeds()
    files["samoyed", 5] = picture_bytes(5, kind="PNG", mode="RGBA")
    files["samoyed", 6] = picture_bytes(6, kind="GIF", mode="L")
    files["samoyed", 7] = picture_bytes(7)[:200]
    unlisted = {"samoyed_100.mat": b"MATLAB", "samoyed_9.jpg": picture_bytes(9)}
    published_archives(tmp_path / "pets", files, unlisted)
    source = oxford.open_archives(tmp_path / "pets", tmp_path / "data")
    reported = {problem.file: (problem.what, problem.done) for problem in source.problems}
    assert reported["samoyed_5.jpg"] == ("a PNG with alpha named .jpg", "converted")
    assert reported["samoyed_6.jpg"] == ("a GIF named .jpg", "converted")
    assert reported["samoyed_7.jpg"][1] == "left out"
    assert reported["samoyed_9.jpg"] == ("a JPEG in no list", "left out")
    assert reported["samoyed_100.mat"] == ("not a picture", "ignored")
    assert len(reported) == 5
    again = oxford.open_archives(tmp_path / "pets", tmp_path / "data")  # from the cache
    assert again.problems == source.problems
    assert [name for name in names_in(again) if name.startswith("samoyed")] == [
        f"samoyed_{i}.jpg" for i in range(1, 7)
    ]


def test_archives_that_changed_are_read_again(tmp_path):
    published_archives(tmp_path / "pets", two_breeds(4))
    assert len(names_in(oxford.open_archives(tmp_path / "pets", tmp_path / "data"))) == 8
    published_archives(tmp_path / "pets", two_breeds(5))
    assert len(names_in(oxford.open_archives(tmp_path / "pets", tmp_path / "data"))) == 10


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("name", ARCHIVES)
def test_a_truncated_archive_on_disk_is_one_line_and_nothing_is_kept(tmp_path, name, gzip):
    published_archives(tmp_path / "pets", two_breeds(), gzip=gzip)
    whole = (tmp_path / "pets" / name).read_bytes()
    (tmp_path / "pets" / name).write_bytes(whole[: len(whole) // 3])
    with pytest.raises(PetkerasError, match="damaged or truncated") as raised:
        oxford.open_archives(tmp_path / "pets", tmp_path / "data")
    assert name in str(raised.value)
    assert not list((tmp_path / "data").rglob("*.tfrecord*"))


def test_archives_without_the_published_layout_are_refused(tmp_path):
    published_archives(tmp_path / "pets", two_breeds())
    annotations = tmp_path / "pets" / "annotations.tar.gz"
    annotations.write_bytes((tmp_path / "pets" / "images.tar.gz").read_bytes())
    with pytest.raises(PetkerasError, match=r"annotations/trainval\.txt is in neither archive"):
        oxford.open_archives(tmp_path / "pets", tmp_path / "data")
    annotations.unlink()
    with pytest.raises(PetkerasError, match=r"has no annotations\.tar\.gz"):
        oxford.open_archives(tmp_path / "pets", tmp_path / "data")


def test_a_disk_full_during_preparation_is_one_line_and_nothing_is_kept(tmp_path, monkeypatch):
    published_archives(tmp_path / "pets", two_breeds())
    with monkeypatch.context() as patch:
        patch.setattr(tfds_module.Builder, "_generate_examples", full_while_preparing)
        with pytest.raises(PetkerasError, match="the disk is full"):
            oxford.open_archives(tmp_path / "pets", tmp_path / "data")
    assert len(names_in(oxford.open_archives(tmp_path / "pets", tmp_path / "data"))) == 8
