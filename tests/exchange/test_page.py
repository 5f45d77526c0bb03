"""The page about other programs: its Python runs as it stands, and it names every format."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl

from asyconv.analysis.measures.registry import measures
from asyconv.exchange.formats import EXPORTS, IMPORTS
from asyconv.notice import NOTICE
from asyconv.tracks_file import write_tracks
from tests.helpers.blocked import without
from tests.helpers.closed_form import make_tracks
from tests.helpers.commands import invoke
from tests.helpers.real_data import ROOT

PAGE = (ROOT / "docs" / "exchange.md").read_text(encoding="utf8")


def run_python_of_the_page(folder: Path) -> None:
    """Run the example of the page as it stands, beside a folder of results."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", without("asyconv") + example],
        cwd=folder, env={**os.environ, "POLARS_MAX_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


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
    run_python_of_the_page(tmp_path)
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
    run_python_of_the_page(tmp_path)


def test_every_format_is_on_the_page() -> None:
    out, into = PAGE.split("## Joints in: import")
    assert re.findall(r"^\| `([a-z][a-z0-9-]+)` \|", out, re.MULTILINE) == list(EXPORTS)
    assert set(re.findall(r"^\| `([a-z][a-z0-9-]+)` \|", into, re.MULTILINE)) == set(IMPORTS)
