"""Motion evidence beside the tracks: there and back, twelve rows a frame, anything else refused in a sentence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from asyconv.errors import InputError
from asyconv.motion_evidence import LAGS, MotionEvidence
from asyconv.motion_file import COLUMNS, METADATA_KEY, beside
from asyconv.skeleton import JOINTS
from asyconv.tracks import Tracks
from asyconv.tracks_file import read_tracks, write_tracks
from tests.helpers.closed_form import make_tracks


def example(n: int = 9) -> Tracks:
    rng = np.random.default_rng(1)
    root = rng.normal(0, 3, (2, n, 12, 3, 3))
    motion = MotionEvidence(
        rng.normal(0, 2, (2, n, 12, 3)).astype(np.float32),
        (root @ root.swapaxes(-1, -2)).astype(np.float32),
        rng.random((2, n, 12), dtype=np.float32),
        {"refused": None, "noise_mm": 1.5, "inflation": 12.0},
    )
    for values in (motion.displacement_mm, motion.information, motion.share):
        values[1, -6:] = np.nan
        values[0, 3, 4] = np.nan
    tracks = make_tracks(n / 30)
    spread = np.full((n, 12), 2.5, np.float32)
    spread[1, 2] = np.nan
    return replace(tracks, motion=motion, sigma_px=spread)


def test_there_and_back(tmp_path: Path) -> None:
    tracks = example()
    write_tracks(tracks, tmp_path / "tracks.parquet")
    again = read_tracks(tmp_path / "tracks.parquet")
    assert tracks.motion is not None
    assert again.motion is not None
    np.testing.assert_allclose(again.motion.displacement_mm, tracks.motion.displacement_mm, rtol=2**-12)
    np.testing.assert_allclose(again.motion.information, tracks.motion.information, rtol=2**-12)
    np.testing.assert_allclose(again.motion.share, tracks.motion.share, rtol=2**-12)
    assert again.motion.meta == tracks.motion.meta
    np.testing.assert_array_equal(again.sigma_px, tracks.sigma_px)


def test_the_file_is_what_the_contract_says(tmp_path: Path) -> None:
    tracks = example()
    write_tracks(tracks, tmp_path / "tracks.parquet")
    assert tracks.motion is not None
    table = pl.read_parquet(tmp_path / "motion.parquet")
    of_lag = [*(f"d{a}_mm" for a in "xyz"), *(f"info_{ab}" for ab in ("xx", "xy", "xz", "yy", "yz", "zz")), "share"]
    numbers = [f"{name}_{lag}" for lag in (1, 6) for name in of_lag]
    assert dict(table.schema) == {"frame": pl.Int32, "joint": pl.String, **dict.fromkeys(numbers, pl.Float32)}
    assert table["joint"].to_list() == list(JOINTS) * 9
    assert table["frame"].to_list() == [n for n in range(1, 10) for _ in JOINTS]
    row = table.row(2 * 12 + 5, named=True)
    assert row["dy_mm_6"] == pytest.approx(tracks.motion.displacement_mm[1, 2, 5, 1], rel=1e-3)
    assert row["info_xz_1"] == pytest.approx(tracks.motion.information[0, 2, 5, 0, 2], rel=1e-3)
    assert table.row(3 * 12 + 4, named=True)["dx_mm_1"] is None
    assert not any(table.select(pl.col(pl.Float32).is_nan().any()).row(0))


def test_tracks_without_evidence_have_no_file_and_leave_none_of_earlier_ones(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    write_tracks(example(), path)
    write_tracks(replace(example(), motion=None, sigma_px=None), path)
    assert [file.name for file in tmp_path.iterdir()] == ["tracks.parquet"]
    again = read_tracks(path)
    assert again.motion is None
    assert again.sigma_px is None


def test_tracks_of_other_names_have_files_of_their_own(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        write_tracks(example(), tmp_path / name)
    assert {file.name for file in tmp_path.iterdir()} == {
        "a.parquet", "a.motion.parquet", "b.parquet", "b.motion.parquet",
    }  # fmt: skip


def test_other_files_are_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tracks.parquet"
    write_tracks(example(), path)
    motion_file = beside(path, "motion")
    whole = motion_file.read_bytes()
    table = pl.read_parquet(motion_file)
    meta = pl.read_parquet_metadata(motion_file)[METADATA_KEY]

    def change(changed: pl.DataFrame, text: str = meta) -> None:
        changed.write_parquet(motion_file, metadata={METADATA_KEY: text})

    def refused(match: str) -> None:
        with pytest.raises(InputError, match=match) as error:
            read_tracks(path)
        assert "\n" not in str(error.value)

    motion_file.write_bytes(whole[:-100])
    refused("could not be read")
    motion_file.write_text("no Parquet")
    refused("could not be read")
    pl.DataFrame({"frame": [1]}).write_parquet(motion_file)
    refused("is missing")
    change(table.drop(COLUMNS[4]))
    refused(f"{COLUMNS[4]} is missing")
    change(table, meta.replace('"schema_version": 1', '"schema_version": 9'))
    refused("expected schema 1 of motion evidence, found another")
    change(table[:-12])
    refused("that of others")
    change(table, meta.replace('"recording_id": "', '"recording_id": "other-'))
    refused("that of others")
    change(table.with_columns(frame=pl.col("frame") + 1))
    refused("that of others")
    change(table.with_columns(share_1=pl.lit("a")))
    refused("expected numbers in the column share_1")
    change(table.with_columns(share_6=pl.col("share_6") + 1))
    refused(f"frame 1, {JOINTS[0]}, lag {LAGS[1]}")
    change(table.with_columns(info_yy_1=-pl.col("info_yy_1")))
    refused("information matrix")


def test_spreads_that_cannot_be_are_refused(tmp_path: Path) -> None:
    tracks = example()
    assert tracks.sigma_px is not None
    write_tracks(replace(tracks, sigma_px=-tracks.sigma_px), tmp_path / "tracks.parquet")
    with pytest.raises(InputError, match="expected sigma_px above 0"):
        read_tracks(tmp_path / "tracks.parquet")
