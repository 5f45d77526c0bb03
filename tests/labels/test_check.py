"""`check` names every flaw that is there, with its row, and none that is not; flawed data sets are read right."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from asyconv.cli.main import main
from asyconv.errors import InputError
from asyconv.labels import check as kinds
from asyconv.labels.annotations import clip_rows, inside, load_clips, read_annotated
from asyconv.labels.check import Checked, Finding, as_csv, as_table, check
from asyconv.labels.check_labels import COINCIDING, COPIED, JUMP, SWAP, Labels, suspicious
from asyconv.labels.label_sheets import HALF_MISSING, OUTSIDE, UNPARSABLE, cells_of, read_label_sheet, write_label_sheet
from asyconv.simulation.annotated import simulate_annotated
from asyconv.simulation.flaws import Planted, natural, plant, with_gaps
from asyconv.simulation.infant import project
from asyconv.simulation.labels import LABEL_NOISE_PX
from asyconv.simulation.scene import BARE, make_infant
from asyconv.skeleton import FLIP, JOINTS

Array = npt.NDArray[np.float64]
POSE = np.array(
    [[380, 260], [375, 300], [355, 330], [285, 330], [265, 300], [262, 262],
     [350, 90], [375, 130], [348, 160], [292, 160], [265, 130], [290, 88]], float
)  # fmt: skip
FRAMES = list(range(1, 60, 5))
FLAT = cv2.imencode(".png", np.full((480, 640), 600, np.uint16))[1].tobytes()

Where = Counter[tuple[str, int | None, str]]


def where(findings: tuple[Finding, ...] | list[Finding]) -> Where:
    return Counter((one.file, one.row, one.kind) for one in findings)


def still_labels() -> Array:
    """Labels [12, 12, 2] of an infant that lies still, each click a little off, never twice in the same pixels."""
    wobble = np.random.default_rng(4).integers(-3, 4, size=(len(FRAMES), 12, 2))
    return POSE + wobble


def write_data_set(root: Path, rows: list[tuple[str, list[str]]], pictures: list[int], infant_id: str = "pz1") -> Path:
    folder = root / infant_id
    folder.mkdir(parents=True)
    for frame in pictures:
        (folder / f"{frame}_16bit.png").write_bytes(FLAT)
    write_label_sheet(root / f"result_{infant_id}.csv", rows)
    return root


def write_labels(root: Path, labels: Array, pictures: list[int] = FRAMES) -> Path:
    names = (f"{frame}_8bit.png" for frame in FRAMES)
    return write_data_set(root, [(name, cells_of(xy)) for name, xy in zip(names, labels, strict=True)], pictures)


def moving_labels(seed: int, number: int, frames: list[int]) -> Array:
    """Labels of a moving simulated infant with click noise; runs of missing ones, as covers make them."""
    infant = make_infant(seed, number, (np.array(frames) - 1) / 30.0, condition=BARE)
    rng = np.random.default_rng([seed, number])
    xy = project(infant.to_camera(infant.joints_bed))
    labels = np.round(xy + rng.normal(0, LABEL_NOISE_PX, xy.shape))
    labels[~inside(labels, 640, 480)] = np.nan
    for joint in range(12):
        for start in rng.integers(0, len(frames), size=3):
            labels[start : start + int(rng.geometric(0.25)), joint] = np.nan
    return labels


def test_nothing_is_wrong_with_an_infant_that_lies_still(tmp_path: Path) -> None:
    checked = check(write_labels(tmp_path, still_labels()))
    assert checked == Checked(1, 12, (), dict.fromkeys(JOINTS, 0.0))
    assert as_table(checked).endswith("\nnothing found wrong in 12 rows of 1 infants")


def copied(labels: Array) -> None:
    labels[5] = labels[4]


def copied_but_for_one_pixel(labels: Array) -> None:
    labels[5] = labels[4]
    labels[5, 0, 0] += 1


def coinciding(labels: Array) -> None:
    labels[5, JOINTS.index("left_wrist")] = labels[5, JOINTS.index("left_elbow")]


def always_coinciding(labels: Array) -> None:
    labels[4:7, JOINTS.index("left_wrist")] = labels[4:7, JOINTS.index("left_elbow")]


def passing(labels: Array) -> None:
    """The left wrist passes over the elbow in steps of 15 px and once lies in the same pixel."""
    steps = 15.0 * np.arange(-3, 4)[:, None] * [0.0, 1.0]
    labels[2:9, JOINTS.index("left_wrist")] = labels[5, JOINTS.index("left_elbow")] + steps


def jump(labels: Array) -> None:
    labels[5, JOINTS.index("right_wrist"), 1] -= 230


def jump_at_the_first(labels: Array) -> None:
    labels[0, JOINTS.index("right_wrist"), 1] -= 230


def jump_at_the_last(labels: Array) -> None:
    labels[11, JOINTS.index("right_wrist"), 1] -= 230


def jump_for_good(labels: Array) -> None:
    labels[5:, JOINTS.index("right_knee"), 0] += 150


def fast(labels: Array) -> None:
    """140 px in 1/6 s are 840 px/s: a kick, not a slip."""
    labels[5:, JOINTS.index("right_ankle"), 0] += 140


def slow(labels: Array) -> None:
    """230 px, but in half a second: the frames between are missing."""
    labels[5:7, JOINTS.index("right_wrist")] = np.nan
    labels[7:, JOINTS.index("right_wrist"), 1] -= 230


def all_sides(labels: Array) -> None:
    labels[5] = labels[5, FLIP]


def wrists(labels: Array) -> None:
    labels[5, [0, 5]] = labels[5, [5, 0]]


def wrists_for_good(labels: Array) -> None:
    labels[5:, [0, 5]] = labels[5:, [5, 0]]


def hips_alone(labels: Array) -> None:
    """Only row 5 is labelled at the hips: the side itself tells."""
    labels[5, [8, 9]] = labels[5, [9, 8]]
    labels[:5, [8, 9]] = labels[6:, [8, 9]] = np.nan


def close_hands(labels: Array) -> None:
    """Hands 20 px apart change places: no one can tell from labels."""
    labels[:, 0], labels[:, 5] = labels[:, 0] * 0 + [330, 260], labels[:, 5] * 0 + [310, 260]
    labels[:, [0, 5]] += np.random.default_rng(1).integers(-2, 3, size=(12, 2, 2))
    labels[5, [0, 5]] = labels[5, [5, 0]]


def never(labels: Array) -> None:
    labels[:, JOINTS.index("left_ankle")] = np.nan


def outside(labels: Array) -> None:
    labels[5, JOINTS.index("left_ankle")] = [290, 480]


def hidden(labels: Array) -> None:
    """The whole infant is hidden in two frames: nothing wrong, and no copy."""
    labels[5:7] = np.nan


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (copied, [(7, COPIED)]),
        (copied_but_for_one_pixel, []),
        (coinciding, [(7, COINCIDING)]),
        (always_coinciding, [(6, COINCIDING), (7, COINCIDING), (8, COINCIDING)]),
        (passing, []),
        (jump, [(7, JUMP)]),
        (jump_at_the_first, [(2, JUMP)]),
        (jump_at_the_last, [(13, JUMP)]),
        (jump_for_good, [(7, JUMP)]),
        (fast, []),
        (slow, []),
        (all_sides, [(7, SWAP)]),
        (wrists, [(7, SWAP)]),
        (wrists_for_good, [(7, SWAP)]),
        (hips_alone, [(7, SWAP)]),
        (close_hands, []),
        (never, [(None, kinds.NEVER)]),
        (outside, [(7, OUTSIDE)]),
        (hidden, []),
    ],
)
def test_labels_by_hand(tmp_path: Path, spoil: Callable[[Array], None], expected: list[tuple[int | None, str]]) -> None:
    labels = still_labels()
    spoil(labels)
    findings = check(write_labels(tmp_path, labels)).findings
    assert [(one.row, one.kind) for one in findings] == expected, findings
    assert all(one.file == "result_pz1.csv" for one in findings)


def rows_of(root: Path) -> list[str]:
    return (root / "result_pz1.csv").read_text().splitlines()


def change_row(row: int, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change row `row` (as an editor counts) of the sheet."""

    def spoil(root: Path) -> None:
        lines = rows_of(root)
        lines[row - 1] = change(lines[row - 1])
        (root / "result_pz1.csv").write_text("\n".join(lines) + "\n")

    return spoil


