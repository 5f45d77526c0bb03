"""Analysis files of SLEAP: HDF5 with the pixels of each node and track; the table (CSV) of the same is only read."""

from pathlib import Path
from typing import Any

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.facts import as_json, as_text, facts_in, facts_of
from asyconv.exchange.frame_numbers import FRAME_MAX
from asyconv.exchange.hdf5 import whole_hdf5
from asyconv.exchange.people import poses_of
from asyconv.exchange.poses import Floats, Poses
from asyconv.exchange.regular import regular
from asyconv.exchange.tables import csv_rows, number_in
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.tracks import Tracks


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
    with whole_hdf5(path) as file:
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


def read(path: Path) -> Poses:
    """Read pixels and scores; frames in which no track has an instance are lost frames."""
    return _read_csv(path) if path.suffix.lower() == ".csv" else _read_h5(path)


def _read_csv(path: Path) -> Poses:
    rows = csv_rows(path, "a table of SLEAP (CSV)")
    names = tuple(column.removesuffix(".x") for column in (rows[0] if rows else ()) if str(column).endswith(".x"))
    if not names or "frame_idx" not in rows[0]:
        raise InputError(f"{path}: expected a table of SLEAP with the columns frame_idx and ...x, found none")
    found: dict[int, list[tuple[str | None, Floats]]] = {}
    of_track: dict[str, list[int]] = {}
    for place, row in enumerate(rows, 2):
        where = f"{path}, row {place}"
        value = number_in(row["frame_idx"] or "", where)
        if not (0 <= value <= FRAME_MAX and value % 1 == 0):
            raise InputError(f"{where}: expected the number of a frame as frame_idx, found {row['frame_idx']}")
        frame = int(value)
        cells = [row.get(f"{name}.{what}") for name in names for what in ("x", "y", "score")]
        points = np.array([number_in(cell or "", where) for cell in cells]).reshape(-1, 3)
        found.setdefault(frame, []).append((row.get("track") or None, points))
        of_track.setdefault(row.get("track") or "", []).append(frame)
    lengths = {len(frames) for frames in of_track.values()}
    if len(lengths) > 1 and all(frames == list(range(len(frames))) for frames in of_track.values()):
        raise InputError(
            f"{path}: expected numbers of frames as frame_idx, but it runs from 0 without a gap in every track, so it "
            "seems to count rows, as in some versions of SLEAP; export the analysis file as HDF5 (.h5)"
        )
    return poses_of(found, names)


def _read_h5(path: Path) -> Poses:
    import h5py

    try:
        with h5py.File(path) as file:
            names = tuple(_texts(file["node_names"][:]))
            points = file["tracks"][:].astype(np.float64)  # [track, xy, node, frame]
            scores = file["point_scores"][:].astype(np.float64) if "point_scores" in file else None
            people = tuple(_texts(file["track_names"][:])) if "track_names" in file else ()
            stored = file["provenance"][()] if "provenance" in file else b"null"
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected an analysis file of SLEAP (HDF5), it cannot be read") from error
    if points.ndim != 4 or points.shape[1:3] != (2, len(names)):
        raise InputError(f"{path}: expected tracks [track, 2, {len(names)}, frame], found {list(points.shape)}")
    if scores is None or scores.shape != (points.shape[0], *points.shape[2:]):
        scores = np.full((points.shape[0], *points.shape[2:]), np.nan)
    people = people if len(people) == len(points) > 1 else ()
    points = points.transpose(0, 3, 2, 1)
    return Poses(
        names, np.arange(points.shape[1]), points, scores.transpose(0, 2, 1), people, facts=facts_in(as_json(stored))
    )


def _texts(values: Any) -> list[str]:
    return [value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in values.ravel()]
