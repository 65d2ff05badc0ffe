"""`petkeras doctor`."""

import json
import re


def test_doctor_prints_a_line_per_fact_or_json(petkeras, monkeypatch):
    monkeypatch.setattr("petkeras.hardware.probe._probe", lambda: "ImportError: broken")
    code, out, err = petkeras("doctor")
    assert (code, err) == (1, "")
    assert re.search(
        r"\nproblem  tensorflow +\S+ cannot be loaded: ImportError: broken\. Do: ", out
    )
    code, out, _ = petkeras("doctor", "--json")
    assert code == 1
    assert json.loads(out)["can_train"] is False
    versions = {"version": "2.99", "gpus": [], "build": {}}
    monkeypatch.setattr("petkeras.hardware.probe._probe", lambda: versions)
    monkeypatch.setattr("petkeras.hardware.probe.free_memory", lambda: 10**10)
    assert petkeras("doctor")[0] == 0
