"""The seam: twelve rows a frame, nulls for what is missing, metadata whole, anything else refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from asyconv.errors import InputError
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.tracks_file import VALUES, read_tracks, write_tracks


def example(n: int = 4) -> Tracks:
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {name: rng.normal(300, 50, (n, 12)).astype(np.float32) for name in VALUES}
    values["z_mm"], values["confidence"] = values["depth_mm"].copy(), values["confidence"] / 1000
    source = np.full((n, 12), 1, np.uint8)
    for name in VALUES[:-1]:
        values[name][1, 3] = np.nan
    source[1, 3], source[2, 5] = 0, 3
    return Tracks(
        np.arange(1, n + 1, dtype=np.int32),
        np.arange(n) / 30,
        depth_source=source,
        meta={"schema_version": 1},
        **values,
    )


def test_there_and_back(tmp_path: Path) -> None:
    tracks = example()
    write_tracks(tracks, tmp_path / "tracks.parquet")
    again = read_tracks(tmp_path / "tracks.parquet")
    for name in (*VALUES, "frame", "time_s", "depth_source"):
        np.testing.assert_array_equal(getattr(again, name), getattr(tracks, name))
    assert again.meta == tracks.meta


def test_the_file_is_what_the_contract_says(tmp_path: Path) -> None:
    write_tracks(example(), tmp_path / "tracks.parquet")
    table = pl.read_parquet(tmp_path / "tracks.parquet")
    assert dict(table.schema) == {
        "frame": pl.Int32, "time_s": pl.Float64, "joint": pl.String, "x_px": pl.Float32, "y_px": pl.Float32,
        "depth_mm": pl.Float32, "depth_source": pl.String, "x_mm": pl.Float32, "y_mm": pl.Float32, "z_mm": pl.Float32,
        "confidence": pl.Float32,
    }  # fmt: skip
    assert table["joint"].to_list()[:12] == list(JOINTS)
    assert table.height == 48
    missing = table.row(12 + 3, named=True)
    assert missing["x_px"] is None
    assert missing["depth_source"] is None
    assert missing["confidence"] is not None
    assert table.row(24 + 5, named=True)["depth_source"] == "hole"
    assert not any(table.select(pl.col(pl.Float32).is_nan().any()).row(0))


def test_the_same_tracks_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tracks(example(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    with pytest.raises(InputError, match="found none"):
        read_tracks(path)
    path.write_text("no Parquet")
    with pytest.raises(InputError, match="could not be read"):
        read_tracks(path)
    pl.DataFrame({"frame": [1]}).write_parquet(path)
    with pytest.raises(InputError, match="is missing"):
        read_tracks(path)
    write_tracks(example(), path)
    table = pl.read_parquet(path)
    table[:-1].write_parquet(path, metadata={"asyconv": json.dumps({"schema_version": 1})})
    with pytest.raises(InputError, match="exactly 12 rows a frame"):
        read_tracks(path)
    table.write_parquet(path, metadata={"asyconv": json.dumps({"schema_version": 99})})
    with pytest.raises(InputError, match="expected tracks schema 1, found 99"):
        read_tracks(path)
