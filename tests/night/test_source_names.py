"""Names of sources stay with their owner."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from asyconv.errors import InputError
from asyconv.night.source_names import add_names, default_place, read_names
from tests.helpers.commands import python


def test_only_the_owner_reads_the_names(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    add_names(path, [("rec-1", "/ward/Maria, Rossi.oni")])
    add_names(path, [("rec-0", "b"), ("rec-1", "/ward/Maria, Rossi.oni")])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == 'recording_id,source\nrec-0,b\nrec-1,"/ward/Maria, Rossi.oni"\n'
    assert [entry.name for entry in tmp_path.iterdir()] == ["source_names.csv"]


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    path.write_bytes(b"\xff\xfe something else\n")
    with pytest.raises(InputError, match="it is left as it is"):
        add_names(path, [("rec-1", "a")])
    assert path.read_bytes() == b"\xff\xfe something else\n"


WRITER = """
import sys
from pathlib import Path
from asyconv.night.source_names import add_names

for n in range(25):
    add_names(Path(sys.argv[1]), [(f"rec-{sys.argv[2]}-{n}", f"/ward/{n}.oni")])
"""


def test_four_writers_lose_no_row(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(n)]) for n in range(4)]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    assert len(read_names(path)) == 100
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "absent" / "source_names.csv", tmp_path, tmp_path / "file" / "source_names.csv"):
        with pytest.raises(InputError, match="cannot be written here"):
            add_names(place, [("rec-1", "a")])


def test_another_user_s_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    path.write_text("recording_id,source\n")
    path.chmod(0)
    program = "import sys; from pathlib import Path; from asyconv.night.source_names import add_names; "
    done = python("-c", program + "add_names(Path(sys.argv[1]), [('rec-1', 'a')])", path, as_nobody=True)
    assert "InputError" in done.stderr
    assert "cannot be written here (Permission denied)" in done.stderr


def test_names_in_any_coding_are_kept_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "source_names.csv"
    path.write_bytes(b"\xef\xbb\xbfrecording_id,source\r\nrec-1,/ward/M\xfcller.oni\r\n")
    odd = os.fsdecode(b"/ward/\xff.oni")
    add_names(path, [("rec-2", odd)])
    assert path.read_bytes() == b"recording_id,source\nrec-1,/ward/M\xfcller.oni\nrec-2,/ward/\xff.oni\n"
    assert read_names(path)["rec-2"] == Path(odd)


def test_beside_a_recording_and_in_a_folder_of_them(tmp_path: Path) -> None:
    recording = tmp_path / "a.oni"
    recording.write_bytes(b"NI10" + bytes(20))
    assert default_place(recording) == tmp_path.resolve() / "source_names.csv"
    assert default_place(tmp_path) == tmp_path.resolve() / "source_names.csv"
