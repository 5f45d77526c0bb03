"""Annotated frames cut into clips that never cross a gap, with their depth and joints."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.labels.annotations import clip_rows, load_clips, read_annotated, write_clips
from tests.helpers.written_labels import cells, write_pictures, write_sheet


def test_clips_never_cross_a_gap() -> None:
    frame = np.array([1, 11, 16, 21, 26, 31, 51, 101, 106, 111])
    assert frame[clip_rows(frame, overlap=True)].tolist() == [[11, 16, 21], [16, 21, 26], [21, 26, 31], [101, 106, 111]]
    assert frame[clip_rows(frame, overlap=False)].tolist() == [[11, 16, 21], [101, 106, 111]]
    assert clip_rows(frame[:2], overlap=True).shape == (0, 3)
    assert clip_rows(frame[:0], overlap=False).shape == (0, 3)


@given(st.sets(st.integers(0, 200), max_size=120), st.booleans())
def test_clips_are_what_their_definition_says(numbers: set[int], overlap: bool) -> None:
    frame = np.array(sorted(numbers), np.int64)
    rows = clip_rows(frame, overlap=overlap)
    assert (np.diff(frame[rows], axis=1) == 5).all()
    assert (np.diff(rows, axis=1) == 1).all()
    whole = [
        [i, i + 1, i + 2]
        for i in range(len(frame) - 2)
        if frame[i + 2] - frame[i] == 10 == 2 * (frame[i + 1] - frame[i])
    ]
    if overlap:
        assert rows.tolist() == whole
    else:
        assert len(np.unique(rows)) == rows.size
        assert all(row in whole for row in rows.tolist())


def test_clips_hold_depth_in_tenths_and_joints_on_the_map(data_set: Path) -> None:
    (infant,) = read_annotated(data_set)
    infant.xy_px[1, 0] = np.nan
    clips = load_clips(infant, clip_rows(infant.frame, overlap=True))
    assert clips.depth.shape == (1, 3, 96, 128)
    assert (clips.depth == 6000).all()
    assert clips.visible.sum() == 35
    assert not clips.visible[0, 1, 0]
    np.testing.assert_allclose(clips.xy_map[0, 0, 1], [(110 + 0.5) / 5 - 0.5, (201 + 0.5) / 5 - 0.5], rtol=1e-6)
    assert np.isfinite(clips.xy_map).all()


@pytest.mark.parametrize(("value", "tenths"), [(0, 0), (1, 5205), (128, 5853), (255, 6500)])
def test_eight_bits_become_the_depth_of_their_window(tmp_path: Path, value: int, tenths: int) -> None:
    write_pictures(tmp_path / "pz1", [1, 6, 11], value, bits=8)
    write_sheet(tmp_path / "result_pz1.csv", [cells(frame) for frame in (1, 6, 11)])
    (infant,) = read_annotated(tmp_path)
    assert (load_clips(infant, np.array([[0, 1, 2]])).depth == tenths).all()


def test_depth_beyond_what_tenths_can_say_stays_far(data_set: Path) -> None:
    write_pictures(data_set / "pz7", [1, 6, 11, 21], value=60000)
    (infant,) = read_annotated(data_set)
    assert (load_clips(infant, np.array([[0, 1, 2]])).depth == 65535).all()


@pytest.mark.parametrize("damage", [lambda data: data[:-30], lambda data: data[:200] + b"\0\0" + data[202:]])
def test_a_damaged_picture_is_named(data_set: Path, damage: Callable[[bytes], bytes]) -> None:
    path = data_set / "pz7" / "6_16bit.png"
    path.write_bytes(damage(path.read_bytes()))
    (infant,) = read_annotated(data_set)
    with pytest.raises(InputError, match=r"^pz7/6_16bit.png, frame 6: expected a whole 16-bit gray picture of 640x480"):
        load_clips(infant, np.array([[0, 1, 2]]))
    path.unlink()
    with pytest.raises(InputError, match=r"^pz7/6_16bit.png: expected a readable picture"):
        load_clips(infant, np.array([[0, 1, 2]]))


def test_clips_of_several_infants_lie_in_files_until_something_changes(data_set: Path, tmp_path: Path) -> None:
    write_pictures(data_set / "pz8", [1, 6, 11, 16], value=500)
    write_sheet(data_set / "result_pz8.csv", [cells(frame) for frame in (1, 6, 11, 16)])
    both = read_annotated(data_set)
    rows = {one.infant_id: clip_rows(one.frame, overlap=True) for one in both}
    clips = write_clips(tmp_path / "cache", both, rows)
    assert isinstance(clips.depth, np.memmap)
    assert clips.depth[:, 0, 0, 0].tolist() == [6000, 5000, 5000]
    np.testing.assert_array_equal(clips.xy_map[1:], load_clips(both[1], rows["pz8"]).xy_map)
    made = sorted((tmp_path / "cache").iterdir())
    write_clips(tmp_path / "cache", both, rows)
    assert sorted((tmp_path / "cache").iterdir()) == made
    write_pictures(data_set / "pz8", [6], value=501)
    assert write_clips(tmp_path / "cache", both, rows).depth[1, 1, 0, 0] == 5010


def test_no_clip_at_all_is_refused_in_a_sentence(data_set: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="validation: expected clips of three labelled frames 1/6 s apart, found none"):
        write_clips(tmp_path / "validation", read_annotated(data_set), {})
