"""Motion evidence of a recording on its way through the method: frames come first, their joints a few batches later.

Frames wait until the joints of `AFTER` later ones are known; then the surface at each joint is registered from one and
six frames before. Memory is the frames that wait and the last six.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.motion_evidence import LAGS, MotionEvidence
from asyconv.pose.activity import ActivityCollector
from asyconv.pose.cell_camera import CellCamera
from asyconv.pose.depth_cells import cells_of, samples_of
from asyconv.pose.depth_noise import COPY_SHARE, DepthNoise, equal_share, why_refused
from asyconv.pose.frame_rows import FrameRows
from asyconv.pose.joint_places import AFTER, BEFORE, settled
from asyconv.pose.registration import CAPSULES, MOST_POINTS, collect, register
from asyconv.recordings.stream import Intrinsics
from asyconv.skeleton import N_JOINTS

LEAST_CONFIDENCE: Final = 0.3  # finds below it say nothing of where a joint is; set by hand
NOISE_EVERY: Final = 15  # frames
FAST_MM: Final = 2.5  # steps of a joint beyond it are tried as a start of the registration
FASTEST_MM: Final = 20.0
GOOD_SHARE: Final = 0.5  # of the surface, for a joint without finds to follow it

_NO_EVIDENCE: Final = np.full((N_JOINTS, 13), np.nan, np.float32)
_NO_MOTION: Final = np.full((N_JOINTS, 6), np.nan)
_AT_REST: Final = np.zeros((N_JOINTS, 6))

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Seen:
    """One frame that has been looked at: samples of the picture, cells, joints in mm and the surface of each."""

    time_s: float
    samples: npt.NDArray[np.uint16]
    cells: npt.NDArray[np.float32]
    joints: Array  # and the trunk's middle: column, row (cells) and depth (mm)
    pivots: Array
    points: npt.NDArray[np.float32]
    counts: npt.NDArray[np.int64]


class MotionCollector:
    """Collects the motion evidence of a recording with this camera, mirror, unit of depth and rate of frames.

    Without a `camera` there are no millimetres, and no evidence.
    """

    def __init__(self, camera: Intrinsics | None, mirrored: bool, unit_mm: float, fps_hz: float) -> None:
        self._camera, self._mirrored = camera, mirrored
        self._unit_mm, self._fps_hz = unit_mm, fps_hz
        self._frames: deque[tuple[float, npt.NDArray[np.uint16]]] = deque()
        self._finds = np.empty((0, N_JOINTS, 3))
        self._first_find = 0  # the row of the first of `_finds`
        self._row = 0  # the next to be looked at
        self._cells: CellCamera | None = None
        self._places = np.full((N_JOINTS, 3), np.nan)  # column, row (px) and depth (mm) in the frame before
        self._seen: deque[_Seen] = deque(maxlen=max(LAGS))
        self._moved: deque[Array] = deque(maxlen=max(LAGS))  # of the last frames, each to the next
        self._noise = DepthNoise()
        self.activity = ActivityCollector(unit_mm, fps_hz)
        self._compared = self._copies = 0  # pairs of frames
        self._rows = [FrameRows(_NO_EVIDENCE) for _ in LAGS]

    def push(self, time_s: float, depth: npt.NDArray[np.uint16]) -> None:
        """Take the next frame."""
        if self._camera is not None:
            self._frames.append((time_s, depth))

    def place(self, xy_px: Array, depth_mm: Array, confidence: Array) -> None:
        """Take the joints of the next frame, in order: [12, 2] native pixels, [12] and [12]; NaN = missing."""
        if self._camera is None:
            self._row += 1
            return
        finds = np.empty((N_JOINTS, 3))
        finds[:, :2], finds[:, 2] = xy_px, depth_mm
        finds[confidence < LEAST_CONFIDENCE] = np.nan
        self._finds = np.concatenate([self._finds, finds[None]])
        while self._first_find + len(self._finds) > self._row + AFTER:
            self._look(self._camera)

    def finish(self) -> MotionEvidence:
        """Look at what is left and give the evidence of all frames."""
        while self._camera is not None and self._frames:
            self._look(self._camera)
        noise = self._noise.measured()
        copied_share = self._copies / max(self._compared, 1)
        refused = "the camera's intrinsics are unknown" if self._camera is None else why_refused(noise, copied_share)
        meta: dict[str, Any] = {"refused": refused, "noise_mm": None, "inflation": None}
        meta["copied_share"] = round(copied_share, 4)
        of_joints = len(LAGS), self._row, N_JOINTS
        displacement_mm = np.full((*of_joints, 3), np.nan, np.float32)
        share = np.full(of_joints, np.nan, np.float32)
        information = np.full((*of_joints, 3, 3), np.nan, np.float32)
        if noise is not None:
            meta["noise_mm"] = [round(variance**0.5, 4) for variance in noise[0]]
            meta["inflation"] = [round(ratio, 3) for ratio in noise[1]]
            for lag in range(len(LAGS) if refused is None else 0):
                rows = self._rows.pop(0).all()  # of one lag after the other: of hours they take a gigabyte
                displacement_mm[lag, : len(rows)], share[lag, : len(rows)] = rows[..., :3], rows[..., 3]
                of_unit = rows[..., 4:].reshape(-1, N_JOINTS, 3, 3)
                np.divide(of_unit, noise[0][lag] * noise[1][lag], out=information[lag, : len(rows)])
        if self._mirrored:
            displacement_mm[..., 0] *= -1.0
            information *= np.array([[1, -1, -1], [-1, 1, 1], [-1, 1, 1]], np.float32)
        return MotionEvidence(displacement_mm, information, share, meta)

    def _look(self, camera: Intrinsics) -> None:
        """Register the next frame with those before it."""
        time_s, depth = self._frames.popleft()
        row, self._row = self._row, self._row + 1
        if row - BEFORE > self._first_find:
            self._finds = self._finds[row - BEFORE - self._first_find :]
            self._first_find = row - BEFORE
        if self._seen and abs((time_s - self._seen[-1].time_s) * self._fps_hz - 1.0) > 0.5:
            self._seen.clear()
            self._moved.clear()
        if self._cells is None:
            self._cells = CellCamera.of(camera, depth, self._unit_mm)
        places = np.empty((N_JOINTS, 3))
        held = settled(self._finds, row - self._first_find, self._places, places)
        if self._cells is not None:
            self._register(self._cells, row, time_s, depth, places, held)
        else:  # no depth so far
            self._add_nothing(row)
        self._places = places

    def _add_nothing(self, row: int) -> None:
        for rows, lag in zip(self._rows, LAGS, strict=True):
            if row >= lag:
                rows.append()
        self.activity.nothing()

    def _register(
        self, of: CellCamera, row: int, time_s: float, depth: npt.NDArray[np.uint16], places: Array, held: Any
    ) -> None:
        """Register a frame; joints that were `held` for want of a find follow their surface."""
        infant = of.infant(places)
        whole = row % NOISE_EVERY in (0, *LAGS) or not infant.any()
        cells = cells_of(depth, self._unit_mm, of.side_px, of.everything() if whole else infant)
        samples, pivots = samples_of(depth), of.to_mm(places)
        changed = None
        for n, lag in enumerate(LAGS):
            if row < lag:
                continue
            evidence = self._rows[n].append()
            motion = _NO_MOTION.copy()
            if len(self._seen) >= lag:
                before = self._seen[-lag]
                copied = equal_share(before.samples, samples) >= COPY_SHARE
                self._compared += 1
                self._copies += copied
                if row % NOISE_EVERY == lag and not copied:
                    self._noise.add(n, before.cells, cells, infant)
                if not copied:
                    starts = self._starts(pivots - before.pivots, lag)
                    register(
                        before.points, before.counts, cells, of.camera, before.pivots, starts, lag, motion, evidence
                    )
                    if lag == max(LAGS):
                        middle = self._seen[-lag // 2].joints
                        changed = before.cells, cells, middle
            if lag == 1:
                self._moved.append(motion)
                follows = held & (evidence[:, 3] >= GOOD_SHARE)
                if follows.any():
                    places[follows] = of.to_places(self._seen[-1].pivots[follows] + motion[follows, :3])
                    pivots = of.to_mm(places)
        self.activity.add(of, infant if infant.any() else of.everything(), changed, samples)
        joints = of.with_middle(places)
        points, counts = np.empty((N_JOINTS, 5, MOST_POINTS), np.float32), np.zeros(N_JOINTS, np.int64)
        collect(cells, of.camera, joints, CAPSULES, points, counts)
        self._seen.append(_Seen(time_s, samples, cells, joints, pivots, points, counts))

    def _starts(self, step: Array, lag: int) -> Any:
        """Where to start, [12, 2, 6]: at rest or at what the frames in between gave, and at the joints' `step`."""
        between = sum(self._moved, _AT_REST) if lag > 1 and len(self._moved) == lag else _AT_REST
        return _starts_of(between, step, lag)


@compiled
def _starts_of(between: Array, step: Array, lag: int) -> Any:
    starts = np.full((N_JOINTS, 2, 6), np.nan)
    for joint in range(N_JOINTS):
        for k in range(6):
            starts[joint, 0, k] = between[joint, k] if np.isfinite(between[joint, k]) else 0.0
        length = np.hypot(step[joint, 0], step[joint, 1])
        if length > FAST_MM * lag:
            starts[joint, 1] = 0.0
            starts[joint, 1, :2] = step[joint, :2] * min(1.0, FASTEST_MM * lag / length)
    return starts
