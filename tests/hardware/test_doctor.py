"""The doctor's verdict on many machines, each a variation of a good one."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from petkeras.hardware import devices, doctor
from petkeras.hardware.doctor import NOTE, OK, PROBLEM
from petkeras.hardware.probe import Driver, Machine

BUILD = {
    "is_cuda_build": True,
    "cuda_version": "12.5.1",
    "cudnn_version": "9",
    "cuda_compute_capabilities": ["sm_60", "sm_70", "sm_80", "sm_89", "compute_90"],
}
VERSIONS = {
    "keras": "3.15.1",
    "tensorflow": "2.21.0",
    "numpy": "2.4.6",
    "tensorflow-datasets": "4.9.10",
    "matplotlib": "3.11.2",
    "tensorboard": "2.21.0",
    "rich": "14.1.0",
    "jupyterlab": "4.6.6",
}
GOOD = Machine(
    python=(3, 12, 4),
    bits=64,
    system="Linux",
    architecture="x86_64",
    versions=VERSIONS,
    requirements=(
        "keras>=3.15",
        "matplotlib>=3.10.7",
        "numpy>=2.1",
        "rich>=13.7",
        "tensorboard>=2.21",
        "tensorflow>=2.21",
        "tensorflow-datasets>=4.9.10",
        "jupyterlab>=4.4; extra == 'lab'",
    ),
    tensorflow={"version": "2.21.0", "gpus": [], "build": BUILD},
    driver=None,
    nvidia_card=False,
    cores=2,
    cpu="model name : Chip\nflags : fma avx avx2 avx512f avx512_bf16\n",
    memory=8_000_000_000,
    data_dir=Path("pets"),
    free=50 * 2**30,
    writable=True,
    prepared=True,
    environment={},
)


def facts(topic, **changes):
    """Return the facts of a topic for a machine that differs from the good one."""
    found = doctor.examine(dataclasses.replace(GOOD, **changes))
    return [fact for fact in found if fact.topic == topic]


def fact(topic, **changes):
    (found,) = facts(topic, **changes)
    return found


def gpu(name="Big", capability=(9, 0)):
    details = {"device_name": name, "compute_capability": list(capability)}
    return {**GOOD.tensorflow, "gpus": [details]}


def test_a_good_machine_has_no_problem_and_one_line_a_fact():
    found = doctor.examine(GOOD)
    assert [fact.topic for fact in found if fact.state != OK] == ["GPU"]
    assert doctor.can_train(found)
    assert all("\n" not in doctor.line(fact) for fact in found)
    assert doctor.line(found[0]) == "ok       Python               3.12.4 (Linux, x86_64)"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"python": (3, 10, 2)}, "3.10.2 is not supported; 3.11, 3.12 and 3.13 are"),
        ({"python": (3, 14, 0)}, "3.14.0 is not supported"),
        ({"bits": 32}, "32 bits: TensorFlow needs 64"),
        ({"system": "Darwin"}, "Macs with Intel processors"),
    ],
)
def test_a_python_without_tensorflow_is_a_problem(changes, said):
    found = fact("Python", **changes)
    assert found.state == PROBLEM
    assert said in found.text
    assert found.advice


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_pythons_of_the_metadata_are_supported(minor):
    assert fact("Python", python=(3, minor, 0)).state == OK


def test_supported_pythons_are_those_of_the_project():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    oldest, newest = doctor.PYTHONS
    assert f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"' in text


@pytest.mark.parametrize(
    ("name", "version", "said", "advice"),
    [
        (
            "keras",
            "3.9.2",
            "3.9.2 is too old; 3.15 or newer",
            "pip install --upgrade 'keras>=3.15'",
        ),
        ("tensorflow-datasets", None, "is not installed", "'tensorflow-datasets>=4.9.10'"),
        ("matplotlib", "3.10.6", "3.10.7 or newer", "'matplotlib>=3.10.7'"),
        ("rich", None, "is not installed", "'rich>=13.7'"),
    ],
)
def test_a_package_that_is_missing_or_too_old_is_named(name, version, said, advice):
    versions = {**VERSIONS, name: version}
    if version is None:
        del versions[name]
    found = fact(name, versions=versions)
    assert found.state == PROBLEM
    assert said in found.text
    assert advice in found.advice


def test_a_release_candidate_counts_as_its_release():
    assert fact("numpy", versions={**VERSIONS, "numpy": "2.1.0rc1"}).state == OK
    assert fact("numpy", versions={**VERSIONS, "numpy": "2"}).state == PROBLEM


def test_tensorflow_by_another_name_is_tensorflow():
    versions = {name: version for name, version in VERSIONS.items() if name != "tensorflow"}
    assert fact("tensorflow", versions=versions).text == "2.21.0"
    assert fact("tensorflow", versions=versions, tensorflow="no").state == PROBLEM


def test_petkeras_run_from_its_source_is_noted():
    assert fact("petkeras", requirements=()).state == NOTE


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        (
            {"tensorflow": "symbol", "versions": {**VERSIONS, "tensorflow-metal": "1.2"}},
            "pip uninstall tensorflow-metal",
        ),
        ({"tensorflow": "it crashed (signal 4)", "cpu": "flags : sse"}, "another machine"),
        ({"tensorflow": "DLL load failed", "system": "Windows"}, "Visual C++"),
        ({"tensorflow": "ImportError"}, "pip install --force-reinstall tensorflow==2.21.0"),
    ],
)
def test_a_tensorflow_that_does_not_load_is_a_problem_with_a_way_out(changes, advice):
    found = fact("tensorflow", **changes)
    assert found.state == PROBLEM
    assert advice in found.advice
    assert fact("GPU", **changes).state == NOTE


# GPUs

DRIVER = Driver("570.86", (12, 8), ("NVIDIA T4",))


@pytest.mark.parametrize(
    ("changes", "said", "advice"),
    [
        ({}, "no NVIDIA card was found", ""),
        ({"nvidia_card": True}, "an NVIDIA card, but no driver", "nvidia-smi"),
        ({"system": "Windows", "driver": DRIVER}, "GPUs on Windows", "WSL2"),
        ({"system": "Darwin", "architecture": "arm64"}, "does not use a Mac's", ""),
        (
            {"driver": Driver("470.2", (11, 4), ("NVIDIA T4",))},
            "driver 470.2 supports CUDA up to 11.4, and TensorFlow is built for 12.5.1",
            "update NVIDIA's driver",
        ),
        ({"driver": DRIVER}, "CUDA's libraries are not installed", "petkeras[gpu]"),
        (
            {"driver": DRIVER, "versions": {**VERSIONS, "nvidia-cudnn-cu12": "9.3"}},
            "could not load CUDA's libraries",
            "TF_CPP_MAX_VLOG_LEVEL=3",
        ),
        (
            {
                "driver": DRIVER,
                "versions": {**VERSIONS, "nvidia-cudnn-cu12": "9.3"},
                "environment": {"LD_LIBRARY_PATH": "/old"},
            },
            "could not load CUDA's libraries",
            "unset LD_LIBRARY_PATH",
        ),
        (
            {"driver": DRIVER, "environment": {"CUDA_VISIBLE_DEVICES": "-1"}},
            "NVIDIA T4 is hidden by CUDA_VISIBLE_DEVICES=-1",
            "unset it",
        ),
        (
            {
                "driver": DRIVER,
                "tensorflow": {**GOOD.tensorflow, "build": {"is_cuda_build": False}},
            },
            "built without CUDA",
            "petkeras[gpu]",
        ),
    ],
)
def test_without_a_gpu_the_reason_is_told_and_training_goes_on(changes, said, advice):
    found = fact("GPU", **changes)
    assert found.state == NOTE
    assert said in found.text
    assert found.text.endswith("training runs on the CPU")
    assert advice in found.advice


@pytest.mark.parametrize(
    ("capability", "state"),
    [
        ((5, 2), PROBLEM),
        ((6, 1), OK),
        ((7, 5), OK),
        ((8, 6), OK),
        ((9, 0), OK),
        ((10, 0), PROBLEM),
        ((12, 0), PROBLEM),
    ],
)
def test_a_card_for_which_tensorflow_has_no_kernels_is_a_problem(capability, state):
    found = fact("GPU", tensorflow=gpu(capability=capability), driver=DRIVER)
    assert found.state == state
    if state == PROBLEM:
        assert "has kernels for 6.0 to 9.0 only" in found.text
        assert "CUDA_VISIBLE_DEVICES=-1" in found.advice
    else:
        assert "driver 570.86 (CUDA 12.8); TensorFlow is built for CUDA 12.5.1" in found.text


def test_a_gpu_without_details_is_taken_as_it_is():
    found = fact("GPU", tensorflow={**GOOD.tensorflow, "gpus": [{}]})
    assert found.state == OK
    assert "compute capability unknown" in found.text


# The rest


@pytest.mark.parametrize(
    ("flags", "said", "bfloat16"),
    [
        ("avx2 avx512f avx512_bf16", "computes in bfloat16", True),
        ("avx2 amx_bf16", "computes in bfloat16", True),
        ("avx2 avx512f", "AVX-512, without bfloat16", False),
        ("avx2", "AVX2, without AVX-512", False),
        ("avx", "without AVX2", False),
    ],
)
def test_the_processor_is_seen_as_training_sees_it(flags, said, bfloat16, monkeypatch):
    cpu = f"model name : Chip\nflags : {flags}\n"
    assert said in fact("CPU", cpu=cpu).text
    monkeypatch.setattr(devices.tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(devices, "_cpu_info", lambda: cpu)
    assert (devices.dtype_policy("auto") == "mixed_bfloat16") is bfloat16


def test_a_processor_of_which_nothing_is_known_is_named_by_its_kind():
    assert fact("CPU", cpu="", architecture="arm64").text == "arm64, 2 cores"


@pytest.mark.parametrize(
    ("memory", "state"), [(8e9, OK), (2e9, NOTE), (0.5e9, PROBLEM), (None, NOTE)]
)
def test_memory_is_enough_or_an_image_size_that_fits_is_named(memory, state):
    found = fact("memory", memory=memory)
    assert found.state == state
    assert "at 224 pixels" in found.text
    if memory and state != OK:
        assert "--image-size 64" in found.advice


@pytest.mark.parametrize(
    ("changes", "state", "said"),
    [
        ({}, OK, "is ready in pets"),
        ({"prepared": False}, NOTE, "is not in pets yet; 50 GiB are free"),
        ({"prepared": False, "free": 2**30}, NOTE, "1.0 GiB are free there: 2.3 are needed"),
        ({"prepared": False, "writable": False}, PROBLEM, "pets cannot be written to"),
    ],
)
def test_the_datas_place_is_told(changes, state, said):
    found = fact("data", **changes)
    assert found.state == state
    assert said in found.text


def test_odd_environment_variables_are_noted_and_ordinary_ones_are_not():
    odd = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CONFIG": "{}", "TF_USE_LEGACY_KERAS": "1"}
    found = facts("environment", environment=odd)
    assert {fact.state for fact in found} == {NOTE}
    assert sorted(fact.text.partition("=")[0] for fact in found) == sorted(odd)
    plain = {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_USE_LEGACY_KERAS": "0", "TF_XLA_FLAGS": ""}
    assert facts("environment", environment=plain) == []
    assert fact("environment", environment={"KERAS_BACKEND": "jax"}).state == PROBLEM
    assert facts("environment", environment={"KERAS_BACKEND": ""}) == []


def test_jupyterlab_is_there_or_how_to_get_it():
    assert fact("JupyterLab").text == "4.6.6; petkeras lab opens the course in it"
    found = fact("JupyterLab", versions={})
    assert (found.state, found.advice) == (NOTE, "for the course: pip install 'petkeras[lab]'")


def test_json_holds_every_fact():
    found = doctor.examine(dataclasses.replace(GOOD, python=(3, 10, 0)))
    content = json.loads(doctor.as_json(found))
    assert content["can_train"] is False
    assert content["facts"] == [dataclasses.asdict(fact) for fact in found]


def test_the_command_neither_loads_tensorflow_itself_nor_shows_a_traceback(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('libcudart is broken')")
    done = subprocess.run(
        [sys.executable, "-m", "petkeras", "doctor"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert "cannot be loaded: ImportError: libcudart is broken" in done.stdout
    assert done.stdout.count("problem ") == 1
