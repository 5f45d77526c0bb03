"""Splits: the paper's counts, no frame in two parts, no infant in two parts, and a name that says which it was."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated
from asyconv.labels.splits import by_infant, within_infant


def infant(name: str, frame: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Annotated:
    n = len(frame)
    images, xy_px, area_px2 = (Path("1_16bit.png"),) * n, np.zeros((n, 12, 2)), np.full(n, np.nan)
    return Annotated(name, Path("result_pz.csv"), "babyPose", frame, images, xy_px, 16, 640, 480, False, area_px2)


def thousand() -> Annotated:
    return infant("pz1", 1 + 5 * np.arange(1000))


def several(count: int) -> list[Annotated]:
    return [infant(f"pz{i}", 1 + 5 * np.arange(30)) for i in range(count)]


def test_the_papers_counts() -> None:
    split = within_infant([thousand()])
    assert split.name == "within-infant split of the paper (same infants in training and test)"
    assert len(split.test["pz1"]) == 83
    assert split.test["pz1"].tolist() == [[751 + 3 * clip + frame for frame in range(3)] for clip in range(83)]


def test_the_last_fifth_of_the_training_frames_validates_behind_a_gap_of_two() -> None:
    split = within_infant([thousand()])
    assert len(split.validation["pz1"]) == 50
    assert (split.validation["pz1"].min(), split.validation["pz1"].max()) == (601, 750)
    assert (split.train["pz1"].min(), split.train["pz1"].max()) == (0, 598)
    assert len(split.train["pz1"]) == 597


def test_no_clip_crosses_a_gap_of_the_real_numbers() -> None:
    names = sorted(range(1, 5496, 5), key=str)[:1000]  # how babyPose's were chosen: trap 2 of paper.md 12
    frame = np.array(sorted(names), np.int64)
    gaps = np.flatnonzero(np.diff(frame) != 5)
    assert np.stack([frame[gaps], frame[gaps + 1]], axis=1).tolist() == [[1, 11], [51, 101], [551, 1001]]
    one = infant("pz1", frame)
    split = within_infant([one])
    for part in (split.train, split.validation, split.test):
        assert (np.diff(one.frame[part["pz1"]], axis=1) == 5).all()


@given(st.lists(st.sets(st.integers(0, 119), max_size=30), min_size=1, max_size=2))
def test_no_frame_is_in_two_parts(gone: list[set[int]]) -> None:
    infants = [infant(f"pz{i}", 5 * np.array(sorted(set(range(120)) - one))) for i, one in enumerate(gone)]
    try:
        split = within_infant(infants)
    except InputError:  # sparse frames without three in a row
        return
    for one in infants:
        in_parts = (part.get(one.infant_id, np.empty(0)) for part in (split.train, split.validation, split.test))
        train, validation, test = (set(rows.ravel()) for rows in in_parts)
        assert len(train | validation | test) == len(train) + len(validation) + len(test)
        if train and test:
            assert max(train) < min(test)


@pytest.mark.parametrize(("count", "folds"), [(5, 5), (22, 5), (7, 3), (4, 2), (4, 4)])
def test_by_infant_every_infant_is_tested_once_and_never_known(count: int, folds: int) -> None:
    infants = several(count)
    splits = by_infant(infants, folds)
    assert [split.name for split in splits] == [f"by infant, fold {n} of {folds}" for n in range(1, folds + 1)]
    tested = [name for split in splits for name in split.test]
    assert sorted(tested) == sorted(one.infant_id for one in infants)
    for split in splits:
        parts = [set(split.train), set(split.validation), set(split.test)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts)) == count
        assert all(len(rows) == 28 for rows in split.train.values())
        assert all(len(rows) == 10 for rows in split.test.values())


def test_folds_depend_on_names_only() -> None:
    infants = several(9)
    first, again = ([sorted(split.test) for split in by_infant(order, 3)] for order in (infants, infants[::-1]))
    assert first == again
    assert first != [["pz0", "pz1", "pz2"], ["pz3", "pz4", "pz5"], ["pz6", "pz7", "pz8"]]


@pytest.mark.parametrize(("count", "folds"), [(2, 2), (3, 2), (4, 5), (4, 1), (0, 2)])
def test_too_few_infants_for_the_folds(count: int, folds: int) -> None:
    with pytest.raises(InputError, match=f"split by infant: expected .*, found {count} infants"):
        by_infant(several(count), folds)


def test_data_without_three_frames_in_a_row() -> None:
    with pytest.raises(InputError, match="within-infant split .*expected clips for training, found no three frames"):
        within_infant([infant("pz1", 1 + 7 * np.arange(1000))])


def test_an_infant_without_clips_is_left_out() -> None:
    infants = several(4) + [infant("pz9", np.array([1, 6, 16]))]
    for split in by_infant(infants, 2):
        assert not any("pz9" in part for part in (split.train, split.validation, split.test))
