"""What lies round, under and over varied infants: an uneven mattress and its edge, pillows, toys, wraps, cables."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import PART, Array, Solids
from asyconv.simulation.infant import (
    FOCAL_PX,
    HEIGHT_PX,
    WIDTH_PX,
    Cloth,
    Infant,
    Visit,
    cones_in_the_bed,
    draw,
    project,
)
from asyconv.simulation.occluders import CLOTH_GRID, sample_visit, smooth_noise

Depth = npt.NDArray[np.float32]

WRAPS: Final = {"nothing": 0.9, "swaddle": 0.035, "bag": 0.065}
RESTING_HAND_SHARE: Final = 0.06
OVERHEAD_SHARE: Final = 0.08
NARROW_PX: Final = 190.0
"""From the middle of the infant to the edges of a narrow mattress."""


def uneven(rng: np.random.Generator, infant: Infant, z_mm: Depth, floor_mm: float) -> Depth:
    """The bed with bumps and folds, pillows and toys, and the floor where the mattress ends.

    With `floor_mm` above 0 the mattress is narrow, and the floor lies so far below it on two sides of the infant.
    """
    z_mm = z_mm.copy()
    columns, rows = np.meshgrid(np.arange(WIDTH_PX, dtype=np.float32), np.arange(HEIGHT_PX, dtype=np.float32))
    z_mm -= np.float32(rng.gamma(1.5, 1.2)) * smooth_noise(rng, HEIGHT_PX, WIDTH_PX, float(rng.uniform(30, 110)))
    for _ in range(int(rng.poisson(2.5))):  # folds of a sheet: long soft ridges that wind
        angle, across = rng.uniform(0.0, np.pi), np.float32(rng.uniform(3.0, 10.0))
        along = columns * np.float32(np.cos(angle)) + rows * np.float32(np.sin(angle))
        off = rows * np.float32(np.cos(angle)) - columns * np.float32(np.sin(angle))
        off -= np.float32(rng.uniform(-400, 480))
        winding_px, phase = np.float32(rng.uniform(25, 80)), np.float32(rng.uniform(0, 6))
        off += np.float32(rng.uniform(5, 25)) * np.sin(along / winding_px + phase)
        z_mm -= np.float32(rng.uniform(2.0, 10.0)) * np.exp(-((off / across) ** 2))
    solids = _pillows_and_toys(rng, infant)
    if solids is not None:
        draw(solids, z_mm, np.zeros(z_mm.shape, np.uint8))
    middle = np.nan_to_num(project(infant.to_camera(infant.joints_bed[0])).mean(axis=0), nan=WIDTH_PX / 2)
    beside, down = columns - np.float32(middle[0]), rows - np.float32(middle[1])
    beyond, below_mm = np.abs(beside) > NARROW_PX, floor_mm
    if rng.random() < 0.2:  # the edge of the mattress
        angle = rng.uniform(0.0, 2 * np.pi)
        off = beside * np.float32(np.cos(angle)) + down * np.float32(np.sin(angle))
        edge = off > rng.uniform(190.0, 330.0), rng.choice([60.0, 150.0, 450.0, 800.0])
        beyond, below_mm = (beyond, below_mm) if floor_mm else edge
    z_mm[beyond] += np.float32(below_mm)
    return z_mm


def _pillows_and_toys(rng: np.random.Generator, infant: Infant) -> Solids | None:
    """Cushions and soft toys of a few balls each, beside the body; None where there are none."""
    middle = np.array([infant.placement.x_mm, infant.placement.y_mm, 0.0])
    shapes: list[tuple[Array, Array]] = []  # centre in the bed frame, half-axes
    for _ in range(int(rng.choice([0, 1, 2], p=[0.65, 0.25, 0.1]))):
        away = rng.uniform(0.0, 2 * np.pi)
        spot = middle + infant.anatomy.scale * rng.uniform(125.0, 230.0) * np.array(
            [np.cos(away), 1.25 * np.sin(away), 0.0]
        )
        shapes.append((spot + [0, 0, rng.uniform(0, 12)], rng.uniform([45, 45, 14], [110, 80, 40])))
    for _ in range(int(rng.choice([0, 1, 2], p=[0.7, 0.2, 0.1]))):
        away, size = rng.uniform(0.0, 2 * np.pi), rng.uniform(0.5, 1.2)
        spot = middle + infant.anatomy.scale * rng.uniform(110.0, 240.0) * np.array(
            [np.cos(away), 1.3 * np.sin(away), 0.0]
        )
        shapes.append((spot + [0, 0, 28 * size], np.array([40, 34, 28]) * size))
        for _ in range(int(rng.integers(2, 6))):  # a head, ears, arms and legs, anywhere round it
            off = rng.normal(0.0, 1.0, 3) * [1.0, 1.0, 0.4]
            off *= 48.0 * size / max(float(np.linalg.norm(off)), 1e-6)
            shapes.append((spot + [0, 0, 28 * size] + off, np.full(3, rng.uniform(11, 28) * size)))
    if not shapes:
        return None
    ellipsoids = []
    for centre, half in shapes:
        turn = rng.uniform(0.0, np.pi)
        frame = np.array([[np.cos(turn), np.sin(turn), 0.0], [-np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, -1.0]])
        camera = frame @ infant.turn_camera.T
        ellipsoids.append(np.concatenate([infant.to_camera(centre), (camera / half[:, None]).ravel()]))
    none = np.empty((0, 8)), np.empty(0, np.uint8)
    return Solids(*none, np.array(ellipsoids), np.zeros(len(ellipsoids), np.uint8))


def sample_wrap(rng: np.random.Generator) -> str:
    """A "swaddle" from the neck to the feet, a sleeping "bag" that leaves the arms out, or mostly "nothing"."""
    return str(rng.choice(list(WRAPS), p=list(WRAPS.values())))


def wrapped(rng: np.random.Generator, infant: Infant, wrap: str, span_s: float) -> tuple[Cloth, ...]:
    """The wrap round an infant as a cloth; none for "nothing"."""
    if wrap == "nothing":
        return ()
    xy = project(infant.to_camera(np.concatenate([infant.joints_bed, _feet(infant)], axis=1)))
    inside = xy if wrap == "swaddle" else xy[:, [2, 3, 6, 7, 8, 9, 10, 11, 12, 13]]
    points = inside[np.isfinite(inside).all(axis=-1)].astype(np.float32)
    if len(points) < 3:
        return ()
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    cv2.fillConvexPoly(mask, np.rint(cv2.convexHull(points)).astype(np.int32).clip(-2000, 2000), 1)
    px_per_mm = FOCAL_PX / infant.distance_mm
    thick = max(3, round(rng.uniform(14.0, 26.0) * infant.anatomy.scale * px_per_mm))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thick + 1, 2 * thick + 1))
    mask = np.asarray(cv2.dilate(mask, disc), np.uint8)
    grid = smooth_noise(rng, HEIGHT_PX // CLOTH_GRID, WIDTH_PX // CLOTH_GRID, float(rng.uniform(4, 12)))
    mask[_head_outline(infant) > 0] = 0
    return (Cloth(mask, (np.float32(rng.uniform(1.0, 3.5)) * grid).astype(np.float32), -1.0, span_s + 1.0),)


def _feet(infant: Infant) -> Array:
    """Points beyond the ankles, [N, 2, 3]."""
    shanks = infant.joints_bed[:, [6, 11]] - infant.joints_bed[:, [7, 10]]
    return np.asarray(infant.joints_bed[:, [6, 11]] + 0.35 * shanks)


def _head_outline(infant: Infant) -> npt.NDArray[np.uint8]:
    """Pixels of the head over all times, u8 [H, W]."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    hips, shoulders = infant.joints_bed[:, [8, 9]].mean(1), infant.joints_bed[:, [2, 3]].mean(1)
    for index in np.linspace(0, len(hips) - 1, min(len(hips), 6)).astype(int):
        axis = shoulders[index] - hips[index]
        centre = shoulders[index] + 0.56 * axis
        xy = project(infant.to_camera(centre))
        radius = 50.0 * infant.anatomy.scale * FOCAL_PX / infant.distance_mm
        if np.isfinite(xy).all():
            cv2.circle(mask, (int(xy[0]), int(xy[1])), round(radius), 1, -1)
    return mask


