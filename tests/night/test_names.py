"""Names of sources stay with their owner."""

import stat
from pathlib import Path

import pytest

from asyconv.errors import InputError
from asyconv.night.names import add_names, default_place


def test_only_the_owner_reads_the_names(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    add_names(path, [("rec-1", "/ward/Maria, Rossi.oni")])
    add_names(path, [("rec-0", "b"), ("rec-1", "/ward/Maria, Rossi.oni")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == 'recording_id,source\nrec-0,b\nrec-1,"/ward/Maria, Rossi.oni"\n'
    assert [entry.name for entry in tmp_path.iterdir()] == ["source_names.csv"]


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    path.write_text("something else\n")
    with pytest.raises(InputError, match="it is left as it is"):
        add_names(path, [("rec-1", "a")])
    assert path.read_text() == "something else\n"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written here"):
        add_names(tmp_path / "absent" / "source_names.csv", [("rec-1", "a")])


def test_beside_a_recording_and_in_a_folder_of_them(tmp_path: Path) -> None:
    recording = tmp_path / "a.oni"
    recording.write_bytes(b"NI10" + bytes(20))
    assert default_place(recording) == tmp_path.resolve() / "source_names.csv"
    assert default_place(tmp_path) == tmp_path.resolve() / "source_names.csv"
