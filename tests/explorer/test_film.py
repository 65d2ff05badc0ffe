import numpy as np
import pytest
from explorer.small_runs import small_run

import petkeras as pk
from petkeras.explorer import film
from petkeras.explorer.chain import read_chain
from petkeras.explorer.film import read_frames
from petkeras.runs.run import Run
from petkeras.visualize.evolution import Evolution


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return small_run(tmp_path_factory.mktemp("films") / "run")


@pytest.fixture
def damaged(run_dir, tmp_path):
    """A copy of the film, to be changed."""
    copy = tmp_path / "run"
    (copy / "evolution").mkdir(parents=True)
    for file in (run_dir / "evolution").iterdir():
        (copy / "evolution" / file.name).write_bytes(file.read_bytes())
    return copy


@pytest.fixture(scope="module")
def chain(run_dir):
    return read_chain(Run(run_dir).model)


def rewrite(file, change):
    with np.load(file) as kept:
        arrays = change(dict(kept))
    np.savez(file, **arrays)


def without_weights(arrays):
    return {name: array for name, array in arrays.items() if not name.startswith("weights/")}


def test_frames_have_the_weights_of_all_convolutions(run_dir, chain):
    read = read_frames(run_dir, chain)
    steps = Evolution(run_dir).steps
    assert [frame["step"] for frame in read.frames] == steps
    assert all(frame["kind"] == "weights" for frame in read.frames)
    assert read.frames[0]["layers"] == [0, 1, 4, 5]
    last = len(steps) - 1
    for index in (0, 5):
        for name, weight in chain.layers[index].weights.items():
            array = read.arrays[f"frames/{last}/{index}/{name}"]
            assert array.dtype == np.float16
            np.testing.assert_allclose(array, weight, atol=1e-3, rtol=1e-3)
            np.testing.assert_array_equal(read.weights[last][index][name], array)


def test_a_long_film_keeps_the_first_and_the_last_frame(run_dir, chain, monkeypatch):
    monkeypatch.setattr(film, "MAX_FRAMES", 4)
    steps = Evolution(run_dir).steps
    read = read_frames(run_dir, chain)
    assert len(read.frames) == 4
    assert [read.frames[0]["step"], read.frames[-1]["step"]] == [steps[0], steps[-1]]
    assert read.notes == [f"The film has {len(steps)} frames; 4 evenly spaced ones are shown."]
    monkeypatch.setattr(film, "MAX_BYTES", 1)
    assert len(read_frames(run_dir, chain).frames) == 2


def test_a_film_of_an_earlier_version_has_maps(damaged, chain):
    for file in (damaged / "evolution").glob("step_*.npz"):
        rewrite(file, without_weights)
    read = read_frames(damaged, chain)
    assert {frame["kind"] for frame in read.frames} == {"maps"}
    assert read.frames[0]["layers"]["4"] == list(range(8))
    assert read.weights == []
    assert "earlier version" in read.notes[0]
    maps, largest = (read.arrays[f"frames/2/4/{name}"] for name in ("maps", "largest"))
    assert (maps.shape, maps.dtype, largest.shape) == ((8, 8, 8), np.float16, (8,))
    expected = Evolution(damaged).maps("conv2_1", [2])[0]
    np.testing.assert_allclose(maps * largest, expected, atol=2e-3 * np.abs(expected).max())
    assert read.arrays["film_photograph"].shape == (16, 16, 3)


def test_large_maps_are_fewer(damaged, chain, monkeypatch):
    for file in (damaged / "evolution").glob("step_*.npz"):
        rewrite(file, without_weights)
    monkeypatch.setattr(film, "MAX_BYTES", 12_000)
    read = read_frames(damaged, chain)
    assert len(read.frames) == 4
    assert read.frames[0]["layers"]["0"] == [0, 1]  # of eight filters


