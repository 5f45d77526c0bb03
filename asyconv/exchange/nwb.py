"""Neurodata Without Borders with the extension ndx-pose: a series for each joint, with confidence, and a skeleton."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

import asyconv
from asyconv.errors import InputError
from asyconv.exchange.facts import AXES, CONFIDENCE, as_json, as_text, facts_in, facts_of
from asyconv.exchange.hdf5 import whole_hdf5
from asyconv.exchange.poses import Poses
from asyconv.exchange.regular import has_mm, regular
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.tracks import Tracks

NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The format demands the time of the recording, which no export tells; this one stands for "not told"."""

PIXELS: Final = ("pixels", "pixel", "px")
TO_MM: Final = {"millimeters": 1.0, "millimeter": 1.0, "mm": 1.0, "meters": 1000.0, "meter": 1000.0, "m": 1000.0}


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write millimetres, or pixels where there are none, in equal steps: movement passes over times of frames."""
    from ndx_pose import PoseEstimation, PoseEstimationSeries, Skeleton, Skeletons
    from pynwb import NWBHDF5IO, NWBFile
    from pynwb.file import Subject

    tracks, rate_hz = regular(tracks)
    unit, axes = ("mm", "xyz") if has_mm(tracks) else ("px", "xy")
    facts = facts_of(tracks, unit, rate_hz=rate_hz)
    infant = str(tracks.meta.get("infant_id") or tracks.meta["recording_id"])
    file = NWBFile(
        session_description="joints of an infant" + (", SIMULATED" if facts["simulated"] else ""),
        identifier=str(tracks.meta["recording_id"]),
        session_start_time=NO_TIME,
        file_create_date=NO_TIME,
        notes=as_text(facts),
        subject=Subject(subject_id=infant, species="Homo sapiens", description="an infant; the id is a pseudonym"),
    )
    series = [
        PoseEstimationSeries(
            name=joint,
            description=f"place of the {joint.replace('_', ' ')}",
            data=np.stack([getattr(tracks, f"{axis}_{unit}")[:, j] for axis in axes], axis=1),
            unit={"mm": "millimeters", "px": "pixels"}[unit],
            reference_frame=AXES,
            starting_time=0.0,
            rate=rate_hz,
            confidence=tracks.confidence[:, j],
            confidence_definition=CONFIDENCE,
        )
        for j, joint in enumerate(JOINTS)
    ]
    skeleton = Skeleton(name="infant", nodes=list(JOINTS), edges=np.array(CONNECTIONS, np.uint8), subject=file.subject)
    pose = PoseEstimation(
        name="PoseEstimation",  # the name by which readers look for it
        pose_estimation_series=series,
        description=facts["notice"],
        scorer=str(tracks.meta.get("model_name") or "unknown"),
        source_software="asyconv",
        source_software_version=asyconv.__version__,
        skeleton=skeleton,
    )
    behavior = file.create_processing_module("behavior", "joints that asyconv tracked")
    behavior.add(Skeletons(skeletons=[skeleton]))
    behavior.add(pose)

    with whole_hdf5(path) as stored, NWBHDF5IO(file=stored, mode="w") as out:
        out.write(file)
    return []


def read(path: Path) -> Poses:
    """Read each pose estimation of a file as one person: pixels, or millimetres (metres are converted)."""
    from hdmf.build.errors import BuildError, ConstructError
    from ndx_pose import PoseEstimation
    from pynwb import NWBHDF5IO

    try:
        with warnings.catch_warnings(action="ignore"), NWBHDF5IO(str(path), "r") as io:
            file = io.read()
            poses = {one.name: _one(one, path) for one in file.objects.values() if isinstance(one, PoseEstimation)}
            facts = facts_in(as_json(file.notes))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, BuildError, ConstructError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: expected a file of NWB with ndx-pose, it cannot be read") from error
    if not poses:
        raise InputError(f"{path}: expected a pose estimation of ndx-pose, found none")
    first, *others = poses.values()
    if any(one.names != first.names or one.points.shape != first.points.shape for one in others):
        raise InputError(f"{path}: expected pose estimations with the same key points and frames, found others")
    return replace(
        first,
        points=np.concatenate([one.points for one in poses.values()]),
        confidence=np.concatenate([one.confidence for one in poses.values()]),
        people=tuple(poses) if len(poses) > 1 else (),
        facts=facts,
    )


def _one(pose: Any, path: Path) -> Poses:
    """The key points of one pose estimation, at its times."""
    series = dict(pose.pose_estimation_series)
    if not series:
        raise InputError(f"{path}: expected key points in {pose.name}, found none")
    shapes = {one.data.shape for one in series.values()}
    units = {str(one.unit).lower() for one in series.values()}
    if len(shapes) != 1 or len(units) != 1 or len(next(iter(shapes))) != 2:
        raise InputError(f"{path}: expected one unit and one number of frames for all key points, found more")
    (unit,), ((n, axes),) = units, shapes
    scale = 1.0 if axes == 2 and unit in PIXELS else TO_MM.get(unit) if axes == 3 else None
    if scale is None:
        raise InputError(f"{path}: expected pixels, or three axes in millimeters or meters, found {axes} in {unit!r}")
    points = np.stack([one.data[:].astype(np.float64) * one.conversion for one in series.values()], axis=1)
    nothing = np.full(n, np.nan)
    confidence = [nothing if one.confidence is None else one.confidence[:] for one in series.values()]
    first = next(iter(series.values()))
    times = first.timestamps[:] if first.rate is None else (first.starting_time or 0.0) + np.arange(n) / first.rate
    return Poses(
        tuple(series), np.arange(n), scale * points[None], np.stack(confidence, axis=1)[None].astype(np.float64),
        time_s=times.astype(np.float64),
    )  # fmt: skip
