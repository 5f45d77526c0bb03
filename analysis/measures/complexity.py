"""Complexity: how little of a movement can be foretold from the movement before.

Angles are brought to 10 Hz where the source has 25 Hz or more, else they keep their own rate: values of different rates
are never comparable (the same signal has 0.75 at 30 Hz and 2.21 at 6 Hz). Nothing is counted across a gap. A still,
noisy angle has the highest entropy of all, so entropies are null unless the signal's SD is three times its noise, and
are read beside the moving share.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.entropy import hjorth, permutation_entropy, sample_entropy
from asyconv.analysis.formulas.gaps import runs, whole
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.measures.angles import opened
from asyconv.analysis.measures.definition import Measure, Value, given
from asyconv.analysis.measures.gates import AMOUNT, ANGLE
from asyconv.analysis.measures.spatial import PLACE, cells
from asyconv.analysis.series.epochs import BodyEpoch, LimbEpoch

Floats = npt.NDArray[np.float64]

COMMON_HZ: Final = 10.0
RUN_MIN_S: Final = 10.0
SAMPLES_MIN: Final = 600
MSE_SAMPLES_MIN: Final = 1500
NOISE_RATIO_MIN: Final = 3.0
TOLERANCE_SD: Final = 0.2
SCALES: Final = (1, 2, 3, 4, 5)
DELAY_S: Final = 0.1
SPATIAL_SAMPLES: Final = 600
HIGUCHI_K_MAX: Final = 10
JOINTS_MIN_SHARE: Final = 0.7


def higuchi(values: Floats, k_max: int = HIGUCHI_K_MAX) -> float:
    """Higuchi's fractal dimension of `values` (a line 1, white noise 2; Higuchi 1988)."""
    n = len(values)
    lengths = []
    for k in range(1, k_max + 1):
        parts = [values[m::k] for m in range(k)]
        lengths.append(np.mean([np.abs(np.diff(p)).sum() * (n - 1) / ((len(p) - 1) * k) / k for p in parts]))
    if not min(lengths) > 0:
        return float("nan")
    return float(-np.polyfit(np.log(np.arange(1, k_max + 1)), np.log(lengths), 1)[0])


