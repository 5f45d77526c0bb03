"""`check` names labels that cannot be right, and none that can."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asyconv.labels import check as kinds
from asyconv.labels.check import Checked, as_table, check
from asyconv.labels.check_labels import COINCIDING, COPIED, JUMP, SWAP, Labels, suspicious
from asyconv.labels.label_sheets import OUTSIDE
from asyconv.skeleton import FLIP, JOINTS
from tests.helpers.checked_labels import FRAMES, Array, still_labels, write_labels


def test_nothing_is_wrong_with_an_infant_that_lies_still(tmp_path: Path) -> None:
    checked = check(write_labels(tmp_path, still_labels()))
    assert checked == Checked(1, 12, (), dict.fromkeys(JOINTS, 0.0))
    assert as_table(checked).endswith("\nnothing found wrong in 12 rows of 1 infant")


def copied(labels: Array) -> None:
    labels[5] = labels[4]


def copied_but_for_one_pixel(labels: Array) -> None:
    labels[5] = labels[4]
    labels[5, 0, 0] += 1


def coinciding(labels: Array) -> None:
    labels[5, JOINTS.index("left_wrist")] = labels[5, JOINTS.index("left_elbow")]


def always_coinciding(labels: Array) -> None:
    labels[4:7, JOINTS.index("left_wrist")] = labels[4:7, JOINTS.index("left_elbow")]


def passing(labels: Array) -> None:
    """The left wrist passes over the elbow in steps of 15 px and once lies in the same pixel."""
    steps = 15.0 * np.arange(-3, 4)[:, None] * [0.0, 1.0]
    labels[2:9, JOINTS.index("left_wrist")] = labels[5, JOINTS.index("left_elbow")] + steps


def jump(labels: Array) -> None:
    labels[5, JOINTS.index("right_wrist"), 1] -= 230


def jump_at_the_first(labels: Array) -> None:
    labels[0, JOINTS.index("right_wrist"), 1] -= 230


def jump_at_the_last(labels: Array) -> None:
    labels[11, JOINTS.index("right_wrist"), 1] -= 230


def jump_for_good(labels: Array) -> None:
    labels[5:, JOINTS.index("right_knee"), 0] += 150


def fast(labels: Array) -> None:
    """140 px in 1/6 s are 840 px/s: a kick, not a slip."""
    labels[5:, JOINTS.index("right_ankle"), 0] += 140


def slow(labels: Array) -> None:
    """230 px, but in half a second: the frames between are missing."""
    labels[5:7, JOINTS.index("right_wrist")] = np.nan
    labels[7:, JOINTS.index("right_wrist"), 1] -= 230


def all_sides(labels: Array) -> None:
    labels[5] = labels[5, FLIP]


def wrists(labels: Array) -> None:
    labels[5, [0, 5]] = labels[5, [5, 0]]


def wrists_for_good(labels: Array) -> None:
    labels[5:, [0, 5]] = labels[5:, [5, 0]]


def hips_alone(labels: Array) -> None:
    """Only row 5 is labelled at the hips: the side itself tells."""
    labels[5, [8, 9]] = labels[5, [9, 8]]
    labels[:5, [8, 9]] = labels[6:, [8, 9]] = np.nan


def close_hands(labels: Array) -> None:
    """Hands 20 px apart change places: no one can tell from labels."""
    labels[:, 0], labels[:, 5] = labels[:, 0] * 0 + [330, 260], labels[:, 5] * 0 + [310, 260]
    labels[:, [0, 5]] += np.random.default_rng(1).integers(-2, 3, size=(12, 2, 2))
    labels[5, [0, 5]] = labels[5, [5, 0]]


def never(labels: Array) -> None:
    labels[:, JOINTS.index("left_ankle")] = np.nan


def outside(labels: Array) -> None:
    labels[5, JOINTS.index("left_ankle")] = [290, 480]


def hidden(labels: Array) -> None:
    """The whole infant is hidden in two frames: nothing wrong, and no copy."""
    labels[5:7] = np.nan


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (copied, [(7, COPIED)]),
        (copied_but_for_one_pixel, []),
        (coinciding, [(7, COINCIDING)]),
        (always_coinciding, [(6, COINCIDING), (7, COINCIDING), (8, COINCIDING)]),
        (passing, []),
        (jump, [(7, JUMP)]),
        (jump_at_the_first, [(2, JUMP)]),
        (jump_at_the_last, [(13, JUMP)]),
        (jump_for_good, [(7, JUMP)]),
        (fast, []),
        (slow, []),
        (all_sides, [(7, SWAP)]),
        (wrists, [(7, SWAP)]),
        (wrists_for_good, [(7, SWAP)]),
        (hips_alone, [(7, SWAP)]),
        (close_hands, []),
        (never, [(None, kinds.NEVER)]),
        (outside, [(7, OUTSIDE)]),
        (hidden, []),
    ],
)
def test_labels_by_hand(tmp_path: Path, spoil: Callable[[Array], None], expected: list[tuple[int | None, str]]) -> None:
    labels = still_labels()
    spoil(labels)
    findings = check(write_labels(tmp_path, labels)).findings
    assert [(one.row, one.kind) for one in findings] == expected, findings
    assert all(one.file == "result_pz1.csv" for one in findings)


def test_limits_scale_with_the_picture() -> None:
    labels = still_labels()
    jump(labels)
    time_s = np.array(FRAMES) / 30.0
    assert [kind for _, kind, _ in suspicious(Labels(time_s, labels, 640))] == [JUMP]
    assert [kind for _, kind, _ in suspicious(Labels(time_s, labels / 2, 320))] == [JUMP]
    assert not suspicious(Labels(time_s, labels, 1280))