def reorder(root: Path) -> None:
    header, *lines = rows_of(root)
    (root / "result_pz1.csv").write_text("\n".join([header, *sorted(lines)]) + "\n")


def drop_pictures(*frames: int) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        for frame in frames:
            (root / "pz1" / f"{frame}_16bit.png").unlink()

    return spoil


def drop_rows(first: int, last: int) -> Callable[[Path], None]:
    def spoil(root: Path) -> None:
        lines = rows_of(root)
        (root / "result_pz1.csv").write_text("\n".join(lines[: first - 1] + lines[last:]) + "\n")

    return spoil


def gap(root: Path) -> None:
    drop_pictures(21, 26)(root)
    drop_rows(6, 7)(root)


def eight_bits_only(root: Path) -> None:
    drop_pictures(21)(root)
    (root / "pz1" / "21_8bit.png").write_bytes(cv2.imencode(".png", np.zeros((480, 640), np.uint8))[1].tobytes())


def other_size(root: Path) -> None:
    picture = cv2.imencode(".png", np.zeros((240, 320), np.uint16))[1].tobytes()
    (root / "pz1" / "21_16bit.png").write_bytes(picture)


def cut_off(root: Path) -> None:
    (root / "pz1" / "21_16bit.png").write_bytes(FLAT[:-20])


