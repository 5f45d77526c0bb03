"""The tracks of another tracker: the page that says how to write them is true, and what is missing is named."""

import json
from pathlib import Path

import polars as pl
import pytest

from asyconv import tracks_check
from asyconv.skeleton import JOINTS
from asyconv.tracks_file import COLUMNS, METADATA_KEY, read_tracks
from tests.helpers.commands import invoke
from tests.helpers.pages import run_python
from tests.helpers.real_data import ROOT

PAGE = ROOT / "docs" / "tracks-format.md"


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the example of the page as it stands, without asyconv."""
    folder = tmp_path_factory.mktemp("other")
    run_python(PAGE, folder)
    return folder / "tracks.parquet"


def with_facts(written: Path, path: Path, **facts: object) -> Path:
    """Write the tracks again with other facts; None takes one away."""
    table = pl.read_parquet(written)
    stored = json.loads(pl.read_parquet_metadata(written)[METADATA_KEY]) | facts
    kept = {name: value for name, value in stored.items() if value is not None}
    table.write_parquet(path, metadata={METADATA_KEY: json.dumps(kept)})
    return path


def test_what_the_example_writes_is_analysed(written: Path, tmp_path: Path) -> None:
    result = invoke("analyse", written, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "other-tracker-1"
    assert (folder / "report.html").is_file()
    limbs = pl.read_csv(folder / "limb_summary.csv")
    moving = dict(limbs.select("limb", "moving_pct").iter_rows())
    assert moving["right_arm"] > 30  # it swings for two thirds of the time
    assert max(moving[limb] for limb in ("left_arm", "right_leg", "left_leg")) < 5


def test_the_page_names_every_column_and_every_fact() -> None:
    text = PAGE.read_text(encoding="utf8")
    for name in (*COLUMNS, *JOINTS, "schema_version", *tracks_check._FACTS):
        if name not in ("fps_nominal_hz", "fps_source"):  # of asyconv's own recordings only
            assert f"`{name}`" in text, name


@pytest.mark.parametrize(
    ("missing", "arguments", "expected"),
    [
        ("recording_id", ("analyse", "-o", "out"), "expected text as recording_id in the metadata"),
        ("fps_measured_hz", ("analyse", "-o", "out"), "expected a rate in Hz as fps_measured_hz in the metadata"),
        ("width_px", ("render", "-o", "a.mp4"), "expected a number of pixels as width_px in the metadata"),
    ],
)
def test_a_fact_that_a_command_needs_and_does_not_find_is_named(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, arguments: tuple[str, ...],
    expected: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    path = with_facts(written, tmp_path / "tracks.parquet", **{missing: None})
    result = invoke(arguments[0], path, *arguments[1:])
    assert result.exit_code == 1
    assert expected in result.stderr
    assert not list(tmp_path.glob("out/rec*"))


def test_nothing_but_what_is_needed_is_needed(written: Path, tmp_path: Path) -> None:
    stored = json.loads(pl.read_parquet_metadata(written)[METADATA_KEY])
    optional = stored.keys() - {"schema_version", "recording_id", "fps_measured_hz"}
    path = with_facts(written, tmp_path / "tracks.parquet", **dict.fromkeys(optional))
    assert read_tracks(path).meta.keys() == {"schema_version", "recording_id", "fps_measured_hz"}
    for command, ending in (("analyse", ""), ("report", ".html")):
        result = invoke(command, path, "-o", tmp_path / f"out{ending}")
        assert result.exit_code == 0, result.output
