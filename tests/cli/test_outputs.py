"""No command writes over what it reads, or over a file that is there, unless it is told to."""

import os
from pathlib import Path

import pytest

from asyconv.cli.outputs import add_row, check_folder, check_output
from asyconv.cli.train import refuse_files_of_no_training
from asyconv.errors import InputError
from tests.helpers.commands import invoke

NEVER_REPLACES = ("bench", "train")
"""Commands without --overwrite: they add to what they made before."""


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """Files that stand for what nobody can record again."""
    folder = tmp_path / "given"
    folder.mkdir()
    for name in ("rec.mkv", "rec.oni", "tracks.parquet", "result_pz1.csv", "page.html", "still.json", "m.safetensors"):
        (folder / name).write_text("precious")
    (folder / "run").mkdir()
    (folder / "run" / "card.json").write_text("precious")
    (folder / "k_float32_1x96x128.svg").write_text("precious")
    (folder / "log").mkdir()
    (folder / "log" / "losses.csv").write_text("precious")
    return folder


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("render", "tracks.parquet", "-o", "rec.mkv", "--depth", "rec.mkv"), "this is an input"),
        (("render", "tracks.parquet", "-o", "rec.mkv"), "there is a file of this name already"),
        (("render", "tracks.parquet", "-o", "rec.oni"), "expected a name that ends in .mp4 or .mkv"),
        (("look", "tracks.parquet", "--depth", "rec.mkv", "-o", "rec.oni"), "expected a name that ends in .html"),
        (("look", "tracks.parquet", "--depth", "rec.mkv", "-o", "page.html"), "there is a file of this name already"),
        (("report", "tracks.parquet", "-o", "rec.oni"), "expected a name that ends in .html"),
        (("report", "tracks.parquet", "-o", "tracks.parquet"), "expected a name that ends in .html"),
        (("report", ".", "-o", "page.html"), "this is an input"),
        (("report", "tracks.parquet", "-o", "page.html"), "there is a file of this name already"),
        (("export", "tracks.parquet", "--to", "tidy", "-o", "tracks.parquet"), "this is an input"),
        (("export", "tracks.parquet", "--to", "tidy", "-o", "rec.oni"), "expected a name that ends in .csv or"),
        (("export", "tracks.parquet", "--to", "tidy", "-o", "still.csv"), "still.json: there is a file of this name"),
        (("check", ".", "--csv", "result_pz1.csv"), "this is an input"),
        (("check", "result_pz1.csv", "--csv", "result_pz1.csv"), "this is an input"),
        (("check", "run", "--csv", "rec.oni"), "expected a name that ends in .csv"),
        (("calibrate", "tracks.parquet", "-o", "tracks.parquet"), "expected a name that ends in .json"),
        (("calibrate", "tracks.parquet", "-o", "still.json"), "there is a file of this name already"),
        (("export-model", "run", "-o", "m.safetensors"), "there is a file of this name already"),
        (("export-model", "run", "-o", "run/card.safetensors"), "this is an input"),
        (("evaluate", "errors", "-o", "rec.oni"), "expected a folder to write into"),
        (("evaluate", "errors", "-o", "log"), "expected an empty folder or none, found losses.csv"),
        (("evaluate", "errors", "--test-of", "run", "-o", "run/new"), "expected a folder apart from the input"),
        (("evaluate", "errors", "--motion", "log", "-o", "log"), "expected a folder apart from the input"),
        (("evaluate", "conditions", "-o", "log"), "expected an empty folder or none"),
        (("evaluate", "compare", "m.safetensors", "-o", "."), "expected a folder apart from the input"),
        (("evaluate", "movement", "-o", "log"), "expected an empty folder or none"),
        (("evaluate", "gain", "m.safetensors", "-o", "."), "expected a folder apart from the input"),
        (("train", "run", "--data", "run"), "expected a folder apart from the input"),
        (("train", ".", "--from", "m.safetensors"), "expected a folder apart from the input"),
        (("train", "run/new", "--detection", "run"), "expected a folder apart from the input"),
        (("train", "log"), "in the place of one of a training"),
        (("train", "page.html"), "expected a folder to write into"),
        (("bench", "recording", "rec.oni", "-o", "rec.oni"), "expected a name that ends in .csv"),
        (("bench", "recording", ".", "-o", "result_pz1.csv"), "this is an input"),
        (("bench", "recording", "-o", "result_pz1.csv"), "expected a file of such rows"),
        (("bench", "kernels", "--device", "cpu", "-o", "result_pz1.csv"), "expected a file of such rows"),
        (("bench", "kernels", "--device", "cpu", "-o", "k.csv"), "there is a file of this name already"),
        (("bench", "targets", "--device", "cpu", "-o", "still.json"), "expected a name that ends in .csv"),
    ],
)
def test_outputs_never_take_an_input_s_place(
    given: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(given)
    before = {path: path.read_bytes() for path in given.rglob("*") if path.is_file()}
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    if said in ("this is an input", "expected a folder apart from the input") and arguments[0] not in NEVER_REPLACES:
        assert said in invoke(*arguments, "--overwrite").stderr
    assert {path: path.read_bytes() for path in given.rglob("*") if path.is_file()} == before


def test_an_input_is_known_by_any_name(given: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mkv").symlink_to(given / "rec.mkv")
    os.link(given / "rec.mkv", tmp_path / "hard.mkv")
    for name in ("link.mkv", "hard.mkv"):
        with pytest.raises(InputError, match="this is an input"):
            check_output(tmp_path / name, (".mkv",), (given / "rec.mkv",), overwrite=True)
    (tmp_path / "folder.mkv").mkdir()
    with pytest.raises(InputError, match="found a folder"):
        check_output(tmp_path / "folder.mkv", (".mkv",), (), overwrite=True)


def test_what_may_be_written(given: Path) -> None:
    check_output(given / "new.MKV", (".mkv",), (given,), overwrite=False)
    check_output(given / "page.html", (".html",), (given / "rec.oni", None), overwrite=True)
    check_folder(given / "run", (given / "log", None), overwrite=True)
    check_folder(given / "new", (given / "run",))
    check_folder(given / "log", (), may_hold=("losses.csv",))
    (given / "log" / "recipe.json").touch()
    refuse_files_of_no_training(given / "log", ())  # what a training has made is gone on with


def test_rows_are_added_to_rows_of_the_same_columns_only(tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    for n in range(2):
        add_row(path, {"what": "made", "n": n})
    assert path.read_text() == "what,n\nmade,0\nmade,1\n"
    with pytest.raises(InputError, match="expected a file of such rows"):
        add_row(path, {"what": "made", "m": 0})
    assert path.read_text() == "what,n\nmade,0\nmade,1\n"
