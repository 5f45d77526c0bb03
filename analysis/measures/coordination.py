"""Coordination: do two limbs, or two joints of a limb, move at the same time, and which comes first.

On log(1 + speed), so that one strong movement does not decide. Two limbs that slow down in the same quiet state
correlate without moving together; a lag is given only where the correlation exceeds what shifted time gives. Marchi
2020 found coordination not related to age.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d
from scipy.stats import rankdata

from asyconv.analysis.formulas.bootstrap import Sums
from asyconv.analysis.formulas.coordination import SHIFT_MIN_S, SHIFTS_MIN, peak_lag
from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.spectra import SEGMENT_S, segments
from asyconv.analysis.measures.definition import LEFT_RIGHT, Measure, Value, given, value_of
from asyconv.analysis.measures.gates import ANGLE, TOGETHER
from asyconv.analysis.series.epochs import LimbEpoch, PairEpoch
from asyconv.analysis.series.motion import BENDS

Floats = npt.NDArray[np.float64]

ONSET_S: Final = 0.33
BOUTS_MIN: Final = 10
SEGMENTS_MIN: Final = 8
BAND_HZ: Final = (0.3, 2.0)
RAISES: Final = {"arm": "shoulder_elevation", "leg": "hip_flexion"}


def pearson(a: Floats, b: Floats) -> Sums:
    """Pearson's r of `a` and `b` [N] over the samples that both have."""
    both = np.isfinite(a) & np.isfinite(b)
    # far from zero the sums of squares would lose what little the values vary
    x, y = (np.where(both, v - (v[both].mean() if both.any() else 0.0), 0.0) for v in (a, b))

    def r(s: Floats) -> Floats:
        n, sx, sy, xx, yy, xy = np.moveaxis(s, -1, 0)
        return np.asarray((n * xy - sx * sy) / np.sqrt((n * xx - sx**2) * (n * yy - sy**2)))

    return Sums(np.stack([both.astype(float), x, y, x * x, y * y, x * y]), r)


def _speeds(pair: PairEpoch) -> tuple[Floats, Floats]:
    """log(1 + speed) of both limbs, where both have one."""
    both = pair.both_valid
    first, second = (np.where(both, np.log1p(np.nan_to_num(limb.speed_mm_s)), np.nan) for limb in pair.limbs)
    return first, second


def _correlated(a: Floats, b: Floats, nothing: str = "no variation in common samples") -> Value:
    n = int((np.isfinite(a) & np.isfinite(b)).sum())
    found = value_of(pearson(a, b), n)
    return found if found.value is not None and np.isfinite(found.value) else Value(None, n, nothing)


def corr_speed_r(pair: PairEpoch) -> Value:
    """Pearson's r of log(1 + speed) of two limbs (no unit), where both are seen; a common state raises it."""
    first, second = _speeds(pair)
    return _correlated(first, second)


def corr_spearman(pair: PairEpoch) -> Value:
    """Spearman's rank correlation of the speeds of two limbs (no unit), where both are seen; noise ranks rest."""
    ranks = []
    for speed in _speeds(pair):
        present = np.isfinite(speed)
        ranked = np.full(len(speed), np.nan)
        ranked[present] = rankdata(speed[present])
        ranks.append(ranked)
    return _correlated(ranks[0], ranks[1])


def xcorr_max(pair: PairEpoch) -> Value:
    """Largest correlation of log(1 + speed) within 1 s of lag (no unit); by chance alone it is above zero."""
    highest, _, bound = peak_lag(*_speeds(pair), pair.fs_hz)
    return Value(highest, int(pair.both_valid.sum())) if np.isfinite(bound) else Value(None, 0, _TOO_SHORT)


def xcorr_bound(pair: PairEpoch) -> Value:
    """95th percentile of the same maximum round every shift of more than 5 s (no unit): what chance gives here."""
    bound = peak_lag(*_speeds(pair), pair.fs_hz)[2]
    return given(bound, int(pair.both_valid.sum()), _TOO_SHORT)


