"""Label files of SLEAP (.slp, HDF5): one predicted instance in each frame that shows a joint, for SLEAP's own programs.

Written with h5py after the format that sleap-io reads (format 1.2, the centre of the first pixel is 0). The recording
itself is not linked: no export tells its name.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from asyconv.exchange.facts import facts_of
from asyconv.exchange.hdf5 import whole_hdf5
from asyconv.exchange.regular import regular
from asyconv.skeleton import CONNECTIONS, JOINTS, N_JOINTS
from asyconv.tracks import Tracks

FORMAT: Final = 1.2
PREDICTED: Final = 1
POINT: Final = [("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")]
PREDICTED_POINT: Final = [*POINT, ("score", "f8")]
INSTANCE: Final = [
    ("instance_id", "i8"), ("instance_type", "u1"), ("frame_id", "u8"), ("skeleton", "u4"), ("track", "i4"),
    ("from_predicted", "i8"), ("score", "f4"), ("point_id_start", "u8"), ("point_id_end", "u8"),
    ("tracking_score", "f4"),
]  # fmt: skip
FRAME: Final = [
    ("frame_id", "u8"), ("video", "u4"), ("frame_idx", "u8"), ("instance_id_start", "u8"), ("instance_id_end", "u8"),
]  # fmt: skip


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write pixels and confidences; the score of an instance is the mean of its found joints."""
    tracks, rate_hz = regular(tracks)
    found = np.isfinite(tracks.x_px + tracks.y_px)
    shown = np.flatnonzero(found.any(axis=1))
    n = len(shown)
    points = np.zeros((n, N_JOINTS), PREDICTED_POINT)
    points["x"], points["y"] = tracks.x_px[shown], tracks.y_px[shown]
    points["visible"], points["score"] = found[shown], tracks.confidence[shown]
    instances, frames = linked(n)
    instances["instance_type"] = PREDICTED
    instances["score"] = np.where(found, tracks.confidence, 0.0)[shown].sum(axis=1) / found[shown].sum(axis=1)
    frames["frame_idx"] = shown
    tables = {"points": np.zeros(0, POINT), "pred_points": points.ravel(), "instances": instances, "frames": frames}
    video = {"filename": "recording", "backend": {"type": "MediaVideo", "filename": "recording"}}
    with whole_hdf5(path) as file:
        fill(file, facts_of(tracks, "px", rate_hz=rate_hz), tables, [[0, "infant"]], [video])
    return []


def linked(n: int) -> tuple[Any, Any]:
    """Instances and frames of `n` frames with one instance each, linked by their numbers."""
    instances, frames, rows = np.zeros(n, INSTANCE), np.zeros(n, FRAME), np.arange(n)
    instances["instance_id"] = instances["frame_id"] = frames["frame_id"] = frames["instance_id_start"] = rows
    instances["from_predicted"] = -1
    instances["point_id_start"], instances["point_id_end"] = rows * N_JOINTS, (rows + 1) * N_JOINTS
    frames["instance_id_end"] = rows + 1
    return instances, frames


def fill(file: Any, facts: dict[str, Any], tables: dict[str, Any], tracks: list[Any], videos: list[Any]) -> None:
    """Fill an open `h5py.File` with facts, tables, and the lists of tracks and videos."""
    import h5py

    metadata = file.create_group("metadata")
    metadata.attrs["format_id"] = FORMAT
    metadata.attrs["json"] = np.bytes_(json.dumps(described(facts), sort_keys=True))
    for name, table in tables.items():
        file[name] = table
    for name, texts in (("tracks_json", tracks), ("videos_json", videos), ("suggestions_json", [])):
        file.create_dataset(name, data=[json.dumps(text) for text in texts], dtype=h5py.string_dtype())


def described(facts: dict[str, Any]) -> dict[str, Any]:
    """Skeleton and provenance, in the words of the format."""
    first: dict[str, Any] = {"py/reduce": [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [1]}]}
    links = [
        {"edge_insert_idx": k, "key": 0, "source": a, "target": b, "type": first if k == 0 else {"py/id": 1}}
        for k, (a, b) in enumerate(CONNECTIONS)
    ]
    skeleton = {
        "directed": True,
        "graph": {"name": "infant", "num_edges_inserted": len(links)},
        "links": links,
        "multigraph": True,
        "nodes": [{"id": j} for j in range(N_JOINTS)],
    }
    return {
        "version": "2.0.0",
        "skeletons": [skeleton],
        "nodes": [{"name": joint, "weight": 1.0} for joint in JOINTS],
        "videos": [],
        "tracks": [],
        "suggestions": [],
        "negative_anchors": {},
        "provenance": {"asyconv": facts},
    }
