"""What `process` refuses, and the sentence that says why."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyconv.analysis.series.still_clip import StillFloor, write_still
from asyconv.cli import compose
from asyconv.cli.compose import StatedFacts, prepare
from asyconv.cli.main import main
from asyconv.errors import InputError
from asyconv.night import results
from asyconv.night.frozen import DECISIVE, freeze
from asyconv.recordings.stream import sha256_of
from asyconv.skeleton import LIMBS
from asyconv.whole_files import write_whole
from tests.helpers.commands import invoke, python

TRACKS = "tracks.parquet"


@pytest.mark.parametrize(
    ("option", "value", "code", "said"),
    [
        ("--time-out", "nan", 2, "expected a finite number"),
        ("--time-out", "inf", 2, "expected a finite number"),
        ("--fps", "nan", 2, "expected a finite number"),
        ("--infant", "--help", 1, "no hyphen first"),
    ],
)
def test_options_that_are_no_options(ward: Path, tmp_path: Path, option: str, value: str, code: int, said: str) -> None:
    result = invoke("process", ward, "-o", tmp_path / "out", f"{option}={value}")
    assert result.exit_code == code
    assert said in result.stderr


def test_a_frozen_study_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--frozen: results cannot be written here"):
        freeze(tmp_path / "file", {part: dict.fromkeys(names, "x") for part, names in DECISIVE.items()})


def test_a_path_that_is_too_long_is_a_sentence(ward: Path, model: Path, tmp_path: Path) -> None:
    long, source = "x" * 300, sorted(ward.glob("*.oni"))[0]
    for arguments in (
        ("process", long, "-o", "out"),
        ("process", ward, "-o", long),
        ("process", ward, "-o", "out", "--sheet", long),
        ("process", ward, "-o", "out", "--model", long),
        ("process", ward, "-o", "out", "--scheduler", long),
        ("cohort", long),
        ("status", long),
        ("render", source, "-o", f"{long}.mp4"),
        ("train", "run", "--from", long),
        ("check", ward, "--csv", long),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 2, arguments
        assert "expected a path that a file system takes, found one that is too long" in result.stderr
    name = f"{'n' * 251}.oni"  # as long as a name can be
    source.rename(ward / name)
    result = invoke("process", ward / name, "-o", tmp_path / "out", "--model", model)
    assert result.exit_code == 0, result.output


def test_what_is_neither_a_file_nor_a_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe.json")
    for place, said in ((tmp_path / "loop", "links that lead back"), (tmp_path / "pipe.json", "a pipe or a device")):
        for arguments in (
            ("process", place, "-o", tmp_path / "out"),
            ("process", tmp_path, "-o", tmp_path / "out", "--camera", place),
            ("import", place, "--from", "coco", "-o", tmp_path / "t.parquet"),
            ("check", place),
        ):
            result = invoke(*arguments)
            assert result.exit_code == 2, arguments
            assert said in result.stderr
    ward = tmp_path / "ward"
    ward.mkdir()
    for ending in ("oni", "json", "csv"):
        os.mkfifo(ward / f"pipe.{ending}")
    for arguments in (
        ("process", ward, "-o", tmp_path / "out"),
        ("import", ward, "--from", "openpose", "-o", tmp_path / "t.parquet"),
        ("check", ward),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 1, arguments
        assert "expected" in result.stderr
        assert "found" in result.stderr


def test_a_name_steers_no_terminal(tmp_path: Path) -> None:
    ward = tmp_path / "ward"
    ward.mkdir()
    (ward / "\x1b[2Ja\u202eb.oni").write_text("no recording")
    given = [str(word) for word in ("process", ward, "-o", tmp_path / "out", "--workers", 0)]
    result = CliRunner().invoke(main, given, color=True)
    assert result.exit_code == 1
    assert r"refused: \x1b[2Ja\u202eb.oni: expected" in result.stderr
    assert "\x1b" not in result.stderr


def test_a_folder_that_was_removed_under_it_is_a_sentence(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        tmp_path.rmdir()
        result = invoke("status", "results")
    assert result.exit_code == 1
    assert "the folder in which you are has been removed" in result.stderr


def test_json_that_is_nested_too_deep_is_a_sentence(ward: Path, tmp_path: Path) -> None:
    deep = write_whole(tmp_path / "deep.json", "[" * 100_000 + "]" * 100_000)
    (tmp_path / "run").mkdir()
    shutil.copy(deep, tmp_path / "run" / "recipe.json")
    for arguments in (
        ("process", ward, "-o", tmp_path / "out", "--still", deep),
        ("process", ward, "-o", tmp_path / "out", "--camera", deep),
        ("import", deep, "--from", "coco", "-o", tmp_path / "t.parquet"),
        ("export-model", tmp_path / "run", "-o", tmp_path / "m.safetensors"),
    ):
        result = invoke(*arguments)
        assert result.exit_code == 1, arguments
        assert result.stderr.count("expected") == 1


def as_nobody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command that is refused what permissions refuse, as root is not."""
    return python("-m", "asyconv.cli.main", *arguments, as_nobody=True)


