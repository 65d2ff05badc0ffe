"""The drawn sample has the published layout."""

import io
import tarfile
from xml.etree import ElementTree

import pytest
from PIL import Image

from petkeras.data.breeds import BREEDS
from petkeras.data.drawn import dataset
from petkeras.data.drawn.breeds import DRAWN_BREEDS
from petkeras.data.drawn.pet import draw_pet
from petkeras.data.oxford import open_archives


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    dataset.write_archives(folder, per_breed=4)
    return folder


def names_in(archive):
    with tarfile.open(archive) as tar:
        return tar.getnames()


def read(archive, name):
    with tarfile.open(archive) as tar:
        return tar.extractfile(name).read()


def test_archives_have_the_published_layout(archives):
    assert sorted(path.name for path in archives.iterdir()) == [
        "annotations.tar.gz",
        "images.tar.gz",
    ]
    pets = {f"{breed}_{number}" for breed in DRAWN_BREEDS for number in range(1, 5)}
    assert set(names_in(archives / "images.tar.gz")) == {f"images/{pet}.jpg" for pet in pets}
    annotations = set(names_in(archives / "annotations.tar.gz"))
    assert {f"annotations/trimaps/{pet}.png" for pet in pets} < annotations
    assert {f"annotations/{name}.txt" for name in ("list", "trainval", "test")} < annotations
    heads = {name for name in annotations if name.endswith(".xml")}
    listed = read(archives / "annotations.tar.gz", "annotations/trainval.txt").decode().split("\n")
    assert heads == {f"annotations/xmls/{line.split()[0]}.xml" for line in listed if line}


def test_a_head_box_is_that_of_the_drawing(archives):
    drawing = draw_pet("Siamese", 3)
    xml = ElementTree.fromstring(
        read(archives / "annotations.tar.gz", "annotations/xmls/Siamese_3.xml")
    )
    box = tuple(
        int(xml.find(f"object/bndbox/{side}").text) for side in ("xmin", "ymin", "xmax", "ymax")
    )
    assert box == drawing.head
    trimap = read(archives / "annotations.tar.gz", "annotations/trimaps/Siamese_3.png")
    assert Image.open(io.BytesIO(trimap)).tobytes() == drawing.trimap.tobytes()


def test_the_real_builder_reads_the_drawn_archives(archives, tmp_path):
    source = open_archives(archives, tmp_path)
    assert source.problems == []
    assert source.class_names == tuple(breed for breed in BREEDS if breed in DRAWN_BREEDS)
    names = sorted(photograph.name for photograph in source.photographs(["samoyed"]))
    assert names == [f"samoyed_{number}.jpg" for number in range(1, 5)]
