"""The course's settings: what overrides what, and what cannot be read."""

import numpy as np
import pytest
from conftest import picture_bytes

from petkeras import course
from petkeras.errors import PetkerasError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, with an environment that chooses nothing."""
    monkeypatch.chdir(tmp_path)
    for name in ("SOURCE", "BREEDS", "IMAGE_SIZE"):
        monkeypatch.delenv(f"PETKERAS_{name}", raising=False)
    return tmp_path


def test_drawn_pets_are_the_default():
    assert course.settings() == course.Settings("sample", None, 64)


def test_a_choice_stays():
    course.use("oxford", image_size=224)
    assert course.settings() == course.Settings("oxford", None, 224)


def test_the_environment_overrides_a_choice(monkeypatch):
    course.use("oxford", image_size=224)
    monkeypatch.setenv("PETKERAS_BREEDS", "pug,boxer")
    monkeypatch.setenv("PETKERAS_IMAGE_SIZE", "32")
    assert course.settings() == course.Settings("oxford", "pug,boxer", 32)


def test_a_damaged_choice_says_what_to_do(folder):
    (folder / "petkeras-course.json").write_text("{")
    with pytest.raises(PetkerasError, match=r"petkeras-course.json is damaged. Delete it"):
        course.settings()


def test_a_size_that_is_not_an_integer_is_refused(monkeypatch):
    monkeypatch.setenv("PETKERAS_IMAGE_SIZE", "large")
    with pytest.raises(PetkerasError, match=r"PETKERAS_IMAGE_SIZE must be an integer.*'large'"):
        course.settings()


def test_pictures_are_loaded_as_chosen_and_described(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "data"))
    source = tmp_path / "mine"
    for name in ("left", "right"):
        (source / name).mkdir(parents=True)
        for number in range(7):
            (source / name / f"{number}.png").write_bytes(picture_bytes(number, kind="PNG"))
    course.use(source, image_size=np.int64(16))
    data = course.load()
    assert data.train.images.shape[1:] == (16, 16, 3)
    assert capsys.readouterr().out == (
        "Photographs, 16 pixels: left and right, 12 to train and 2 to test.\n"
    )
