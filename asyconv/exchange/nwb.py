"""Neurodata Without Borders with the extension ndx-pose: a series for each joint, with confidence, and a skeleton."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np

import asyconv
from asyconv.exchange.facts import AXES, CONFIDENCE, as_text, facts_of
from asyconv.exchange.named_files import write_named
from asyconv.exchange.regular import has_mm, regular
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.tracks import Tracks

NO_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""The format demands the time of the recording, which no export tells; this one stands for "not told"."""


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

    def fill(named: Path) -> None:
        with NWBHDF5IO(str(named), "w") as out:
            out.write(file)

    write_named(path, fill)
    return []
