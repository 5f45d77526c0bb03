"""Exports read back by the programs they are for: positions, missing joints, confidence, rate and units, by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from asyconv.errors import InputError
from asyconv.exchange.formats import EXPORTS
from asyconv.exchange.regular import regular
from asyconv.notice import NOTICE
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.tracks_file import write_tracks
from tests.helpers.closed_form import without_mm
from tests.helpers.commands import invoke
from tests.helpers.exported import LOST, NEVER, example

BIDS = "sub-01_task-rest_tracksys-depth_motion.tsv"

Export = Callable[..., Path]


@pytest.fixture
def tracks() -> Tracks:
    return example()


@pytest.fixture
def export(tmp_path: Path) -> Export:
    """Write tracks in a format by the command, and give the file."""

    def run(tracks: Tracks, name: str, file: str, expected: str = "") -> Path:
        write_tracks(tracks, tmp_path / "tracks.parquet")
        result = invoke("export", tmp_path / "tracks.parquet", "--to", name, "-o", tmp_path / file)
        assert result.exit_code == 0, result.stderr
        assert expected in result.stderr
        return tmp_path / file

    return run


def same(found: Any, expected: npt.NDArray[Any]) -> None:
    """Equal in single precision, with the same values missing."""
    np.testing.assert_array_equal(np.asarray(found, np.float32), expected.astype(np.float32))


def test_tidy_holds_every_frame(tracks: Tracks, export: Export) -> None:
    pandas = pytest.importorskip("pandas")
    stored = export(tracks, "tidy", "long.parquet")
    assert json.loads(pl.read_parquet_metadata(stored)["asyconv_export"])["notice"] == NOTICE
    for table in (pandas.read_csv(export(tracks, "tidy", "table.csv")), pl.read_parquet(stored)):
        assert len(table) == 12 * len(tracks.frame)
        values = {name: np.asarray(table[name]).reshape(-1, 12) for name in table.columns}
        assert (values["joint"] == np.array(JOINTS)).all()
        for name in ("x_px", "y_px", "x_mm", "y_mm", "z_mm", "confidence"):
            same(values[name], getattr(tracks, name))
        np.testing.assert_array_equal(values["frame"][:, 0], tracks.frame)
        np.testing.assert_array_equal(values["time_s"][:, 11], tracks.time_s)


def test_deeplabcut_as_hdf5_by_pandas(tracks: Tracks, export: Export, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("tables")
    table = pandas.read_hdf(export(tracks, "deeplabcut", "a.h5"))
    even, _ = regular(tracks)
    assert table.columns.names == ["scorer", "bodyparts", "coords"]
    with pandas.HDFStore(tmp_path / "a.h5", "r") as store:  # pandas 2, and so DeepLabCut, cannot read a file without it
        assert store.get_node("df_with_missing")._v_attrs.pandas_version == "0.15.2"
    assert table.index.tolist() == list(range(len(even.frame)))
    (scorer,) = table.columns.levels[0]
    for j, joint in enumerate(JOINTS):
        for coord, name in (("x", "x_px"), ("y", "y_px"), ("likelihood", "confidence")):
            np.testing.assert_array_equal(table[scorer, joint, coord], getattr(even, name)[:, j])


def test_deeplabcut_by_pandas_as_deeplabcut_reads_it(tracks: Tracks, export: Export) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(export(tracks, "deeplabcut", "a.csv"), header=[0, 1, 2], index_col=0)
    (scorer,) = set(table.columns.get_level_values(0))
    assert scorer == "asyconv-0.1.0_compact_SIMULATED"
    even, rate_hz = regular(tracks)
    assert rate_hz == 30.0
    np.testing.assert_array_equal(table.index, range(60))
    for j, joint in enumerate(JOINTS):
        for coord, values in (("x", even.x_px), ("y", even.y_px), ("likelihood", even.confidence)):
            same(table[scorer][joint][coord], values[:, j])
    assert table.loc[list(LOST)].isna().all(axis=None)


def test_anipose_by_pandas(tracks: Tracks, export: Export) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_csv(export(tracks, "anipose", "a.csv"))
    even, _ = regular(tracks)
    for j, joint in enumerate(JOINTS):
        for axis in "xyz":
            same(table[f"{joint}_{axis}"], getattr(even, f"{axis}_mm")[:, j])
        same(table[f"{joint}_score"], even.confidence[:, j])
        assert table[f"{joint}_ncams"].tolist() == np.isfinite(even.x_mm[:, j]).astype(int).tolist()
    np.testing.assert_array_equal(table["fnum"], range(60))


def test_trc_has_its_eight_keys_and_empty_cells(tracks: Tracks, export: Export) -> None:
    lines = export(tracks, "trc", "a.trc", f"because no frame shows them: {NEVER}").read_text().split("\n")
    keys = dict(zip(lines[1].split("\t"), lines[2].split("\t"), strict=True))
    assert keys == {
        "DataRate": "30.000000", "CameraRate": "30.000000", "NumFrames": "60", "NumMarkers": "11", "Units": "mm",
        "OrigDataRate": "30.000000", "OrigDataStartFrame": "1", "OrigNumFrames": "60",
    }  # fmt: skip
    names = lines[3].split("\t")
    assert names[:2] == ["Frame#", "Time"]
    markers = names[2::3]
    assert markers == [joint for joint in JOINTS if joint != NEVER]
    assert lines[4].split("\t")[-2:] == ["Z11", ""]
    cells = [line.removesuffix("\t").split("\t") for line in lines[6:-1]]
    assert {len(row) for row in cells} == {2 + 33}
    even, _ = regular(tracks)
    values = np.array([[float(cell) if cell else np.nan for cell in row] for row in cells])
    np.testing.assert_allclose(values[:, 1], even.time_s, atol=1e-6)
    for k, joint in enumerate(markers):
        xyz = np.stack([even.x_mm, even.y_mm, even.z_mm], axis=2)[:, JOINTS.index(joint)]
        same(values[:, 2 + 3 * k : 5 + 3 * k], xyz)
    assert {len(cell) for cell in cells[LOST[0]][2:]} == {0}


@pytest.mark.filterwarnings("ignore")  # of the library
def test_coco_by_pycocotools(tracks: Tracks, export: Export) -> None:
    coco = pytest.importorskip("pycocotools.coco").COCO(str(export(tracks, "coco", "a.json")))
    (category,) = coco.loadCats(coco.getCatIds())
    assert category["keypoints"] == list(JOINTS)
    assert len(coco.getImgIds()) == len(tracks.frame)
    for row, frame in enumerate(tracks.frame.tolist()):
        (image,) = coco.loadImgs([frame])
        assert image["time_s"] == tracks.time_s[row]
        assert (image["width"], image["height"]) == (640, 480)
        found = coco.loadAnns(coco.getAnnIds(imgIds=[frame]))
        seen = np.isfinite(tracks.x_px[row])
        assert len(found) == int(seen.any())
        for annotation in found:
            x, y, v = np.array(annotation["keypoints"]).reshape(12, 3).T
            assert annotation["num_keypoints"] == seen.sum()
            np.testing.assert_array_equal(v, np.where(seen, 2, 0))
            same(np.where(seen, x, np.nan), tracks.x_px[row])
            same(np.where(seen, y, np.nan), tracks.y_px[row])
            same(annotation["keypoint_scores"], tracks.confidence[row])


@pytest.mark.parametrize("in_mm", [True, False])
def test_motion_bids_by_its_own_rules(tracks: Tracks, export: Export, in_mm: bool) -> None:
    pandas = pytest.importorskip("pandas")
    tracks = tracks if in_mm else without_mm(tracks)
    unit, axes = ("mm", "xyz") if in_mm else ("px", "xy")
    path = export(tracks, "motion-bids", BIDS)
    channels = pandas.read_csv(path.with_name(BIDS.replace("_motion", "_channels")), sep="\t", keep_default_na=False)
    assert list(channels)[:5] == ["name", "component", "type", "tracked_point", "units"]
    table = pandas.read_csv(path, sep="\t", header=None, na_values="n/a", names=channels["name"])
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["TaskName"] == "rest"
    assert about["SamplingFrequency"] == 30.0
    assert about["MissingValues"] == "n/a"
    counts = channels["type"].value_counts()
    assert {f"{kind}ChannelCount": n for kind, n in counts.items()}.items() <= about.items()
    assert about["MotionChannelCount"] == len(channels)
    np.testing.assert_array_equal(table["latency"], tracks.time_s)
    for j, joint in enumerate(JOINTS):
        rows = channels[(channels["tracked_point"] == joint) & (channels["type"] == "POS")]
        assert set(rows["units"]) == {unit}
        for name, axis in zip(rows["name"], rows["component"], strict=True):
            same(table[name], getattr(tracks, f"{axis}_{unit}")[:, j])
        assert len(rows) == len(axes)
        same(table[f"{joint}_confidence"], tracks.confidence[:, j])


def test_a_name_that_bids_does_not_allow_is_refused(tracks: Tracks, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a name of Motion-BIDS such as sub-01_task-spontaneous"):
        EXPORTS["motion-bids"].function("write")(tracks, tmp_path / "motion.tsv")


def test_sleap_by_h5py(tracks: Tracks, export: Export) -> None:
    h5py = pytest.importorskip("h5py")
    even, _ = regular(tracks)
    with h5py.File(export(tracks, "sleap", "a.h5")) as file:
        names = [name.decode() for name in file["node_names"]]
        for j, joint in enumerate(JOINTS):
            same(file["tracks"][0, :, names.index(joint)], np.stack([even.x_px, even.y_px])[:, :, j])
            same(file["point_scores"][0, names.index(joint)], even.confidence[:, j])
        occupied = file["track_occupancy"][:, 0].astype(bool)
        assert np.flatnonzero(~occupied).tolist() == [7, *LOST]
        assert json.loads(file["provenance"].asstr()[()])["rate_hz"] == 30.0


@pytest.mark.parametrize("in_mm", [True, False])
@pytest.mark.parametrize(("name", "ending"), [("movement", ""), ("movement-legacy", "s")])
def test_movement_netcdf_by_xarray(tracks: Tracks, export: Export, name: str, ending: str, in_mm: bool) -> None:
    xarray = pytest.importorskip("xarray")
    tracks = tracks if in_mm else without_mm(tracks)
    unit, axes = ("mm", "xyz") if in_mm else ("px", "xy")
    with xarray.open_dataset(export(tracks, name, "a.nc"), engine="h5netcdf") as data:
        assert data["position"].dims == ("time", "space", f"keypoint{ending}", f"individual{ending}")
        assert data["confidence"].dims == ("time", f"keypoint{ending}", f"individual{ending}")
        assert (data.attrs["fps"], data.attrs["time_unit"], data.attrs["ds_type"]) == (30.0, "seconds", "poses")
        assert data.attrs["notice"] == NOTICE
        assert data["position"].attrs["units"] == unit
        np.testing.assert_array_equal(data["time"], tracks.time_s)
        one = data.isel({f"individual{ending}": 0})
        for j, joint in enumerate(JOINTS):
            of_joint = one.sel({f"keypoint{ending}": joint})
            for axis in axes:
                same(of_joint["position"].sel(space=axis), getattr(tracks, f"{axis}_{unit}")[:, j])
            same(of_joint["confidence"], tracks.confidence[:, j])


def test_c3d_by_ezc3d(tracks: Tracks, export: Export) -> None:
    ezc3d = pytest.importorskip("ezc3d")
    path = export(tracks, "c3d", "a.c3d")
    file = ezc3d.c3d(str(path))
    parameters = file["parameters"]
    assert parameters["POINT"]["RATE"]["value"] == [30.0]
    assert parameters["POINT"]["UNITS"]["value"] == ["mm"]
    even, _ = regular(tracks)
    labels = parameters["POINT"]["LABELS"]["value"]
    for j, joint in enumerate(JOINTS):
        xyz = np.stack([even.x_mm, even.y_mm, even.z_mm])[:, :, j]
        same(file["data"]["points"][:3, labels.index(joint)], xyz)
        residuals = file["data"]["meta_points"]["residuals"][0, labels.index(joint)]
        np.testing.assert_array_equal(residuals < 0, np.isnan(xyz[0]))
    facts = "".join(piece.ljust(120) for piece in parameters["ASYCONV"]["FACTS"]["value"])
    assert json.loads(facts)["simulated"] is True


@pytest.mark.parametrize("in_mm", [True, False])
def test_nwb_by_pynwb(tracks: Tracks, export: Export, in_mm: bool) -> None:
    pynwb = pytest.importorskip("pynwb")
    pytest.importorskip("ndx_pose")
    tracks = tracks if in_mm else without_mm(tracks)
    even, _ = regular(tracks)
    unit, axes, spoken = ("mm", "xyz", "millimeters") if in_mm else ("px", "xy", "pixels")
    with pynwb.NWBHDF5IO(str(export(tracks, "nwb", "a.nwb")), "r") as io:
        file = io.read()
        assert (file.identifier, file.subject.subject_id) == ("rec-000000000001", "inf-01")
        pose = file.processing["behavior"]["PoseEstimation"]
        assert pose.description == NOTICE
        assert list(pose.skeleton.nodes[:]) == list(JOINTS)
        for j, joint in enumerate(JOINTS):
            series = pose.pose_estimation_series[joint]
            assert series.unit == spoken
            assert (series.rate, series.starting_time) == (30.0, 0.0)
            for k, axis in enumerate(axes):
                same(series.data[:, k], getattr(even, f"{axis}_{unit}")[:, j])
            same(series.confidence[:], even.confidence[:, j])


@pytest.mark.parametrize("name", ["anipose", "trc", "c3d"])
def test_millimetres_are_never_made_up(tracks: Tracks, tmp_path: Path, name: str) -> None:
    write_tracks(without_mm(tracks), tmp_path / "tracks.parquet")
    path = tmp_path / f"a{EXPORTS[name].endings[0]}"
    result = invoke("export", tmp_path / "tracks.parquet", "--to", name, "-o", path)
    assert result.exit_code == 1
    assert "holds millimetres, and these tracks have none" in result.stderr
    assert {file.name for file in tmp_path.iterdir()} == {"tracks.parquet"}


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_holds_the_notice_and_no_fact_that_was_not_meant_for_it(
    tracks: Tracks, export: Export, tmp_path: Path, name: str
) -> None:
    tracks = replace(tracks, meta={**tracks.meta, "somebody": "Jane Doe", "warnings": ["/ward/Jane Doe.oni is short"]})
    file = BIDS if name == "motion-bids" else f"a{EXPORTS[name].endings[0]}"
    path = export(tracks, name, file)
    written = EXPORTS[name].files(path)
    assert {other for other in tmp_path.iterdir() if other.name != "tracks.parquet"} == set(written)
    content = b"".join(other.read_bytes() for other in written)
    assert NOTICE[:60].encode() in content
    assert b"rec-000000000001" in content
    assert b"Jane" not in content


@pytest.mark.parametrize("name", sorted({*EXPORTS} - {"nwb", "motion-bids"}))  # identifiers; a name that tells the task
def test_the_same_tracks_give_the_same_bytes(tracks: Tracks, export: Export, name: str) -> None:
    ending = EXPORTS[name].endings[0]
    first = export(tracks, name, f"a{ending}").read_bytes()
    assert export(tracks, name, f"b{ending}").read_bytes() == first


def test_a_package_that_is_missing_is_named(tracks: Tracks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(InputError, match="expected the package h5py for this format"):
        EXPORTS["sleap"].function("write")(tracks, tmp_path / "a.h5")
