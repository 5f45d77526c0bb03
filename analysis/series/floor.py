"""Speed floor: the speed below which movement and the jitter of the joints look alike, for a limb or a joint.

It is measured, not assumed: from the white part of the noise, from how still the recording gets, and from a still clip
(`asyconv calibrate`, still_clip.py) where there is one. The largest of them decides.

Deviations from the reference recipe: the resting level is the 5th, not the 10th, percentile over the 1-s windows: on a
limb at rest for only a tenth of the time the 10th is movement already. The quietest of short windows understate the
noise, by a fifth at 30 Hz and a third at 6 Hz, which made paths too long; the level is divided by that share. Time in
which depth pictures show movement is no rest, however slow the limb is: some infants writhe without a pause. "No rest
seen" asks more than a level near the median one, which a limb at rest in noise for most of the time has too.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri

from asyconv.analysis.formulas.bouts import HARMLESS_FLOOR_MM_S
from asyconv.analysis.formulas.filters import passed
from asyconv.analysis.formulas.noise import speed_of_a_walk, speed_of_white_noise, white_noise, white_noise_about
from asyconv.analysis.formulas.sampling import FAST_HZ
from asyconv.analysis.formulas.statistics import rms

Floats = npt.NDArray[np.float64]

FLOOR_MAX_MM_S: Final = 50.0  # from here on amounts are withheld
ABOUT_S: Final = 1.0  # noise counts at its time within a second to either side
REST_WINDOW_S: Final = 1.0
REST_PERCENTILE: Final = 5.0
REST_TO_MEDIAN_MAX: Final = 0.6  # levels that hardly differ: all rest or all movement, one cannot tell
REST_TO_P95_MAX: Final = 0.5
REST_TO_NOISE_MAX: Final = 1.5  # up to here white noise explains the resting level


@dataclass(frozen=True)
class Floor:
    """Speed in mm/s below which movement and noise look alike, and what decided it; None = not to be had.

    `high_frequency` is the noise that finds leave in the estimate, `rest` the level while at rest (None: it never
    rests), `still_clip` that of a still clip.
    """

    value: float | None
    high_frequency: float | None
    rest: float | None
    still_clip: float | None
    decided_by: str
    rest_observed: bool

    @property
    def is_doubtful(self) -> bool:
        """Whether the level that decided may be movement: no rest was seen."""
        return not self.rest_observed and self.decided_by == "resting level"


def speed_floor(
    gated_mm: Floats, speed_mm_s: Floats, fs_hz: float, cutoff_hz: float, still_clip: float | None, noise: Floats,
    stirred: npt.NDArray[np.bool_],
) -> Floor:  # fmt: skip
    """Speed floor of a limb from its finds `gated_mm` [N, D] and its estimated speed [N].

    White noise: sigma per axis (formulas/noise.py) behind the estimator's band and the central difference, times the
    RMS of `noise` [N], the SD of the estimated speed in that of a limb which only finds hold.
    Correlated noise and drift: the 5th percentile over 1-s windows of the RMS speed, divided by what that percentile is
    in noise of RMS 1. Windows with samples that are `stirred` [N], in which pictures show movement, are no rest and do
    not count. The floor is the largest of these and of a still-clip calibration. Where no rest was seen the
    5th percentile is movement, if it is more than noise could be that is no quicker from sample to sample, and then
    counts for nothing. Otherwise movement and noise cannot be told apart: it stands as it is, if there is no
    calibration, and the amounts become lower bounds.
    """
    sigma_mm = float(np.sqrt((white_noise(gated_mm, fs_hz) ** 2).sum()))  # NaN: too few samples to tell
    white = sigma_mm * speed_of_white_noise(fs_hz, cutoff_hz) * rms(noise)
    high_frequency = None if np.isnan(white) else white
    level = window_rms(speed_mm_s, rest_window(fs_hz))
    calm = window_rms(np.where(stirred, np.nan, speed_mm_s), rest_window(fs_hz))
    rest, rest_observed = None, False
    if len(calm):
        least = float(np.percentile(calm, REST_PERCENTILE))
        usual, most = (float(v) for v in np.percentile(level, [50, 95]))
        if_noise = least / quietest_of_noise(fs_hz, cutoff_hz, gated_mm.shape[1])
        noise_explains = high_frequency is not None and least <= REST_TO_NOISE_MAX * high_frequency
        harmless = if_noise < HARMLESS_FLOOR_MM_S
        uneven = least <= REST_TO_MEDIAN_MAX * usual or least <= REST_TO_P95_MAX * most
        rest_observed = harmless or uneven or noise_explains
        rest = if_noise if rest_observed else least
        walk = sigma_mm * speed_of_a_walk(fs_hz, cutoff_hz)
        if not rest_observed and fs_hz >= FAST_HZ and if_noise > REST_TO_NOISE_MAX * walk:
            rest = None
    parts = {"white noise": high_frequency, "resting level": rest, "still clip": still_clip}
    if still_clip is not None and not rest_observed:
        parts["resting level"] = None
    levels = {name: value for name, value in parts.items() if value is not None}
    if not len(level) or not levels:
        return Floor(None, high_frequency, rest, still_clip, "not to be had", False)
    decided_by = max(levels, key=lambda name: levels[name])
    return Floor(
        levels[decided_by], high_frequency, rest, still_clip, decided_by, rest_observed or still_clip is not None
    )


def floor_in_time(gated_mm: Floats, floor: Floor, fs_hz: float, cutoff_hz: float, noise: Floats) -> Floats:
    """Speed floor in mm/s of each sample [N] of `gated_mm` [N, 3]: `floor`, or the white noise about it where higher.

    Noise of joints comes in bursts, as when something passes over them. Below 25 Hz it cannot be told by its time: the
    floor then stands throughout. `noise` [N] as in `speed_floor`.
    """
    lowest = floor.value or 0.0
    if fs_hz < FAST_HZ:
        return np.full(len(gated_mm), lowest)
    sigma_mm = np.sqrt((white_noise_about(gated_mm, round(ABOUT_S * fs_hz)) ** 2).sum(axis=-1))
    return np.asarray(np.fmax(lowest, sigma_mm * speed_of_white_noise(fs_hz, cutoff_hz) * noise))


@cache
def quietest_of_noise(fs_hz: float, cutoff_hz: float, axes: int = 3) -> float:
    """5th percentile over 1-s windows of the RMS speed of noise whose speed has RMS 1, in `axes` behind the filter.

    The mean square of a window is chi-squared over as many values as are independent in it: n^2 / sum of r_ij^2 per
    axis, r the autocorrelation that filter and central difference leave of a random walk.
    """
    frequency_hz = np.linspace(0, fs_hz / 2, 1025)
    alike = np.fft.irfft(passed(frequency_hz, fs_hz, cutoff_hz) ** 2 * np.sinc(2 * frequency_hz / fs_hz) ** 2)
    n = rest_window(fs_hz)
    lag = np.arange(n)
    pairs = np.where(lag, 2, 1) * (n - lag)
    independent = axes * n**2 / (pairs * (alike[:n] / alike[0]) ** 2).sum()
    return float(np.sqrt(chdtri(independent, 1 - REST_PERCENTILE / 100) / independent))


def rest_window(fs_hz: float) -> int:
    """Samples of the windows in which rest is looked for."""
    return max(3, round(REST_WINDOW_S * fs_hz))


def window_rms(values: Floats, window: int) -> Floats:
    """RMS over every window of `window` samples that are all present."""
    if len(values) < window:
        return np.empty(0)
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    means = (views**2).mean(axis=-1)
    return np.asarray(np.sqrt(means[np.isfinite(means)]))
