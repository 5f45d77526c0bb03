"""The Parquet file of activity: ``activity.parquet`` beside ``tracks.parquet``, one row a frame.

Its columns are ``frame``, ``body_mm``, one ``_mm`` for each limb, and ``hand_share``.
"""

import csv
import io
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.activity import Activity, hand_spans
from asyconv.errors import InputError
from asyconv.motion_file import read_beside, write_beside
from asyconv.skeleton import LIMBS
from asyconv.whole_files import write_whole

METADATA_KEY: Final = "asyconv_activity"
ACTIVITY_SCHEMA_VERSION: Final = 1
COLUMNS: Final = ("body_mm", *(f"{limb}_mm" for limb in LIMBS), "hand_share")


def write_activity(activity: Activity, frame: npt.NDArray[np.int32], recording_id: str | None, path: Path) -> None:
    """Write the activity of the frames numbered `frame` as a whole file."""
    numbers = (activity.body_mm, *activity.limb_mm.T, activity.hand_share)
    meta = {**activity.meta, "recording_id": recording_id, "schema_version": ACTIVITY_SCHEMA_VERSION}
    names = {"frame": frame.astype(np.int32)}
    write_beside(path, METADATA_KEY, meta, names, dict(zip(COLUMNS, numbers, strict=True)))


def read_activity(path: Path, frame: npt.NDArray[np.int32], recording_id: str | None) -> Activity:
    """Read the activity of the tracks whose frames are numbered `frame`; anything else is refused, and named."""
    meta, values = read_beside(
        path, METADATA_KEY, {"frame": frame}, COLUMNS,
        what="activity", recording_id=recording_id, version=ACTIVITY_SCHEMA_VERSION,
    )  # fmt: skip
    bad = np.flatnonzero((values < 0).any(axis=1) | (values[:, -1] > 1) | np.isinf(values).any(axis=1))
    if len(bad):
        raise InputError(f"{path}, frame {frame[bad[0]]}: expected changes of at least 0 mm and a share of 0 to 1")
    return Activity(values[:, 0].copy(), values[:, 1:-1].copy(), values[:, -1].copy(), meta)


def write_suggested_events(activity: Activity, time_s: npt.NDArray[np.float64], recording_id: str, path: Path) -> None:
    """Write as events, as `--events` reads them, when something reaches in over the infant; the user decides."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("recording_id", "start_s", "end_s", "kind", "reason"))
    for start_s, end_s in hand_spans(activity, time_s):
        writer.writerow((recording_id, f"{start_s:.2f}", f"{end_s:.2f}", "handling", "an object reaches in"))
    write_whole(path, lines.getvalue())
