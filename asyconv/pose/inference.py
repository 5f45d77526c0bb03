"""Both networks of a model, folded and on their device: clips of depth become confidence maps.

On a GPU weights and activations are float16, whose rounding is an eighth of bfloat16's; sums, depth, probabilities
and maps are float32. On the CPU all is float32.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch

from asyconv.pose.clips import normalise
from asyconv.pose.joints import JointSet, find_joints, near_detection, those_present
from asyconv.pose.model_file import Model, ModelSettings
from asyconv.pose.networks import folded
from asyconv.skeleton import N_JOINTS

BATCH: Final = {"cpu": 4, "cuda": 22}
"""Clips at a time: four stay in a CPU's cache; 22 fill the GPU in whole waves (kernels.md 1)."""

DTYPE: Final = {"cpu": torch.float32, "cuda": torch.float16}
"""What weights and activations are rounded to."""


def joint_probability(probability: torch.Tensor) -> npt.NDArray[np.float32]:
    """Detection probabilities of the joints, [B, 3, 12, 96, 128], of those of all maps [B, 20, 3, 96, 128]."""
    joints = probability[:, :N_JOINTS].transpose(1, 2).float().cpu()
    return np.asarray(joints.contiguous().numpy())


def locate(maps: npt.NDArray[np.float32], probability: npt.NDArray[np.float32], settings: ModelSettings) -> JointSet:
    """Joints of one frame from its confidence maps [20, H, W] and the joints' detection probabilities [12, H, W]."""
    found = find_joints(
        near_detection(maps, probability), settings.joint_threshold, settings.link_threshold, settings.nms_window_map
    )
    thresholds = np.asarray(settings.presence_thresholds, np.float32)
    return those_present(found, probability.max(axis=(1, 2)), thresholds)


class Inference:
    """A model ready to run; on the GPU where there is one."""

    def __init__(self, model: Model) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.batch = BATCH[self.device.type]
        self.settings = model.settings
        dtype = DTYPE[self.device.type]
        self._detection = folded(model.detection).to(self.device, dtype)
        self._regression = folded(model.regression).to(self.device, dtype)

    def both(self, depth_mm: npt.NDArray[np.float32]) -> tuple[torch.Tensor, npt.NDArray[np.float32]]:
        """Run both networks on clips of depth [B, 3, 96, 128] in mm (0 = none).

        Gives detection probabilities [B, 20, 3, 96, 128], on the device, and confidence maps [B, 3, 20, 96, 128].
        Where the device's memory does not hold so many clips it goes on with half as many, from then on.
        """
        parts: list[tuple[torch.Tensor, npt.NDArray[np.float32]]] = []
        start = 0
        while start < len(depth_mm):
            part = depth_mm[start : start + self.batch]
            if (found := self._if_it_fits(part)) is not None:
                parts.append(found)
                start += len(part)
            else:  # outside the handler, which keeps alive what was allocated
                torch.cuda.empty_cache()
                self.batch = len(part) // 2
        if len(parts) == 1:
            return parts[0]
        probability, maps = zip(*parts, strict=True)
        return torch.cat(probability), np.concatenate(maps)

    def _if_it_fits(self, depth_mm: npt.NDArray[np.float32]) -> tuple[torch.Tensor, npt.NDArray[np.float32]] | None:
        try:
            return self._both(depth_mm)
        except torch.OutOfMemoryError:
            if len(depth_mm) == 1:
                raise
            return None

    def _both(self, depth_mm: npt.NDArray[np.float32]) -> tuple[torch.Tensor, npt.NDArray[np.float32]]:
        x = normalise(depth_mm, self.settings.depth_scale_mm, self.settings.depth_limit)
        with torch.inference_mode():
            clip = torch.from_numpy(x)[:, None].to(self.device)
            probability = torch.sigmoid(self._detection(clip).float())
            maps = self._regression(torch.cat([clip, probability], dim=1))  # float32 planes, as the first kernel reads
            return probability, np.asarray(maps.permute(0, 2, 1, 3, 4).float().cpu().contiguous().numpy())
