"""A page of frames with the skeleton over the depth picture: one self-contained HTML file that shows the infant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.report.html import data_uri, page_html
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks import Tracks

SURE: Final = (0.9, 0.6)
"""Probabilities from which on a joint counts as sure, and as fairly sure."""

LEVELS: Final = ("sure", "fair", "unsure")
GROUPS: Final = {
    "spread": ("Over the recording", "Frames at equal distances in time: how it is in general."),
    "uncertain": ("Least certain", "Frames in which the probabilities of most joints are neither high nor low."),
    "fastest": ("Fastest", "Frames in which a joint moved furthest since the frame before: a movement, or an error."),
    "lost": ("Before joints are lost", "The last frame in which a joint was found, where most joints go missing next."),
}
"""Title and explanation of the frames that were chosen for a reason."""


@dataclass(frozen=True)
class Looked:
    """A recording: its tracks, the rows to be shown by reason and as a stretch, and the picture (JPEG) of each row."""

    tracks: Tracks
    groups: Mapping[str, npt.NDArray[np.int_]]
    stretch: npt.NDArray[np.int_]
    pictures: Mapping[int, bytes]


def render_look(recordings: Sequence[Looked]) -> str:
    """Make the page as HTML text; the same tracks and pictures give the same text."""
    page = page_html(
        "report/look.html",
        "report/look.js",
        recordings=[_recording(looked, number) for number, looked in enumerate(recordings, start=1)],
        sure_pct=[round(100 * share) for share in SURE],
        simulated=all(looked.tracks.meta.get("simulated") for looked in recordings),
    )
    return page + "\n"


def _recording(looked: Looked, number: int) -> dict[str, Any]:
    meta = looked.tracks.meta
    return {
        "number": number,
        "id": str(meta.get("recording_id") or "unnamed"),
        "model": str(meta.get("model_name") or "not stated"),
        "simulated": bool(meta.get("simulated")),
        "width": int(meta["width_px"]),
        "height": int(meta["height_px"]),
        "unit": int(meta["width_px"]) / 640,
        "groups": [
            {"title": title, "why": why, "frames": [_frame(looked, int(row)) for row in looked.groups[name]]}
            for name, (title, why) in GROUPS.items()
        ],
        "stretch": [_frame(looked, int(row)) for row in looked.stretch],
    }


def _frame(looked: Looked, row: int) -> dict[str, Any]:
    tracks = looked.tracks
    xy = np.stack([tracks.x_px[row], tracks.y_px[row]], axis=-1).astype(float).round(1)
    found = np.isfinite(xy).all(axis=-1)
    probability = tracks.confidence[row].astype(float).tolist()
    seen, missing = (np.flatnonzero(mask).tolist() for mask in (found, ~found))
    bones = [
        {"ends": [*xy[a].tolist(), *xy[b].tolist()], "side": limb.split("_")[0]}
        for limb, joints in LIMBS.items()
        for a, b in zip(joints, joints[1:], strict=False)
        if found[a] and found[b]
    ]
    joints = [
        {"x": xy[j, 0], "y": xy[j, 1], "level": _level(probability[j]), "title": _name(j, probability[j])} for j in seen
    ]
    return {
        "number": int(tracks.frame[row]),
        "time_s": float(tracks.time_s[row]),
        "source": data_uri(looked.pictures[row], "image/jpeg"),
        "bones": bones,
        "joints": joints,
        "unsure": [_name(j, probability[j]) for j in seen if not probability[j] >= SURE[1]],
        "missing": [_name(j, probability[j]) for j in missing],
    }


def _level(probability: float) -> str:
    """A joint whose probability is not stated counts as unsure."""
    return LEVELS[0] if probability >= SURE[0] else LEVELS[1] if probability >= SURE[1] else LEVELS[2]


def _name(joint: int, probability: float) -> str:
    stated = f" {100 * probability:.0f} %" if np.isfinite(probability) else ""
    return JOINTS[joint].replace("_", " ") + stated
