"""Complexity: signals whose entropy, mobility and dimension are known, and a published program as oracle."""

import numpy as np
import numpy.typing as npt

from asyconv.analysis import analyse
from asyconv.analysis.measures.registry import REGISTRY
from tests.helpers.closed_form import make_tracks

Floats = npt.NDArray[np.float64]


def test_a_still_noisy_angle_has_no_entropy() -> None:
    movement = analyse(make_tracks(120, noise_mm=0.5))
    entropies = {m.name for m in REGISTRY if m.gates.noise_ratio_min}
    found = [r for r in movement.results if r.measure.name in entropies]
    assert found
    assert {r.value for r in found} == {None}
    assert {r.reason for r in found} == {"SD less than 3 times the noise"}
