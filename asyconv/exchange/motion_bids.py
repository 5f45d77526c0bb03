"""Motion-BIDS: a table without header (``*_motion.tsv``), what its channels are, and how they were measured."""

import re
from pathlib import Path
from typing import Any, Final

import asyconv
from asyconv.errors import InputError
from asyconv.exchange.facts import AXES, facts_of
from asyconv.exchange.regular import has_mm, rate_of
from asyconv.exchange.tables import text_table
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_json, write_whole

NAME: Final = re.compile(
    r"sub-[A-Za-z0-9]+(_ses-[A-Za-z0-9]+)?_task-(?P<task>[A-Za-z0-9]+)_tracksys-[A-Za-z0-9]+"
    r"(_acq-[A-Za-z0-9]+)?(_run-[0-9]+)?_motion\.tsv"
)
EXAMPLE: Final = "sub-01_task-spontaneous_tracksys-depth_motion.tsv"
CHANNELS: Final = ("name", "component", "type", "tracked_point", "units", "reference_frame")
MISSING: Final = "n/a"


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write times, positions (millimetres, or pixels where there are none) and confidences of every frame."""
    named = NAME.fullmatch(path.name)
    if named is None:
        raise InputError(f"{path}: expected a name of Motion-BIDS such as {EXAMPLE}, found {path.name}")
    unit, axes = ("mm", "xyz") if has_mm(tracks) else ("px", "xy")
    table: dict[str, Any] = {"latency": tracks.time_s}
    rows = [("latency", MISSING, "LATENCY", MISSING, "s", MISSING)]
    for j, joint in enumerate(JOINTS):
        for axis in axes:
            table[f"{joint}_{axis}"] = getattr(tracks, f"{axis}_{unit}")[:, j]
            rows.append((f"{joint}_{axis}", axis, "POS", joint, unit, "camera"))
        table[f"{joint}_confidence"] = tracks.confidence[:, j]
        rows.append((f"{joint}_confidence", MISSING, "MISC", joint, MISSING, MISSING))
    facts = facts_of(tracks, unit)
    span_s = float(tracks.time_s[-1] - tracks.time_s[0])
    about = {
        "TaskName": named["task"],
        "TaskDescription": "spontaneous movement of an infant" + (" (SIMULATED)" if facts["simulated"] else ""),
        "SamplingFrequency": rate_of(tracks),
        "SamplingFrequencyEffective": (len(tracks.time_s) - 1) / span_s if span_s else rate_of(tracks),
        "TrackingSystemName": path.name.partition("_tracksys-")[2].split("_")[0],
        "SoftwareVersions": f"asyconv {asyconv.__version__}",
        "MissingValues": MISSING,
        "MotionChannelCount": len(rows),
        "POSChannelCount": len(axes) * len(JOINTS),
        "LATENCYChannelCount": 1,
        "MISCChannelCount": len(JOINTS),
        "TrackedPointsCount": len(JOINTS),
        "asyconv": facts,
    }
    stem = path.name.removesuffix("_motion.tsv")
    write_whole(path, text_table(table, "\t", MISSING))
    write_json(path.with_suffix(".json"), about)
    lines = "".join("\t".join(cells) + "\n" for cells in (CHANNELS, *rows))
    write_whole(path.with_name(f"{stem}_channels.tsv"), lines)
    frames = {"Levels": {"camera": {"Description": AXES}}}
    write_json(path.with_name(f"{stem}_channels.json"), {"reference_frame": frames})
    return []
