"""The page about other programs: its Python runs as it stands, and it names every format."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from asyconv.analysis.measures.registry import measures
from asyconv.exchange.formats import EXPORTS, IMPORTS
from asyconv.notice import NOTICE
from asyconv.tracks_file import write_tracks
from tests.helpers.closed_form import make_tracks
from tests.helpers.commands import invoke
from tests.helpers.pages import run_python
from tests.helpers.real_data import ROOT

PATH = ROOT / "docs" / "exchange.md"
PAGE = PATH.read_text(encoding="utf8")


def test_results_are_exported_and_the_python_of_the_page_runs_on_them(tmp_path: Path) -> None:
    write_tracks(make_tracks(65.0, noise_mm=0.5), tmp_path / "tracks.parquet")
    result = invoke("analyse", tmp_path / "tracks.parquet", "-o", tmp_path / "results")
    assert result.exit_code == 0, result.stderr
    (folder,) = (tmp_path / "results").glob("rec-*")
    inside = invoke("export", folder, "--to", "tidy", "-o", folder / "a.csv")
    assert inside.exit_code == 1
    assert "a.csv: expected a file outside of the result folder" in inside.stderr
    outside = invoke("export", folder, "--to", "tidy", "-o", tmp_path / "a.csv")
    assert outside.exit_code == 0, outside.stderr
    run_python(PATH, tmp_path)
    written = pl.read_csv(tmp_path / "core_by_limb.csv")
    limbs = pl.read_parquet(next(tmp_path.glob("results/rec-*/limb_summary.parquet")))
    assert dict(written.select("part", "moving_pct").iter_rows()) == dict(
        limbs.select("limb", "moving_pct").iter_rows()
    )


def test_the_sample_is_simulated_and_has_the_tables_of_today(tmp_path: Path) -> None:
    (folder,) = (ROOT / "docs" / "sample").iterdir()
    meta = json.loads(pl.read_parquet_metadata(folder / "features_long.parquet")["asyconv"])
    assert meta["simulated"]
    assert meta["notice"] == NOTICE
    assert "Simulated recording: this is not an infant" in (folder / "report.html").read_text(encoding="utf8")
    core = [m.name for m in measures("limb", "core")]
    shown = pl.read_csv(folder / "limb_summary.csv")
    assert [name for name in shown.columns if name in core] == core
    assert shown["withheld"].null_count() < 4
    long = pl.read_parquet(folder / "features_long.parquet")
    assert set(core) <= set(long["feature"])
    (tmp_path / "results").symlink_to(folder.parent)
    run_python(PATH, tmp_path)


def test_the_table_for_a_spreadsheet_and_the_r_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to(ROOT / "docs" / "sample")
    (line,) = re.findall(r"`python -c '(.*)'`", PAGE)
    subprocess.run([sys.executable, "-c", line], cwd=tmp_path, check=True)
    long = pl.read_parquet(tmp_path / "results" / "*" / "features_long.parquet")
    written = pl.read_csv(tmp_path / "features.csv", infer_schema_length=None)
    assert written.columns == long.columns
    assert written["value"].to_list() == long["value"].to_list()
    if shutil.which("Rscript") is None:
        pytest.skip("the spreadsheet's table was read; the rest needs R")
    (example,) = re.findall(r"```r\n(.*?)```", PAGE, re.DOTALL)
    without_arrow = (
        'library <- function(...) 0; read_parquet <- function(file) read.csv("features.csv", na.strings = "")\n'
    )
    (tmp_path / "page.R").write_text(without_arrow + example)
    subprocess.run(["Rscript", "page.R"], cwd=tmp_path, check=True, capture_output=True)
    moving = long.filter((pl.col("feature") == "moving_pct") & pl.col("value").is_not_null())
    wide = pl.read_csv(tmp_path / "moving_by_limb.csv").to_dicts()[0]
    for part, value in moving.filter(pl.col("scope") == "limb").select("part", "value").iter_rows():
        assert wide[f"value.{part}"] == pytest.approx(value, rel=1e-9)


def test_every_format_is_on_the_page() -> None:
    out, into = PAGE.split("## Joints in: import")
    assert re.findall(r"^\| `([a-z][a-z0-9-]+)` \|", out, re.MULTILINE) == list(EXPORTS)
    assert set(re.findall(r"^\| `([a-z][a-z0-9-]+)` \|", into, re.MULTILINE)) == set(IMPORTS)
