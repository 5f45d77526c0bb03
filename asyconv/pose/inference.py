"""Both networks of a model, folded and on their device: clips of depth become confidence maps, then joints.

Weights and activations have the precision that is asked for, or the one in which the device is fast: on a GPU float16,
whose rounding is an eighth of bfloat16's; on a CPU bfloat16 where the processor multiplies it, else float32. Sums,
depth, probabilities and maps are float32 throughout.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from asyconv.kernels.reference import has_bfloat16
from asyconv.pose.clips import normalise
from asyconv.pose.detected import CONTEXT_MAP, SIDE_MAP, Box, detected_box, keep_near_detection
from asyconv.pose.device_joints import candidates_of, detected_box_of, normalised
from asyconv.pose.joints import Candidates, JointSet, find_joints, joints_among, those_present
from asyconv.pose.layers import Convolution
from asyconv.pose.model_card import ModelSettings
from asyconv.pose.model_file import Model
from asyconv.pose.networks import N_MAPS, folded
from asyconv.skeleton import N_JOINTS

BATCH: Final = {"cpu": 4, "cuda": 22}
"""Clips at a time: four for each thread of a CPU, or they wait for weights; 22 fill the GPU in whole waves
(kernels.md 1)."""

Floats = npt.NDArray[np.float32]


def precision_of(asked: str) -> str:
    """Name of the type that the networks run in here; "auto" depends on the processor alone, never on a timing."""
    if asked != "auto":
        return asked
    if torch.cuda.is_available():
        return "float16"
    return "bfloat16" if has_bfloat16() else "float32"


@dataclass(frozen=True)
class ClipMaps:
    """What the networks give for one clip.

    Attributes
    ----------
    probability : [20, 3, 96, 128], detection probabilities of all maps, on the device.
    seen : [12, 3, 96, 128], the joints' detection probabilities.
    presence : [12, 3], the largest of them on each map.
    box : the part of the picture near detected joints; None where no joint is detected.
    confidence : [3, 20, h, w], confidence maps inside the box.
    candidates : of each frame, found on the device; then `seen` and `confidence` stay there, and these are empty.
    """

    probability: Tensor
    seen: Floats
    presence: Floats
    box: Box | None
    confidence: Floats
    candidates: list[Candidates] | None = None


def locate(clip: ClipMaps, position: int, settings: ModelSettings) -> JointSet:
    """Joints of the frame at a position in its clip; a frame in which no joint is detected has none, and scores of 0.

    On the way the joint maps of `clip` become 0 away from where detection sees the joint.
    """
    presence = clip.presence[:, position]
    thresholds = np.asarray(settings.presence_thresholds, np.float32)
    if clip.box is None or not (presence >= thresholds).any():
        nowhere = np.full((N_JOINTS, 3), np.nan, np.float32)
        return JointSet(nowhere[:, :2], np.zeros(N_JOINTS, np.float32), nowhere[:, 2])
    if clip.candidates is not None:
        joints = joints_among(clip.candidates[position], settings.link_threshold)
        return those_present(joints, presence, thresholds)
    maps = clip.confidence[position]
    keep_near_detection(maps, clip.seen, clip.presence, position, clip.box)
    joints = find_joints(maps, settings.joint_threshold, settings.link_threshold, settings.nms_window_map, clip.box)
    return those_present(joints, presence, thresholds)


class _Arithmetic:
    """Sum of 10^9 operations of several threads; apart from `Inference`, which a layer's hook would keep alive."""

    def __init__(self) -> None:
        self.gflop = 0.0
        self._counting = threading.Lock()

    def add(self, gflop: float) -> None:
        with self._counting:
            self.gflop += gflop

    def count(self, layer: Convolution, inputs: tuple[Tensor], output: Tensor) -> None:
        """Add a convolution, as a hook of its layer."""
        pixels = min(x.shape[:4].numel() for x in (inputs[0], output))  # of a strided layer, the fewer ones
        self.add(2e-9 * layer.weight.numel() * pixels)


