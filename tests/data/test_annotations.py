"""Trimaps and head boxes are those in the archives."""

import io
import tarfile

import numpy as np
import pytest
from conftest import picture_bytes, published_archives, two_breeds
from PIL import Image

from petkeras.data.annotations import load_annotations
from petkeras.errors import PetkerasError

BOX = """<annotation><size><width>40</width><height>30</height></size><object><bndbox>
<xmin>10</xmin><ymin>6</ymin><xmax>20</xmax><ymax>24</ymax></bndbox></object></annotation>"""
TRIMAP = np.full((30, 40), 2, np.uint8)  # background, but for a pet with a border
TRIMAP[6:24, 8:32] = 3
TRIMAP[9:21, 12:28] = 1


@pytest.fixture
def archives(tmp_path):
    """Write archives in which samoyed_1 alone has a special trimap and a head box."""
    published_archives(tmp_path / "pets", two_breeds())
    file = tmp_path / "pets" / "annotations.tar.gz"
    with tarfile.open(file) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    trimap = io.BytesIO()
    Image.fromarray(TRIMAP).save(trimap, "PNG")
    files["annotations/trimaps/samoyed_1.png"] = trimap.getvalue()
    files["annotations/xmls/samoyed_1.xml"] = BOX.encode()
    with tarfile.open(file, "w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return tmp_path / "pets"


def test_a_box_is_squashed_with_its_picture_and_missing_ones_are_none(archives, tmp_path):
    names = ["shiba_inu_2.jpg", "samoyed_1.jpg", "samoyed_2.jpg"]
    marked = load_annotations(names, archives, 20, tmp_path / "data")
    assert len(marked) == 3
    assert marked.boxes[0] is None
    assert marked.boxes[2] is None
    # 40 x 30 pixels become 20 x 20: across by 1/2, down by 2/3
    assert marked.boxes[1] == pytest.approx((5, 4, 10, 16))


def test_a_trimap_is_squashed_to_values_that_it_had(archives, tmp_path):
    marked = load_annotations(["samoyed_1.jpg", "samoyed_2.jpg"], archives, 10, tmp_path / "data")
    assert marked.trimaps.shape == (2, 10, 10)
    assert marked.trimaps.dtype == np.uint8
    # each pixel stands for 4 across and 3 down, and has the value at their middle
    np.testing.assert_array_equal(marked.trimaps[0], TRIMAP[1::3, 2::4])
    assert set(np.unique(marked.trimaps[0])) == {1, 2, 3}
    assert (marked.trimaps[1] == 1).all()


def test_at_its_own_width_a_trimap_is_as_published(archives, tmp_path):
    marked = load_annotations(["samoyed_1.jpg"], archives, 120, tmp_path / "data")
    np.testing.assert_array_equal(marked.trimaps[0][::4, ::3], TRIMAP)


def test_no_names_are_no_annotations(archives, tmp_path):
    marked = load_annotations([], archives, 8, tmp_path / "data")
    assert marked.trimaps.shape == (0, 8, 8)
    assert marked.boxes == ()


def test_an_unknown_picture_is_named(archives, tmp_path):
    with pytest.raises(PetkerasError, match=r"no picture 'pug_7\.jpg'"):
        load_annotations(["samoyed_1.jpg", "pug_7.jpg"], archives, 8, tmp_path / "data")


def test_a_folder_of_your_own_has_none(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(picture_bytes(1))
    with pytest.raises(PetkerasError, match="must have trimaps and head boxes") as raised:
        load_annotations(["cat/1.jpg"], tmp_path)
    assert "\n" not in str(raised.value)
