"""A long table with a row for each joint of each frame, as CSV or Parquet."""

from pathlib import Path

from asyconv.exchange.facts import as_text, facts_of, write_beside
from asyconv.skeleton import JOINTS, N_JOINTS
from asyconv.tracks import DEPTH_SOURCES, Tracks
from asyconv.whole_files import whole_file

VALUES = ("x_px", "y_px", "x_mm", "y_mm", "z_mm", "confidence")


def write(tracks: Tracks, path: Path) -> list[str]:
    """Write every frame; the facts lie beside the table, and in a Parquet file within it, too."""
    import numpy as np
    import polars as pl

    n = len(tracks.frame)
    sources = np.array([None, *DEPTH_SOURCES[1:]], object)[tracks.depth_source.ravel()]
    table = pl.DataFrame(
        {
            "recording_id": pl.Series([str(tracks.meta["recording_id"])] * (n * N_JOINTS), dtype=pl.String),
            "frame": np.repeat(tracks.frame, N_JOINTS),
            "time_s": np.repeat(tracks.time_s, N_JOINTS),
            "joint": pl.Series(list(JOINTS) * n, dtype=pl.String),
            **{name: getattr(tracks, name).ravel() for name in VALUES},
            "depth_source": pl.Series(sources.tolist(), dtype=pl.String),
        }
    ).fill_nan(None)
    facts = facts_of(tracks, "px") | {"units": "in the names of the columns: px pixels, mm millimetres, s seconds"}
    with whole_file(path) as part:
        if path.suffix.lower() == ".csv":
            table.write_csv(part)
        else:
            table.write_parquet(part, compression="zstd", metadata={"asyconv_export": as_text(facts)})
    write_beside(path, facts)
    return []
