"""What the user states about recordings, and every way to state it wrong."""

import json
import time
from pathlib import Path

import pytest

from asyconv.errors import InputError
from asyconv.night.cameras import read_cameras
from asyconv.night.sheet import Row, check_id, id_warning, match, read_events, read_sheet
from asyconv.recordings.stream import Intrinsics


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_row(tmp_path: Path) -> None:
    sheet = read_sheet(
        write(
            tmp_path / "s.csv",
            "\ufefffile;recording_id;infant_id;site;camera_id;ga_birth_days;pma_days;orientation;mirrored;"
            "depth_unit_mm;fps_hz;state;exclude_reason;nurse\n"
            "a.oni;r-1;i-1;A;cam1;31+4;240;Left;yes;0,125;15;quiet;;x\n\n",
        )
    )
    row = sheet.rows[0]
    assert row.facts() == {
        "recording_id": "r-1",
        "infant_id": "i-1",
        "site": "A",
        "camera_id": "cam1",
        "ga_birth_days": 221,
        "pma_days": 240,
        "orientation": "left",
        "mirrored": True,
        "depth_unit_mm": 0.125,
        "fps_hz": 15.0,
        "state": "quiet",
        "nurse": "x",
    }
    assert len(sheet.rows) == 1
    assert sheet.warnings == ["s.csv: column kept as it is: nurse (it must not identify anyone)"]


def test_only_file_is_needed(tmp_path: Path) -> None:
    row = read_sheet(write(tmp_path / "s.csv", "file\na.oni\n")).rows[0]
    assert row.facts() == {}


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("recording_id", "Maria Rossi", "identifier 'Maria Rossi': expected 1 to 32 letters"),
        ("infant_id", "a/b", "expected 1 to 32 letters"),
        ("recording_id", "cohort", "not 'cohort'"),
        ("recording_id", "Nul", "device of Windows"),
        ("ga_birth_days", "31+9", "expected days, or weeks\\+days"),
        ("ga_birth_days", "31", "expected 140 to 700 days"),
        ("orientation", "sideways", "expected down, up, left, right"),
        ("mirrored", "maybe", "expected yes or no"),
        ("depth_unit_mm", "0", "expected a number above 0"),
        ("fps_hz", "-5", "expected a number above 0"),
        ("depth_unit_mm", "one", "expected a number, found 'one'"),
    ],
)
def test_wrong_cells_are_named_by_line_and_column(tmp_path: Path, column: str, cell: str, said: str) -> None:
    path = write(tmp_path / "s.csv", f"file,{column}\na.oni,{cell}\n")
    with pytest.raises(InputError, match=rf"^s.csv: line 2: {column}: .*{said}"):
        read_sheet(path)


def test_all_faults_in_one_message(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "file,mirrored,recording_id\na,perhaps,\n,yes,\nb,,r\nb,,r\n")
    with pytest.raises(InputError) as caught:
        read_sheet(path)
    for part in ("line 2: mirrored", "line 3: file", "file b: expected once, found in lines 4, 5", "recording_id r:"):
        assert part in str(caught.value)


def test_an_age_before_birth_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "file,ga_birth_days,pma_days\na.oni,31+0,30+6\nb.oni,31+0,31+0\n")
    with pytest.raises(InputError, match="^s.csv: line 2: pma_days: expected an age .*, found 216 and 217$"):
        read_sheet(path)


def test_a_cell_that_is_too_long_is_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", f"file,nurse\na.oni,{'x' * 200_000}\n")
    with pytest.raises(InputError, match="after line 1: expected cells of a CSV file"):
        read_sheet(path)


def test_a_long_sheet_is_matched_in_no_time() -> None:
    sources = [Path(f"/ward/{n // 50}/rec {n}.oni") for n in range(2000)]
    rows = [Row(n + 2, f"{n // 50}/rec {n}.oni") for n in range(2000)]
    start = time.process_time()
    found, messages = match(rows, sources)
    assert len(found) == 2000
    assert not messages
    assert time.process_time() - start < 5