def test_what_may_not_be_read_is_named(ward: Path, model: Path, tmp_path: Path) -> None:
    locked, mine = ward / "locked", tmp_path / "mine.safetensors"
    locked.mkdir()
    shutil.copy(model, mine)
    for path in (locked, mine):
        path.chmod(0)
    try:
        listed = as_nobody("process", ward, "-o", tmp_path / "out", "--model", model, "--dry-run")
        refused = as_nobody("process", ward, "-o", tmp_path / "out", "--model", mine)
        told = as_nobody("info", locked)
        made = as_nobody("process", locked, ward, "-o", tmp_path / "made", "--model", model, "--workers", 0)
    finally:
        for path in (locked, mine):
            path.chmod(0o700)
    assert (
        f"{locked}: this folder was not searched for recordings: it cannot be read (Permission denied)" in listed.stderr
    )
    assert "2 recordings" in listed.stderr
    assert refused.returncode == 1
    assert f"{mine}: expected" in refused.stderr
    assert "Permission denied" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "out").exists()
    assert told.stderr == "asyconv: locked: expected a readable folder, found: Permission denied\n"
    assert "3 recordings: 2 made, 1 refused" in made.stderr
    assert len((ward / "source_names.csv").read_text().splitlines()) == 3


def test_a_waiting_run_reads_a_recording_once(ward: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, hashed = sorted(ward.glob("*.oni"))[0], []

    def counted(path: Path) -> str:
        hashed.append(path)
        return sha256_of(path)

    monkeypatch.setattr("asyconv.recordings.oni.sha256_of", counted)
    monkeypatch.setattr(compose, "_seen", {})
    stated = StatedFacts().of_recording(source)

    def prepared() -> str:
        return prepare(source, stated, {}, None, "0" * 64, {}).recording_id

    first = prepared()
    assert [prepared() for _ in range(3)] == [first] * 3
    assert hashed == [source]
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 1
    source.write_bytes(content)  # what has changed is read again
    assert prepared() != first
    assert hashed == [source] * 2


@pytest.mark.parametrize(
    ("option", "stated", "said"),
    [
        ("--depth-unit-mm", 1000, "where 1 count is 1000 mm (--depth-unit-mm, or column depth_unit_mm"),
        ("--fps", 15, "leave out --fps (or fps_hz in the sheet)"),
        (
            "--camera",
            '{"fx_px": 1, "fy_px": 500, "cx_px": 320, "cy_px": 240}',
            "found fx_px 1 and cx_px 320 (--camera)",
        ),
        ("--camera", '{"fx_px": 500, "fy_px": 500, "cx_px": 320, "cy_px": 900}', "cy_px 900 (--camera)"),
    ],
)
def test_a_refusal_names_its_recording_and_the_option(
    ward: Path, model: Path, tmp_path: Path, option: str, stated: object, said: str
) -> None:
    sorted(ward.glob("*.oni"))[1].unlink()
    (source,) = ward.glob("*.oni")
    value: object = stated
    if option == "--camera":
        value = write_whole(tmp_path / "c.json", str(stated))
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model, option, value)
    assert result.exit_code == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("asyconv: refused")]
    assert f"{source.name}: " in line
    assert said in line
    (reason,) = results.failed(tmp_path / "out").values()
    assert said in reason
    assert source.name not in reason


def test_a_floor_of_another_model_is_refused_before_anything_is_begun(ward: Path, model: Path, tmp_path: Path) -> None:
    write_still(StillFloor("other", "0" * 64, "full", False, 10.0, dict.fromkeys(LIMBS, 2.0), {}), tmp_path / "s.json")
    result = invoke("process", ward, "-o", tmp_path / "out", "--model", model, "--still", tmp_path / "s.json")
    assert result.exit_code == 1
    assert "still-clip floor (--still): expected one measured with weights hash" in result.stderr
    assert not (tmp_path / "out").exists()
