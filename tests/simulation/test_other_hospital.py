"""The simulated hospital that no training has seen: one for everybody, and its infants differ."""

import dataclasses
from pathlib import Path

import numpy as np

from asyconv.cli.messages import UNLIKE
from asyconv.labels.annotations import read_annotated
from asyconv.pose.validated import unlike_validated
from asyconv.simulation.other_hospital import other_hospital
from asyconv.simulation.scene import make_infant
from tests.helpers.commands import invoke


def test_the_hospital_is_fixed_and_its_infants_differ() -> None:
    infants = [other_hospital(seed, number) for seed in (1, 2) for number in range(3)]
    assert infants == [other_hospital(seed, number) for seed in (1, 2) for number in range(3)]
    for shared in ("camera", "noise", "holes", "limbs", "covered"):
        assert len({getattr(infant, shared) for infant in infants}) == 1
    for own in ("distance_mm", "tilt_deg", "turn_deg"):
        assert len({getattr(infant, own) for infant in infants}) == 6
    assert all(780 < (infant.distance_mm or 0) < 1020 and abs(infant.tilt_deg or 0) > 12 for infant in infants)


def test_only_the_limbs_are_longer() -> None:
    there = other_hospital(3, 0)
    longer, as_drawn = (
        make_infant(3, 0, np.zeros(1), condition=dataclasses.replace(there, limbs=limbs)).anatomy
        for limbs in (there.limbs, 1.0)
    )
    assert longer.thigh == as_drawn.thigh * there.limbs
    assert longer.trunk == as_drawn.trunk


def test_labels_of_it_are_a_data_set_that_can_be_read(tmp_path: Path) -> None:
    result = invoke("simulate", tmp_path / "out", "--annotated", "--other-hospital", "--infants", 1, "--seconds", 1.0)
    assert result.exit_code == 0, result.output
    (infant,) = read_annotated(tmp_path / "out")
    assert infant.simulated
    assert len(infant.frame) == 6


def test_process_knows_the_warning_by_how_it_begins() -> None:
    section = {"fx_px": None, "width_px": 640, "distance_mm": [580.0, 640.0], "fps_hz": 30.0}
    (sentence,) = unlike_validated(section, width_px=640, fx_px=500.0, distance_mm=900.0, fps_hz=30.0)
    assert sentence.startswith(UNLIKE)
