"""One simulated infant and the camera over its bed: what does not change from frame to frame."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import Anatomy, Array, Placement, Solids
from asyconv.simulation.cameras import Sensor
from asyconv.simulation.looks import Look
from asyconv.simulation.motion import Motion
from asyconv.simulation.render import draw_solids

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
FPS_HZ: Final = 30.0
FOCAL_PX: Final = 575.8
HFOV_RAD: Final = 2 * float(np.arctan(WIDTH_PX / 2 / FOCAL_PX))
VFOV_RAD: Final = 2 * float(np.arctan(HEIGHT_PX / 2 / FOCAL_PX))
BASELINE_MM: Final = 75.0
NEAR_MM: Final = 300.0
SENSOR_NOISE_PX: Final = 0.085
SENSOR_HOLE_RATE: Final = 0.003


def frame_times(seconds: float) -> Array:
    """When the frames of so many seconds are taken, s."""
    return np.arange(round(seconds * FPS_HZ)) / FPS_HZ


@dataclass(frozen=True)
class Cloth:
    """A cloth: which pixels it may cover (u8 [H, W]), its wrinkles on the coarse grid, when it lies there, seconds.

    `sway_mm` is how far waves that pass over it lift it.
    """

    mask: npt.NDArray[np.uint8]
    wrinkles_mm: npt.NDArray[np.float32]
    start_s: float
    end_s: float
    sway_mm: float = 0.0


@dataclass(frozen=True)
class Visit:
    """An operator's hand over the bed: when, from which side (degrees), where to and how high (bed frame, mm)."""

    start_s: float
    end_s: float
    from_deg: float
    goal: Array
    sway: Array


@dataclass(frozen=True)
class Infant:
    """One simulated infant: all that does not change from frame to frame, and its joints over time."""

    seed: int
    number: int
    anatomy: Anatomy
    placement: Placement
    motion: Motion
    joints_bed: Array  # [N, 12, 3] mm
    turn_camera: Array  # [3, 3], bed frame (with Z as depth) -> camera
    distance_mm: float
    background_mm: npt.NDArray[np.float32]
    cloths: tuple[Cloth, ...]
    tubes: Array  # cones in the bed frame, relative to the head
    visits: tuple[Visit, ...]
    head_turn_deg: Array  # [N]
    breath_hz: float
    noise_px: float  # of the sensor's disparity
    hole_rate: float
    look: Look | None = None  # None = a body of capsules and balls
    overhead: Array = field(default_factory=lambda: np.empty((0, 8)))  # cones of the bed frame
    sensor: Sensor | None = None  # None = the camera of calm infants

    def to_camera(self, bed: Array) -> Array:
        """Camera-frame points, mm [..., 3] (x right, y down, z away), of bed-frame points."""
        flipped = np.concatenate([bed[..., :2], self.distance_mm - bed[..., 2:]], axis=-1)
        return np.asarray(flipped @ self.turn_camera.T)

    @property
    def mattress_plane(self) -> Array:
        """Unit normal towards the camera and offset d, mm: height above the mattress = n.p + d."""
        normal = -self.turn_camera[:, 2]
        return np.append(normal, self.distance_mm)


def project(camera: Array) -> Array:
    """Native pixel coordinates [..., 2] of camera-frame points [..., 3]."""
    middle = np.array([(WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2])
    return np.asarray(camera[..., :2] / camera[..., 2:] * FOCAL_PX + middle)


def draw(solids: Solids, z_mm: npt.NDArray[np.float32], part: npt.NDArray[np.uint8]) -> None:
    """Draw solids of the camera frame into depth, mm, and parts [H, W], where they are the nearest."""
    draw_solids(solids.cones, solids.cone_parts, solids.ellipsoids, solids.ellipsoid_parts, FOCAL_PX, z_mm, part)


def cones_in_the_bed(infant: Infant, cones_bed: Array, part: int) -> Solids:
    """Rounded cones of the bed frame [n, 8] as solids of the camera frame that belong to `part`."""
    cones = cones_bed.copy()
    cones[:, :3], cones[:, 3:6] = infant.to_camera(cones_bed[:, :3]), infant.to_camera(cones_bed[:, 3:6])
    return Solids(cones, np.full(len(cones), part, np.uint8), np.empty((0, 12)), np.empty(0, np.uint8))
