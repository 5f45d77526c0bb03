"""A recording on its way through the method: frames, clips, networks, joints, motion; memory of a few batches."""

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.pose.clips import Clip, ClipCutter, Sample
from asyconv.pose.geometry import MapGeometry
from asyconv.pose.infant_crop import CropFollower
from asyconv.pose.inference import ClipMaps, Inference, locate
from asyconv.pose.joint_depths import joint_depths
from asyconv.pose.mattress import DepthSampler
from asyconv.pose.motion import MotionCollector
from asyconv.recordings.stream import Frame, Intrinsics
from asyconv.skeleton import N_JOINTS
from asyconv.stage_times import StageTimes
from asyconv.system import keep_heap, trim_heap

WINDOW_MAP: Final = 1.6
"""Half width of the window in which a joint's depth is read, in map pixels."""

TRIM_EVERY_FRAMES: Final = 300
FAR_MM: Final = 20_000.0
"""No depth camera sees so far: the unit of depth is another one."""

Array = npt.NDArray[np.float64]


class Run:
    """A recording on its way through the method: rows grow as frames come in, joints follow a few batches later."""

    def __init__(
        self,
        inference: Inference,
        geometry: MapGeometry,
        camera: Intrinsics | None,
        unit_mm: float,
        fps_hz: float,
        times: StageTimes,
    ) -> None:
        keep_heap()
        self.times = times
        self.inference, self.settings = inference, inference.settings
        self.geometry, self.unit_mm = geometry, unit_mm
        self.crops = CropFollower(geometry, follows=self.settings.crop_to_infant)
        self.cutter, self.sampler = ClipCutter(fps_hz), DepthSampler()
        self.motion = MotionCollector(camera, geometry.mirrored, unit_mm, fps_hz)
        self.bias_map = np.asarray(self.settings.position_bias_map, dtype=np.float64)
        self.knots = np.asarray(self.settings.confidence_knots, dtype=np.float64)
        self.reach_px = max(2, round(WINDOW_MAP * geometry.scale_px))
        self.number: list[int] = []
        self.time_s: list[float] = []
        self.xy_px: list[Array] = []
        self.confidence: list[Array] = []
        self.sigma_px: list[Array] = []
        self.depth_counts: list[Array] = []
        self.source: list[npt.NDArray[np.uint8]] = []
        self._clips: list[Clip] = []
        self._any_depth = False
        self._located: list[bool] = []
        self._too_short = 0  # rows of the cutter's that are known to have no clip
        self._placed = 0  # rows whose joints the motion evidence has

    def push(self, frame: Frame) -> None:
        """Take the next frame; predict when a batch of clips is full."""
        with self.times.of("clips"):
            self._take(frame)
        self.motion.push(frame.time_s, frame.depth)
        while len(self._clips) >= self.inference.batch:
            self._predict_next()
            self._place()
        if len(self.number) % TRIM_EVERY_FRAMES == 0:
            trim_heap()

    def _take(self, frame: Frame) -> None:
        row = len(self.number)
        self.number.append(frame.number)
        self.time_s.append(frame.time_s)
        self.xy_px.append(np.full((N_JOINTS, 2), np.nan))
        self.confidence.append(np.zeros(N_JOINTS))
        self.sigma_px.append(np.full(N_JOINTS, np.nan))
        self._located.append(False)
        self.depth_counts.append(np.full(N_JOINTS, np.nan))
        self.source.append(np.zeros(N_JOINTS, np.uint8))
        if not self._any_depth and frame.depth.any():
            self._any_depth = True
            self._refuse_unit(float(np.median(frame.depth[frame.depth > 0])) * self.unit_mm)
        self.sampler.push(lambda: self._map_mm(self.geometry, frame.depth))
        self._clips += self.cutter.push(Sample(row, frame.time_s, frame.depth))

    def _refuse_unit(self, middle_mm: float) -> None:
        if middle_mm > FAR_MM:
            raise InputError(
                f"depth: expected less than {FAR_MM / 1000:.0f} m, found {middle_mm / 1000:.0f} m where 1 count is "
                f"{self.unit_mm:g} mm (--depth-unit-mm, or column depth_unit_mm of the sheet)"
            )

    def finish(self, name: str) -> None:
        """Predict what is left; refuse a recording that gave nothing to predict, by its `name`."""
        frames = len(self.number)
        if not frames:
            raise InputError(f"{name}: expected depth frames, found none")
        if not self._any_depth:
            raise InputError(f"{name}: expected depth, found only zeros in all {frames} frames")
        self._clips += self.cutter.finish()
        if len(self.cutter.too_short) == frames:
            raise InputError(f"{name}: expected at least three frames 1/6 s apart, found {frames} frames without any")
        while self._clips:
            self._predict_next()
        self._place()
        trim_heap()

    def _place(self) -> None:
        """Give the motion evidence the joints of all rows up to the first that still waits for its clip."""
        for row in self.cutter.too_short[self._too_short :]:
            self._located[row] = True
        self._too_short = len(self.cutter.too_short)
        with self.times.of("motion"):
            while self._placed < len(self._located) and self._located[self._placed]:
                row = self._placed
                depth_mm = self.depth_counts[row] * self.unit_mm
                self.motion.place(self.xy_px[row], depth_mm, self.confidence[row])
                self._placed += 1

    def _predict_next(self) -> None:
        """Predict at most a batch of clips: those before the crop is looked over, so that the batch decides nothing."""
        if self.crops.is_due(_end_s(self._clips[0])):
            self.crops.follow(_end_s(self._clips[0]))
        batch = self._clips[: self.inference.batch]
        clips = list(itertools.takewhile(lambda clip: not self.crops.is_due(_end_s(clip)), batch))
        del self._clips[: len(clips)]
        with self.times.of("clips"):
            seen = self.crops.geometry
            depth_mm = np.stack([[self._map_mm(seen, sample.native) for sample in clip.samples] for clip in clips])
        before = self.inference.gflop
        with self.times.of("networks"):
            maps = self.inference.both(depth_mm)
        self.times.add_gflop("networks", self.inference.gflop - before)
        with self.times.of("joints"):
            self._locate(clips, maps)

    def _map_mm(self, geometry: MapGeometry, depth: npt.NDArray[np.uint16]) -> npt.NDArray[np.float32]:
        return geometry.resize(depth) * np.float32(self.unit_mm)

    def _locate(self, clips: list[Clip], maps: list[ClipMaps]) -> None:
        for clip, clip_maps in zip(clips, maps, strict=True):
            for position in np.flatnonzero(clip.keep):
                sample = clip.samples[position]
                row = sample.index
                joints = locate(clip_maps, int(position), self.settings)
                xy_px = self.crops.geometry.to_px(joints.xy_map - self.bias_map[position])
                self.xy_px[row] = xy_px
                self.sigma_px[row] = joints.sigma_map.astype(np.float64) * self.crops.geometry.scale_px
                self._located[row] = True
                self.confidence[row] = np.interp(joints.score, self.knots[:, 0], self.knots[:, 1])
                self.depth_counts[row], self.source[row] = joint_depths(sample.native, xy_px, self.reach_px)
                self.crops.found(xy_px)


def _end_s(clip: Clip) -> float:
    return clip.samples[-1].time_s
