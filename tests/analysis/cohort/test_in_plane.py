"""Recordings known in pixels only: a stratum of their own, and floors in the same bands."""

from pathlib import Path

import polars as pl

from asyconv.tracks_file import write_tracks
from tests.helpers.closed_form import make_tracks, shake, without_mm
from tests.helpers.commands import invoke


def test_the_picture_plane_is_never_pooled_with_space(tmp_path: Path) -> None:
    tracks = make_tracks(61, motion={"right_wrist": shake(30, 1.0)}, noise_mm=0.4, recording_id="rec-mm")
    write_tracks(tracks, tmp_path / "mm.parquet")
    write_tracks(without_mm(tracks, recording_id="rec-px"), tmp_path / "px.parquet")
    for name in ("mm", "px"):
        result = invoke("analyse", tmp_path / f"{name}.parquet", "-o", tmp_path / "results")
        assert result.exit_code == 0, result.stderr
    assert invoke("cohort", tmp_path / "results").exit_code == 0
    cohort = tmp_path / "results" / "cohort"
    strata = dict(pl.read_parquet(cohort / "recordings.parquet").select("recording_id", "stratum").iter_rows())
    assert len(set(strata.values())) == 2
    assert "picture plane" in strata["rec-px"]
    long = pl.read_parquet(cohort / "features_compared.parquet")
    bands = long.filter((pl.col("feature") == "moving_pct") & (pl.col("part") == "right_arm"))["floor_band_mm_s"]
    assert len(bands) == 2
    assert bands.null_count() == 0