def no_png(root: Path) -> None:
    (root / "pz1" / "21_16bit.png").write_bytes(b"no picture at all, but long enough to hold a header")


def no_folder(root: Path) -> None:
    (root / "pz1").rename(root / "other")


def two_sheets(root: Path) -> None:
    (root / "pz1" / "result_pz1.csv").write_bytes((root / "result_pz1.csv").read_bytes())


def two_folders(root: Path) -> None:
    (root / "copy" / "pz1").mkdir(parents=True)
    (root / "copy" / "pz1" / "1_16bit.png").write_bytes(FLAT)


def no_sheet(root: Path) -> None:
    (root / "pz2").mkdir()
    for frame in (1, 6):
        (root / "pz2" / f"{frame}_16bit.png").write_bytes(FLAT)


SHEET = "result_pz1.csv"
no_left_hip = change_row(1, lambda line: line.replace("left_hip", "hip"))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (change_row(5, lambda line: line.replace(",", ",-1;-1,", 1)), [(SHEET, 5, UNPARSABLE)]),
        (change_row(5, lambda line: line[: line.rindex(",")] + ",-1"), [(SHEET, 5, HALF_MISSING)]),
        (change_row(5, lambda line: line[: line.rindex(",")]), [(SHEET, 5, UNPARSABLE)]),
        (change_row(5, lambda line: f"{line}\n{line}"), [(SHEET, 6, kinds.DUPLICATE)]),
        (no_left_hip, [(SHEET, None, kinds.UNREADABLE_SHEET), ("pz1/1_16bit.png", None, kinds.NO_ROW)]),
        (reorder, [(SHEET, 4, kinds.UNORDERED)]),
        (drop_pictures(21, 31), [(SHEET, 6, kinds.MISSING_IMAGE), (SHEET, 8, kinds.MISSING_IMAGE)]),
        (drop_rows(6, 6), [("pz1/21_16bit.png", None, kinds.NO_ROW)]),
        (drop_rows(6, 8), [("pz1/21_16bit.png", None, kinds.NO_ROW)]),
        (gap, [(SHEET, 6, kinds.GAP)]),
        (eight_bits_only, [(SHEET, 6, kinds.MISSING_IMAGE)]),
        (other_size, [("pz1/21_16bit.png", None, kinds.SIZES)]),
        (cut_off, [("pz1/21_16bit.png", None, kinds.BAD_IMAGE)]),
        (no_png, [("pz1/21_16bit.png", None, kinds.BAD_IMAGE)]),
        (no_folder, [(SHEET, None, kinds.MISSING_IMAGE), ("other/1_16bit.png", None, kinds.NO_ROW)]),
        (two_sheets, [("pz1/result_pz1.csv", None, kinds.TWO_SHEETS)]),
        (no_sheet, [("pz2/1_16bit.png", None, kinds.NO_ROW)]),
    ],
)
def test_files_and_rows_by_hand(
    tmp_path: Path, spoil: Callable[[Path], None], expected: list[tuple[str, int | None, str]]
) -> None:
    spoil(write_labels(tmp_path, still_labels()))
    findings = check(tmp_path).findings
    assert where(findings) == Counter(expected), findings


