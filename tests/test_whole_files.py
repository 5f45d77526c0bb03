"""A file is whole or what it was, whatever goes wrong while it is written."""

import stat
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from asyconv.whole_files import is_disk_full, read_json, whole_file, write_json, write_whole


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, which refuses every byte, on this system")
def test_a_full_disk_is_known_by_every_error_of_it() -> None:
    full, table = Path("/dev/full"), pl.DataFrame({"a": np.random.default_rng(0).normal(size=100_000)})
    with pytest.raises(OSError, match="No space left") as python:
        full.write_bytes(b"a")
    with pytest.raises((OSError, pl.exceptions.PolarsError)) as parquet:
        table.write_parquet(full)
    with pytest.raises((OSError, pl.exceptions.PolarsError)) as csv:
        table.write_csv(full)
    for caught in (python, parquet, csv):
        assert is_disk_full(caught.value), caught.value
    assert not is_disk_full(PermissionError(13, "Permission denied"))
    assert not is_disk_full(ValueError("os error 28"))


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "a.csv", "before\n")

    def fails() -> None:
        with whole_file(path) as part:
            part.write_text("half")
            assert path.read_text() == "before\n"
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fails()
    assert path.read_text() == "before\n"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_text_and_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    assert write_whole(tmp_path / "a", "ä\r\n").read_bytes() == b"\xc3\xa4\r\n"
    assert write_whole(tmp_path / "a", b"\0\n").read_bytes() == b"\0\n"


def test_a_mode_holds_from_the_first_byte_on(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a", mode=0o600) as part:
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as first, whole_file(tmp_path / "a") as second:
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "a").read_text() == "first"


def test_a_long_name_has_room_for_its_ending(tmp_path: Path) -> None:
    assert write_whole(tmp_path / ("ä" * 127), "x").read_text() == "x"


def test_what_is_no_json_object_is_none(tmp_path: Path) -> None:
    assert read_json(write_json(tmp_path / "a", {"b": 1})) == {"b": 1}
    for text in ("{", "[1]", "[" * 100_000, "\udc80"):
        (tmp_path / "a").write_text(text, errors="surrogateescape")
        assert read_json(tmp_path / "a") is None
