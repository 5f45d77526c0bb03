"""Simulated infants that move like real ones: bodies fitted to joints that were tracked or labelled in pictures.

Tracks in millimetres give the body as it is. What pixels alone do not tell is guessed: a bone that looks shorter than
it ever does is taken to point at the camera. Upper arms, thighs and a lifted pelvis rise from the bed, forearms and
shanks sink back to it where there is room. What stands in the picture, the joints' pixels, is kept exactly. A joint
that was not given at some time is drawn on a straight line in time and counts as unknown, neither visible nor hidden;
one that was never given is not drawn.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from asyconv.errors import InputError
from asyconv.labels.annotations import ANNOTATED_FPS_HZ
from asyconv.labels.label_sheets import by_frame, read_label_sheet
from asyconv.pose.geometry import MapGeometry
from asyconv.simulation.body import Anatomy, Array, trunk_top
from asyconv.simulation.infant import FOCAL_PX, HEIGHT_PX, WIDTH_PX
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.tracks_file import read_tracks

LONGEST_PCT: Final = 95.0
"""A bone is as long as it looks in this percentile of the time: then it lies flat."""

TRUNK_PCT: Final = 75.0
LIFT_SHARE: Final = 0.4
"""How much of a trunk's shortening is taken for a lifted pelvis; set by hand, the whole lifts it implausibly far."""

HEIGHT_SMOOTHED_S: Final = 0.25
TOO_FAR_S: Final = 0.1
"""A time farther than this from every sample of a joint has no known position of it."""

LEAST_CONFIDENCE: Final = 0.5
LOWEST_MM: Final = 12.0
TRUNK: Final = (2, 3, 8, 9)
_MM_BY_WEEK: Final = 2.8  # of the trunk, 128 mm at 32 weeks


@dataclass(frozen=True)
class JointMotion:
    """Joints of one infant over time, in a picture of the simulated camera's size with the head down.

    Attributes
    ----------
    name : of the file.
    time_s : ascending, [N].
    xy_px : [N, 12, 2], NaN = not given.
    bed_mm : the same joints in the bed frame, [N, 12, 3], where millimetres are known; None = pixels alone.
    """

    name: str
    time_s: Array
    xy_px: Array
    bed_mm: Array | None = None

    def is_given(self, time_s: Array) -> npt.NDArray[np.bool_]:
        """Whether a joint was given near these times [M], [M, 12]."""
        return _filled(self.time_s, self.xy_px, time_s)[1]


def read_joint_motion(path: Path) -> JointMotion:
    """Joints of a tracks file (.parquet) or of a sheet of labels, whose picture names count frames at 30 fps.

    Raises InputError where the file is neither, or where a shoulder or hip is given nowhere.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "none"
        raise InputError(f"{path}: expected a tracks file or a sheet of labels, found {found}")
    motion = _from_tracks(path) if path.suffix == ".parquet" else _from_sheet(path)
    never = [JOINTS[joint] for joint in TRUNK if not np.isfinite(motion.xy_px[:, joint]).any()]
    if never:
        raise InputError(f"{path.name}: expected shoulders and hips at least once, never found {', '.join(never)}")
    return motion


def _from_sheet(path: Path) -> JointMotion:
    rows = by_frame(read_label_sheet(path).rows)
    if not rows:
        raise InputError(f"{path.name}: expected labelled pictures, found none")
    number = np.array([row.name.number for row in rows if row.name], float)
    return JointMotion(path.stem, (number - number[0]) / ANNOTATED_FPS_HZ, np.stack([row.xy_px for row in rows]))


def _from_tracks(path: Path) -> JointMotion:
    tracks = read_tracks(path)
    given = np.stack([tracks.x_px, tracks.y_px], axis=-1).astype(float)
    given[tracks.confidence < LEAST_CONFIDENCE] = np.nan
    width, height = tracks.meta.get("width_px"), tracks.meta.get("height_px")
    if not (isinstance(width, int) and isinstance(height, int)):
        raise InputError(f"{path.name}: expected width_px and height_px in its metadata, found {width} and {height}")
    head = str(tracks.meta.get("head", "down"))
    theirs = MapGeometry(width, height, head, bool(tracks.meta.get("mirrored", False)))
    xy_px = MapGeometry(WIDTH_PX, HEIGHT_PX).to_px(theirs.to_map(given))
    camera_mm = np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1).astype(float)
    camera_mm[tracks.confidence < LEAST_CONFIDENCE] = np.nan
    if not np.isfinite(camera_mm[:, TRUNK]).any(axis=(0, 2)).all():
        return JointMotion(path.stem, tracks.time_s, xy_px)
    unmirrored = MapGeometry(width, height, head)
    turn = (unmirrored.to_map(np.eye(2)) - unmirrored.to_map(np.zeros(2))) * unmirrored.scale_px
    return JointMotion(path.stem, tracks.time_s, xy_px, _bed_of(camera_mm, turn, tracks.meta.get("mattress_plane")))


def _bed_of(camera_mm: Array, turn: Array, plane: list[float] | None) -> Array:
    """Bed frame of points in a camera's frame, mm; without a plane the lowest points lie on a bed across its axis."""
    if plane is None:
        plane = [0.0, 0.0, -1.0, float(LOWEST_MM + np.nanpercentile(camera_mm[..., 2], 98))]
    normal = np.asarray(plane[:3], float)
    x_axis = np.array([1.0, 0.0, 0.0]) - normal * normal[0]
    x_axis /= np.linalg.norm(x_axis)
    flat = np.stack([camera_mm @ x_axis, camera_mm @ np.cross(x_axis, normal)], axis=-1)
    return np.concatenate([flat @ turn, (camera_mm @ normal + plane[3])[..., None]], axis=-1)


