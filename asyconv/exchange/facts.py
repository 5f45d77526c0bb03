"""What an exported file says about itself: units, axes, missing values, where the joints come from, and the notice."""

import json
from pathlib import Path
from typing import Any, Final

import asyconv
from asyconv.notice import NOTICE
from asyconv.tracks import Tracks
from asyconv.whole_files import json_of, read_json, write_json

AXES: Final = (
    "x points right, y down and z away from the camera, which looks at the infant, of the unmirrored picture; pixels "
    "are those of the camera's own picture, 0 in the centre of the first one; left and right are the infant's"
)
UNITS: Final = {"px": "pixels of the camera's picture", "mm": "millimetres before the camera"}
MISSING: Final = "a joint that was not found has no coordinates; it keeps its confidence; a lost frame has no values"
CONFIDENCE: Final = "probability from 0 to 1 that the joint is where the file says"

RATE: Final = "rate_hz"
"""Rows per second, of a file that holds them in equal steps; no fact of the tracks."""

OF_THE_TRACKS: Final = (
    "schema_version", "recording_id", "infant_id", "fps_measured_hz", "fps_nominal_hz", "fps_source", "rate", "stride",
    "width_px", "height_px", "intrinsics", "head", "mirrored", "left_right_verified", "mattress_plane",
    "still_floor_mm_s", "tracker_band_hz", "speed_noise_sds", "interval_factors", "confidence_min", "model_name",
    "weights_hash", "model_validation", "model_error", "simulated", "software_version", "tracks_version",
)  # fmt: skip
"""Facts of the tracks that go along; all others stay behind."""


def facts_of(tracks: Tracks, unit: str, **more: Any) -> dict[str, Any]:
    """What a file in `unit` ("px" or "mm") says about itself."""
    return {
        "notice": NOTICE,
        "simulated": bool(tracks.meta.get("simulated")),
        "software": f"asyconv {asyconv.__version__}",
        "units": UNITS[unit],
        "axes": AXES,
        "missing": MISSING,
        "confidence": CONFIDENCE,
        **more,
        "tracks": {name: tracks.meta[name] for name in OF_THE_TRACKS if tracks.meta.get(name) is not None},
    }


def as_text(facts: dict[str, Any]) -> str:
    """Facts as one line of JSON, for formats that hold text."""
    return json.dumps(facts, sort_keys=True, allow_nan=False)


def as_json(text: Any) -> Any:
    """What a text of a format says as JSON; None where it is none."""
    try:
        return json_of(text)
    except (TypeError, ValueError):
        return None


def write_beside(path: Path, facts: dict[str, Any]) -> None:
    """Write facts as JSON beside a file whose format has no room for them."""
    write_json(path.with_suffix(".json"), facts)


def facts_beside(path: Path) -> dict[str, Any]:
    """The facts of the tracks that `write_beside` wrote; empty where there are none."""
    return facts_in(read_json(path.with_suffix(".json")))


def facts_in(facts: Any) -> dict[str, Any]:
    """The facts of the tracks among those of a file; empty where asyconv did not write them."""
    ours = isinstance(facts, dict) and str(facts.get("software", "")).startswith("asyconv ")
    tracks = facts.get("tracks") if ours else None
    if not isinstance(tracks, dict):
        return {}
    rate_hz = facts.get(RATE)
    return {**tracks, RATE: float(rate_hz)} if isinstance(rate_hz, int | float) and rate_hz > 0 else tracks
