"""Claims: one holder at a time, the dead found out at once or by their silence, the living never robbed."""

import os
import stat
import time
from pathlib import Path
from unittest import mock

import pytest

from asyconv.night import claims
from tests.helpers.commands import python


def lock(out: Path) -> Path:
    return out / claims.CLAIMS / "rec-1.lock"


def taken(out: Path, name: str = "rec-1") -> claims.Claim:
    """A claim that must be free."""
    claim = claims.take(out, name)
    assert claim is not None
    return claim


def of_another_host(out: Path) -> claims.Claim:
    with mock.patch.object(claims, "boot_id", return_value="elsewhere"):
        return taken(out)


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    with taken(tmp_path):
        assert claims.take(tmp_path, "rec-1") is None
        with taken(tmp_path, "rec-2"):
            assert [facts["recording_id"] for facts in claims.running(tmp_path)] == ["rec-1", "rec-2"]
    assert not list((tmp_path / claims.CLAIMS).iterdir())


def test_it_tells_how_far_the_work_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "TOLD_EVERY_S", 1000.0)
    with taken(tmp_path) as claim:
        claim.note("tracking", 3, 10)
        claim.note("tracking", 4, 10)  # so soon: not told
        facts = claims.running(tmp_path)[0]
        assert (facts["stage"], facts["done"], facts["total"]) == ("tracking", 3, 10)
        claim.note("report")
        assert claims.running(tmp_path)[0]["stage"] == "report"
        assert claim.held()


def test_the_dead_of_this_host_are_found_out_at_once(tmp_path: Path) -> None:
    held = "import sys, os; from pathlib import Path; from asyconv.night import claims; "
    dies = held + "claims.take(Path(sys.argv[1]), 'rec-1'); os._exit(9)"
    python("-c", dies, tmp_path)
    assert lock(tmp_path).exists()
    with taken(tmp_path) as claim:
        assert claim.held()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SystemExit(143)])
def test_one_that_could_not_be_written_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fails(descriptor: int, content: bytes) -> None:
        raise error

    monkeypatch.setattr(claims, "overwrite_start", fails)
    with pytest.raises(type(error)):
        claims.take(tmp_path, "rec-1")
    assert not list((tmp_path / claims.CLAIMS).iterdir())


def test_those_of_other_hosts_by_their_silence(tmp_path: Path) -> None:
    with of_another_host(tmp_path) as claim:
        assert claims.take(tmp_path, "rec-1") is None
        silent = time.time() - claims.DEAD_AFTER_S - 1
        os.utime(lock(tmp_path), (silent, silent))
        assert claims.running(tmp_path) == []
        with taken(tmp_path) as other:
            assert other.held()
            assert not claim.held()
    assert not list((tmp_path / claims.CLAIMS).iterdir())


def test_a_heartbeat_keeps_it_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HEARTBEAT_S", 0.05)
    with taken(tmp_path):
        os.utime(lock(tmp_path), (0, 0))
        end = time.monotonic() + 60
        while lock(tmp_path).stat().st_mtime < time.time() - 5:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_another_user_s_claim_is_judged_by_its_age(tmp_path: Path) -> None:
    (tmp_path / claims.CLAIMS).mkdir()
    lock(tmp_path).write_text('{"token": "x", "boot": "elsewhere", "recording_id": "rec-1"}')
    lock(tmp_path).chmod(0o444)
    program = "import sys; from pathlib import Path; from asyconv.night import claims; "
    program += "print(claims.take(Path(sys.argv[1]), 'rec-1'))"
    assert python("-c", program, tmp_path, as_nobody=True).stdout == "None\n"
    os.utime(lock(tmp_path), (0, 0))
    assert "Claim object" in python("-c", program, tmp_path, as_nobody=True).stdout


def test_the_umask_says_who_may_open_a_claim(tmp_path: Path) -> None:
    before = os.umask(0o002)
    try:
        claim = taken(tmp_path)
    finally:
        os.umask(before)
    with claim:
        assert stat.S_IMODE(claim.path.stat().st_mode) == 0o664


def test_a_claim_from_the_future_dies_when_nobody_touches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "HEARTBEAT_S", 1000.0)
    clock = [0.0]
    with of_another_host(tmp_path):
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])
        for touched_s in (1000.0, 2000.0):  # a heart that beats, whatever its clock says
            os.utime(lock(tmp_path), (time.time() + touched_s,) * 2)
            assert claims.take(tmp_path, "rec-1") is None
            clock[0] += claims.DEAD_AFTER_S - 1
            assert claims.take(tmp_path, "rec-1") is None
        clock[0] += 2
        with taken(tmp_path) as other:
            assert other.held()


def test_sweep_leaves_the_living(tmp_path: Path) -> None:
    with taken(tmp_path):
        (tmp_path / claims.CLAIMS / "rec-2.lock").write_text("cut while it was writ")
        assert claims.sweep(tmp_path) == ["rec-1", "rec-2"]
        os.utime(tmp_path / claims.CLAIMS / "rec-2.lock", (0, 0))
        assert claims.sweep(tmp_path) == ["rec-1"]
