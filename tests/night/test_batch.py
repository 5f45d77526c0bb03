"""Many recordings: all done once, whatever fails, whoever else is at work, and however a run ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asyconv.errors import InputError, Stopped
from asyconv.night import batch, claims, results, sources
from asyconv.night.batch import Asked
from asyconv.night.engines import Inline
from asyconv.night.one_recording import Outcome, State
from tests.helpers.made_work import MAKE_RESULT, parked, prepare, run_sources, settled
from tests.helpers.real_data import ROOT


@pytest.fixture
def ward(tmp_path: Path) -> list[Path]:
    """Three small files that were written long ago."""
    return [settled(tmp_path / "in" / f"{n}.txt", f"recording {n}") for n in range(3)]


def states(outcomes: list[Outcome]) -> list[State]:
    return [outcome.state for outcome in outcomes]


def test_all_are_done_and_nothing_twice(ward: list[Path], out: Path) -> None:
    assert [outcome.made for outcome in run_sources(ward, out)] == [True] * 3
    assert states(run_sources(ward, out)) == [State.DONE] * 3
    assert states(run_sources(ward, out, settings={"rate": 6})) == [State.STALE] * 3


def test_one_bad_recording_does_not_stop_the_rest(ward: list[Path], tmp_path: Path) -> None:
    settled(ward[1], "bad")
    outcomes = run_sources([*ward, tmp_path / "absent"], tmp_path / "out")
    assert states(outcomes) == [State.NEW, State.REFUSED, State.NEW, State.FAILED]
    assert batch.summary(outcomes) == "4 recordings: 2 made, 1 refused, 1 parked"


def test_what_failed_is_tried_again_and_then_parked(ward: list[Path], tmp_path: Path) -> None:
    settled(ward[0], "raise")
    settled(ward[1], "raise once")
    outcomes = {outcome.source: outcome for outcome in run_sources(ward, tmp_path / "out", attempts=3)}
    assert outcomes[ward[0]].state is State.FAILED
    assert [o.made for o in outcomes.values()].count(True) == 2
    (record,) = parked(tmp_path / "out")
    assert len(record["attempts"]) == 3
    attempts = {m["recording_id"]: m["attempts"] for m in results.manifests(tmp_path / "out")}
    assert sorted(attempts.values()) == [1, 2]
    settled(ward[0], "mended")
    assert sorted(states(run_sources(ward, tmp_path / "out"))) == sorted([State.NEW, State.DONE, State.DONE])


def test_copies_and_names_given_twice(ward: list[Path], tmp_path: Path) -> None:
    copy = settled(ward[0].with_name("copy.txt"), ward[0].read_text())
    outcomes = run_sources([ward[0], copy], tmp_path / "out")
    assert states(outcomes) == [State.NEW, State.EXCLUDED]
    assert "the same recording as 0.txt" in outcomes[1].sentence
    out = tmp_path / "out2"
    named = [Asked(source, {"results": str(out)}, "infant-1") for source in (ward[0], ward[1], copy)]
    outcomes = list(batch.run_batch(MAKE_RESULT, named, out, Inline(), "run-1"))
    assert states(outcomes) == [State.REFUSED, State.EXCLUDED, State.NEW]
    assert "a recording_id of its own" in outcomes[0].sentence


def test_a_file_that_may_still_grow_comes_last_and_is_waited_for(
    ward: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "SETTLED_AFTER_S", 4.0)
    settled(ward[0], "recording 0", age_s=0.0)
    waits: list[float] = []
    outcomes = run_sources(ward, tmp_path / "out", waiting=lambda source, seconds: waits.append(seconds))
    assert [outcome.source for outcome in outcomes] == [*ward[1:], ward[0]]
    assert len(waits) == 1
    assert 0 < waits[0] <= 4.0


def test_a_change_time_in_the_future_is_not_waited_for(tmp_path: Path) -> None:
    assert sources.settled_at(settled(tmp_path / "in" / "a", "x", age_s=-100_000)) <= time.time()


def test_what_another_run_is_making_is_waited_for(ward: list[Path], out: Path) -> None:
    other = start(out, settled(ward[0], "recording 0 sleep 2"))
    name = prepare(ward[0]).recording_id
    while not (out / claims.CLAIMS / f"{name}.lock").exists():
        time.sleep(0.01)
    outcomes = run_sources(ward, out)
    assert [(outcome.source, outcome.state) for outcome in outcomes[-1:]] == [(ward[0], State.DONE)]
    assert other.wait() == 0
    assert not list((out / claims.CLAIMS).iterdir())


def test_results_that_cannot_be_written(ward: list[Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="results cannot be written here"):
        run_sources(ward, tmp_path / "file")


def test_it_stops_before_the_disk_is_full(ward: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "NEEDED_BYTES", 2**62)
    with pytest.raises(Stopped, match="of free space for the next recording"):
        run_sources(ward, tmp_path / "out")
    monkeypatch.undo()
    assert [outcome.made for outcome in run_sources(ward, tmp_path / "out")] == [True] * 3


def test_shares_cover_everything_once(ward: list[Path], tmp_path: Path) -> None:
    many = [settled(tmp_path / "in" / f"{n}.txt", f"recording {n}") for n in range(40)]
    for shards in (1, 2, 3, 7):
        shares = [sources.shard_of(path, shards) for path in many]
        assert set(shares) == set(range(shards))
    copy = Path(shutil.copy(many[0], tmp_path / "copy.txt"))
    assert sources.shard_of(copy, 1000) == sources.shard_of(many[0], 1000)
    assert sources.shard_of(tmp_path / "absent", 5) == 0


RUN = """
import sys
from pathlib import Path
from tests.helpers.made_work import run_sources

outcomes = run_sources([Path(name) for name in sys.argv[2:]], Path(sys.argv[1]))
print(sum(outcome.made for outcome in outcomes), flush=True)
"""


def start(out: Path, *sources: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(out), *map(str, sources)], stdout=subprocess.DEVNULL, text=True, cwd=ROOT
    )


def test_a_paused_run_loses_its_claim_and_throws_its_result_away(
    ward: list[Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = settled(ward[0], "recording 0 sleep 3")
    paused = start(out, source)
    lock = out / claims.CLAIMS / f"{prepare(source).recording_id}.lock"
    while not lock.exists():
        time.sleep(0.01)
    paused.send_signal(signal.SIGSTOP)
    os.utime(lock, (0, 0))  # as if it had been silent for longer than DEAD_AFTER_S
    (outcome,) = run_sources([source], out)
    assert outcome.made
    before = (out / str(outcome.recording_id) / "manifest.json").read_bytes()
    paused.send_signal(signal.SIGCONT)
    assert paused.wait(timeout=60) == 0
    assert (out / str(outcome.recording_id) / "manifest.json").read_bytes() == before
    assert not list((out / ".superseded").glob("*"))
    assert not list(out.glob(".tmp-*"))
    assert not list((out / claims.CLAIMS).iterdir())
