"""Analysis files of SLEAP (HDF5): one track with the pixels of each node, and where the track is seen."""

from pathlib import Path

import numpy as np

from asyconv.exchange.facts import as_text, facts_of
from asyconv.exchange.regular import regular
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import whole_file


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write pixels and confidences; the score of an instance is the mean of its found joints."""
    import h5py

    tracks, rate_hz = regular(tracks)
    xy = np.stack([tracks.x_px, tracks.y_px]).astype(np.float64)  # [2, N, 12]
    found = np.isfinite(xy[0] + xy[1])
    occupied = found.any(axis=1)
    score = np.where(found, tracks.confidence, 0.0).sum(axis=1) / np.maximum(1, found.sum(axis=1))
    text = h5py.string_dtype()
    facts = facts_of(tracks, "px", rate_hz=rate_hz)
    with whole_file(path) as part, h5py.File(part, "w") as file:
        file["tracks"] = xy.transpose(0, 2, 1)[None]  # [track, xy, node, frame]
        file["point_scores"] = tracks.confidence.T[None].astype(np.float64)
        file["instance_scores"] = np.where(occupied, score, np.nan)[None]
        file["tracking_scores"] = np.zeros((1, len(occupied)))
        file["track_occupancy"] = occupied[:, None].astype(np.uint8)
        file["track_names"] = np.array([b"infant"])
        file["node_names"] = np.array([joint.encode() for joint in JOINTS])
        file["edge_names"] = np.array([[JOINTS[a].encode(), JOINTS[b].encode()] for a, b in CONNECTIONS])
        file["edge_inds"] = np.array(CONNECTIONS, np.int64)
        file["video_ind"] = 0
        for name, value in (("labels_path", ""), ("video_path", ""), ("provenance", as_text(facts))):
            file.create_dataset(name, data=value, dtype=text)
    return []