def test_pictures_without_row_in_a_row_are_one_finding(tmp_path: Path) -> None:
    drop_rows(6, 8)(write_labels(tmp_path, still_labels()))
    (finding,) = check(tmp_path).findings
    assert finding.text == "no sheet has a row of this frame and 2 more, up to frame 31"


def test_an_infant_with_two_folders(tmp_path: Path) -> None:
    two_folders(write_labels(tmp_path, still_labels()))
    findings = check(tmp_path).findings
    assert (SHEET, None, kinds.MISSING_IMAGE) in where(findings)
    assert any("expected one folder of pictures, found copy/pz1 and pz1" in one.text for one in findings)


def test_limits_scale_with_the_picture() -> None:
    labels = still_labels()
    jump(labels)
    time_s = np.array(FRAMES) / 30.0
    assert [kind for _, kind, _ in suspicious(Labels(time_s, labels, 640))] == [JUMP]
    assert [kind for _, kind, _ in suspicious(Labels(time_s, labels / 2, 320))] == [JUMP]
    assert not suspicious(Labels(time_s, labels, 1280))


@pytest.mark.parametrize("seed", range(6))
def test_movement_and_click_noise_raise_no_alarm(tmp_path: Path, seed: int) -> None:
    frames = list(range(1, 1800, 5))
    labels = moving_labels(seed, seed, frames)
    written = natural(frames, labels, "pz1")
    assert {flaw.kind for flaw in written.flaws} <= {kinds.NEVER}  # a foot may lie outside the picture all the time
    assert where(check(write_data_set(tmp_path, written.rows, written.pictures)).findings) == where(written.flaws)


FLAWED = with_gaps(list(range(1, 1400, 5)))
ALL_KINDS = {
    COPIED, COINCIDING, JUMP, SWAP, HALF_MISSING, OUTSIDE, UNPARSABLE, kinds.MISSING_IMAGE, kinds.NO_ROW,
    kinds.DUPLICATE, kinds.UNORDERED, kinds.GAP, kinds.NEVER,
}  # fmt: skip


@pytest.fixture(scope="module", params=range(3))
def clean(request: pytest.FixtureRequest) -> Array:
    return moving_labels(30 + request.param, 0, FLAWED)


@pytest.mark.parametrize("seed", range(8))
def test_every_planted_flaw_is_named_and_no_other(tmp_path: Path, clean: Array, seed: int) -> None:
    planted = plant(FLAWED, clean, "pz1", np.random.default_rng(seed))
    findings = check(write_data_set(tmp_path, planted.rows, planted.pictures)).findings
    assert where(findings) == where(planted.flaws), as_table(Checked(1, len(planted.rows), findings, {}))
    assert {one.kind for one in planted.flaws} >= ALL_KINDS - {COINCIDING}
    assert sum(one.kind == kinds.GAP for one in planted.flaws) == 3


def test_flaws_of_every_kind_find_a_place(clean: Array) -> None:
    planted = [plant(FLAWED, clean, "pz1", np.random.default_rng(seed)) for seed in range(8)]
    assert {flaw.kind for one in planted for flaw in one.flaws} == ALL_KINDS