class Inference:
    """A model ready to run with a precision, "auto" or the name of a type; on the GPU where there is one.

    On a CPU each of torch's threads computes clips of its own: threads that share every convolution wait for each other
    after each.
    """

    def __init__(self, model: Model, precision: str = "auto") -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._threads = torch.get_num_threads() if self.device.type == "cpu" else 1
        self._pool = ThreadPoolExecutor(self._threads, "networks", torch.set_num_threads, (1,))  # each of its threads
        self.batch = BATCH[self.device.type] * self._threads
        self.settings = model.settings
        self._numbers = model.settings.depth_scale_mm, model.settings.depth_limit, model.settings.mean_within_mm
        self._thresholds = np.asarray(model.settings.presence_thresholds, np.float32)
        self.precision = precision_of(precision)
        dtype = getattr(torch, self.precision)
        self._arithmetic = _Arithmetic()
        self._detection = folded(model.detection).to(self.device, dtype)
        for layer in self._detection.modules():
            if isinstance(layer, Convolution):
                layer.register_forward_hook(self._arithmetic.count)
        self._regression = folded(model.regression).to(self.device, dtype)

    @property
    def gflop(self) -> float:
        """Arithmetic of the networks so far, with all taps of every convolution."""
        return self._arithmetic.gflop

    def both(self, depth_mm: Floats) -> list[ClipMaps]:
        """Run both networks on clips of depth [B, 3, 96, 128] in mm (0 = none).

        Where the device's memory does not hold so many clips it goes on with half as many, from then on.
        """
        clips: list[ClipMaps] = []
        while len(clips) < len(depth_mm):
            part = depth_mm[len(clips) : len(clips) + self.batch]
            if (maps := self._if_it_fits(part)) is not None:
                clips += maps
            else:  # outside the handler, which keeps alive what was allocated
                torch.cuda.empty_cache()
                self.batch = len(part) // 2
        return clips

    def _if_it_fits(self, depth_mm: Floats) -> list[ClipMaps] | None:
        try:
            return self._both(depth_mm)
        except torch.OutOfMemoryError:
            if len(depth_mm) == 1:
                raise
            return None

    def _both(self, depth_mm: Floats) -> list[ClipMaps]:
        if self.device.type == "cpu":
            shares = np.array_split(depth_mm, min(self._threads, len(depth_mm)))
            return [clip for clips in self._pool.map(self._maps_of, shares) for clip in clips]
        with torch.inference_mode():
            return self._candidates_of(normalised(torch.from_numpy(depth_mm).to(self.device), *self._numbers)[:, None])

    @torch.inference_mode()
    def _maps_of(self, depth_mm: Floats) -> list[ClipMaps]:
        """Maps of clips of depth in mm [B, 3, 96, 128], each in a box of its own."""
        depth = torch.from_numpy(normalise(depth_mm, *self._numbers))[:, None]
        probability = torch.sigmoid(self._detection(depth).float())
        seen = _to_numpy(probability[:, :N_JOINTS])
        presence = seen.max(axis=(-2, -1))
        clips: list[ClipMaps] = []
        for n in range(len(depth)):
            row = slice(n, n + 1)
            box = detected_box(seen[row], presence[row], self._thresholds)
            confidence = np.zeros((depth.shape[2], N_MAPS, 0, 0), np.float32)
            if box is not None:
                confidence = _to_numpy(self._maps(depth[row], probability[row], box)[0])
            clips.append(ClipMaps(probability[n], seen[n], presence[n], box, confidence))
        return clips

    def _candidates_of(self, depth: Tensor) -> list[ClipMaps]:
        """Joints' candidates of clips of normalised depth, in one box for all; nothing but they leaves the device."""
        probability = torch.sigmoid(self._detection(depth).float())
        seen = probability[:, :N_JOINTS]
        presence = seen.amax(dim=(-2, -1))
        box = detected_box_of(seen, presence, torch.from_numpy(self._thresholds).to(self.device))
        frames: list[Candidates] = []
        if box is not None:
            frames = candidates_of(
                self._maps(depth, probability, box).flatten(0, 1), seen.transpose(1, 2).flatten(0, 1),
                presence.transpose(1, 2).flatten(0, 1), box, self.settings.joint_threshold,
                self.settings.nms_window_map,
            )  # fmt: skip
        nothing, n = np.zeros((0, 0, 0, 0), np.float32), depth.shape[2]
        return [
            ClipMaps(probability[clip], nothing, present, box, nothing, frames[clip * n : (clip + 1) * n])
            for clip, present in enumerate(_to_numpy(presence))
        ]

    def _maps(self, depth: Tensor, probability: Tensor, box: Box) -> Tensor:
        """Confidence maps [B, 3, 20, h, w] inside the box; the networks' border is the picture's, not the box's."""
        outer = box.grown(CONTEXT_MAP).widened(SIDE_MAP)
        stacked = torch.cat([outer.of(depth), outer.of(probability)], dim=1)
        weights = sum(p.numel() for p in self._regression.parameters() if p.ndim > 1)
        self._arithmetic.add(2e-9 * weights * stacked[:, 0].numel())
        maps: Tensor = box.within(outer).of(self._regression(stacked))  # float32 planes, as the first kernel reads
        return maps.permute(0, 2, 1, 3, 4)


def _to_numpy(values: Tensor) -> Floats:
    return np.asarray(values.float().cpu().contiguous().numpy())