def _filled(sampled_s: Array, points: Array, time_s: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Points [N, 12, axes] at `time_s`, [M, 12, axes], on straight lines in time, and whether a sample is near."""
    filled = np.full((len(time_s), *points.shape[1:]), np.nan)
    is_near = np.zeros((len(time_s), len(JOINTS)), bool)
    for joint in range(len(JOINTS)):
        given = np.isfinite(points[:, joint, 0])
        at_s = sampled_s[given]
        if not len(at_s):
            continue
        for axis in range(points.shape[2]):
            filled[:, joint, axis] = np.interp(time_s, at_s, points[given, joint, axis])
        after = np.searchsorted(at_s, time_s).clip(1, max(1, len(at_s) - 1))
        near = at_s[np.stack([after - 1, after.clip(max=len(at_s) - 1)])]
        is_near[:, joint] = np.abs(near - time_s).min(axis=0) <= TOO_FAR_S
    return filled, is_near


def driven_body(motion: JointMotion, time_s: Array, turn_camera: Array, distance_mm: float) -> tuple[Anatomy, Array]:
    """Anatomy, and joints in the bed frame, mm [M, 12, 3] at `time_s` [M], whose picture by that camera is `motion`'s.

    `turn_camera` [3, 3] turns the bed frame into the camera's, `distance_mm` lies between camera and mattress. The
    whole of `motion` tells lengths and heights. Where millimetres are known the body is kept, not the picture.
    """
    if motion.bed_mm is not None:
        bed, _ = _filled(motion.time_s, motion.bed_mm, time_s)
        return fitted_anatomy(bed), bed
    xy_px, _ = _filled(motion.time_s, motion.xy_px, motion.time_s)
    height = np.full(xy_px.shape[:2], 30.0)
    step_s = float(np.median(np.diff(motion.time_s))) if len(motion.time_s) > 1 else 1.0
    for _ in range(2):  # lengths in mm depend on heights, which depend on lengths
        bed = on_the_bed(xy_px, height, turn_camera, distance_mm)
        anatomy = fitted_anatomy(bed, axes=2)
        height = _heights(bed, anatomy, HEIGHT_SMOOTHED_S / step_s)
    height = np.stack([np.interp(time_s, motion.time_s, height[:, joint]) for joint in range(len(JOINTS))], axis=-1)
    return anatomy, on_the_bed(_filled(motion.time_s, motion.xy_px, time_s)[0], height, turn_camera, distance_mm)


def on_the_bed(xy_px: Array, height_mm: Array, turn_camera: Array, distance_mm: float) -> Array:
    """Points of the bed frame [..., 3] at stated heights over the mattress that the camera sees at `xy_px` [..., 2]."""
    middle = np.array([(WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2])
    rays = np.concatenate([(xy_px - middle) / FOCAL_PX, np.ones((*xy_px.shape[:-1], 1))], axis=-1) @ turn_camera
    reach = (distance_mm - height_mm) / rays[..., 2]
    return np.concatenate([rays[..., :2] * reach[..., None], height_mm[..., None]], axis=-1)


def fitted_anatomy(bed: Array, axes: int = 3) -> Anatomy:
    """Lengths of one infant from its joints in the bed frame [N, 12, 3]: both sides alike, widths by the median.

    With two `axes` heights count for nothing.
    """

    def apart(a: int, b: int) -> Array:
        return np.asarray(np.linalg.norm((bed[:, a] - bed[:, b])[:, :axes], axis=-1))

    middles = ((bed[:, a] + bed[:, b])[:, :axes] / 2 for a, b in ((2, 3), (8, 9)))
    trunk = float(np.percentile(np.linalg.norm(np.subtract(*middles), axis=-1), TRUNK_PCT))

    def longest(*pairs: tuple[int, int]) -> float:
        sides = [float(np.percentile(apart(a, b), LONGEST_PCT)) for a, b in pairs]
        return float(np.nanmean(sides)) if np.isfinite(sides).any() else trunk / 2  # of a bone that is not drawn

    arms, legs = ((2, 1, 0), (3, 4, 5)), ((8, 7, 6), (9, 10, 11))
    return Anatomy(
        age_weeks=32.0 + (trunk - 128.0) / _MM_BY_WEEK,
        upper_arm=longest(*((root, middle) for root, middle, _ in arms)),
        forearm=longest(*((middle, end) for _, middle, end in arms)),
        thigh=longest(*((root, middle) for root, middle, _ in legs)),
        shank=longest(*((middle, end) for _, middle, end in legs)),
        shoulder_width=float(np.median(apart(2, 3))),
        hip_width=float(np.median(apart(8, 9))),
        trunk=trunk,
        plumpness=1.0,
    )


def _middle(bed: Array, a: int, b: int) -> Array:
    return np.asarray((bed[:, a, :2] + bed[:, b, :2]) / 2)


def _rise(length: float, flat: Array) -> Array:
    """How far a bone's ends lie apart in height, where it looks `flat` mm long."""
    return np.sqrt(np.maximum(length**2 - np.minimum(flat, length) ** 2, 0.0))


def _heights(bed: Array, anatomy: Anatomy, smoothed: float) -> Array:
    """Heights of the joints over the mattress [N, 12], mm, from how much shorter than they are bones look."""
    shoulders, hips = _middle(bed, 2, 3), _middle(bed, 8, 9)
    along = shoulders - hips
    headward = along / np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    flat = np.pad(headward, ((0, 0), (0, 1)))
    right = np.stack([headward[:, 1], -headward[:, 0], np.zeros(len(headward))], axis=-1)
    centre = np.pad((shoulders + hips) / 2, ((0, 0), (0, 1)))
    height = np.full(bed.shape[:2], 30.0 * anatomy.scale)
    lifted = LIFT_SHARE * _rise(anatomy.trunk, np.linalg.norm(along, axis=-1))
    height[:, [8, 9]] += lifted[:, None]
    for name, (root, middle, end) in LIMBS.items():
        arm = name.endswith("arm")
        upper, lower = (anatomy.upper_arm, anatomy.forearm) if arm else (anatomy.thigh, anatomy.shank)
        radii = (12.0, 9.5) if arm else (16.0, 10.5)
        floors = [
            radius * anatomy.scale + trunk_top(bed[:, joint] - centre, flat, right, anatomy)
            for joint, radius in zip((middle, end), radii, strict=True)
        ]
        rises = [
            _rise(length, np.linalg.norm(bed[:, b, :2] - bed[:, a, :2], axis=-1))
            for length, a, b in ((upper, root, middle), (lower, middle, end))
        ]
        height[:, middle] = np.maximum(height[:, root] + rises[0], floors[0])
        sunk = height[:, middle] - rises[1]
        height[:, end] = np.maximum(np.where(sunk >= floors[1], sunk, height[:, middle] + rises[1]), floors[1])
    return np.asarray(gaussian_filter1d(height, smoothed, axis=0, mode="nearest"))
