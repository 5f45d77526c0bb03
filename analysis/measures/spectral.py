"""Spectra of the endpoint's velocity and of the elbow's or knee's turning, from windows of 10 s.

Power is counted from 0.1 to 5 Hz, over all three axes of the velocity; positions were low-passed at 6 Hz, which weakens
what is above 4 Hz. Below 25 Hz only a coarse band is given, and what is faster than half the rate folds into it.
"""

from dataclasses import replace
from functools import partial
from typing import Any, Final

from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.spectra import SEGMENT_S, band_share, edge_hz, spectral_entropy
from asyconv.analysis.measures.gates import AMOUNT
from asyconv.analysis.measures.measure import Arguments, Measure
from asyconv.analysis.series.angles import BENDS
from asyconv.analysis.series.parts import LimbEpoch

RANGE_HZ: Final = (0.1, 5.0)
COARSE_HZ: Final = (0.1, 2.4)
BANDS_HZ: Final = ((0.1, 0.5), (0.5, 1.0), (1.0, 2.0), (2.0, 5.0))
SPECTRA: Final = replace(AMOUNT, fs_min_hz=FAST_HZ, run_min_s=SEGMENT_S)
COARSE: Final = replace(AMOUNT, run_min_s=SEGMENT_S)


def _spectrum(limb: LimbEpoch, of_velocity: bool, within: tuple[float, float] = RANGE_HZ) -> Arguments | str:
    """Power spectrum of the velocity, or of the turning of elbow or knee, between two frequencies."""
    spectrum = limb.velocity_spectrum if of_velocity else limb.turning_spectrum
    return (spectrum.between(*within),) if spectrum.windows else f"no run of {SEGMENT_S:g} s seen"


# fmt: off
def _measure(**declared: Any) -> Measure:
    """A measure of a spectrum; it rests on so many windows."""
    return Measure(**{"scope": "limb", "gates": SPECTRA, "n": lambda spectrum, *_: spectrum.windows, "decimals": 2,
                      "otherwise": "no variation between 0.1 and 5 Hz", "source": "Welch 1967", **declared})


def _shapes(signal: str, label: str, parts: tuple[str, ...], of_velocity: bool) -> tuple[Measure, ...]:
    """Median frequency, 95 % edge and entropy of one signal."""
    words, of = f"of {label.lower()}, Welch windows of 10 s", partial(_spectrum, of_velocity=of_velocity)
    return (
        *(_measure(name=f"{signal}_{name}_hz", label=f"{label}, {word}", unit="Hz", parts=parts, of=of,
                   formula=f"frequency below which {share:.0%} of the power in 0.1 to 5 Hz lies, {words}",
                   value=partial(edge_hz, share=share), caution="not a rate of movements")
          for name, word, share in (("median_freq", "median frequency", 0.5), ("edge95", "95 % edge", 0.95))),
        _measure(name=f"{signal}_spectral_entropy", label=f"{label}, entropy of the spectrum", unit="", parts=parts,
                 of=of,
                 formula=f"Shannon entropy of the power in 0.1 to 5 Hz / its maximum, {words}", value=spectral_entropy,
                 caution="white noise is 1"),
    )


def _hz(value: float) -> str:
    return f"{value:g}".replace(".", "p")


MEASURES: Final[tuple[Measure, ...]] = (
    *(_measure(name=f"velocity_band_{_hz(low)}_{_hz(high)}_fraction", label=f"Velocity, power {low:g} to {high:g} Hz",
               unit="", formula=f"power in {low:g} to {high:g} Hz / power in {within[0]:g} to {within[1]:g} Hz of "
               f"velocity, summed over its axes, Welch windows of 10 s", gates=gates, caution=caution,
               value=partial(band_share, low_hz=low, high_hz=high),
               of=partial(_spectrum, of_velocity=True, within=within))
      for low, high, within, gates, caution in (
          *((low, high, RANGE_HZ, SPECTRA, "") for low, high in BANDS_HZ),
          (0.1, 1.0, COARSE_HZ, COARSE, "below 25 Hz what is faster than half the rate folds into it"))),
    *_shapes("velocity", "Velocity", (), True),
    *(measure for kind, bend in BENDS.items()
      for measure in _shapes(f"{bend}_turn", f"{bend.capitalize()} turning", (kind,), False)),
)
# fmt: on
