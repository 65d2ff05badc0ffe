"""`petkeras explore`: a page, and lines on its size and its exactness."""

import re
import sys

import pytest
from conftest import picture_bytes

from petkeras import language
from petkeras.explorer import dense


@pytest.fixture(scope="module")
def explored(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "run"


def test_explore_writes_a_page_into_the_run(petkeras, train, explored, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)  # the page needs neither of the two
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    monkeypatch.setattr(dense, "MAX_EXACT", 10_000_000)  # bytes, more than there are
    assert train(explored)[0] == 0
    code, out, err = petkeras("explore", explored)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[-2] == "The page has all weights: its probabilities are exact."
    page = explored / "explorer.html"
    assert re.fullmatch(rf"Open it in a browser \(\d\.\d MB\): {page}", lines[-1])
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_explore_takes_photographs_and_another_place(petkeras, explored, tmp_path):
    photograph = tmp_path / "it's <me>.png"
    photograph.write_bytes(picture_bytes(5, (33, 80), "PNG", "RGBA"))
    code, out, err = petkeras("explore", explored, photograph, "--output", tmp_path / "x.html")
    assert (code, err) == (0, "")
    assert re.search(r"'fc1' is compressed\. .*the smallest 90% by 0\.\d+, and the largest by", out)
    assert (tmp_path / "x.html").exists()


def test_explore_makes_a_page_in_chinese(petkeras, explored, tmp_path):
    photograph = tmp_path / "me.png"
    photograph.write_bytes(picture_bytes(5, (33, 80), "PNG", "RGB"))
    page = tmp_path / "x.html"
    try:
        code, out, err = petkeras("explore", explored, photograph, "--lang", "zh", "--output", page)
    finally:
        language.use(None)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("用浏览器打开它")
    assert '<html lang="zh-CN">' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no_such.jpg",), "no_such.jpg cannot be used: it cannot be opened (No such file"),
        (("--output", "no/such/folder.html"), "no/such/folder.html cannot be written: No such"),
        (("--output", ""), "Invalid value for '--output': it must not be empty."),
    ],
)
def test_explore_reports_a_mistake_in_one_line(petkeras, complaint, explored, arguments, message):
    assert message in complaint(petkeras("explore", explored, *arguments))


def test_explore_refuses_a_folder_that_is_not_a_run(petkeras, complaint, tmp_path):
    assert "is not a run folder" in complaint(petkeras("explore", tmp_path))
