"""Still clips: where nothing moves, all speed is noise, so clips of a doll or of a still scene give the speed floor.

It holds for one model, one rate and one camera set-up; `process` and `analyse` take it and refuse it elsewhere.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import CleanTracks, clean
from asyconv.analysis.formulas.bouts import moving_mask
from asyconv.analysis.formulas.gaps import runs
from asyconv.analysis.formulas.kinematics import speed
from asyconv.analysis.series.floor import FLOOR_MAX_MM_S, rest_window, window_rms
from asyconv.analysis.series.limbs import limb_series
from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks
from asyconv.whole_files import json_of, write_whole

Floats = npt.NDArray[np.float64]

STILL_MIN_S: Final = 10.0
QUIET_PERCENTILE: Final = 25.0
SCHEMA: Final = 1


@dataclass(frozen=True)
class StillFloor:
    """Speed floors in mm/s of limbs and joints (those that were seen), and what they hold for."""

    model_name: str
    weights_hash: str
    rate: str
    simulated: bool
    seconds: float
    limbs_mm_s: dict[str, float]
    joints_mm_s: dict[str, float]


def still_floor_of(clips: Sequence[Tracks]) -> StillFloor:
    """Floors from tracks of still scenes: RMS of the filtered speed, over all clips, of each limb and joint.

    A limb counts where it was seen for at least 10 s in all. Movement in a clip, clips of different models or rates,
    and clips that show no limb are refused.
    """
    facts = {(str(c.meta.get("model_name")), str(c.meta.get("weights_hash")), str(c.meta.get("rate"))) for c in clips}
    if len(facts) != 1:
        raise InputError(f"still clips: expected one model and one rate, found {len(facts)} of them")
    limbs: dict[str, list[Floats]] = {}
    joints: dict[str, list[Floats]] = {}
    fs_hz = 1.0
    for clip in clips:
        cleaned = clean(clip)
        fs_hz = cleaned.time.fs_hz
        for name, series in limb_series(cleaned, clip.meta).items():
            speed_mm_s = series.speed_mm_s[series.valid]
            _refuse_movement(series.speed_mm_s, series.valid, cleaned, name, clip)
            limbs.setdefault(name, []).append(speed_mm_s)
        for k, name in enumerate(JOINTS):
            speed_mm_s = speed(cleaned.smooth_mm[:, k], fs_hz)
            joints.setdefault(name, []).append(speed_mm_s[np.isfinite(speed_mm_s)])
    by_limb, by_joint = _levels(limbs, fs_hz), _levels(joints, fs_hz)
    if not by_limb:
        raise InputError(f"still clips: expected a limb seen for {STILL_MIN_S:g} s in millimetres, found none")
    model_name, weights_hash, rate = facts.pop()
    seconds = sum(len(c.time_s) for c in clips) / fs_hz
    simulated = any(bool(c.meta.get("simulated")) for c in clips)
    return StillFloor(model_name, weights_hash, rate, simulated, round(seconds, 3), by_limb, by_joint)


def _levels(speeds: dict[str, list[Floats]], fs_hz: float) -> dict[str, float]:
    whole = {name: np.concatenate(parts) for name, parts in speeds.items()}
    return {
        name: round(float(np.sqrt((values**2).mean())), 3)
        for name, values in whole.items()
        if len(values) >= STILL_MIN_S * fs_hz - 1e-6
    }


def _refuse_movement(
    speed_mm_s: Floats, valid: npt.NDArray[np.bool_], cleaned: CleanTracks, limb: str, clip: Tracks
) -> None:
    """Refuse a clip in which a limb rises out of the level of its quieter quarter, as bouts do, or is never quiet."""
    fs_hz = cleaned.time.fs_hz
    level = window_rms(speed_mm_s, rest_window(fs_hz))
    if not len(level):
        return
    quiet_mm_s = float(np.percentile(level, QUIET_PERCENTILE))
    about = f"still clip {clip.meta.get('recording_id')}: expected a still scene, found the {limb.replace('_', ' ')}"
    if quiet_mm_s >= FLOOR_MAX_MM_S:
        raise InputError(f"{about} never slower than {quiet_mm_s:.0f} mm/s")
    for start, stop in runs(moving_mask(speed_mm_s, valid, fs_hz, cleaned.time.effective_hz, quiet_mm_s))[:1]:
        raise InputError(f"{about} moving at {cleaned.time.time_s[start]:.1f} s for {(stop - start) / fs_hz:.1f} s")


def write_still(floor: StillFloor, path: Path) -> None:
    """Write `floor` as JSON."""
    text = json.dumps({"schema": SCHEMA, **asdict(floor), "notice": NOTICE}, indent=1, sort_keys=True)
    write_whole(path, text + "\n")


def read_still(path: Path) -> StillFloor:
    """Read what `write_still` wrote; anything else is refused."""
    if not path.is_file():
        raise InputError(f"{path}: expected the file of a speed floor, found none")
    try:
        stated: Any = json_of(path.read_bytes())
        if stated.pop("schema") != SCHEMA:
            raise ValueError
        stated.pop("notice", None)
        floor = StillFloor(**stated)
        values = [*floor.limbs_mm_s.values(), *floor.joints_mm_s.values()]
        good = set(floor.limbs_mm_s) <= set(LIMBS) and all(np.isfinite(v) and v > 0 for v in values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path}: expected a speed floor as `asyconv calibrate` writes it, found something else"
        ) from error
    if not good:
        raise InputError(f"{path}: expected speeds above 0 mm/s of known limbs, found others")
    return floor


def check_fits(floor: StillFloor, meta: dict[str, Any]) -> None:
    """Refuse a floor that was measured with another model or at another rate than the tracks of `meta`."""
    for name in ("weights_hash", "rate"):
        ours, theirs = getattr(floor, name), str(meta.get(name))
        if ours != theirs:
            raise InputError(
                f"still-clip floor (--still): expected one measured with {name.replace('_', ' ')} {theirs[:12]}, "
                f"found {ours[:12]}"
            )