@pytest.mark.parametrize("text", ["", "name\na\n", "file,file\na,b\n"])
def test_columns_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="expected a column named file, and no name twice"):
        read_sheet(write(tmp_path / "s.csv", text))


def test_more_cells_than_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2: expected 1 cells, found more"):
        read_sheet(write(tmp_path / "s.csv", "file\na,b\n"))


def test_a_sheet_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no such file"):
        read_sheet(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="found letters of another coding; save it as UTF-8"):
        read_sheet(tmp_path / "bytes.csv")


def test_matching_names_what_has_no_partner(tmp_path: Path) -> None:
    sources = [tmp_path / "x" / "a.oni", tmp_path / "y" / "a.oni", tmp_path / "b.oni"]
    sheet = read_sheet(write(tmp_path / "s.csv", "file,infant_id\nx/a.oni,i1\ngone.oni,i2\n"))
    rows, messages = match(sheet.rows, sources)
    assert rows == {sources[0]: sheet.rows[0]}
    assert messages == [
        "sheet line 3: no recording gone.oni",
        "no line in the sheet: a.oni",
        "no line in the sheet: b.oni",
    ]
    with pytest.raises(InputError, match="a.oni fits 2 recordings"):
        match(read_sheet(write(tmp_path / "t.csv", "file\na.oni\n")).rows, sources)
    with pytest.raises(InputError, match="lines 2 and 3 name the same recording"):
        match(read_sheet(write(tmp_path / "u.csv", "file\nx/a.oni\n./x/a.oni\n")).rows, sources)


def test_pseudonyms() -> None:
    assert check_id("baby-07") == "baby-07"
    assert id_warning("baby-07") is None
    assert "record number or a date" in str(id_warning("20210307"))
    assert "record number or a date" in str(id_warning("a-2021-03-07"))
    for wrong in ("", ".", "a b", "x" * 33, "ü", "--help", "-"):
        with pytest.raises(InputError):
            check_id(wrong)


def test_events(tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.csv",
        "recording_id,start_s,end_s,kind,reason\nr-1,30,40,exclude,fed\nr-1,1.5,2,handling,\nr-2,0,9,state,quiet\n",
    )
    events = read_events(path)
    assert [(event.start_s, event.end_s, event.kind, event.reason) for event in events["r-1"]] == [
        (1.5, 2.0, "handling", ""),
        (30.0, 40.0, "exclude", "fed"),
    ]
    assert len(events["r-2"]) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("r,1,2,feeding", "line 2: kind: expected handling, exclude, state, found 'feeding'"),
        ("r,2,1,handling", "line 2: expected 0 <= start_s < end_s, found 2 and 1"),
        ("r,-1,1,handling", "expected 0 <= start_s"),
        ("r,nan,1,handling", "expected a number, found 'nan'"),
        ("a b,0,1,handling", "identifier 'a b'"),
    ],
)
def test_wrong_events(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_events(write(tmp_path / "e.csv", f"recording_id,start_s,end_s,kind\n{line}\n"))


def test_cameras(tmp_path: Path) -> None:
    camera = {"fx_px": 575.8, "fy_px": 575, "cx_px": 319.5, "cy_px": 239.5}
    one = read_cameras(write(tmp_path / "c.json", json.dumps(camera)))
    assert one == {None: Intrinsics(575.8, 575.0, 319.5, 239.5, "camera")}
    named = read_cameras(write(tmp_path / "c.json", json.dumps({"cam1": camera})))
    assert named == {"cam1": Intrinsics(575.8, 575.0, 319.5, 239.5, "sheet")}
    for wrong in (
        *("[]", "{}", "not json", json.dumps({**camera, "fx_px": 0}), json.dumps({**camera, "cy_px": "1"})),
        *("[" * 100_000, json.dumps({**camera, "cx_px": float("nan")}), json.dumps({**camera, "fy_px": float("inf")})),
        *(json.dumps({**camera, "fx_px": 10**400}), json.dumps({**camera, "cy_px": 10**400})),
    ):
        with pytest.raises(InputError, match=r"c\.json"):
            read_cameras(write(tmp_path / "c.json", wrong))
