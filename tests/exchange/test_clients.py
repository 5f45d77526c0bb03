"""Exports opened by large programs, where they are installed: ``make clients`` installs them and runs these tests."""

import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from asyconv.exchange import deeplabcut
from asyconv.exchange.formats import EXPORTS
from asyconv.exchange.regular import regular
from asyconv.exchange.sleap_package import LabelledVideo, write_package
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.tracks import Tracks
from tests.helpers.closed_form import without_mm
from tests.helpers.exported import NEVER, example

pytestmark = pytest.mark.filterwarnings("ignore")  # of the programs

REASON = "needs a large program, installed by `make clients`"


def equal_poses(data: Any, tracks: Tracks, unit: str) -> None:
    """Compare a data set of movement with tracks, by the names of joints and axes."""
    (keypoint,) = [dim for dim in data.dims if dim.startswith("keypoint")]
    (individual,) = [dim for dim in data.dims if dim.startswith("individual")]
    one = data.isel({individual: 0})
    assert sorted(one[keypoint].values) == sorted(JOINTS)
    np.testing.assert_allclose(one["time"], tracks.time_s, atol=1e-9)
    assert data.attrs["fps"] == 30.0
    for j, joint in enumerate(JOINTS):
        of_joint = one.sel({keypoint: joint})
        for axis in "xyz"[: len(one["space"])]:
            expected = getattr(tracks, f"{axis}_{unit}")[:, j]
            np.testing.assert_allclose(of_joint["position"].sel(space=axis), expected, rtol=1e-6)
        np.testing.assert_allclose(of_joint["confidence"], tracks.confidence[:, j], rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "ending", "reader", "unit"),
    [
        ("deeplabcut", ".csv", "from_dlc_file", "px"),
        ("deeplabcut", ".h5", "from_dlc_file", "px"),
        ("sleap", ".h5", "from_sleap_file", "px"),
        ("anipose", ".csv", "from_anipose_file", "mm"),
    ],
)
def test_movement_reads_files_of_other_trackers(tmp_path: Path, name: str, ending: str, reader: str, unit: str) -> None:
    load_poses = pytest.importorskip("movement.io.load_poses", reason=REASON)
    even, _ = regular(example())
    path = tmp_path / f"a{ending}"
    EXPORTS[name].function("write")(example(), path)
    equal_poses(getattr(load_poses, reader)(str(path), fps=30), even, unit)


def test_the_pandas_of_deeplabcut_reads_its_table(tmp_path: Path) -> None:
    """DeepLabCut reads with pandas 2, and pandas 3 writes."""
    pytest.importorskip("tables")
    pandas2 = Path(sys.prefix) / "pandas2"
    if not pandas2.is_dir():
        pytest.skip(REASON)
    EXPORTS["deeplabcut"].function("write")(example(), tmp_path / "a.h5")
    program = (
        "import pandas; assert pandas.__version__ < '3'; table = pandas.read_hdf('a.h5'); "
        "assert table.columns.names == ['scorer', 'bodyparts', 'coords']; table.to_csv('a.csv')"
    )
    environment = {**os.environ, "PYTHONPATH": str(pandas2)}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    read, even = deeplabcut.read(tmp_path / "a.csv"), regular(example())[0]
    assert read.names == JOINTS
    np.testing.assert_array_equal(read.points[0], np.stack([even.x_px, even.y_px], axis=2).astype(float))
    np.testing.assert_array_equal(read.confidence[0], even.confidence.astype(float))


@pytest.mark.parametrize(("cut", "unit"), [(lambda tracks: tracks, "mm"), (without_mm, "px")])
def test_movement_reads_nwb_and_its_own_files(tmp_path: Path, cut: Callable[[Tracks], Tracks], unit: str) -> None:
    movement = pytest.importorskip("movement", reason=REASON)
    xarray = pytest.importorskip("xarray", reason=REASON)
    from movement.io import load_poses
    from movement.kinematics import compute_speed

    tracks = cut(example())
    version = tuple(int(part) for part in movement.__version__.split(".")[:2])
    own = EXPORTS["movement" if version >= (0, 17) else "movement-legacy"]
    own.function(own.writer)(tracks, tmp_path / "a.nc")
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as data:
        equal_poses(data, tracks, unit)
        assert np.isfinite(compute_speed(data["position"])).any()
    EXPORTS["nwb"].function("write")(tracks, tmp_path / "a.nwb")
    data = load_poses.from_nwb_file(str(tmp_path / "a.nwb"))
    equal_poses(data, regular(tracks)[0], unit)


