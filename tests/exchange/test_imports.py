"""Joints of other trackers as tracks: round trips, traps of each format, several people, and what is refused."""

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from asyconv.exchange.formats import EXPORTS, IMPORTS
from asyconv.exchange.joint_names import COCO_17, MEDIAPIPE_33, OPENPOSE_25
from asyconv.skeleton import FLIP, JOINTS
from asyconv.tracks import Tracks
from asyconv.tracks_file import read_tracks, write_tracks
from tests.helpers.closed_form import make_tracks
from tests.helpers.commands import invoke
from tests.helpers.exported import example

PACKAGES = {"sleap": "h5py", "nwb": "ndx_pose"}
INFANT = {joint: (200.0 + 20 * k, 300.0 + 7 * (k % 4)) for k, joint in enumerate(JOINTS)}


def imported(path: Path, name: str, *options: object, says: str = "") -> Tracks:
    out = path.parent / f"{path.name}.parquet"
    result = invoke("import", path, "--from", name, "-o", out, "--overwrite", *options)
    assert result.exit_code == 0, result.stderr
    assert says in result.stderr
    return read_tracks(out)


def refused(path: Path, name: str, *options: object) -> str:
    out = path.parent / "refused.parquet"
    result = invoke("import", path, "--from", name, "-o", out, *options)
    assert result.exit_code == 1, result.output
    assert not out.exists()
    return result.stderr


BOTH_WAYS = [(name, ending) for name in EXPORTS if name in IMPORTS for ending in EXPORTS[name].endings]


@pytest.mark.parametrize(("name", "ending"), BOTH_WAYS)
def test_tracks_go_out_and_come_in_again(tmp_path: Path, name: str, ending: str) -> None:
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name])
    if (name, ending) == ("deeplabcut", ".h5"):
        pytest.importorskip("tables")
    tracks = example()
    write_tracks(tracks, tmp_path / "tracks.parquet")
    result = invoke("export", tmp_path / "tracks.parquet", "--to", name, "-o", tmp_path / f"a{ending}")
    assert result.exit_code == 0, result.stderr
    again = imported(tmp_path / f"a{ending}", name)
    seen = np.isfinite(tracks.x_px)  # COCO has no annotation of an image without a joint
    rows = np.flatnonzero(seen.any(axis=1)) if name == "coco" else np.arange(len(seen))
    np.testing.assert_allclose(again.time_s, tracks.time_s[rows], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(again.confidence, tracks.confidence[rows])
    if name in ("anipose", "nwb"):
        for axis in ("x_mm", "y_mm", "z_mm", "depth_mm"):
            np.testing.assert_array_equal(getattr(again, axis), getattr(tracks, axis)[rows])
        np.testing.assert_allclose(again.x_px, tracks.x_px, atol=1e-3)
        np.testing.assert_allclose(again.y_px, tracks.y_px, atol=1e-3)
    else:
        np.testing.assert_array_equal(again.x_px, tracks.x_px[rows])
        np.testing.assert_array_equal(again.y_px, tracks.y_px[rows])
        assert np.isnan(again.x_mm).all()
    facts = ("recording_id", "infant_id", "fps_measured_hz", "head", "mirrored", "left_right_verified", "simulated")
    for fact in facts:
        assert again.meta[fact] == tracks.meta[fact], fact


def test_the_round_trip_takes_every_format_that_is_both_ways() -> None:
    assert {name for name, _ in BOTH_WAYS} == {"deeplabcut", "sleap", "anipose", "coco", "nwb"}


def deeplabcut(path: Path, people: list[str] | None, rows: list[list[Any]], names: tuple[str, ...] = JOINTS) -> Path:
    per = people or [""]
    header = [["scorer", *["s"] * (3 * len(names) * len(per))]]
    if people:
        header.append(["individuals", *(one for one in people for _ in range(3 * len(names)))])
    header.append(["bodyparts", *(name for _ in per for name in names for _ in range(3))])
    header.append(["coords", *["x", "y", "likelihood"] * (len(names) * len(per))])
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in [*header, *rows]))
    return path


def cells(likelihood: float = 0.9, **other: tuple[object, object, object]) -> list[Any]:
    return [value for joint, (x, y) in INFANT.items() for value in other.get(joint, (x, y, likelihood))]