def sample_resting_hand(rng: np.random.Generator, infant: Infant, span_s: float) -> tuple[Visit, ...]:
    """A hand that lies on the body all the time; mostly none."""
    if rng.random() > RESTING_HAND_SHARE:
        return ()
    visit = sample_visit(rng, infant, -10.0, span_s + 20.0)
    middle = np.array([infant.placement.x_mm, infant.placement.y_mm, 78.0 * infant.anatomy.scale + 8.0])
    return (Visit(visit.start_s, visit.end_s, visit.from_deg, middle + rng.normal(0, [25, 40, 5]), 0.2 * visit.sway),)


def sample_overhead(rng: np.random.Generator, infant: Infant) -> Array:
    """Cables, an arm of a lamp or a toy that hang over the bed: cones of the bed frame [n, 8]; mostly none."""
    cones: list[list[float]] = []
    if rng.random() < OVERHEAD_SHARE:
        for _ in range(int(rng.integers(1, 4))):
            angle, radius = rng.uniform(0.0, 2 * np.pi), rng.uniform(3.0, 22.0)
            spot = np.array([infant.placement.x_mm, infant.placement.y_mm, 0.0]) + rng.normal(0, [110, 130, 0])
            spot[2] = rng.uniform(110.0, min(220.0, 0.5 * infant.distance_mm))
            along = np.array([np.cos(angle), np.sin(angle), rng.normal(0, 0.1)])
            start, stop = rng.uniform(-500.0, 0.0), rng.uniform(0.0, 500.0)
            cones.append([*(spot + along * start), *(spot + along * stop), radius, radius])
    return np.array(cones).reshape(-1, 8)


def draw_overhead(infant: Infant, z_mm: Depth, part: npt.NDArray[np.uint8]) -> None:
    """Draw what hangs over the bed."""
    if len(infant.overhead):
        draw(cones_in_the_bed(infant, infant.overhead, PART["cover"]), z_mm, part)
