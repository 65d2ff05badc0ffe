"""`petkeras data`."""

import re

from conftest import picture_bytes


def test_photographs_come_from_the_environment_too(petkeras, pets, monkeypatch):
    monkeypatch.setenv("PETKERAS_PETS", str(pets))
    code, out, _ = petkeras("data", "--image-size", 8)
    assert code == 0
    assert str(pets) in out


def test_data_is_a_table_of_breeds_pictures_sizes_and_dirty_files(petkeras, pets):
    code, out, _ = petkeras("data", "--source", pets, "--breeds", "all", "--image-size", 8)
    assert code == 0
    assert re.search(r"samoyed +20 +17 +3 +40x30 +40x30 +40x30", out)
    assert "1 file: not a picture, ignored (samoyed_100.mat)" in out
    _, out, _ = petkeras("data", "--list")
    assert len(re.findall(r" (?:cat|dog) ", out)) == 37


def test_a_validation_part_is_held_back_from_the_training_pictures(petkeras, pets):
    code, out, _ = petkeras(
        "data", "--source", pets, "--image-size", 8, "--validation-fraction", 0.2
    )
    assert code == 0
    assert re.search(r"samoyed +20 +14 +3 +3 ", out)


def test_a_terminal_of_no_size_gets_the_table_too(petkeras, pets, monkeypatch):
    monkeypatch.setenv("COLUMNS", "0")
    assert "samoyed" in petkeras("data", "--source", pets, "--image-size", 8)[1].split("breed")[1]


def test_a_folder_that_is_split_already_is_told_in_a_line(petkeras, tmp_path):
    for part in ("train", "test"):
        for name in ("a", "b", "c"):
            (tmp_path / part / name).mkdir(parents=True)
            (tmp_path / part / name / "1.png").write_bytes(picture_bytes(1, kind="PNG"))
    code, out, _ = petkeras("data", "--source", tmp_path, "--image-size", 8)
    assert code == 0
    assert "is split already: train/ is the training part, and test/ the test part.\n" in out
    assert re.search(r"\nc +2 +1 +1 +40x30", re.sub(r"\n +", "\n", out))