def test_deeplabcut_says_nan_and_that_wins_over_its_likelihood(tmp_path: Path) -> None:
    rows = [[k, *cells(left_knee=("nan" if k else "", "", 1.0))] for k in (0, 1, 4, 5)]
    tracks = imported(deeplabcut(tmp_path / "a.csv", None, rows), "deeplabcut", "--fps", 20)
    knee = JOINTS.index("left_knee")
    assert np.isnan(tracks.x_px[:, knee]).all()
    assert np.isfinite(np.delete(tracks.x_px, knee, axis=1)).all()
    np.testing.assert_allclose(tracks.time_s, [0.0, 0.05, 0.2, 0.25])
    assert tracks.frame.tolist() == [1, 2, 5, 6]
    assert tracks.meta["left_right_verified"] is False
    assert tracks.meta["model_name"] == "DeepLabCut"


def h5_of_pandas(path: Path, info: object, columns: object, values: np.ndarray) -> Path:
    """What pandas and PyTables write of a table with levels of column names, without either."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        group = file.create_group("keypoints")  # the name varies
        group.attrs["info"] = np.bytes_(info if isinstance(info, bytes) else pickle.dumps(info, 0))
        rows = np.zeros(len(values), [("index", "i8"), ("values_block_0", "f8", values.shape[1:])])
        rows["index"], rows["values_block_0"] = np.arange(len(values)), values
        group["table"] = rows
        group["table"].attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(columns, 0))
    return path


def test_deeplabcut_as_hdf5_with_individuals(tmp_path: Path) -> None:
    people, parts, coords = ("infant", "nurse"), ("hip_l", "hip_r"), ("x", "y", "likelihood")
    columns = [("net", person, part, coord) for person in people for part in parts for coord in coords]
    info = {1: {"names": ["scorer", "individuals", "bodyparts", "coords"], "type": "MultiIndex"}, "index": {}}
    values = np.arange(36.0).reshape(3, 12) + 10
    values[:, 2::3] = 0.9
    values[1, 0] = np.nan
    path = h5_of_pandas(tmp_path / "a.h5", info, columns, values)
    assert "holds 2 people (infant, nurse)" in refused(path, "deeplabcut", "--fps", 30)
    tracks = imported(path, "deeplabcut", "--fps", 30, "--person", "infant")
    hip = JOINTS.index("left_hip")
    np.testing.assert_array_equal(tracks.x_px[:, hip], [10, np.nan, 34])
    np.testing.assert_array_equal(tracks.y_px[:, JOINTS.index("right_hip")], [14, 26, 38])


def test_a_table_as_hdf5_cannot_run_anything(tmp_path: Path) -> None:
    columns = [("net", "hip_l", coord) for coord in ("x", "y")]
    harmful = b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR."
    path = h5_of_pandas(tmp_path / "a.h5", harmful, columns, np.ones((3, 2)))
    assert "expected a table of DeepLabCut (HDF5, with a row for each frame)" in refused(
        path, "deeplabcut", "--fps", 30
    )
    assert not (tmp_path / "ran").exists()


def test_deeplabcut_with_individuals_asks_which_one(tmp_path: Path) -> None:
    nobody = [""] * (3 * len(JOINTS))
    rows = [[k, *cells(), *(cells(0.4) if k else nobody)] for k in range(3)]
    path = deeplabcut(tmp_path / "a.csv", ["infant", "nurse"], rows)
    assert "holds 2 people (infant, nurse); --person says which one" in refused(path, "deeplabcut", "--fps", 30)
    assert "expected infant, nurse as --person, found 'Anna'" in refused(path, "deeplabcut", "--person", "Anna")
    tracks = imported(path, "deeplabcut", "--fps", 30, "--person", "nurse")
    assert tracks.frame.tolist() == [2, 3]  # nothing is said about her in the first frame
    np.testing.assert_allclose(tracks.confidence, 0.4)
    alone = deeplabcut(tmp_path / "b.csv", ["infant", "nurse"], [[k, *cells(), *nobody] for k in range(3)])
    assert len(imported(alone, "deeplabcut", "--fps", 30).frame) == 3


def test_mirrored_video_exchanges_left_and_right(tmp_path: Path) -> None:
    path = deeplabcut(tmp_path / "a.csv", None, [[k, *cells()] for k in range(3)])
    plain = imported(path, "deeplabcut", "--fps", 30, "--head", "down", "--no-mirrored", "--size", "640x480")
    flipped = imported(path, "deeplabcut", "--fps", 30, "--head", "down", "--mirrored")
    assert plain.meta["left_right_verified"] is flipped.meta["left_right_verified"] is True
    assert (plain.meta["width_px"], plain.meta["height_px"]) == (640, 480)
    np.testing.assert_array_equal(flipped.x_px, plain.x_px[:, FLIP])


def test_names_are_understood_or_mapped(tmp_path: Path) -> None:
    names = ("RWrist", "elbow_right", "Right Shoulder", "LShoulder", "left-elbow", "leftHand", "r_foot", "rightKnee")
    rows = [[k, *[v for j in range(len(names)) for v in (100 + 20 * j, 200, 0.9)]] for k in range(3)]
    path = deeplabcut(tmp_path / "a.csv", None, rows, names)
    says = "without a key point, and so always missing: right_hip, left_hip, left_knee, left_ankle"
    tracks = imported(path, "deeplabcut", "--fps", 30, says=says)
    np.testing.assert_array_equal(tracks.x_px[0, :8], 100 + 20 * np.arange(8))
    (tmp_path / "map.csv").write_text("joint,name\nleft_hip,RWrist\n")
    mapped = imported(path, "deeplabcut", "--fps", 30, "--map", tmp_path / "map.csv")
    assert np.flatnonzero(np.isfinite(mapped.x_px[0])).tolist() == [JOINTS.index("left_hip")]
    for text, expected in (
        ("joint,name\nleft_hip,tail\n", "expected a key point 'tail' (--map)"),
        ("joint,name\ntail,RWrist\n", "row 2: expected a joint once"),
        ("a,b\n", "expected rows with the columns joint and name, found none"),
    ):
        (tmp_path / "map.csv").write_text(text)
        assert expected in refused(path, "deeplabcut", "--fps", 30, "--map", tmp_path / "map.csv")


def person(names: tuple[str, ...], at: tuple[float, float], size: float, missing: tuple[str, ...] = ()) -> list[float]:
    """Key points [x, y, confidence] of an infant moved and scaled."""
    values = []
    for name in names:
        x, y = INFANT.get(name, (300.0, 310.0))
        shown = name not in missing
        values += [at[0] + size * x, at[1] + size * y, 0.8] if shown else [0.0, 0.0, 0.0]
    return values


def openpose(folder: Path, frames: list[list[list[float]]]) -> Path:
    folder.mkdir()
    for k, people in enumerate(frames):
        content = {"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": one} for one in people]}
        (folder / f"Jane_2024_{k:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


def test_openpose_follows_the_infant_whatever_its_place_in_the_list(tmp_path: Path) -> None:
    def infant(k: int) -> list[float]:
        return person(OPENPOSE_25, (k, 0.0), 1.0, ("left_wrist",))

    nurse = person(OPENPOSE_25, (900.0, 0.0), 1.3)
    frames = [[nurse, infant(k)] if 5 <= k < 9 else [] if k == 11 else [infant(k)] for k in range(20)]
    path = openpose(tmp_path / "Jane", frames)
    tracks = imported(path, "openpose", "--fps", 25, says="up to 2 people in a frame")
    assert tracks.frame.tolist() == [k + 1 for k in range(20) if k != 11]
    wrist = JOINTS.index("right_wrist")
    np.testing.assert_allclose(tracks.x_px[:, wrist], INFANT["right_wrist"][0] + tracks.frame - 1)
    assert np.isnan(tracks.x_px[:, JOINTS.index("left_wrist")]).all()
    assert b"Jane" not in (tmp_path / "Jane.parquet").read_bytes()


def test_two_people_alike_are_refused(tmp_path: Path) -> None:
    frames = [[person(OPENPOSE_25, (0, 0), 1.0), person(OPENPOSE_25, (900, 0), 0.9)] for _ in range(5)]
    assert "two are about as large and as long in the picture" in refused(
        openpose(tmp_path / "a", frames), "openpose", "--fps", 25
    )


def test_alphapose(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    entries = [
        {"image_id": f"{k}.jpg", "category_id": 1, "keypoints": person(COCO_17, (k, 0), 1.0), "score": 2.9}
        for k in (0, 1, 3)
    ]
    path.write_text(json.dumps(entries))
    tracks = imported(path, "alphapose", "--fps", 30)
    assert tracks.frame.tolist() == [1, 2, 4]
    np.testing.assert_allclose(tracks.x_px[:, 0], INFANT["right_wrist"][0] + np.array([0, 1, 3]))
    two = [{**entry, "idx": 1.0} for entry in entries] + [{**entries[0], "idx": 2.0}]
    path.write_text(json.dumps(two))
    assert "holds 2 people (1.0, 2.0)" in refused(path, "alphapose", "--fps", 30)
    assert len(imported(path, "alphapose", "--fps", 30, "--person", "1.0").frame) == 3
    path.write_text(json.dumps([*entries, {**entries[0], "keypoints": [1.0] * 78}]))
    assert "entry 4: expected 17 key points, found 26" in refused(path, "alphapose", "--fps", 30)


def test_mediapipe_needs_the_size_of_the_picture(tmp_path: Path) -> None:
    marks = [
        {"x": INFANT.get(name, (300, 0))[0] / 640, "y": INFANT.get(name, (0, 310))[1] / 480, "z": 0, "visibility": 0.7}
        for name in MEDIAPIPE_33
    ]
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps([{"timestamp_ms": 40 * k, "pose_landmarks": [] if k == 1 else [marks]} for k in range(4)])
    )
    assert "expected the size of the picture" in refused(path, "mediapipe")
    tracks = imported(path, "mediapipe", "--size", "640x480")
    assert tracks.meta["fps_measured_hz"] == 25.0
    np.testing.assert_allclose(tracks.time_s, [0.0, 0.08, 0.12])
    np.testing.assert_allclose(tracks.x_px[0], [x - 0.5 for x, _ in INFANT.values()], rtol=1e-6)
    np.testing.assert_allclose(tracks.confidence, 0.7)
    path.write_text(json.dumps([marks, None, marks]))
    assert len(imported(path, "mediapipe", "--size", "640x480", "--fps", 10).frame) == 2


def test_sleap_frames_without_an_instance_are_lost_frames(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    points = np.full((2, 2, 12, 6), np.nan)
    points[0, :, :, [0, 1, 4, 5]] = np.array(list(INFANT.values())).T
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["tracks"], file["node_names"] = points, [joint.encode() for joint in JOINTS]
        file["track_names"] = [b"track_0", b"track_1"]
    tracks = imported(tmp_path / "a.h5", "sleap", "--fps", 30)
    assert tracks.frame.tolist() == [1, 2, 5, 6]
    np.testing.assert_array_equal(tracks.confidence, 1.0)  # the file has no scores
    points[1, :, :, 2] = 5 * points[0, :, :, 0]
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["tracks"][:] = points
    assert "holds 2 people (track_0, track_1)" in refused(tmp_path / "a.h5", "sleap", "--fps", 30)


def sleap_table(path: Path, rows: Sequence[tuple[str, object, object]]) -> Path:
    """Write an analysis table of SLEAP: track, frame and the x of every joint ("" = none) of each row."""
    lines = [["track", "frame_idx", "instance.score", *(f"{joint}.{what}" for joint in JOINTS for what in "xys")]]
    lines[0] = [name.removesuffix("s") + "score" if name.endswith(".s") else name for name in lines[0]]
    lines += [[track, str(frame), "0.9", *([str(x), "5", "0.8"] * len(JOINTS))] for track, frame, x in rows]
    path.write_text("".join(",".join(line) + "\n" for line in lines))
    return path


def test_sleap_tables_have_no_row_of_a_frame_without_an_instance(tmp_path: Path) -> None:
    path = sleap_table(tmp_path / "a.csv", [("", "0", 10.0), ("", "3.0", ""), ("", 4, 14.0)])
    tracks = imported(path, "sleap", "--fps", 10)
    assert tracks.frame.tolist() == [1, 4, 5]
    np.testing.assert_allclose(tracks.time_s, [0.0, 0.3, 0.4])
    np.testing.assert_array_equal(tracks.x_px[:, 0], [10, np.nan, 14])
    two = [("infant", 0, 10.0), ("nurse", 0, 90.0), ("infant", 2, 12.0), ("nurse", 1, 91.0)]
    assert "holds 2 people (infant, nurse)" in refused(sleap_table(path, two), "sleap", "--fps", 10)
    assert imported(path, "sleap", "--fps", 10, "--person", "infant").frame.tolist() == [1, 3]


def test_a_sleap_table_that_counts_rows_is_refused(tmp_path: Path) -> None:
    rows = [(track, frame, 10.0 + frame) for track, n in (("infant", 5), ("nurse", 3)) for frame in range(n)]
    path = sleap_table(tmp_path / "a.csv", rows)
    assert "seems to count rows" in refused(path, "sleap", "--fps", 10, "--person", "infant")
    assert "frame_idx, found -1" in refused(sleap_table(path, [("", -1, 10.0)]), "sleap", "--fps", 10)
    path.write_text("a,b\n1,2\n")
    assert "with the columns frame_idx and ...x, found none" in refused(path, "sleap", "--fps", 10)


def test_pixels_alone_are_analysed(tmp_path: Path) -> None:
    def swing(time_s: Any) -> Any:
        return np.stack([30 * np.sin(2 * np.pi * 0.7 * time_s), 0 * time_s, 0 * time_s], axis=1)

    write_tracks(make_tracks(70.0, motion={"left_ankle": swing}, noise_mm=0.5), tmp_path / "tracks.parquet")
    assert not invoke("export", tmp_path / "tracks.parquet", "--to", "deeplabcut", "-o", tmp_path / "a.csv").exit_code
    (tmp_path / "a.json").unlink()  # as another program writes it
    imported(tmp_path / "a.csv", "deeplabcut", "--fps", 30, "--head", "up", "--no-mirrored", "--infant", "inf-7")
    result = invoke("analyse", tmp_path / "a.csv.parquet", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    (table,) = (tmp_path / "out").glob("rec-*/features_long.parquet")
    legs = pl.read_parquet(table).filter(pl.col("part").is_in(["left_leg", "right_leg"]))
    bent_deg = dict(legs.filter(pl.col("feature") == "knee_rom_deg").select("part", "value").iter_rows())
    assert bent_deg["left_leg"] > 30
    assert bent_deg["right_leg"] < 5
    paths = dict(legs.filter(pl.col("feature") == "path_active_tl_per_min").select("part", "value").iter_rows())
    assert paths["left_leg"] > 10 * (paths["right_leg"] or 0)
    assert not legs.filter(pl.col("feature").str.contains("_mm"))["value"].count()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("deeplabcut", "a,b\n1,2\n", "expected the header rows scorer, individuals, bodyparts, coords, found none"),
        ("deeplabcut", "bodyparts,hip_l,hip_l\ncoords,x,y\n0,1\n", "row 3: expected 3 cells, found 2"),
        ("deeplabcut", "bodyparts,hip_l,hip_l\ncoords,x,y\n0,1,a\n", "row 3: expected a number or an empty cell"),
        ("deeplabcut", "bodyparts,hip_l,hip_l\ncoords,x,y\n1,9,9\n0,9,9\n", "expected numbers of frames that rise"),
        ("deeplabcut", "bodyparts,hip_l,hip_l\ncoords,x,y\n0,0.5,0.2\n", "found shares of the picture's width"),
        ("deeplabcut", "bodyparts,hip_l,hip_l\ncoords,x,y\n0,,\n", "expected the place of a joint in some frame"),
        ("deeplabcut", "bodyparts,tail,tail\ncoords,x,y\n0,9,9\n", "with names of joints, found 'tail'; state --map"),
        ("anipose", "a,b\n1,2\n", "expected a table of Anipose, but the column"),
        ("anipose", "hip_l_x,hip_l_y,hip_l_z,fnum\n1,2,x,0\n", "expected numbers in the column hip_l_z"),
        ("anipose", "hip_l_x,hip_l_y,hip_l_z,fnum\n1,2,-3,0\n", "expected depth_mm above 0"),
        ("sleap", "no", "expected an analysis file of SLEAP (HDF5), it cannot be read"),
        ("nwb", "no", "expected a file of NWB with ndx-pose, it cannot be read"),
        ("openpose", "no", "expected a folder with a JSON file of OpenPose for each frame"),
        ("alphapose", "{", "expected JSON, it cannot be read"),
        ("alphapose", "{}", "expected a list of people, found none"),
        ("alphapose", '[{"image_id": "1.jpg", "keypoints": [1, 2, 3]}]', "expected 17 or 26 key points, found 1"),
        ("mediapipe", "{}", "expected a JSON list with the landmarks of each frame"),
        ("mediapipe", "[[{}]]", "frame 0: expected 33 landmarks, found 1"),
        ("alphapose", '[{"image_id": "99999999999.jpg", "keypoints": []}]', "expected the number of a frame up to"),
        ("coco", '{"images": [{"id": []}], "annotations": [], "categories": [{"keypoints": []}]}', "as id of each"),
        ("deeplabcut", "bodyparts,hip_l,hip_l\ncoords,x,y\n0,1e39,9\n", "expected x_px between -100000 and 100000"),
        ("coco", "[]", "expected a JSON object, found list"),
        ("coco", '{"images": [], "annotations": []}', "expected a list of categories, found none"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_in_a_sentence(tmp_path: Path, name: str, content: str, expected: str) -> None:
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name])
    path = tmp_path / "given"
    path.write_text(content)
    said = refused(path, name, "--fps", 30)
    assert expected in said
    assert said.startswith("asyconv: ")
    assert said.count("\n") == 1


def test_a_rate_is_never_guessed(tmp_path: Path) -> None:
    path = deeplabcut(tmp_path / "a.csv", None, [[k, *cells()] for k in range(3)])
    assert "expected the rate of the frames, which this format does not hold; state --fps" in refused(
        path, "deeplabcut"
    )
