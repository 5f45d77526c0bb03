"""How much of a sine movement comes through, by frequency: the measured band of a whole pipeline.

A gain of 1 says that speeds at this frequency are right, 0.7 that a third of them is lost. The smoothing and the
central difference of the analysis take their share knowingly; what is lost beyond it, networks and joints lost.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.formulas.sampling import KEPT
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gain:
    """Speed gain at one frequency: from true joints (the analysis alone) and from predicted ones; NaN = not seen."""

    frequency_hz: float
    analysis: float
    whole: float

    @property
    def tracker(self) -> float:
        """What networks and joints let through of what the analysis could see."""
        return self.whole / self.analysis


def speed_gain(true_mm: Floats, found_mm: Floats, frequency_hz: float, fs_hz: float) -> float:
    """Gain of the velocity cleaned from positions `found_mm` [N, D] against that of the true sine `true_mm` [N, D].

    Sine, cosine, offset and slope are fitted to the positions that are there; the cleaned vector's share along the true
    one counts, so that movement in a wrong direction or phase is none. NaN where less than two periods are seen.
    """
    time_s = np.arange(len(true_mm)) / fs_hz
    velocity = np.gradient(found_mm, 1 / fs_hz, axis=0)
    seen = np.isfinite(velocity).all(axis=-1)
    if seen.sum() < 2 * fs_hz / frequency_hz:
        return float("nan")
    true = _amplitude(true_mm[seen], time_s[seen], frequency_hz) * 2j * np.pi * frequency_hz
    measured = _amplitude(velocity[seen], time_s[seen], frequency_hz)
    return float((np.conj(true) @ measured).real / (np.abs(true) ** 2).sum())


def measured_gains(
    true: Tracks, predicted: Tracks, stretches: Iterable[tuple[str, float, tuple[float, float]]]
) -> list[Gain]:
    """Gain of each stretch (limb, frequency in Hz, first and last time in s), both kinds of tracks cleaned.

    A band that the model's card states already is left out, or it would be measured behind its own filter.
    """
    joints_mm = np.stack([true.x_mm, true.y_mm, true.z_mm], axis=-1).astype(float)
    cleaned = [clean(replace(tracks, meta={**tracks.meta, "tracker_band_hz": None})) for tracks in (true, predicted)]
    out = []
    for limb, frequency_hz, (start_s, end_s) in stretches:
        root, _, end = LIMBS[limb]
        inside = (true.time_s >= start_s) & (true.time_s < end_s)
        truth_mm = (joints_mm[:, end] - joints_mm[:, root])[inside]
        found_mm = [(part.smooth_mm[:, end] - part.smooth_mm[:, root])[inside] for part in cleaned]
        gains = (speed_gain(truth_mm, mm, frequency_hz, cleaned[0].time.fs_hz) for mm in found_mm)
        out.append(Gain(frequency_hz, *gains))
    return out


def _amplitude(values: Floats, time_s: Floats, frequency_hz: float) -> npt.NDArray[np.complex128]:
    """Complex amplitude [D] of `values` [N, D] at `frequency_hz`: values = Re(amplitude e^(i w t))."""
    phase = 2 * np.pi * frequency_hz * time_s
    design = np.stack([np.cos(phase), -np.sin(phase), np.ones_like(phase), time_s], axis=-1)
    fit = np.linalg.lstsq(design, values, rcond=None)[0]
    return np.asarray(fit[0] + 1j * fit[1])


def mean_gains(measured: Sequence[Gain]) -> list[Gain]:
    """Means of `measured` by frequency, rising."""
    out = []
    for frequency_hz in sorted({gain.frequency_hz for gain in measured}):
        pairs = np.array([(g.analysis, g.whole) for g in measured if g.frequency_hz == frequency_hz])
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        means = pairs.mean(axis=0) if len(pairs) else (np.nan, np.nan)
        out.append(Gain(frequency_hz, float(means[0]), float(means[1])))
    return out


def band_hz(gains: Sequence[Gain]) -> float:
    """Frequency up to which networks and joints keep 0.7 of a movement, by straight lines between measured ones."""
    reached = 0.0
    before = Gain(0.0, 1.0, 1.0)
    for gain in gains:
        if not gain.tracker >= KEPT:
            drop = before.tracker - gain.tracker
            share = (before.tracker - KEPT) / drop if drop > 0 else 0.0
            return float(before.frequency_hz + share * (gain.frequency_hz - before.frequency_hz))
        reached, before = gain.frequency_hz, gain
    return reached


def gain_text(gains: Sequence[Gain], slots: int) -> str:
    """`gains` as a table for a terminal."""
    lines = [f"{'speed gain at':16}" + "".join(f"{f'{g.frequency_hz:g} Hz':>8}" for g in gains)]
    for name in ("analysis", "whole", "tracker"):
        lines.append(f"{name:16}" + "".join(f"{getattr(g, name):>8.2f}" for g in gains))
    lines += [
        "analysis: from true joints; whole: from predicted ones; tracker: whole / analysis",
        f"Networks and joints keep {KEPT:g} of a movement up to {band_hz(gains):.1f} Hz; "
        f"{slots} swings of SIMULATED limbs.",
    ]
    return "\n".join(lines)