@pytest.mark.parametrize("seed", range(4))
def test_a_flawed_data_set_is_read_right(tmp_path: Path, clean: Array, seed: int) -> None:
    planted = plant(FLAWED, clean, "pz1", np.random.default_rng(seed))
    (infant,) = read_annotated(write_data_set(tmp_path, planted.rows, planted.pictures))
    gone = {flaw.kind for flaw in planted.flaws} & {kinds.MISSING_IMAGE, kinds.NO_ROW}
    assert len(infant.frame) == len(FLAWED) - len(gone)
    assert (np.diff(infant.frame) > 0).all()
    assert [int(path.stem.split("_")[0]) for path in infant.images] == infant.frame.tolist()
    assert differing(infant.frame, infant.xy_px, clean) <= flawed_frames(planted)
    for overlap in (True, False):
        assert (np.diff(infant.frame[clip_rows(infant.frame, overlap=overlap)], axis=1) == 5).all()


def differing(frame: npt.NDArray[np.int64], xy_px: Array, clean: Array) -> set[int]:
    """Frames whose labels are not the true ones, the joint that was never visible left out."""
    never = np.isnan(xy_px[..., 0]).all(axis=0)
    true = clean[[FLAWED.index(number) for number in frame.tolist()]]
    same = (xy_px == true) | (np.isnan(xy_px) & np.isnan(true))
    return set(frame[~same[:, ~never].all(axis=(1, 2))].tolist())


def flawed_frames(planted: Planted) -> set[int]:
    rows = {flaw.row for flaw in planted.flaws if flaw.kind not in (kinds.GAP, kinds.UNORDERED)}
    return {int(planted.rows[row - 2][0].split("_")[0]) for row in rows if row is not None}


def test_the_gaps_are_those_of_baby_pose() -> None:
    frames = np.array(with_gaps(list(range(1, 5400, 5))))
    at = np.flatnonzero(np.diff(frames) != 5)
    assert np.stack([frames[at], frames[at + 1]], axis=1).tolist() == [[1, 11], [51, 101], [546, 1001]]
    assert with_gaps([1, 6]) == [1, 6]  # no gap without an end


