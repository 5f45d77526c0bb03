"""Joints as another tracker's file tells them, and how they become tracks."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import asyconv
from asyconv.errors import InputError
from asyconv.exchange.facts import RATE
from asyconv.notice import NOTICE
from asyconv.skeleton import FLIP, JOINTS, N_JOINTS
from asyconv.tracks import DEPTH_SOURCES, SCHEMA_VERSION, Tracks
from asyconv.tracks_check import check_tracks

Floats = npt.NDArray[np.float64]
SHARES_MAX: Final = 2.0
"""No infant lies in the first two pixels of a picture: such coordinates are shares of its width and height."""


@dataclass(frozen=True)
class Poses:
    """Points of P people in N frames, NaN where missing.

    `names` are the K key points as the file calls them; `frame` i64 [N] rises and counts from 0; `points` [P, N, K, 2]
    are pixels, shares of the picture (`shares`) or, [P, N, K, 3], millimetres before the camera; `confidence` is
    [P, N, K]. `people` names the P where the file follows them from frame to frame; otherwise the order means nothing.
    `facts` are those that asyconv wrote, and `time_s` [N] the frames' own times.
    """

    names: tuple[str, ...]
    frame: npt.NDArray[np.int64]
    points: Floats
    confidence: Floats
    people: tuple[str, ...] = ()
    time_s: Floats | None = None
    size_px: tuple[int, int] | None = None
    shares: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stated:
    """What the user says about a file: None where nothing is said."""

    fps_hz: float | None = None
    size_px: tuple[int, int] | None = None
    head: str | None = None
    mirrored: bool | None = None
    infant_id: str | None = None


def to_tracks(
    poses: Poses, columns: dict[str, int], tracker: str, recording_id: str, stated: Stated, path: Path
) -> Tracks:
    """Tracks of the one person in `poses`; `columns` gives the key point of each joint that there is.

    Frames about which the file says nothing are lost frames.
    """
    points, confidence = _by_joint(poses, columns, path, stated)
    known = np.isfinite(points).any(axis=(1, 2)) | np.isfinite(confidence).any(axis=1)
    if not np.isfinite(points).any():
        raise InputError(f"{path}: expected the place of a joint in some frame, found none")
    meta = _meta(poses, tracker, recording_id, stated, path)
    rows_hz = stated.fps_hz or meta.get(RATE) or meta["fps_measured_hz"]
    meta.pop(RATE, None)
    time_s = poses.frame / rows_hz if poses.time_s is None else poses.time_s
    found = np.isfinite(points).all(axis=2)
    confidence = np.where(found & np.isnan(confidence), 1.0, np.clip(confidence, 0.0, 1.0))
    confidence = np.where(np.isnan(confidence), 0.0, confidence)
    xyz = points if points.shape[2] == 3 else np.full((*found.shape, 3), np.nan)
    xy = points if points.shape[2] == 2 else _in_pixels(xyz, meta)
    values: dict[str, Any] = {"x_px": xy[..., 0], "y_px": xy[..., 1], "depth_mm": xyz[..., 2]}
    values |= {"x_mm": xyz[..., 0], "y_mm": xyz[..., 1], "z_mm": xyz[..., 2], "confidence": confidence}
    with np.errstate(over="ignore"):  # too large for single precision is infinite, and refused
        single = {name: value[known].astype(np.float32) for name, value in values.items()}
    tracks = Tracks(
        frame=(poses.frame[known] + 1).astype(np.int32),
        time_s=time_s[known].astype(np.float64),
        depth_source=np.full((int(known.sum()), N_JOINTS), DEPTH_SOURCES.index("null"), np.uint8),
        meta=meta,
        **single,
    )
    check_tracks(tracks, str(path))
    return tracks


def _by_joint(poses: Poses, columns: dict[str, int], path: Path, stated: Stated) -> tuple[Floats, Floats]:
    """Points [N, 12, 2 or 3] and confidences [N, 12] of the first person, those without a finite place missing."""
    _, n, _, axes = poses.points.shape
    points, confidence = np.full((n, N_JOINTS, axes), np.nan), np.full((n, N_JOINTS), np.nan)
    for joint, column in columns.items():
        j = JOINTS.index(joint)
        points[:, j], confidence[:, j] = poses.points[0, :, column], poses.confidence[0, :, column]
    points[~np.isfinite(points).all(axis=2)] = np.nan
    confidence[~np.isfinite(confidence)] = np.nan
    if poses.shares:
        size = stated.size_px or poses.size_px
        if size is None:
            raise InputError(f"{path}: expected the size of the picture, because it holds shares of it; state --size")
        points = points * np.array(size) - 0.5
    elif axes == 2 and np.isfinite(points).any() and np.nanmax(np.abs(points)) <= SHARES_MAX:
        raise InputError(f"{path}: expected pixels, found shares of the picture's width and height")
    if stated.mirrored and not poses.facts:
        points, confidence = points[:, FLIP], confidence[:, FLIP]
    return points, confidence


def _meta(poses: Poses, tracker: str, recording_id: str, stated: Stated, path: Path) -> dict[str, Any]:
    if poses.facts and (stated.head is not None or stated.mirrored is not None):
        raise InputError(f"{path}: asyconv wrote this file, and it says itself where the head is; leave the option out")
    size = stated.size_px or poses.size_px
    sides = stated.head is not None and stated.mirrored is not None
    meta: dict[str, Any] = {"model_name": tracker, "recording_id": recording_id, "left_right_verified": sides}
    if stated.head is not None:
        meta["head"] = stated.head
    if stated.mirrored is not None:
        meta["mirrored"] = stated.mirrored
    if size is not None:
        meta |= {"width_px": size[0], "height_px": size[1]}
    meta |= poses.facts
    if stated.infant_id is not None:
        meta["infant_id"] = stated.infant_id
    steps_s = np.diff(poses.time_s) if poses.time_s is not None else np.zeros(0)
    if stated.fps_hz is not None:
        meta |= {"fps_measured_hz": stated.fps_hz, "fps_source": "stated"}
    elif "fps_measured_hz" not in meta and len(steps_s) and np.median(steps_s) > 0:
        meta |= {"fps_measured_hz": float(1.0 / np.median(steps_s)), "fps_source": "times"}
    if "fps_measured_hz" not in meta:
        raise InputError(f"{path}: expected the rate of the frames, which this format does not hold; state --fps")
    notes = {"notice": NOTICE, "software_version": asyconv.__version__, "imported_from": tracker}
    return meta | notes | {"schema_version": SCHEMA_VERSION}


def _in_pixels(xyz: Floats, meta: dict[str, Any]) -> Floats:
    """Pixels of millimetres; missing without intrinsics."""
    camera = meta.get("intrinsics")
    if camera is None:
        return np.full((*xyz.shape[:2], 2), np.nan)
    side = -1.0 if meta.get("mirrored") else 1.0
    x = side * xyz[..., 0] / xyz[..., 2] * camera["fx_px"] + camera["cx_px"]
    y = xyz[..., 1] / xyz[..., 2] * camera["fy_px"] + camera["cy_px"]
    return np.stack([x, y], axis=-1)
