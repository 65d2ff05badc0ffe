"""A zoo of archives with bad lists, trimaps and head boxes."""

import pytest
from data.zoo import GOOD, PIXEL, encoded, extracted, names_of, png, upright, write_archives
from PIL import Image

from petkeras.data import oxford
from petkeras.data.pets import load_pets
from petkeras.errors import PetkerasError


def without(*names):
    return lambda files: [files.pop(name) for name in list(files) if name.startswith(names)]


def listing(text, name="trainval.txt"):
    def change(files):
        files[f"annotations/{name}"] = text

    return change


ONE = b"samoyed_1 30 2 20\n"
LAYOUTS = {
    "no training list": (
        without("annotations/trainval.txt"), "annotations/trainval.txt is in neither archive"),
    "no test list": (without("annotations/test.txt"), "annotations/test.txt is in neither archive"),
    "no trimaps": (without("annotations/trimaps"), "annotations/trimaps is in neither archive"),
    "an empty list": (listing(b"\n \n"), "trainval.txt can be used (it is empty)"),
    "a list of rubbish": (listing(bytes(range(256)) * 9), "trainval.txt can be used ("),
    "a list of those that are missing": (
        listing(ONE.replace(b"_1", b"_9")), "listed but missing, left out (samoyed_9.jpg)"),
    "a list without end": (listing(ONE * 10**5), "annotations/trainval.txt is too long for a list"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LAYOUTS)
def test_archives_that_lack_something_are_one_line(work, published, kind):
    change, message = LAYOUTS[kind]
    change(published["annotations.tar.gz"])
    write_archives(work / "pets", published)
    with pytest.raises(PetkerasError) as raised:
        extracted(work)
    assert message in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 600


LINES = {
    "path out of the folder": (b"../../../secret 30 2 20", "../../../secret"),
    "absolute path": (b"/etc/passwd 30 2 20", "/etc/passwd"),
    "escape sequence": (b"\x1b[2J 30 2 20", r"\x1b[2J"),
    "no UTF-8": (b"\xff\xfe 30 2 20", "\ufffd\ufffd"),
    "NUL": (b"a\0b 30 2 20", r"a\x00b"),
    "very long": (300 * b"x" + b" 30 2 20", 300 * "x"),
    "three words": (b"samoyed_1 30 2", "samoyed_1"),
    "five words": (b"samoyed_1 30 2 20 7", "samoyed_1"),
    "letters for a breed": (b"samoyed_1 thirty 2 20", "samoyed_1"),
    "no such breed": (b"samoyed_1 38 2 20", "samoyed_1"),
    "breed 0": (b"samoyed_1 0 2 20", "samoyed_1"),
    "no such species": (b"samoyed_1 30 3 20", "samoyed_1"),
    "negative breed": (b"samoyed_1 -1 2 20", "samoyed_1"),
    "digits of another script": ("samoyed_1 ٣٠ 2 20".encode(), "samoyed_1"),
}


@pytest.mark.parametrize("kind", LINES)
def test_a_bad_line_of_a_list_is_named_and_left_out(work, published, kind):
    line, name = LINES[kind]
    listing(line + b"\nshiba_inu_1 32 2 22\n")(published["annotations.tar.gz"])
    write_archives(work / "pets", published)
    reported = {problem.file: problem for problem in extracted(work)}
    assert reported[name].what == "an invalid line"
    assert reported[name].done == "left out"
    kept = (work / "out" / "annotations" / "trainval.txt").read_text()
    assert kept == "shiba_inu_1 32 2 22\n"


BOX = """<annotation><size><width>40</width><height>30</height></size><object><bndbox>
<xmin>10</xmin><ymin>6</ymin><xmax>20</xmax><ymax>24</ymax></bndbox></object></annotation>"""
LAUGHS = '<!DOCTYPE a [<!ENTITY l0 "ha">' + "".join(
    f'<!ENTITY l{i} "{10 * f"&l{i - 1};"}">' for i in range(1, 12)
)
BOXES = {
    "empty": b"",
    "no XML": b"xmin=1, ymin=2",
    "cut short": BOX[:-20].encode(),
    "billion laughs": (LAUGHS + "]>" + BOX.replace("10", "&l11;", 1)).encode(),
    "a file from outside": (
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + BOX.replace("10", "&x;")
    ).encode(),
    "definitions in UTF-16": ("<!DOCTYPE a []>" + BOX).encode("utf-16"),
    "no UTF-8": BOX.replace("10", "\xff").encode("latin-1"),
    "without a size": BOX.replace("size", "sizes").encode(),
    "without a box": b"<annotation/>",
    "letters": BOX.replace("20", "wide").encode(),
    "no number": BOX.replace("20", "nan").encode(),
    "without end": BOX.replace("40", "inf").encode(),
    "no width": BOX.replace("40", "0").encode(),
    "larger than its picture": BOX.replace("20", "41").encode(),
    "the wrong way round": BOX.replace("10", "25").encode(),
    "100 KB": BOX.encode() + 100_000 * b" ",
    "folders upon folders": 5000 * b"<a>" + BOX.encode() + 5000 * b"</a>",
}


@pytest.mark.parametrize("kind", BOXES)
def test_a_bad_head_box_is_named_and_its_picture_used(work, published, kind):
    published["annotations.tar.gz"]["annotations/xmls/samoyed_1.xml"] = BOXES[kind]
    published["annotations.tar.gz"]["annotations/xmls/samoyed_3.xml"] = BOX.encode()
    write_archives(work / "pets", published)
    [problem] = extracted(work)
    assert (problem.file, problem.done) == ("samoyed_1.xml", "left out")
    assert problem.what == "an unreadable head box"
    boxes = (work / "out" / "annotations" / "xmls").iterdir()
    assert [path.name for path in boxes] == ["samoyed_3.xml"]
    assert "samoyed_1 " in (work / "out" / "annotations" / "trainval.txt").read_text()


TRIMAPS = {
    "text": b"hello",
    "half": encoded(Image.new("L", (40, 30), 1))[:60],
    "in color": encoded(Image.new("RGB", (40, 30))),
    "of other values": encoded(Image.new("L", (40, 30), 255)),
    "a JPEG": encoded(Image.new("L", (40, 30), 1), "JPEG"),
    "a bomb": png(20_000, 20_000, PIXEL),
}


@pytest.mark.parametrize("kind", TRIMAPS)
def test_a_picture_with_a_bad_trimap_is_named_and_left_out(work, published, kind):
    published["annotations.tar.gz"]["annotations/trimaps/samoyed_1.png"] = TRIMAPS[kind]
    write_archives(work / "pets", published)
    [problem] = extracted(work)
    assert (problem.file, problem.what, problem.done) == (
        "samoyed_1.jpg",
        "with a damaged trimap",
        "left out",
    )


def test_what_is_bad_in_archives_is_named_and_the_builder_reads_the_rest(work, published):
    """Test all at once, because the builder that reads the rest is slow to start."""
    images = published["images.tar.gz"]
    listed = published["annotations.tar.gz"]
    images["images/samoyed_1.jpg"] = b""
    images["images/samoyed_2.jpg"] = png(20_000, 20_000, PIXEL)
    images["images/samoyed_3.jpg"] = encoded(upright().convert("CMYK"), "JPEG")
    images["images/a\nb.jpg"] = GOOD
    images["images/deep/x.jpg"] = GOOD
    images["elsewhere/x.jpg"] = GOOD
    listed["annotations/test.txt"] += b"samoyed_3 30 2 20\n" + b"samoyed_4\t 30   2 20\n"
    listed["annotations/trimaps/samoyed_5.png"] = listed["annotations/trimaps/samoyed_4.png"]
    images["images/samoyed_5.jpg"] = encoded(upright("RGBA"))
    listed["annotations/test.txt"] += b"samoyed_5 30 2 20\n"
    listed["annotations/xmls/samoyed_3.xml"] = (LAUGHS + "]>" + BOX).encode()
    write_archives(work / "pets", published)
    data = load_pets(
        ("samoyed", "shiba_inu"), work / "pets", 8, test_fraction=0.5, data_dir=work / "data"
    )
    assert {(problem.file, problem.what, problem.done) for problem in data.problems} == {
        ("samoyed_1.jpg", "the file is empty", "left out"),
        ("samoyed_2.jpg", "too many pixels", "left out"),
        ("samoyed_3.jpg", "listed twice", "left out"),
        ("samoyed_4.jpg", "listed twice", "left out"),
        ("samoyed_5.jpg", "a PNG with alpha named .jpg", "converted"),
        (r"images/a\nb.jpg", "not named like a picture", "ignored"),
        ("images/deep/x.jpg", "not named like a picture", "ignored"),
        ("samoyed_3.xml", "an unreadable head box", "left out"),
    }
    assert {name for name in names_of(data) if name.startswith("samoyed")} == {
        f"samoyed_{number}.jpg" for number in (3, 4, 5)
    }


def test_a_jpeg_that_tensorflow_warns_about_is_read_in_silence(work, published, capfd):
    """The builder itself decodes pictures of this and some other names."""
    rubbish = GOOD[:-200] + bytes(50) + GOOD[-200:]
    published["images.tar.gz"]["images/beagle_116.jpg"] = rubbish
    listed = published["annotations.tar.gz"]
    listed["annotations/trimaps/beagle_116.png"] = listed["annotations/trimaps/samoyed_4.png"]
    listed["annotations/trainval.txt"] += b"beagle_116 5 2 4\n"
    write_archives(work / "pets", published)
    source = oxford.open_archives(work / "pets", work / "data")
    assert source.problems == []
    assert [photograph.name for photograph in source.photographs(["beagle"])] == ["beagle_116.jpg"]
    assert capfd.readouterr() == ("", "")


def test_a_picture_without_a_trimap_is_named_and_one_in_no_list_too(work, published):
    del published["annotations.tar.gz"]["annotations/trimaps/samoyed_1.png"]
    published["images.tar.gz"]["images/extra.jpg"] = b"hello"
    write_archives(work / "pets", published)
    assert {(problem.file, problem.what, problem.done) for problem in extracted(work)} == {
        ("samoyed_1.jpg", "without a trimap", "left out"),
        ("extra.jpg", "an unreadable file in no list", "left out"),
    }