def invoke(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.output


def test_a_simulated_data_set_from_end_to_end(tmp_path: Path) -> None:
    code, output = invoke(
        "simulate", tmp_path / "data", "--annotated", "--flaws", "--infants", 2, "--seconds", 5, "--seed", 8
    )
    assert code == 0, output
    lines = (tmp_path / "data" / "truth" / "flaws.csv").read_text().splitlines()
    code, output = invoke("check", tmp_path / "data", "--csv", tmp_path / "findings.csv")
    assert code == 1
    found = (tmp_path / "findings.csv").read_text().splitlines()
    assert sorted(line.split(",")[:3] for line in found) == sorted(line.split(",")[:3] for line in lines)
    assert all(line.split(",")[0] in output for line in found)
    assert b"\r\n" in (tmp_path / "data" / "result_pz1.csv").read_bytes()
    assert b"\r\n" not in (tmp_path / "data" / "result_pz2.csv").read_bytes()
    infants = read_annotated(tmp_path / "data")
    assert [one.infant_id for one in infants] == ["pz1", "pz2"]
    assert all(one.simulated and one.depth_bits == 16 for one in infants)
    for one in infants:
        clips = load_clips(one, clip_rows(one.frame, overlap=False))
        assert 3000 < np.median(clips.depth[clips.depth > 0]) < 7000
        truth = read_label_sheet(tmp_path / "data" / "truth" / one.infant_id / f"result_{one.infant_id}.csv")
        true = {row.name.number: row.xy_px for row in truth.rows if row.name}
        pairs = [(xy, true[frame]) for frame, xy in zip(one.frame.tolist(), one.xy_px, strict=True)]
        same = [np.array_equal(read, known, equal_nan=True) for read, known in pairs]
        never = np.isnan(one.xy_px[..., 0]).all(axis=0).any()
        assert never or sum(same) >= len(same) - 11


def test_a_clean_simulated_data_set_has_nothing_wrong(tmp_path: Path) -> None:
    simulate_annotated(tmp_path / "data", 1, 2.0, 12)
    lines = (tmp_path / "data" / "truth" / "flaws.csv").read_text().splitlines()
    checked = check(tmp_path / "data")
    named = [[one.kind, one.text.split()[0]] for one in checked.findings]
    assert sorted(named) == sorted(line.split(",")[2:] for line in lines[1:])
    assert {one.kind for one in checked.findings} <= {kinds.NEVER}  # a cover may hide a joint all the time
    sheet = (tmp_path / "data" / "result_pz1.csv").read_bytes()
    assert sheet == (tmp_path / "data" / "truth" / "pz1" / "result_pz1.csv").read_bytes()


def test_exit_codes_and_the_sentence(tmp_path: Path) -> None:
    root = write_labels(tmp_path / "data", still_labels())
    code, output = invoke("check", root)
    assert code == 0
    assert output.endswith("\nnothing found wrong in 12 rows of 1 infants\n")
    code, output = invoke("check", root / "result_pz1.csv")
    assert code == 0, output
    drop_pictures(21)(root)
    code, output = invoke("check", root)
    assert code == 1
    words = "result_pz1.csv 6 missing image expected a picture of 16 bits of frame 21, found none"
    assert output.splitlines()[1].split() == words.split()
    assert output.splitlines()[3] == "1 findings in 12 rows of 1 infants: missing image 1"
    code, output = invoke("check", root, "--csv", root / "result_pz1.csv" / "f.csv")
    assert code == 1
    assert "cannot be written here" in output
    assert invoke("check", tmp_path / "nowhere")[0] == 2
    (tmp_path / "empty").mkdir()
    code, output = invoke("check", tmp_path / "empty")
    assert code == 1
    assert "empty: expected an annotated data set, found no sheet of labels and no pictures" in output
    assert invoke("simulate", tmp_path / "x", "--flaws")[0] == 2
    assert invoke("simulate", tmp_path / "x", "--annotated", "--format", "mkv")[0] == 2


def test_coco_annotations_without_image_are_named_by_their_place(tmp_path: Path) -> None:
    still = still_labels()
    joints = [joint.replace("wrist", "hand") for joint in JOINTS]
    content = {
        "images": [{"id": frame, "file_name": f"pz1/{frame}_16bit.png"} for frame in FRAMES],
        "annotations": [
            {"image_id": frame, "category_id": 1, "keypoints": np.insert(xy, 2, 2, axis=1).ravel().tolist()}
            for frame, xy in zip([*FRAMES[:-1], 999], still, strict=True)
        ],
        "categories": [{"id": 1, "keypoints": joints}],
    }
    write_labels(tmp_path, still)
    (tmp_path / SHEET).unlink()
    (tmp_path / "labels.json").write_text(json.dumps(content))
    assert where(check(tmp_path).findings) == Counter(
        [("labels.json", 12, kinds.NO_LISTED_IMAGE), (f"pz1/{FRAMES[-1]}_16bit.png", None, kinds.NO_ROW)]
    )


CELLS = st.sampled_from(["12,30", "-1,-1", "-1,3", "9999,1", "x", "", "5,5"])
IMAGES = st.sampled_from(["1_8bit.png", "6_8bit.png", "11.png", "0.png", "999999999999.png", "no.png", "", "b1.png"])


@given(st.lists(st.tuples(IMAGES, st.lists(CELLS, min_size=13, max_size=15)), max_size=8))
def test_whatever_stands_in_a_sheet_is_looked_through(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, list[str]]]
) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    (root / "pz1").mkdir(parents=True, exist_ok=True)
    (root / "pz1" / "1_16bit.png").write_bytes(FLAT)
    write_label_sheet(root / SHEET, rows)
    found = where(check(root).findings)
    for place, row in enumerate(read_label_sheet(root / SHEET).rows, start=2):
        assert row.row == place
        for fault in row.faults:
            assert found[SHEET, place, fault.kind]
        if row.name and row.name.number != 1:
            assert found[SHEET, place, kinds.MISSING_IMAGE]


def test_many_findings_of_a_kind_are_cut_short_in_the_table_only() -> None:
    findings = tuple(Finding("a.csv", row, COPIED, "same") for row in range(2, 742))
    table = as_table(Checked(1, 1000, findings, {}))
    assert len(table.splitlines()) == 13
    assert "and 730 more (--csv names them all)" in table
    assert len(as_csv(findings).splitlines()) == 741


def test_too_little_to_simulate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1 infant and 0.5 s, got 0 and 5 s"):
        simulate_annotated(tmp_path, 0, 5.0, 1)