def lag_s(pair: PairEpoch) -> Value:
    """Lag (s) of the largest correlation within 1 s; positive: the limb named second comes later.

    Given only above the bound of chance; resolved to one sample. Coming first is no cause.
    """
    highest, lag, bound = peak_lag(*_speeds(pair), pair.fs_hz)
    n = int(pair.both_valid.sum())
    if not np.isfinite(bound):
        return Value(None, n, _TOO_SHORT)
    if highest <= bound:
        return Value(None, n, "correlation not above that of shifted time")
    return Value(lag, n)


def coherence_mean(pair: PairEpoch) -> Value:
    """Mean magnitude-squared coherence of log(1 + speed) between 0.3 and 2 Hz (0 to 1), Welch windows of 10 s.

    With K windows chance alone gives about 1 / K; windows overlap by half.
    """
    both = np.stack(_speeds(pair), axis=1)
    parts = segments(both, pair.fs_hz)
    if len(parts) < SEGMENTS_MIN:
        return Value(None, len(parts), f"{len(parts)} windows of {SEGMENT_S:g} s, needs {SEGMENTS_MIN}")
    spectra = np.fft.rfft(parts, axis=1)
    frequency = np.fft.rfftfreq(parts.shape[1], 1 / pair.fs_hz)
    inside = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    first, second = spectra[:, inside, 0], spectra[:, inside, 1]
    power = (np.abs(first) ** 2).sum(axis=0) * (np.abs(second) ** 2).sum(axis=0)
    if not (power > 0).all():
        return Value(None, len(parts), "no variation in common samples")
    return Value(float((np.abs((first * np.conj(second)).sum(axis=0)) ** 2 / power).mean()), len(parts))


def co_onset_rate(pair: PairEpoch) -> Value:
    """Share of bouts (0 to 1) that start within 0.33 s of a bout of the other limb, less the share by chance.

    By chance: the mean over all shifts of more than 5 s. 0 is independence, whatever the rate of bouts.
    """
    n = len(pair.limbs[0].valid)
    first, second = (_onsets(limb) for limb in pair.limbs)
    least = int(min(first.sum(), second.sum()))
    if least < BOUTS_MIN:
        return Value(None, least, f"{least} bouts, needs {BOUTS_MIN} of each limb")
    reach, apart = int(ONSET_S * pair.fs_hz + 1e-6), round(SHIFT_MIN_S * pair.fs_hz)
    hits = np.fft.irfft(np.conj(np.fft.rfft(first)) * np.fft.rfft(_near(second, reach)), n)
    hits = hits + np.fft.irfft(np.fft.rfft(second) * np.conj(np.fft.rfft(_near(first, reach))), n)
    share = hits / (first.sum() + second.sum())
    if n <= 2 * apart:
        return Value(None, least, _TOO_SHORT)
    return Value(float(share[0] - share[apart : n - apart].mean()), int(first.sum() + second.sum()))


def _onsets(limb: LimbEpoch) -> Floats:
    out = np.zeros(len(limb.valid))
    out[[start - limb.first for start, _ in limb.bouts]] = 1.0
    return out


def _near(onsets: Floats, reach: int) -> Floats:
    return np.asarray(maximum_filter1d(onsets, 2 * reach + 1, mode="wrap"))


def intralimb_r(limb: LimbEpoch) -> Value:
    """Pearson's r of elbow and shoulder elevation, or of knee and hip flexion (no unit; Heriza 1988).

    Noise of the middle joint is in both angles and correlates them.
    """
    angles = limb.motion.angles_deg
    return _correlated(angles[BENDS[limb.kind]], angles[RAISES[limb.kind]])


def angle_similarity_r(pair: PairEpoch) -> Value:
    """Pearson's r of the left and the right elbow or knee angle (no unit; Shin 2022); posture changes weigh most."""
    left, right = (limb.motion.angles_deg[BENDS[limb.kind]] for limb in pair.common)
    return _correlated(left, right)


