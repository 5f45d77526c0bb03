"""The loop of one's own infants on a small scale, by the commands that a user gives: nothing is handed on by hand."""

from pathlib import Path
from typing import Any

import pytest

from asyconv.evaluation.held_out import held_out
from asyconv.labels.annotations import read_annotated
from asyconv.labels.check import check
from asyconv.simulation.clips import make_clips
from tests.helpers.commands import invoke
from tests.helpers.simulated_rater import chosen_from, label_like

pytest.importorskip("flask", reason='the page needs flask: pip install "asyconv[label]"')


@pytest.fixture(autouse=True)
def _little_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyconv.training.data.simulated_clips", lambda *args: make_clips(5, 0, 8))
    monkeypatch.setattr("asyconv.evaluation.adapted.held_out", lambda seed, *size, **how: held_out(seed, 2, 1, **how))
    monkeypatch.setattr("asyconv.evaluation.baselines.BASELINE_INFANTS", 1)
    monkeypatch.setattr("asyconv.training.adapting.FRAMES_MIN", 9)


def done(*arguments: object) -> Any:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result


def test_from_recordings_of_another_hospital_to_a_report_of_the_adapted_model(tmp_path: Path) -> None:
    recordings, results, labels = (tmp_path / name for name in ("recordings", "results", "labels"))
    own, validated = tmp_path / "own.safetensors", tmp_path / "validated.safetensors"
    done("simulate", recordings, "--other-hospital", "--infants", 3, "--seconds", 0.7, "--seed", 31)
    done("process", recordings, "-o", results, "--rate", 6)
    chosen = chosen_from(recordings, results, labels, 9)
    label_like(chosen, recordings)
    annotated = read_annotated(labels)
    assert [len(infant.frame) for infant in annotated] == [3, 3, 3]
    assert all(infant.simulated for infant in annotated)
    assert {finding.kind for finding in check(labels).findings} <= {"joint never visible"}
    few = [
        word
        for name in ("detection", "regression")
        for word in ("--set", f"{name}.steps=2", "--set", f"{name}.batch=2")
    ]
    adapted = done("adapt", labels, "-o", own, "--workers", 0, *few)
    assert "On 3 labelled frames of 1 infant that no step was learnt from" in adapted.stdout
    measured = done("validate", own, labels, "-o", validated)
    assert "2 infants are left out: the model was trained on frames of them" in measured.stderr
    assert measured.stdout.splitlines()[-1].startswith("validated on 3 labelled frames of 1 infant: ")
    recording = sorted(recordings.glob("*.oni"))[0]
    done("process", recording, "-o", tmp_path / "after", "--rate", 6, "--model", validated)
    (report,) = (tmp_path / "after").glob("rec-*/report.html")
    page = report.read_text(encoding="utf8")
    assert "compact-adapted" in page
    assert "trained and tested on simulated infants only" in page  # labels of simulated infants validate nothing
    assert "validated on 3" not in page
