"""A recording on its way through the method: frames, clips, networks, joints, motion; memory of a few batches."""

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.pose.clips import Clip, ClipCutter, Sample
from asyconv.pose.frame_rows import FrameRows
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

_ROW: Final = np.dtype([
    ("number", np.int32), ("time_s", float), ("located", bool), ("xy_px", float, (N_JOINTS, 2)),
    ("depth_counts", float, N_JOINTS), ("source", np.uint8, N_JOINTS), ("confidence", float, N_JOINTS),
    ("sigma_px", float, N_JOINTS),
])  # fmt: skip
"""What is known of a frame, and whether its clip has been predicted."""
_EMPTY: Final = np.array((0, 0.0, False, np.nan, np.nan, 0, 0.0, np.nan), _ROW)


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
        self.rows = FrameRows(_EMPTY)
        self._clips: list[Clip] = []
        self._any_depth = False
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
        if len(self.rows) % TRIM_EVERY_FRAMES == 0:
            trim_heap()

    def _take(self, frame: Frame) -> None:
        index, row = len(self.rows), self.rows.append()
        row["number"], row["time_s"] = frame.number, frame.time_s
        if not self._any_depth and frame.depth.any():
            self._any_depth = True
            self._refuse_unit(float(np.median(frame.depth[frame.depth > 0])) * self.unit_mm)
        self.sampler.push(lambda: self._map_mm(self.geometry, frame.depth))
        self._clips += self.cutter.push(Sample(index, frame.time_s, frame.depth))

    def _refuse_unit(self, middle_mm: float) -> None:
        if middle_mm > FAR_MM:
            raise InputError(
                f"depth: expected less than {FAR_MM / 1000:.0f} m, found {middle_mm / 1000:.0f} m where 1 count is "
                f"{self.unit_mm:g} mm (--depth-unit-mm, or column depth_unit_mm of the sheet)"
            )

    def finish(self, name: str) -> None:
        """Predict what is left; refuse a recording that gave nothing to predict, by its `name`."""
        frames = len(self.rows)
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
            self.rows[row]["located"] = True
        self._too_short = len(self.cutter.too_short)
        with self.times.of("motion"):
            while self._placed < len(self.rows) and self.rows[self._placed]["located"]:
                row = self.rows[self._placed]
                self.motion.place(row["xy_px"], row["depth_counts"] * self.unit_mm, row["confidence"])
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
                row = self.rows[sample.index]
                joints = locate(clip_maps, int(position), self.settings)
                xy_px = self.crops.geometry.to_px(joints.xy_map - self.bias_map[position])
                row["located"], row["xy_px"] = True, xy_px
                row["sigma_px"] = joints.sigma_map.astype(np.float64) * self.crops.geometry.scale_px
                row["confidence"] = np.interp(joints.score, self.knots[:, 0], self.knots[:, 1])
                row["depth_counts"], row["source"] = joint_depths(sample.native, xy_px, self.reach_px)
                self.crops.found(xy_px)


def _end_s(clip: Clip) -> float:
    return clip.samples[-1].time_s
