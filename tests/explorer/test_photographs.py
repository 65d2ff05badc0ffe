import numpy as np
import pytest
from conftest import halves, picture_bytes
from explorer.small_runs import photographs

from petkeras.data.pictures import decode
from petkeras.data.pipeline import Pictures
from petkeras.errors import PetkerasError
from petkeras.explorer.photographs import (
    choose_photographs,
    decode_photograph,
    given_photographs,
    read_photographs,
)


def test_a_photograph_is_decoded_as_for_training():
    data = picture_bytes(1)
    np.testing.assert_array_equal(decode_photograph(data, (16, 16, 3)), decode(data, 16)[0])
    gray = decode_photograph(data, (10, 20, 1))
    assert (gray.shape, gray.dtype) == ((10, 20, 1), np.uint8)


def test_files_are_read_with_their_names(tmp_path):
    files = [tmp_path / "one.jpg", tmp_path / "<script>.jpg"]
    for number, file in enumerate(files):
        file.write_bytes(picture_bytes(number))
    read = read_photographs(files, (16, 16, 3))
    assert read.names == ["one.jpg", "<script>.jpg"]
    assert (read.pixels.shape, read.labels, read.part) == ((2, 16, 16, 3), [None, None], "yours")
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    with pytest.raises(PetkerasError, match=r"broken\.jpg cannot be used: not a readable picture"):
        read_photographs([tmp_path / "broken.jpg"], (16, 16, 3))
    with pytest.raises(PetkerasError, match=r"missing\.jpg cannot be used: it cannot be opened"):
        read_photographs([tmp_path / "missing.jpg"], (16, 16, 3))


def test_arrays_must_fit_the_network():
    assert given_photographs(photographs(1)[0], (16, 16, 3)).names == ["photograph 1"]
    for wrong in (photographs(2, 12), photographs(1).astype(float), np.zeros((0, 16, 16, 3), "u1")):
        with pytest.raises(PetkerasError, match=r"paths, or an array \('n', 16, 16, 3\) uint8"):
            given_photographs(wrong, (16, 16, 3))


def test_half_of_the_chosen_are_right_and_half_are_wrong():
    pictures = halves(24)  # classes 0, 1, 0, 1, ...
    wrong = {4, 6, 7, 9}

    def predict(images):
        places = [int((pictures.images == image).all((1, 2, 3)).argmax()) for image in images]
        return np.array([place % 2 ^ (place in wrong) for place in places])

    chosen = choose_photographs(pictures, predict)
    assert chosen.names == [f"half_{n}" for n in (0, 1, 2, 7, 4, 9)]
    assert chosen.labels == [0, 1, 0, 1, 0, 1]
    assert len(chosen.others) == 18
    described = chosen.describe(np.eye(2)[predict(chosen.pixels)])
    assert [each["right"] for each in described] == [True, True, True, False, False, False]
    assert described[3]["probabilities"] == [1.0, 0.0]


@pytest.mark.parametrize(("right", "count"), [(True, 6), (False, 6)])
def test_where_all_are_right_or_wrong_the_others_fill_up(right, count):
    pictures = halves(24)
    answers = pictures.labels.argmax(1) if right else 1 - pictures.labels.argmax(1)
    chosen = choose_photographs(pictures, lambda images: answers[: len(images)])
    assert len(chosen) == count
    assert sorted(chosen.labels) == [0, 0, 0, 1, 1, 1]


def test_without_predictions_all_classes_come_first():
    images, labels = photographs(9), np.eye(3, dtype=np.float32)[[0] * 6 + [1] * 2 + [2]]
    chosen = choose_photographs(Pictures(images, labels, tuple("abcdefghi")), None)
    assert chosen.labels[:3] == [0, 1, 2]
    assert chosen.names == ["a", "g", "i", "b", "h", "c"]
    assert chosen.describe()[0] == {
        "name": "a",
        "label": 0,
        "part": "test",
        "right": None,
        "probabilities": None,
    }


def test_fewer_large_photographs_are_chosen():
    assert len(choose_photographs(halves(12, size=128), None)) == 4