def jerk_xcorr(pair: PairEpoch) -> Value:
    """Largest correlation within 1 s of the lengths of jerk of left and right (no unit), low-passed at 6 Hz.

    After Fontana 2021, who have accelerometers; chance alone gives a value above zero.
    """
    sizes = []
    for limb in pair.common:
        jerk = limb.motion.quick_mm
        for _ in range(3):
            jerk = derivative(jerk, limb.fs_hz)
        sizes.append(np.where(pair.both_valid, np.linalg.norm(jerk, axis=1), np.nan))
    n = int(np.isfinite(sizes[0] + sizes[1]).sum())
    return Value(peak_lag(sizes[0], sizes[1], pair.fs_hz)[0], n) if n else Value(None, 0, "no run long enough for jerk")


_TOO_SHORT: Final = f"too short for {SHIFTS_MIN} shifts"
MARCHI: Final = "Marchi 2020, doi 10.1016/j.earlhumdev.2020.104942"
SHIN: Final = "after Shin 2022, doi 10.1038/s41598-022-07139-x"
STATE: Final = "a common quiet state raises it"
WAVES: Final = replace(TOGETHER, run_min_s=SEGMENT_S)
SIDES_ANGLE: Final = replace(ANGLE, needs_sides=True)
JERK: Final = replace(TOGETHER, fs_min_hz=FAST_HZ)

# fmt: off
MEASURES: Final[tuple[Measure, ...]] = (
    Measure("corr_speed_r", "Correlation of speed", "", "pair", "Pearson r of log(1 + speed), samples valid for both",
            corr_speed_r, TOGETHER, MARCHI, STATE, "extended", 2),
    Measure("corr_spearman", "Rank correlation of speed", "", "pair", "Spearman r of speed, samples valid for both",
            corr_spearman, TOGETHER, MARCHI, STATE, "extended", 2),
    Measure("xcorr_max", "Largest lagged correlation", "", "pair", "maximum within 1 s of the cross-correlation of "
            "log(1 + speed)", xcorr_max, TOGETHER, "after Meinecke 2006 (unverified)", "see its bound", "extended", 2),
    Measure("xcorr_bound", "Bound of lagged correlation by chance", "", "pair", "95th percentile of the same maximum "
            "round every shift of more than 5 s", xcorr_bound, TOGETHER, tier="extended", decimals=2),
    Measure("lag_s", "Lag", "s", "pair", "lag of the largest correlation, given above its bound; positive: the limb "
            "named second comes later", lag_s, TOGETHER, caution="resolved to one sample", tier="extended", decimals=2),
    Measure("coherence_mean", "Coherence 0.3 to 2 Hz", "", "pair", "mean magnitude-squared coherence of log(1 + "
            "speed), "
            "Welch windows of 10 s", coherence_mean, WAVES, caution="chance gives about 1 / windows", tier="extended",
            decimals=2),
    Measure("co_onset_rate", "Starting together", "", "pair", "share of bouts that start within 0.33 s of one of the "
            "other limb - the same share over shifted time", co_onset_rate, replace(TOGETHER, bouts_min=BOUTS_MIN),
            tier="extended", decimals=2),
    *(Measure(f"jerk_xcorr_{name}", f"Correlation of jerk, {name} limbs", "", "pair", "maximum within 1 s of the "
              "cross-correlation of the lengths of jerk, left and right", jerk_xcorr, JERK,
              "after Fontana 2021, fped.2021.720502", "not Fontana's index; mostly noise at higher floors", "extended",
              2, parts=(part,)) for name, part in zip(("upper", "lower"), LEFT_RIGHT, strict=True)),
    Measure("angle_similarity_r", "Likeness of left and right angle", "", "pair", "Pearson r of left and right elbow, "
            "or knee", angle_similarity_r, SIDES_ANGLE, SHIN, "changes of posture weigh most", "extended", 2,
            parts=LEFT_RIGHT),
    Measure("intralimb_r", "Coupling within the limb", "", "limb", "Pearson r of elbow and shoulder elevation, or knee "
            "and hip flexion", intralimb_r, ANGLE, "after Heriza 1988, Phys Ther 68:1687",
            "noise of the middle joint is in both angles", "extended", 2),
)
# fmt: on
