"""One uniform time base for a recording: dropped frames become empty samples, times stay the recording's own."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError

Floats = npt.NDArray[np.float64]

JITTER_MAX_PCT: Final = 5.0
DECIMATED_HZ: Final = 6.0
RATE_PER_BAND: Final = 5.0  # what is asked of 25 Hz is movement up to 5 Hz
SAMPLES_MAX: Final = 1_000_000
FS_UNKNOWN_HZ: Final = 30.0  # a single frame has no rate; every measure is withheld then


@dataclass(frozen=True)
class TimeBase:
    """N samples `1 / fs_hz` apart; `frame` is 0 and `present` false where the recording dropped a frame.

    `effective_hz` is the rate that the values really have, and governs filters and gates: 6 Hz for decimated tracks,
    however many rows they fill; five times the band that the tracker was measured to let through, where that is less.

    `slot` [F] is the sample of each frame. With jitter above 5 % values are resampled by straight lines between
    neighbouring frames, otherwise they are placed as they are. `jitter_pct` is 100 IQR / median of the spacings.
    """

    fs_hz: float
    effective_hz: float
    jitter_pct: float
    resampled: bool
    time_s: Floats
    frame: npt.NDArray[np.int32]
    present: npt.NDArray[np.bool_]
    slot: npt.NDArray[np.int64]
    source_s: Floats

    def place(self, values: npt.NDArray[Any]) -> Floats:
        """Put `values` [F, ...] of the frames onto the samples [N, ...]; NaN where there is no frame."""
        out = np.full((len(self.time_s), *values.shape[1:]), np.nan)
        if not self.resampled:
            out[self.slot] = values
            out[~np.isfinite(out)] = np.nan
            return out
        after = np.clip(np.searchsorted(self.source_s, self.time_s, side="left"), 1, len(self.source_s) - 1)
        before = after - 1
        share = (self.time_s - self.source_s[before]) / (self.source_s[after] - self.source_s[before])
        share = np.clip(share, 0, 1).reshape(-1, *[1] * (values.ndim - 1))
        real = values.astype(np.float64)
        real[~np.isfinite(real)] = np.nan
        between = real[before] * (1 - share) + real[after] * share
        mixed = np.where(share <= 0, real[before], np.where(share >= 1, real[after], between))
        out[self.present] = mixed[self.present]
        return out


def make_time_base(
    time_s: npt.NDArray[np.float64], frame: npt.NDArray[np.int32], rate: str, band_hz: float | None = None
) -> TimeBase:
    """Time base of frames at `time_s` [F] (s, rising); the rate "6" caps the effective rate at 6 Hz.

    `band_hz` is the tracker's measured band (`asyconv evaluate gain`), None where nobody measured it.
    A declared decimation governs, not the spacing of the rows: values upsampled from 6 Hz stay 6 Hz values.
    """
    time_s = np.asarray(time_s, np.float64)
    if len(time_s) == 0:
        raise InputError("tracks: expected at least one frame, found none")
    bad = np.flatnonzero(~np.isfinite(time_s) | (time_s < 0) | (np.diff(time_s, prepend=-1.0) <= 0))
    if len(bad):
        raise InputError(
            f"tracks, frame {frame[bad[0]]}: expected a time of at least 0 s and later than the frame before, "
            f"found {time_s[bad[0]]} s"
        )
    spacing = np.diff(time_s)
    if len(spacing) == 0:
        slot_zero = np.zeros(1, np.int64)
        return TimeBase(FS_UNKNOWN_HZ, FS_UNKNOWN_HZ, 0.0, False, time_s, frame, np.ones(1, bool), slot_zero, time_s)
    middle = float(np.median(spacing))
    step_s = float(spacing[spacing < 1.5 * middle].mean())
    quartiles = np.percentile(spacing, [25, 75])
    jitter_pct = float(100 * (quartiles[1] - quartiles[0]) / middle)
    resampled = jitter_pct > JITTER_MAX_PCT
    if (time_s[-1] - time_s[0]) / step_s > SAMPLES_MAX:
        raise InputError(f"tracks: expected fewer than {SAMPLES_MAX} samples, found {time_s[-1] - time_s[0]:.0f} s")
    if resampled:
        slot = np.rint((time_s - time_s[0]) / step_s).astype(np.int64)
    else:  # adding whole steps follows a slow drift of the clock
        slot = np.concatenate([[0], np.cumsum(np.maximum(1, np.rint(spacing / step_s)).astype(np.int64))])
    grid_frame = np.zeros(slot[-1] + 1, np.int32)
    grid_frame[slot] = frame
    if resampled:
        grid_s = time_s[0] + np.arange(slot[-1] + 1) * step_s
        after = np.clip(np.searchsorted(time_s, grid_s, side="left"), 1, len(time_s) - 1)
        present = spacing[after - 1] < 2.5 * step_s
    else:
        grid_s = np.interp(np.arange(slot[-1] + 1), slot, time_s)
        present = np.zeros(len(grid_s), bool)
        present[slot] = True
    fs_hz = 1 / step_s
    effective_hz = min(fs_hz, DECIMATED_HZ) if rate == "6" else fs_hz
    if band_hz is not None:
        effective_hz = min(effective_hz, RATE_PER_BAND * band_hz)
    return TimeBase(fs_hz, effective_hz, jitter_pct, resampled, grid_s, grid_frame, present, slot, time_s)
