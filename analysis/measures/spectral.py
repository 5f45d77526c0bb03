"""Spectra of endpoint speed and of the elbow's or knee's turning, from windows of 10 s.

Welch's method: Hann windows of 10 s that overlap by half and never cross a gap, each less its mean. Power is counted
from 0.1 to 5 Hz; positions were low-passed at 6 Hz. Speed has no sign, so a limb swung at 1 Hz shows at 2 Hz. Keeping
one frame in five has no filter against folding: below 25 Hz only two coarse bands are given, and 3 to 15 Hz fold into
them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.formulas.kinematics import derivative
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.spectra import SEGMENT_S, edge_hz, spectrum
from asyconv.analysis.measures.definition import Measure, Value
from asyconv.analysis.measures.gates import AMOUNT
from asyconv.analysis.measures.smoothness import quick_speed
from asyconv.analysis.series.epochs import LimbEpoch
from asyconv.analysis.series.motion import BENDS

Floats = npt.NDArray[np.float64]

RANGE_HZ: Final = (0.1, 5.0)
BANDS_HZ: Final = ((0.1, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 5.0))
COARSE_HZ: Final = ((0.1, 1.0), (1.0, 2.4))


def _signal(limb: LimbEpoch, what: str) -> Floats:
    if what == "speed":
        return np.where(limb.valid, quick_speed(limb), np.nan)
    return np.asarray(derivative(limb.motion.quick_bend_deg[:, None], limb.fs_hz)[:, 0])


def _spectral(
    limb: LimbEpoch, what: str, of: Callable[[Floats, Floats], float], band: tuple[float, float] = RANGE_HZ
) -> Value:
    """`of` the frequencies and power inside `band`."""
    frequency, power, windows = spectrum(_signal(limb, what), limb.fs_hz)
    if not windows:
        return Value(None, 0, f"no run of {SEGMENT_S:g} s seen")
    inside = (frequency >= band[0] - 1e-9) & (frequency <= band[1] + 1e-9)
    if not power[inside].sum() > 1e-12:
        return Value(None, windows, "no variation between 0.1 and 5 Hz")
    return Value(of(frequency[inside], power[inside]), windows)


def band_of(
    what: str, low_hz: float, high_hz: float, within: tuple[float, float] = RANGE_HZ
) -> Callable[[LimbEpoch], Value]:
    """Share of the power from `low_hz` to below `high_hz`."""

    def band(limb: LimbEpoch) -> Value:
        """Power in a band / power in all bands (0 to 1), Welch windows of 10 s; the filter weakens it above 4 Hz."""
        top = np.inf if high_hz == within[1] else high_hz - 1e-9

        def share(frequency: Floats, power: Floats) -> float:
            return float(power[(frequency >= low_hz - 1e-9) & (frequency < top)].sum() / power.sum())

        return _spectral(limb, what, share, within)

    return band


def edge_of(what: str, share: float) -> Callable[[LimbEpoch], Value]:
    """Frequency below which a share of the power lies."""

    def edge(limb: LimbEpoch) -> Value:
        """Frequency (Hz) below which 50 or 95 % of the power between 0.1 and 5 Hz lies. Not a rate of movements."""
        return _spectral(limb, what, lambda frequency, power: edge_hz(frequency, power, share))

    return edge


def entropy_of(what: str) -> Callable[[LimbEpoch], Value]:
    """Shannon entropy of the power between 0.1 and 5 Hz."""

    def entropy(limb: LimbEpoch) -> Value:
        """Shannon entropy of the power from 0.1 to 5 Hz / its maximum (0 one frequency, 1 white). White noise is 1."""

        def shannon(_: Floats, power: Floats) -> float:
            share = power[power > 0] / power.sum()
            return float(-(share * np.log(share)).sum() / np.log(len(power)))

        return _spectral(limb, what, shannon)

    return entropy


def peak_freq_of(what: str) -> Callable[[LimbEpoch], Value]:
    """Frequency of the largest power."""

    def peak(limb: LimbEpoch) -> Value:
        """Frequency (Hz) of the largest power from 0.1 to 5 Hz; every spectrum has one, see its prominence."""
        return _spectral(limb, what, lambda frequency, power: float(frequency[np.argmax(power)]))

    return peak


def prominence_of(what: str) -> Callable[[LimbEpoch], Value]:
    """Largest / median power."""

    def prominence(limb: LimbEpoch) -> Value:
        """Largest power / median power from 0.1 to 5 Hz (no unit); large for rhythm, and for slow drift."""

        def over(_: Floats, power: Floats) -> float:
            return float(power.max() / max(np.median(power), 1e-300))

        return _spectral(limb, what, over)

    return prominence


WELCH: Final = "Welch 1967"
FOLDS: Final = "below 25 Hz what is faster than half the rate folds into it"
SPECTRA: Final = replace(AMOUNT, fs_min_hz=FAST_HZ, run_min_s=SEGMENT_S)
COARSE: Final = replace(AMOUNT, run_min_s=SEGMENT_S)


# fmt: off
def _hz(value: float) -> str:
    return f"{value:g}".replace(".", "p")


def _measures(what: str, label: str, parts: tuple[str, ...]) -> tuple[Measure, ...]:
    """Every spectral measure of one signal."""
    signal = f"{label.lower()}, Welch windows of 10 s"
    return (
        *(Measure(f"{what}_band_{_hz(a)}_{_hz(b)}_fraction", f"{label}, power {a:g} to {b:g} Hz", "", "limb",
                  f"power in {a:g} to {b:g} Hz / power in {BANDS[0][0]:g} to {BANDS[-1][1]:g} Hz of {signal}",
                  band_of(what, a, b, (BANDS[0][0], BANDS[-1][1])), gates, WELCH, caution, "extended", 2, parts=parts)
          for BANDS, gates, caution in ((BANDS_HZ, SPECTRA, ""), (COARSE_HZ, COARSE, FOLDS)) for a, b in BANDS),
        *(Measure(f"{what}_{name}_hz", f"{label}, {word}", "Hz", "limb", f"frequency below which {share:.0%} of the "
                  "power "
                  f"in 0.1 to 5 Hz lies, of {signal}", edge_of(what, share), SPECTRA, WELCH, tier="extended",
                  decimals=2,
                  parts=parts)
          for name, word, share in (("median_freq", "median frequency", 0.5), ("edge95", "95 % edge", 0.95))),
        Measure(f"{what}_spectral_entropy", f"{label}, entropy of the spectrum", "", "limb", "Shannon entropy of the "
                f"power in 0.1 to 5 Hz / its maximum, of {signal}", entropy_of(what), SPECTRA, WELCH, "white noise is "
                "1",
                "extended", 2, parts=parts),
        Measure(f"{what}_peak_freq_hz", f"{label}, peak frequency", "Hz", "limb", "frequency of the largest power in "
                "0.1 "
                f"to 5 Hz, of {signal}", peak_freq_of(what), SPECTRA, WELCH, "every spectrum has one", "extended", 2,
                parts=parts),
        Measure(f"{what}_peak_prominence", f"{label}, prominence of the peak", "", "limb", "largest / median power in "
                f"0.1 to 5 Hz, of {signal}", prominence_of(what), SPECTRA, WELCH, tier="extended", parts=parts),
    )


MEASURES: Final[tuple[Measure, ...]] = (
    *_measures("speed", "Speed", ()),
    *(measure for kind, bend in BENDS.items() for measure in _measures(f"{bend}_turn", f"{bend.capitalize()} turning",
                                                                        (kind,))),
)
# fmt: on
