"""What lies round and over a simulated infant: mattress, nest and rails, cloths, tubes, and an operator's hands."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import PART, Anatomy, Array, Solids
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

WAVE_HZ, WAVE_PX = 0.7, 160.0  # of a cloth that sways
CLOTH_GRID: Final = 4  # cloth hangs over the scene on a grid four times coarser than the picture


def smooth_noise(rng: np.random.Generator, rows: int, columns: int, cell: float) -> npt.NDArray[np.float32]:
    """Noise [rows, columns] that changes over about `cell` pixels."""
    coarse = rng.standard_normal((int(rows / cell) + 3, int(columns / cell) + 3)).astype(np.float32)
    wide = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide, np.float32)


def bed_depth(rng: np.random.Generator, infant: Infant, size: float = 1.0) -> npt.NDArray[np.float32]:
    """Depth of the bed without the infant: wrinkled mattress, nest of rolled cloth of that size, rails at the sides."""
    columns, rows = np.meshgrid(np.arange(WIDTH_PX), np.arange(HEIGHT_PX))
    rays = np.stack(
        [(columns - (WIDTH_PX - 1) / 2) / FOCAL_PX, (rows - (HEIGHT_PX - 1) / 2) / FOCAL_PX, np.ones(columns.shape)], -1
    )
    plane = infant.mattress_plane
    z_mm: npt.NDArray[np.float32] = np.asarray(-plane[3] / (rays @ plane[:3]), np.float32)
    z_mm -= 1.6 * smooth_noise(rng, HEIGHT_PX, WIDTH_PX, 60) + 0.8 * smooth_noise(rng, HEIGHT_PX, WIDTH_PX, 22)
    cones = []
    if rng.random() < 0.75:  # a nest round the body, open or closed at the feet
        along, across = rng.uniform(190, 235), rng.uniform(118, 150)
        first = 0.0 if rng.random() < 0.5 else rng.uniform(0.2, 0.6)
        angles = np.linspace(-np.pi / 2 + first, 1.5 * np.pi - first, 22)
        wobble = 1 + 0.05 * np.sin(3 * angles + rng.uniform(0, 6))
        ring = size * np.stack([across * wobble * np.cos(angles), along * wobble * np.sin(angles)], -1)
        turn = np.radians(infant.placement.turn_deg)
        if abs(infant.placement.turn_deg) > 16.0:  # a nest turns with a body that lies turned
            ring = ring @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = np.array([infant.placement.x_mm, infant.placement.y_mm])
        radius = rng.uniform(18, 27)
        points = np.concatenate([ring + centre, np.full((len(ring), 1), radius * 0.7)], -1)
        cones += [[*a, *b, radius, radius] for a, b in zip(points[:-1], points[1:], strict=True)]
    for side in (-1.0, 1.0):
        if rng.random() < 0.6:
            x, tall = side * rng.uniform(265, 330), rng.uniform(40, 110)
            cones.append([x, -400.0, tall, x + rng.uniform(-15, 15), 400.0, tall, 16.0, 16.0])
    if cones:
        part = np.zeros(z_mm.shape, np.uint8)
        draw(cones_in_the_bed(infant, np.array(cones), 0), z_mm, part)
    return z_mm


def sample_tubes(rng: np.random.Generator, anatomy: Anatomy) -> Array:
    """Feeding tube, airway tubes and leads as thin cones, relative to the mid-shoulder point (bed frame)."""
    cones: list[list[float]] = []
    for _ in range(int(rng.integers(0, 4))):
        at_face = rng.random() < 0.6
        start = (
            np.array([rng.normal(0, 12), 0.45 * anatomy.trunk, 62.0])
            if at_face
            else np.array([rng.normal(0, 30), -0.4 * anatomy.trunk, 45.0])
        )
        heading = rng.uniform(0, 2 * np.pi)
        radius = float(rng.uniform(1.2, 3.2))
        point = start * np.array([1, 1, 1])
        for step in range(9):
            heading += rng.normal(0, 0.35)
            reach = 32.0
            following = point + np.array([reach * np.cos(heading), reach * np.sin(heading), 0.0])
            following[2] = max(radius - 30.0, start[2] * (1 - (step + 1) / 4)) if step < 4 else radius - 30.0
            cones.append([*point, *following, radius, radius])
            point = following
    return np.array(cones).reshape(-1, 8)


def sample_cloths(rng: np.random.Generator, infant: Infant, span_s: float) -> tuple[Cloth, ...]:
    """Zero to two cloths over some joints; most lie for the whole recording, some come or go."""
    cloths = []
    for _ in range(int(rng.choice([0, 1, 2], p=[0.3, 0.4, 0.3]))):
        # legs low, knees rarely: shares of missing labels, paper.md 13.1
        weights = np.array([21, 19, 18, 18, 19, 21, 6, 6, 13, 13, 6, 5], float)
        joint = int(rng.choice(12, p=weights / weights.sum()))
        cloths.append(sample_cloth(rng, infant, joint, span_s, share_cut=0.5))
    return tuple(cloths)


def sample_cloth(rng: np.random.Generator, infant: Infant, joint: int, span_s: float, share_cut: float) -> Cloth:
    """A cloth over a joint's usual place, with a wavy border; with a chance of `share_cut` it comes or goes."""
    centre = np.median(infant.joints_bed[:, joint], axis=0)
    centre[:2] += rng.normal(0, 22, size=2)
    half = np.array([rng.uniform(28, 80), rng.uniform(28, 65)])
    centre[2] = 35.0
    x, y = project(infant.to_camera(centre))
    turn = rng.uniform(0, np.pi)
    columns, rows = np.meshgrid(np.arange(WIDTH_PX) - x, np.arange(HEIGHT_PX) - y)
    u = (columns * np.cos(turn) + rows * np.sin(turn)) / half[0]
    v = (-columns * np.sin(turn) + rows * np.cos(turn)) / half[1]
    edge = (np.abs(u) ** 6 + np.abs(v) ** 6) ** (1 / 6) + 0.06 * smooth_noise(rng, HEIGHT_PX, WIDTH_PX, 28)
    start_s, end_s = -1.0, span_s + 1.0
    if rng.random() < share_cut:
        cut_s = rng.uniform(0.2, 0.8) * span_s
        start_s, end_s = (cut_s, end_s) if rng.random() < 0.5 else (start_s, cut_s)
    grid = smooth_noise(rng, HEIGHT_PX // CLOTH_GRID, WIDTH_PX // CLOTH_GRID, 7)
    return Cloth((edge < 1).astype(np.uint8), (2.0 * grid).astype(np.float32), start_s, end_s)


def drape(cloth: Cloth, z_mm: npt.NDArray[np.float32], part: npt.NDArray[np.uint8], time_s: float) -> None:
    """Lay a cloth over what is there: the nearest depth round each point, smoothed, a few mm thick."""
    coarse = cv2.resize(z_mm, None, fx=1 / CLOTH_GRID, fy=1 / CLOTH_GRID, interpolation=cv2.INTER_NEAREST)
    hung = cv2.GaussianBlur(cv2.erode(coarse, np.ones((9, 9), np.uint8)), (0, 0), 2.5) - 3.0 + cloth.wrinkles_mm
    if cloth.sway_mm:
        along = 2 * np.pi * (WAVE_HZ * time_s - np.arange(hung.shape[1]) * CLOTH_GRID / WAVE_PX)
        hung = hung - cloth.sway_mm * np.sin(along)
    x, y, w, h = cv2.boundingRect(cloth.mask)
    full = cv2.resize(hung.astype(np.float32), (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
    region = (slice(y, y + h), slice(x, x + w))
    on_top = (cloth.mask[region] > 0) & (full[region] < z_mm[region])
    z_mm[region][on_top] = full[region][on_top]
    part[region][on_top] = PART["cover"]


def sample_visits(rng: np.random.Generator, infant: Infant, span_s: float) -> tuple[Visit, ...]:
    """Visits of an operator, 1.2 a minute on average."""
    count = int(rng.poisson(1.2 * span_s / 60.0))
    return tuple(sample_visit(rng, infant, float(rng.uniform(-2.0, span_s))) for _ in range(count))


def sample_visit(rng: np.random.Generator, infant: Infant, start_s: float, end_s: float | None = None) -> Visit:
    """An operator's hand somewhere over the body, for a few seconds unless its end is stated."""
    middle = np.array([infant.placement.x_mm, infant.placement.y_mm, 0.0])
    goal = middle + np.array([rng.normal(0, 45), rng.normal(0, 75), rng.uniform(70, 115)])
    lasting_s, from_deg = float(rng.uniform(1.8, 6.0)), float(rng.uniform(0, 360))
    until_s = start_s + lasting_s if end_s is None else end_s
    return Visit(start_s, until_s, from_deg, goal, rng.uniform(0.3, 1.0, size=3))


def resting_hand(rng: np.random.Generator, infant: Infant, joint: int, span_s: float) -> Visit:
    """An operator's hand that lies on a joint's usual place all the time."""
    visit = sample_visit(rng, infant, -10.0, span_s + 20.0)
    on = np.median(infant.joints_bed[:, joint], axis=0) + np.array([0.0, 0.0, 45.0 * infant.anatomy.scale])
    return Visit(visit.start_s, visit.end_s, visit.from_deg, on, 0.2 * visit.sway)


def operator_solids(infant: Infant, visit: Visit, time_s: float) -> Solids:
    """Forearm, hand and fingers of an operator, gliding in to the goal and out again."""
    since, until = time_s - visit.start_s, visit.end_s - time_s
    away = 1.0 - min(1.0, since / 0.8, until / 0.8)
    outward = np.array([np.cos(np.radians(visit.from_deg)), np.sin(np.radians(visit.from_deg)), 0.25])
    across = np.array([-outward[1], outward[0], 0.0])
    wobble = 14.0 * np.sin(2 * np.pi * visit.sway * time_s)
    wrist = visit.goal + wobble + outward * (62.0 + 420.0 * away)
    palm = visit.goal + wobble + outward * (15.0 + 420.0 * away)
    cones = [
        [*(wrist + outward * 420.0), *wrist, 40.0, 27.0],
        [*wrist, *(palm + across * 18), 24.0, 17.0],
        [*wrist, *(palm - across * 18), 24.0, 17.0],
    ]
    for finger in (-30.0, -10.0, 10.0, 30.0):
        knuckle = palm + across * finger
        cones.append([*knuckle, *(knuckle - outward * 58.0 - np.array([0, 0, 26.0])), 9.5, 7.5])
    thumb = palm + outward * 20 + across * 34
    cones.append([*thumb, *(thumb - outward * 40 + across * 18), 10.5, 8.5])
    return cones_in_the_bed(infant, np.array(cones), PART["operator"])
