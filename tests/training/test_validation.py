"""What the best step of a regression network is chosen by: its joint maps where a joint is looked for, nothing else."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from asyconv.labels.clip_set import ClipSet
from asyconv.pose.device_joints import near_detection
from asyconv.training.losses import validation
from asyconv.training.recipe import USEFUL

AT = (30, 40)


class Seen(nn.Module):
    """Detection that sees every joint at one pixel, and nothing elsewhere."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        logits = torch.full((len(x), 20, 3, 96, 128), -20.0)
        logits[..., AT[0], AT[1]] = 5.0
        return logits


class Off(nn.Module):
    """Regression that is off by 1 at one pixel of some maps; the true maps of hidden joints are 0."""

    def __init__(self, maps: slice, row: int, column: int) -> None:
        super().__init__()
        self.at = (slice(None), maps, slice(None), row, column)

    def forward(self, stacked: Tensor) -> Tensor:
        """Maps."""
        maps = torch.zeros(len(stacked), 20, 3, 96, 128)
        maps[self.at] = 1.0
        return maps


def loss_of(network: nn.Module) -> float:
    hidden = np.full((2, 3, 12, 2), 50.0, np.float32), np.zeros((2, 3, 12), bool)
    clips = ClipSet(np.full((2, 3, 96, 128), 6000, np.uint16), *hidden)
    return validation(network, Seen(), USEFUL, "regression", clips, torch.device("cpu"))


def test_a_joint_may_lie_3_px_from_where_it_is_seen() -> None:
    seen = torch.zeros(1, 12, 20, 20)
    seen[:, :, 10, 12], seen[:, :, 2, 2] = 0.9, 0.2  # 0.2 is below 0.3 of the largest
    near = near_detection(seen, seen.amax(dim=(-2, -1)))
    expected = torch.zeros(20, 20)
    expected[7:14, 9:16] = 1.0
    assert all(torch.equal(joint, expected) for joint in near[0])


def test_only_joint_maps_near_the_detection_count() -> None:
    joints, connections = slice(0, 12), slice(12, 20)
    assert loss_of(Off(joints, AT[0] + 3, AT[1] - 3)) == pytest.approx(1 / 49)  # one of 7 x 7 pixels
    assert loss_of(Off(joints, AT[0] + 4, AT[1])) == 0.0
    assert loss_of(Off(connections, *AT)) == 0.0
    assert math.isclose(loss_of(Off(slice(0, 6), *AT)), 0.5 / 49, rel_tol=1e-6)
