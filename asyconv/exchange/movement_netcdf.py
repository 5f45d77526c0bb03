"""Files of the Python package movement (netCDF): position by time, space, key point and individual, and confidence.

movement 0.17 renamed the dimensions ``keypoints`` and ``individuals`` to ``keypoint`` and ``individual``.
"""

import io
from pathlib import Path

import numpy as np

from asyconv.exchange.facts import as_text, facts_of
from asyconv.exchange.regular import has_mm, rate_of
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.whole_files import write_whole


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write millimetres, or pixels where there are none, at the frames' own times, for movement 0.17 and later."""
    return _write(tracks, path, "keypoint", "individual")


def write_legacy(tracks: Tracks, path: Path) -> list[str]:
    """Write the same for movement up to 0.16."""
    return _write(tracks, path, "keypoints", "individuals")


def _write(tracks: Tracks, path: Path, keypoint: str, individual: str) -> list[str]:
    import h5netcdf
    import xarray as xr

    unit, axes = ("mm", "xyz") if has_mm(tracks) else ("px", "xy")
    position = np.stack([getattr(tracks, f"{axis}_{unit}") for axis in axes], axis=1).astype(np.float64)
    dims = ("time", "space", keypoint, individual)
    facts = facts_of(tracks, unit)
    table = xr.Dataset(
        {
            "position": (dims, position[..., None], {"units": unit}),
            "confidence": ((dims[0], *dims[2:]), tracks.confidence.astype(np.float64)[..., None]),
        },
        {"time": tracks.time_s, "space": list(axes), keypoint: list(JOINTS), individual: ["infant"]},
        {
            "fps": rate_of(tracks),
            "time_unit": "seconds",
            "source_software": "asyconv",
            "ds_type": "poses",
            "space_unit": unit,
            "asyconv": as_text(facts),
            "notice": facts["notice"],
        },
    )
    content = io.BytesIO()  # as `whole_hdf5`, by the library of the format
    with h5netcdf.File(content, "w") as file:
        table.dump_to_store(xr.backends.H5NetCDFStore(file))
    write_whole(path, content.getvalue())
    return []