def test_frames_without_weights_are_left_out(damaged, chain):
    files = sorted((damaged / "evolution").glob("step_*.npz"))
    rewrite(files[1], without_weights)
    steps = Evolution(damaged).steps
    shown = [frame["step"] for frame in read_frames(damaged, chain).frames]
    assert shown == [steps[0], *steps[2:]]


def test_no_film_is_no_error(tmp_path, chain):
    assert read_frames(tmp_path, chain).frames == []
    assert read_frames(tmp_path, chain).notes == []


def nonsense(file):
    file.write_bytes(b"nonsense")


def other_shape(file):
    rewrite(file, lambda arrays: arrays | {"weights/conv1_1/kernel": np.zeros(3, np.float16)})


def not_finite(file):
    def change(arrays):
        arrays["weights/conv1_1/kernel"][0] = np.nan
        return arrays

    rewrite(file, change)


@pytest.mark.parametrize("damage", [nonsense, other_shape, not_finite])
def test_a_damaged_film_is_left_out_with_a_note(damaged, chain, damage):
    damage(sorted((damaged / "evolution").glob("step_*.npz"))[2])
    read = read_frames(damaged, chain)
    assert (read.frames, read.arrays, read.weights) == ([], {}, [])
    [note] = read.notes
    assert note.startswith("The film of the filters is left out: step_")
    assert "\n" not in note


FILMS = ["", "[]", "null", "3", '{"filters": null}', '{"filters": {"conv1_1": [[]]}}', '{"filt']


@pytest.mark.parametrize("film", FILMS)
def test_a_damaged_list_is_left_out_with_a_note(damaged, chain, film):
    (damaged / "evolution" / "film.json").write_text(film)
    [note] = read_frames(damaged, chain).notes
    assert note.startswith("The film of the filters is left out: film.json is damaged: ")
    assert "object" not in note  # not how Python says it


@pytest.mark.parametrize("missing", ["film.json", "photograph.npy"])
def test_what_a_film_lacks_is_named_without_its_folder(damaged, chain, missing):
    (damaged / "evolution" / missing).unlink()
    assert read_frames(damaged, chain).notes == [
        f"The film of the filters is left out: {missing} is damaged: No such file or directory."
    ]


def test_maps_that_are_no_numbers_are_left_out_with_a_note(damaged, chain):
    for file in (damaged / "evolution").glob("step_*.npz"):
        rewrite(file, lambda arrays: {name: array.astype("S3") for name, array in arrays.items()})
        rewrite(file, without_weights)
    assert read_frames(damaged, chain).notes == [
        "The film of the filters is left out: it is damaged."
    ]


def test_each_frame_is_read_once(run_dir, chain, monkeypatch):
    read, weights = [], Evolution.weights
    monkeypatch.setattr(Evolution, "weights", lambda *args: read.append(args[1]) or weights(*args))
    assert read_frames(run_dir, chain).frames
    assert read == list(range(len(Evolution(run_dir).steps)))


@pytest.mark.parametrize("with_weights", [True, False])
def test_frames_of_the_first_layers_have_nothing_of_the_others(damaged, chain, with_weights):
    if not with_weights:
        for file in (damaged / "evolution").glob("step_*.npz"):
            rewrite(file, without_weights)
    read = read_frames(damaged, chain).of_layers(4)
    assert {tuple(map(int, frame["layers"])) for frame in read.frames} == {(0, 1)}
    numbers = {name.split("/")[2] for name in read.arrays if name.startswith("frames/")}
    assert numbers == {"0", "1"}
    assert all(set(each) == {0, 1} for each in read.weights)
    assert read.of_layers(0).frames == []


def test_the_film_of_another_network_is_left_out(run_dir):
    other = read_chain(pk.pet_net(image_size=16, seed=0))
    narrow = [layer for layer in other.layers if layer.name in ("pool1", "flatten")]
    read = read_frames(run_dir, type(other)(tuple(narrow), other.input_shape, None, False))
    assert "do not belong to this network" in read.notes[0]