def dfa(values: Floats) -> float:
    """Exponent of detrended fluctuation (white noise 0.5, Brownian motion 1.5; Peng 1994); windows of 4 to N / 10."""
    profile = np.cumsum(values - values.mean())
    sizes = np.unique(np.geomspace(4, len(values) // 10, 12).astype(int))
    fluctuations = []
    for size in sizes:
        windows = profile[: len(profile) // size * size].reshape(-1, size)
        t = np.arange(size) - (size - 1) / 2
        slopes = windows @ t / (t @ t)
        left = windows - windows.mean(axis=1, keepdims=True) - slopes[:, None] * t
        fluctuations.append(np.sqrt((left**2).mean()))
    if not min(fluctuations) > 0:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(fluctuations), 1)[0])


def common_rate_hz(limb: LimbEpoch) -> float:
    """10 Hz for sources of 25 Hz or more, else the source's own rate."""
    return COMMON_HZ if limb.effective_hz >= FAST_HZ else limb.effective_hz


def _pieces(values: Floats, fs_hz: float, to_hz: float) -> list[Floats]:
    """Runs of at least 10 s of `values` [N], on straight lines at `to_hz`."""
    out = []
    for start, stop in runs(np.isfinite(values)):
        if stop - start >= RUN_MIN_S * fs_hz - 1e-6:
            at = np.arange(0, (stop - start - 1) / fs_hz + 1e-9, 1 / to_hz)
            out.append(np.interp(at, np.arange(stop - start) / fs_hz, values[start:stop]))
    return out


def _complex(
    limb: LimbEpoch, angle: str, turning: bool, of: Callable[[list[Floats], float], float], least: int = SAMPLES_MIN
) -> Value:
    """`of` the pieces of one angle or its speed and their rate, unless noise or too few samples decide it."""
    values = limb.motion.angles_deg[angle]
    values = opened(values) if np.isfinite(values).any() else values
    noise = (limb.motion.turn_noise_deg_s if turning else limb.motion.angle_noise_deg).get(angle, float("nan"))
    if turning:
        values = derivative(values[:, None], limb.fs_hz)[:, 0]
    rate_hz = common_rate_hz(limb)
    pieces = _pieces(values, limb.fs_hz, rate_hz)
    n = sum(map(len, pieces))
    if n < least:
        return Value(None, n, f"{n} samples at {rate_hz:g} Hz in runs of {RUN_MIN_S:g} s, needs {least}")
    spread = float(np.concatenate(pieces).std())
    if not spread >= NOISE_RATIO_MIN * noise or spread <= 0:
        return Value(None, n, f"SD less than {NOISE_RATIO_MIN:g} times the noise")
    return given(of(pieces, rate_hz), n, "no two stretches alike")


def _own_tolerance(pieces: list[Floats]) -> float:
    return TOLERANCE_SD * float(np.concatenate(pieces).std())


def sampen_of(angle: str, turning: bool) -> Callable[[LimbEpoch], Value]:
    """Sample entropy of one angle, or of its speed."""

    def sampen(limb: LimbEpoch) -> Value:
        """Sample entropy (nats) of a joint angle or its speed, m = 2, r = 0.2 SD (after Shin 2022).

        High for noise, not for skill; rate, length and smoothing are part of the number.
        """
        return _complex(limb, angle, turning, lambda pieces, _: sample_entropy(pieces, _own_tolerance(pieces)))

    return sampen


def mse_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Mean of the sample entropies of one angle at five scales."""

    def mse(limb: LimbEpoch) -> Value:
        """Mean over scales 1 to 5 of the sample entropy (nats) of means of so many samples, r = 0.2 SD of scale 1."""

        def mean(pieces: list[Floats], _: float) -> float:
            tolerance = _own_tolerance(pieces)
            coarse = [[p[: len(p) // k * k].reshape(-1, k).mean(axis=1) for p in pieces if len(p) >= k] for k in SCALES]
            return float(np.mean([sample_entropy(scale, tolerance) for scale in coarse]))

        return _complex(limb, angle, False, mean, MSE_SAMPLES_MIN)

    return mse


def permen_of(angle: str) -> Callable[[LimbEpoch], Value]:
    """Permutation entropy of one angle."""

    def permen(limb: LimbEpoch) -> Value:
        """Permutation entropy of a joint angle (0 to 1), order 4, delay 0.1 s, one sample at 6 Hz. Noise is near 1."""
        return _complex(limb, angle, False, lambda p, rate_hz: permutation_entropy(p, max(1, round(DELAY_S * rate_hz))))

    return permen


def hjorth_of(angle: str, which: int) -> Callable[[LimbEpoch], Value]:
    """Hjorth's mobility or complexity of one angle."""

    def parameter(limb: LimbEpoch) -> Value:
        """Hjorth's mobility (1/s) or complexity (no unit) of a joint angle (Hjorth 1970); noise raises both."""
        return _complex(limb, angle, False, lambda pieces, rate_hz: hjorth(pieces, rate_hz)[which])

    return parameter


def longest_of(angle: str, formula: Callable[[Floats], float]) -> Callable[[LimbEpoch], Value]:
    """Fractal measure of the longest run of one angle."""

    def fractal(limb: LimbEpoch) -> Value:
        """Fractal dimension or exponent (no unit) of the longest run of a joint angle; 180 s are too short for it."""
        return _complex(limb, angle, False, lambda pieces, _: formula(max(pieces, key=len)))

    return fractal


def participation_ratio(body: BodyEpoch) -> Value:
    """(sum l)^2 / sum l^2 of the eigenvalues l of the correlation matrix of the 12 joints' speeds (1 to 12).

    1: all joints move as one; 12: all independently, which noise does too (this software; not a count of synergies).
    """
    speed = body.motion.joint_speed_mm_s
    seen = whole(speed)
    n = int(seen.sum())
    if n < JOINTS_MIN_SHARE * len(seen):
        return Value(None, n, "the twelve joints were seen together in less than 70 % of samples")
    if not (speed[seen].std(axis=0) > 1e-9).all():
        return Value(None, n, "a joint without any change of speed")
    correlation = np.corrcoef(speed[seen].T)
    return Value(float(np.trace(correlation) ** 2 / (correlation**2).sum()), n)


def spatial_entropy(limb: LimbEpoch) -> Value:
    """Shannon entropy (bits) of the 10 mm cells in which the endpoint was, at 600 evenly spread samples.

    With the Miller-Madow correction (K - 1) / (2 N ln 2). Posture and size of the infant are in it.
    """
    visited = cells(limb) if np.isfinite(limb.motion.reach_mm).any() else np.empty((0, 3))
    if len(visited) < SPATIAL_SAMPLES:
        return Value(None, len(visited), f"{len(visited)} positions, needs {SPATIAL_SAMPLES}")
    taken = visited[np.linspace(0, len(visited) - 1, SPATIAL_SAMPLES).astype(int)]
    counts = np.unique(taken, axis=0, return_counts=True)[1]
    share = counts / SPATIAL_SAMPLES
    return Value(
        float(-(share * np.log2(share)).sum() + (len(counts) - 1) / (2 * SPATIAL_SAMPLES * np.log(2))), SPATIAL_SAMPLES
    )


SHIN: Final = "after Shin 2022, doi 10.1038/s41598-022-07139-x"
RATE: Final = "own rate only; read beside the moving share"
ENTROPY: Final = replace(
    ANGLE, needs_mm=True, samples_min=SAMPLES_MIN, run_min_s=RUN_MIN_S, noise_ratio_min=NOISE_RATIO_MIN
)
QUICK_ENTROPY: Final = replace(ENTROPY, fs_min_hz=FAST_HZ)
SIGNALS: Final = (
    ("elbow", "Elbow", "arm", True),
    ("shoulder_elevation", "Shoulder elevation", "arm", False),
    ("knee", "Knee", "leg", True),
    ("hip_flexion", "Hip flexion", "leg", False),
)


# fmt: off
def _measures(angle: str, label: str, kind: str, bend: bool) -> tuple[Measure, ...]:
    """Every complexity measure of one angle; all but sample entropy of the bends only."""
    low = label.lower()
    entropies = tuple(
        Measure(f"{angle}_sampen_{short}", f"{label}, sample entropy of {words}", "nats", "limb", f"-ln(A / B) of the "
                f"{low} "
                f"{words}, m = 2, r = 0.2 SD, at 10 Hz (6 Hz sources: 6 Hz)", sampen_of(angle, turning), ENTROPY, SHIN,
                RATE, "extended", 2, parts=(kind,))
        for short, words, turning in (("angle", "angle", False), ("angvel", "angular speed", True)))
    if not bend:
        return entropies
    return (
        *entropies,
        Measure(f"{angle}_mse_1_5", f"{label}, multiscale entropy", "nats", "limb", f"mean sample entropy of the {low} "
                "angle over scales 1 to 5", mse_of(angle), replace(ENTROPY, samples_min=MSE_SAMPLES_MIN),
                "Costa 2002, Phys Rev Lett 89:068102", RATE, "extended", 2, parts=(kind,)),
        Measure(f"{angle}_permen", f"{label}, permutation entropy", "", "limb", f"permutation entropy of the {low} "
                "angle, "
                "order 4, delay 0.1 s, / its maximum", permen_of(angle), ENTROPY, "Bandt and Pompe 2002, Phys Rev Lett "
                "88:174102", RATE, "extended", 2, parts=(kind,)),
        Measure(f"{angle}_hjorth_mobility_1_s", f"{label}, Hjorth mobility", "1/s", "limb", f"sqrt(var x' / var x) of "
                "the "
                f"{low} angle", hjorth_of(angle, 0), QUICK_ENTROPY, "after Marchi 2020, doi "
                "10.1016/j.earlhumdev.2020.104942", "noise raises it", "extended", 2, parts=(kind,)),
        Measure(f"{angle}_hjorth_complexity", f"{label}, Hjorth complexity", "", "limb", "mobility of x' / mobility "
                "of x, "
                f"x the {low} angle", hjorth_of(angle, 1), QUICK_ENTROPY, "after Marchi 2020, doi "
                "10.1016/j.earlhumdev.2020.104942", "noise raises it", "extended", 2, parts=(kind,)),
        Measure(f"{angle}_higuchi_fd", f"{label}, Higuchi dimension", "", "limb", f"Higuchi's fractal dimension of the "
                f"longest run of the {low} angle, k up to 10", longest_of(angle, higuchi), QUICK_ENTROPY,
                "Higuchi 1988, Physica D 31:277", RATE, "research", 2, parts=(kind,)),
        Measure(f"{angle}_dfa_alpha", f"{label}, fluctuation exponent", "", "limb", "exponent of detrended "
                "fluctuation of "
                f"the longest run of the {low} angle", longest_of(angle, dfa), QUICK_ENTROPY,
                "Peng 1994, Phys Rev E 49:1685", RATE, "research", 2, parts=(kind,)),
    )


MEASURES: Final[tuple[Measure, ...]] = (
    *(measure for signal in SIGNALS for measure in _measures(*signal)),
    Measure("spatial_entropy", "Entropy of places", "bits", "limb", "Shannon entropy of the 10 mm cells of 600 evenly "
            "spread positions, Miller-Madow corrected", spatial_entropy, replace(PLACE, samples_min=SPATIAL_SAMPLES),
            caution="posture and size are in it", tier="extended", decimals=2),
    Measure("participation_ratio", "Independent movements", "", "body", "(sum l)^2 / sum l^2 of the eigenvalues of the "
            "correlation of the twelve joints' speeds", participation_ratio, AMOUNT,
            caution="noise makes joints independent", tier="extended", decimals=2),
)
# fmt: on
