"""What a recording is: camera, size, rates, length, depths and holes, by its headers and all of its frames."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.recordings.clock import lost_frames
from asyconv.recordings.stream import Frame, Recording

COUNTS: Final = 2**16


@dataclass
class Depths:
    """How often each count was seen, over the frames that were given."""

    seen: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(COUNTS, np.int64))
    frames: int = 0

    def add(self, frame: Frame) -> None:
        """Count the pixels of one more frame."""
        self.seen += np.bincount(frame.depth.ravel(), minlength=COUNTS)
        self.frames += 1

    @property
    def holes_pct(self) -> float | None:
        """Share of pixels without depth, percent."""
        pixels = int(self.seen.sum())
        return 100 * int(self.seen[0]) / pixels if pixels else None

    def range_counts(self) -> tuple[int, int, int] | None:
        """Smallest, median and largest depth; None where no pixel has any."""
        given = self.seen.copy()
        given[0] = 0
        total = int(given.sum())
        if not total:
            return None
        where = np.flatnonzero(given)
        median = int(np.searchsorted(np.cumsum(given), (total + 1) // 2))
        return int(where[0]), median, int(where[-1])


def facts_of(recording: Recording, depths: Depths) -> dict[str, Any]:
    """What is known of a recording whose frames were all read into `depths`; what nobody states is None.

    Depths are given as counts and, where the unit is stated, in mm.
    """
    clock = recording.clock()
    given_s = clock.time_s[np.isfinite(clock.time_s)]
    camera, counts, unit_mm = recording.intrinsics, depths.range_counts(), recording.depth_unit_mm
    return {
        "format": recording.format,
        "simulated": recording.simulated,
        "width_px": recording.width_px,
        "height_px": recording.height_px,
        "frames": depths.frames,
        "frames_lost": lost_frames(given_s, clock.rate_hz),
        "length_s": round(clock.length_s, 3),
        "rate_stated_hz": recording.fps_nominal_hz,
        "rate_measured_hz": round(clock.rate_hz, 3) if clock.measured else None,
        "depth_unit_mm": unit_mm,
        "depth_counts": None if counts is None else dict(zip(("least", "median", "most"), counts, strict=True)),
        "depth_mm": None
        if counts is None or unit_mm is None
        else dict(zip(("least", "median", "most"), [round(count * unit_mm, 1) for count in counts], strict=True)),
        "holes_pct": None if depths.holes_pct is None else round(depths.holes_pct, 1),
        "intrinsics": None
        if camera is None
        else {name: round(getattr(camera, name), 2) for name in ("fx_px", "fy_px", "cx_px", "cy_px")}
        | {"source": camera.source},
        "mirrored": recording.mirrored,
        "beside": list(recording.beside),
        "warnings": list(recording.warnings),
    }