def test_sleap_io_reads_labels(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason=REASON)
    even, _ = regular(example())
    EXPORTS["sleap-labels"].function("write")(example(), tmp_path / "a.slp")
    labels = sleap_io.load_slp(str(tmp_path / "a.slp"), open_videos=False)
    (skeleton,) = labels.skeletons
    assert [node.name for node in skeleton.nodes] == list(JOINTS)
    assert [(edge.source.name, edge.destination.name) for edge in skeleton.edges] == [
        (JOINTS[a], JOINTS[b]) for a, b in CONNECTIONS
    ]
    shown = np.isfinite(even.x_px).any(axis=1)
    assert [frame.frame_idx for frame in labels] == np.flatnonzero(shown).tolist()
    for frame in labels:
        (instance,) = frame.instances
        assert instance.track.name == "infant"
        n = frame.frame_idx
        np.testing.assert_allclose(instance.numpy(), np.stack([even.x_px[n], even.y_px[n]], axis=1), rtol=1e-7)
        np.testing.assert_allclose(instance.points["score"], even.confidence[n], rtol=1e-7)
    assert labels.provenance["asyconv"]["tracks"]["recording_id"] == even.meta["recording_id"]


def test_sleap_io_reads_a_package_of_labels_with_its_pictures(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason=REASON)

    def png(picture: np.ndarray) -> bytes:
        Image.fromarray(picture).save(into := BytesIO(), "PNG")
        return into.getvalue()

    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (2, 3, 48, 64)).astype(np.uint8)
    xy_px = random.uniform(0, 40, (2, 3, len(JOINTS), 2))
    xy_px[0, 1, 4] = np.nan  # hidden
    frame = np.array([1, 6, 10_000_011])
    videos = [LabelledVideo(f"inf-{n}", frame, xy_px[n], tuple(map(png, pictures[n])), 64, 48) for n in (0, 1)]
    write_package(videos, tmp_path / "labels.pkg.slp")
    labels = sleap_io.load_slp(str(tmp_path / "labels.pkg.slp"))
    assert [node.name for node in labels.skeletons[0].nodes] == list(JOINTS)
    assert len(labels.user_labeled_frames) == len(labels) == 6
    for row, found in enumerate(labels):
        n, place = divmod(row, 3)
        assert found.frame_idx == frame[place]
        (instance,) = found.instances
        np.testing.assert_array_equal(instance.numpy(), xy_px[n, place])
        np.testing.assert_array_equal(np.squeeze(found.image), pictures[n, place])
        assert found.video.source_video.filename == f"inf-{n}"


def test_sleap_io_reads_the_analysis_file(tmp_path: Path) -> None:
    sleap_io = pytest.importorskip("sleap_io", reason=REASON)
    even, _ = regular(example())
    EXPORTS["sleap"].function("write")(example(), tmp_path / "a.h5")
    labels = sleap_io.load_file(str(tmp_path / "a.h5"))
    (skeleton,) = labels.skeletons
    names = [node.name for node in skeleton.nodes]
    assert names == list(JOINTS)
    assert [tuple(names.index(node.name) for node in edge) for edge in skeleton.edges] == list(CONNECTIONS)
    found = {frame.frame_idx: frame.instances[0].numpy() for frame in labels if frame.instances}
    assert sorted(found) == [row for row in range(60) if np.isfinite(even.x_px[row]).any()]
    for row, points in found.items():
        np.testing.assert_array_equal(points, np.stack([even.x_px[row], even.y_px[row]], axis=1).astype(float))


def test_opensim_reads_the_markers(tmp_path: Path) -> None:
    opensim = pytest.importorskip("opensim", reason=REASON)
    even, _ = regular(example())
    EXPORTS["trc"].function("write")(example(), tmp_path / "a.trc")
    table = opensim.TimeSeriesTableVec3(str(tmp_path / "a.trc"))
    assert table.getTableMetaDataString("Units") == "mm"
    assert list(table.getColumnLabels()) == [joint for joint in JOINTS if joint != NEVER]
    np.testing.assert_allclose(table.getIndependentColumn(), even.time_s, atol=1e-6)
    for label in table.getColumnLabels():
        column = table.getDependentColumn(label)
        xyz = np.array([[column[row][k] for k in range(3)] for row in range(table.getNumRows())])
        j = JOINTS.index(label)
        np.testing.assert_allclose(xyz, np.stack([even.x_mm, even.y_mm, even.z_mm], axis=2)[:, j], rtol=1e-6)
