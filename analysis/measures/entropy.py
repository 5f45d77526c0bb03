"""Entropy of joint angles: how little of a movement can be foretold from the movement before.

Angles are brought to 10 Hz where the source has 25 Hz or more, else they keep their own rate: values of different rates
are never comparable. Nothing is counted across a gap. A still, noisy angle has the highest entropy of all, so entropies
are null unless the signal's SD is three times its noise, and are read beside the moving share.
"""

from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from asyconv.analysis.formulas.angles import unwrapped_deg
from asyconv.analysis.formulas.entropy import (
    hjorth_complexity,
    hjorth_mobility,
    multiscale_entropy,
    permutation_entropy,
    sample_entropy,
)
from asyconv.analysis.formulas.gaps import gap_free
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.measures.gates import ANGLE, Gates
from asyconv.analysis.measures.measure import Arguments, Measure
from asyconv.analysis.series.angles import BENDS, RAISES
from asyconv.analysis.series.parts import LimbEpoch

COMMON_HZ: Final = 10.0
RUN_MIN_S: Final = 10.0
NOISE_RATIO_MIN: Final = 3.0
DELAY_S: Final = 0.1
IN_RUNS: Final = f"samples in runs of {RUN_MIN_S:g} s"


def common_rate_hz(limb: LimbEpoch) -> float:
    """10 Hz for sources of 25 Hz or more, else the source's own rate."""
    return COMMON_HZ if limb.epoch.effective_hz >= FAST_HZ else limb.epoch.effective_hz


def _pieces(limb: LimbEpoch, angle: str, turning: bool = False, to_hz: float | None = None) -> Arguments | str:
    """Runs of one angle, or of its signed speed, at the common rate; or that its noise decides it."""
    values = unwrapped_deg(limb.series.angles.deg[angle])
    noise = (limb.series.angles.turn_noise_deg_s if turning else limb.series.angles.noise_deg)[angle]
    if turning:
        values = derivative(values[:, None], limb.epoch.fs_hz)[:, 0]
    pieces = gap_free(values, limb.epoch.fs_hz, RUN_MIN_S, to_hz or common_rate_hz(limb))
    spread = float(np.concatenate(pieces).std()) if pieces else np.nan
    if pieces and (spread <= 0 or not spread >= NOISE_RATIO_MIN * noise):
        return f"SD less than {NOISE_RATIO_MIN:g} times the noise"
    return (pieces,)


def _delayed(limb: LimbEpoch, angle: str) -> Arguments | str:
    arguments = _pieces(limb, angle)
    return arguments if isinstance(arguments, str) else (*arguments, max(1, round(DELAY_S * common_rate_hz(limb))))


def _at_own_rate(limb: LimbEpoch, angle: str) -> Arguments | str:
    arguments = _pieces(limb, angle, to_hz=limb.epoch.fs_hz)
    return arguments if isinstance(arguments, str) else (*arguments, limb.epoch.fs_hz)


SHIN: Final = "after Shin 2022, doi 10.1038/s41598-022-07139-x"
MARCHI: Final = "after Marchi 2020, doi 10.1016/j.earlhumdev.2020.104942"
RATE: Final = "own rate only; read beside the moving share"
ENTROPY: Final = replace(ANGLE, needs_scale=True, run_min_s=RUN_MIN_S, noise_ratio_min=NOISE_RATIO_MIN)
QUICK: Final[Gates] = replace(ENTROPY, fs_min_hz=FAST_HZ)


# fmt: off
def _measure(angle: str, kind: str, **declared: Any) -> Measure:
    """A measure of how hard one angle is to foretell."""
    label = angle.replace("_", " ").capitalize()
    return Measure(**{"scope": "limb", "gates": ENTROPY, "at_least": (600, IN_RUNS), "caution": RATE, "decimals": 2,
                      "otherwise": "no two stretches alike", "parts": (kind,), **declared,
                      "name": f"{angle}_{declared['name']}", "label": f"{label}, {declared['label']}"})


def _of_bend(angle: str, kind: str) -> tuple[Measure, ...]:
    """Further entropies of elbow or knee."""
    return (
        _measure(angle, kind, name="sampen_angvel", label="sample entropy of angular speed", unit="nats", source=SHIN,
                 formula=f"-ln(A / B) of the {angle} angular speed, m = 2, r = 0.2 SD, at 10 Hz (6 Hz sources: 6 Hz)",
                 value=sample_entropy, of=partial(_pieces, angle=angle, turning=True)),
        _measure(angle, kind, name="mse_1_5", label="multiscale entropy", unit="nats",
                 formula=f"mean sample entropy of the {angle} angle over scales 1 to 5", value=multiscale_entropy,
                 of=partial(_pieces, angle=angle), at_least=(1500, IN_RUNS),
                 source="Costa 2002, Phys Rev Lett 89:068102"),
        _measure(angle, kind, name="permen", label="permutation entropy", unit="",
                 formula=f"permutation entropy of the {angle} angle, order 4, delay 0.1 s, / its maximum",
                 value=permutation_entropy, of=partial(_delayed, angle=angle),
                 source="Bandt and Pompe 2002, Phys Rev Lett 88:174102"),
        *(_measure(angle, kind, name=f"hjorth_{name}", label=f"Hjorth {word}", unit=unit, gates=QUICK, source=MARCHI,
                   formula=f"{formula}, x the {angle} angle at its own rate", value=value,
                   of=partial(_at_own_rate, angle=angle), at_least=(1500, IN_RUNS), caution="noise raises it")
          for name, word, unit, formula, value in (
              ("mobility_1_s", "mobility", "1/s", "sqrt(var x' / var x)", hjorth_mobility),
              ("complexity", "complexity", "", "mobility of x' / mobility of x", hjorth_complexity))),
    )


MEASURES: Final[tuple[Measure, ...]] = (
    *(_measure(angle, kind, name="sampen_angle", label="sample entropy of angle", unit="nats", source=SHIN,
               formula=f"-ln(A / B) of the {angle.replace('_', ' ')} angle, m = 2, r = 0.2 SD, at 10 Hz (6 Hz sources: "
               "6 Hz)", value=sample_entropy, of=partial(_pieces, angle=angle))
      for kind in BENDS for angle in (BENDS[kind], RAISES[kind])),
    *(measure for kind, angle in BENDS.items() for measure in _of_bend(angle, kind)),
)
# fmt: on
