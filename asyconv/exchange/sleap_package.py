"""Label packages of SLEAP (.pkg.slp, HDF5): frames that people labelled, with their pictures, a video for each infant.

Written with h5py after the format that sleap-io reads; the instances are a user's, so that SLEAP trains on them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.exchange.hdf5 import whole_hdf5
from asyconv.exchange.sleap_labels import POINT, PREDICTED_POINT, fill, linked
from asyconv.skeleton import N_JOINTS


@dataclass(frozen=True)
class LabelledVideo:
    """Labelled frames of one infant: numbers [N], joints [N, 12, 2] px (NaN = not visible), grey pictures as PNG."""

    infant_id: str
    frame: npt.NDArray[np.int64]
    xy_px: npt.NDArray[np.float64]
    pictures: tuple[bytes, ...]
    width_px: int
    height_px: int


def write_package(videos: Sequence[LabelledVideo], path: Path) -> None:
    """Write the labelled frames of all infants; hidden joints and those outside the picture have no place."""
    try:
        import h5py
    except ImportError as error:
        raise InputError("sleap: expected the package h5py; `pip install 'asyconv[exchange]'` installs it") from error
    xy_px = np.concatenate([video.xy_px for video in videos])
    n = len(xy_px)
    points = np.zeros((n, N_JOINTS), POINT)
    points["x"], points["y"] = xy_px[..., 0], xy_px[..., 1]
    points["visible"] = points["complete"] = np.isfinite(xy_px[..., 0])
    instances, frames = linked(n)
    instances["track"] = -1
    frames["video"] = np.repeat(np.arange(len(videos)), [len(video.frame) for video in videos])
    frames["frame_idx"] = np.concatenate([video.frame for video in videos])
    tables = {"points": points.ravel(), "pred_points": np.zeros(0, PREDICTED_POINT)}
    tables |= {"instances": instances, "frames": frames}
    listed = [{"backend": _backend(f"video{number}/video")} for number in range(len(videos))]
    with whole_hdf5(path) as file:
        fill(file, {"labels": "made with asyconv label"}, tables, [], listed)
        for number, video in enumerate(videos):
            stored = file.create_dataset(
                f"video{number}/video", (len(video.pictures),), h5py.vlen_dtype(np.dtype("int8"))
            )
            for place, picture in enumerate(video.pictures):
                stored[place] = np.frombuffer(picture, "int8")
            stored.attrs.update(
                format="png", channel_order="BGR", channels=1, frames=len(video.frame), height=video.height_px,
                width=video.width_px,
            )  # fmt: skip
            file[f"video{number}/frame_numbers"] = video.frame
            source = {"backend": {"type": "MediaVideo", "filename": video.infant_id, "grayscale": True}}
            file.create_group(f"video{number}/source_video").attrs["json"] = json.dumps(source)


def _backend(dataset: str) -> dict[str, object]:
    """Where the pictures of a video lie: in this file."""
    return {
        "type": "HDF5Video",
        "filename": ".",
        "dataset": dataset,
        "input_format": "channels_last",
        "grayscale": True,
    }
