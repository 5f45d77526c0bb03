"""The command `check`: exit codes, the table, and simulated data sets from end to end."""

from pathlib import Path

import numpy as np
import pytest

from asyconv.errors import InputError
from asyconv.labels import check as kinds
from asyconv.labels.annotations import clip_rows, load_clips, read_annotated
from asyconv.labels.check import Checked, Finding, as_csv, as_table, check
from asyconv.labels.check_labels import COPIED
from asyconv.labels.label_sheets import read_label_sheet
from asyconv.simulation.annotated import simulate_annotated
from asyconv.simulation.scene import CALM_INFANT
from tests.helpers.checked_labels import drop_pictures, still_labels, write_labels
from tests.helpers.commands import invoke


def test_a_simulated_data_set_from_end_to_end(tmp_path: Path) -> None:
    options = ("--annotated", "--flaws", "--infants", 2, "--seconds", 5, "--seed", 8)
    made = invoke("simulate", tmp_path / "data", *options)
    assert made.exit_code == 0, made.output
    lines = (tmp_path / "data" / "truth" / "flaws.csv").read_text().splitlines()
    checked = invoke("check", tmp_path / "data", "--csv", tmp_path / "findings.csv")
    assert checked.exit_code == 1
    found = (tmp_path / "findings.csv").read_text().splitlines()
    assert sorted(line.split(",")[:3] for line in found) == sorted(line.split(",")[:3] for line in lines)
    assert all(line.split(",")[0] in checked.output for line in found)
    assert b"\r\n" in (tmp_path / "data" / "result_pz1.csv").read_bytes()
    assert b"\r\n" not in (tmp_path / "data" / "result_pz2.csv").read_bytes()
    infants = read_annotated(tmp_path / "data")
    assert [one.infant_id for one in infants] == ["pz1", "pz2"]
    assert all(one.simulated and one.depth_bits == 16 for one in infants)
    for one in infants:
        clips = load_clips(one, clip_rows(one.frame, overlap=False))
        assert 2500 < np.median(clips.depth[clips.depth > 0]) < 12000  # tenths of a mm, cameras at 310 to 1200 mm
        truth = read_label_sheet(tmp_path / "data" / "truth" / one.infant_id / f"result_{one.infant_id}.csv")
        true = {row.name.number: row.xy_px for row in truth.rows if row.name}
        pairs = [(xy, true[frame]) for frame, xy in zip(one.frame.tolist(), one.xy_px, strict=True)]
        same = [np.array_equal(read, known, equal_nan=True) for read, known in pairs]
        never = np.isnan(one.xy_px[..., 0]).all(axis=0).any()
        assert never or sum(same) >= len(same) - 11


def test_a_clean_simulated_data_set_has_nothing_wrong(tmp_path: Path) -> None:
    simulate_annotated(tmp_path / "data", 1, 2.0, 12, condition=CALM_INFANT)  # whose legs never cross
    lines = (tmp_path / "data" / "truth" / "flaws.csv").read_text().splitlines()
    checked = check(tmp_path / "data")
    named = [[one.kind, one.text.split()[0]] for one in checked.findings]
    assert sorted(named) == sorted(line.split(",")[2:] for line in lines[1:])
    assert {one.kind for one in checked.findings} <= {kinds.NEVER}  # a cover may hide a joint all the time
    sheet = (tmp_path / "data" / "result_pz1.csv").read_bytes()
    assert sheet == (tmp_path / "data" / "truth" / "pz1" / "result_pz1.csv").read_bytes()


def test_exit_codes_and_the_sentence(tmp_path: Path) -> None:
    root = write_labels(tmp_path / "data", still_labels())
    done = invoke("check", root)
    assert done.exit_code == 0
    assert done.output.endswith("\nnothing found wrong in 12 rows of 1 infant\n")
    assert invoke("check", root / "result_pz1.csv").exit_code == 0
    drop_pictures(21)(root)
    done = invoke("check", root)
    assert done.exit_code == 1
    words = "result_pz1.csv 6 missing image expected a picture of 16 bits of frame 21, found none"
    lines = done.output.splitlines()
    assert lines[1].split() == words.split()
    assert lines[3] == "1 finding in 12 rows of 1 infant: missing image 1"
    (tmp_path / "empty").mkdir()
    for arguments, code, said in (
        (("check", root, "--csv", root / "result_pz1.csv" / "f.csv"), 1, "cannot be written here"),
        (("check", tmp_path / "nowhere"), 1, "nowhere: expected a data set, found nothing at this place"),
        (("simulate", "--check", "--infants", "1"), 2, "two infants at least"),
        (("check", tmp_path / "empty"), 1, "empty: expected an annotated data set, found no sheet of labels and no"),
        (("simulate", tmp_path / "x", "--flaws"), 2, ""),
        (("simulate", tmp_path / "x", "--annotated", "--format", "mkv"), 2, ""),
    ):
        done = invoke(*arguments)
        assert done.exit_code == code
        assert said in done.output


def test_many_findings_of_a_kind_are_cut_short_in_the_table_only() -> None:
    findings = tuple(Finding("a.csv", row, COPIED, "same") for row in range(2, 742))
    table = as_table(Checked(1, 1000, findings, {}))
    assert len(table.splitlines()) == 13
    assert "and 730 more (--csv names them all)" in table
    assert len(as_csv(findings).splitlines()) == 741
    assert as_csv([Finding("=cmd.csv", 2, "k", "t")]).endswith("\n'=cmd.csv,2,k,t\n")


def test_too_little_to_simulate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 1 infant and 0.5 s, got 0 and 5 s"):
        simulate_annotated(tmp_path, 0, 5.0, 1)
