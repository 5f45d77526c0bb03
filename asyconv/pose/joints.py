"""From confidence maps to joints: peaks, then links between them by bipartite matching, then one chain per limb.

The paper (Migliorelli et al.) gives the three steps and no numbers. Ours, and what deviates from its lineage:

* a peak is the largest value of a square window and reaches a threshold; at most 5 a map;
* its position is the centre of the map's positive values in a square window of 3 px to each side with a soft
  edge, moved to that centre until it rests (mean shift). On drawn targets (sigma 2) it is off by a median of
  0.002 px, with noise of 5 % of the peak by 0.05; a single weighted centre in a fixed window by 0.13 and 0.17,
  the same with the window's rim subtracted by 0.08 and 0.14, the peak's own pixel by 0.41 and 0.49;
* a link's strength is the mean, not the sum, of the connection map along the segment: a sum favours long links;
* there is one infant, so each limb keeps one chain: the one with the largest sum of peaks and links. A joint
  that no link reaches keeps its strongest peak that belongs to no rejected chain.

Whether a joint is in the picture at all, and roughly where, is left to the detection network, which sees the whole
infant (`those_present`, `detected.py`); the regression network, whose peaks these are, sees 9x9 pixels. A missing
joint stays missing.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from asyconv.jit import compiled
from asyconv.pose.detected import Box, whole
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.skeleton import CONNECTIONS, LIMB_CONNECTIONS, LIMBS, N_CONNECTIONS, N_JOINTS

MAX_PEAKS: Final = 5
WINDOW_RADIUS_MAP: Final = 3.0
MIN_SAMPLES: Final = 10
BORDER_MAP: Final = 2.0
"""A joint nearer to the picture's border than this, map px, is partly outside: about its radius, 1 cm."""

_LAST_MAP: Final = np.array([MAP_WIDTH, MAP_HEIGHT]) - 1 - BORDER_MAP

ENDS: Final = np.array(CONNECTIONS)

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]
Place = npt.NDArray[np.int64]
"""Row and column of the maps' first pixel in the picture, and the picture's height and width."""


@dataclass(frozen=True)
class JointSet:
    """Joints of one frame.

    Attributes
    ----------
    xy_map : [12, 2] float32, map px (pixel centres are whole numbers), NaN = missing.
    score : [12] float32, raw map value at the chosen peak, or the map's largest value where the joint is missing.
    sigma_map : [12] float32, root of the mean second moment of the map along rows and columns round the position, map
        px, NaN = missing. A drawn target has the targets' sigma, cut by the window of 3 px; a blurred peak has more.
    """

    xy_map: Floats
    score: Floats
    sigma_map: Floats


@dataclass(frozen=True)
class Candidates:
    """What may be a joint in one frame, at most 5 places for each joint, strongest first.

    Attributes
    ----------
    xy_map : [12, 5, 2] float32, map px.
    peak : [12, 5] float32, values of the peaks.
    count : [12], how many places of each joint there are; what comes after them means nothing.
    best : [12] float32, the largest value of each joint's map.
    strengths : [8, 5, 5], mean of each connection map between each two places.
    sigma_map : [12, 5] float32, as in `JointSet`.
    """

    xy_map: Floats
    peak: Floats
    count: npt.NDArray[np.int64]
    best: Floats
    strengths: Array
    sigma_map: Floats


def find_joints(
    maps: Floats, joint_threshold: float, link_threshold: float, nms_window: int, box: Box | None = None
) -> JointSet:
    """Find at most one position for each joint on the maps of one frame.

    Parameters
    ----------
    maps : [20, H, W] float32, 12 joint maps, then 8 connection maps.
    joint_threshold : smallest map value of a peak, above 0.
    link_threshold : smallest mean of a connection map between two linked peaks.
    nms_window : side of the square in which a peak must be the largest value, odd, map px.
    box : the part of the picture that `maps` are, with joint maps that are 0 outside it; all of it if not given.
    """
    if maps.ndim != 3 or maps.shape[0] != N_JOINTS + N_CONNECTIONS or min(maps.shape[1:]) < 2:
        raise ValueError(f"maps must be [{N_JOINTS + N_CONNECTIONS}, H, W], H and W at least 2, found {maps.shape}")
    if nms_window < 1 or nms_window % 2 == 0:
        raise ValueError(f"nms_window must be odd and positive, found {nms_window}")
    maps = np.ascontiguousarray(maps, dtype=np.float32)
    box = box or whole(maps)
    place = np.array([box.top, box.left, box.height, box.width])
    xy, peak, count, best = _peaks(maps[:N_JOINTS], joint_threshold, nms_window // 2, place)
    strengths = _strengths(maps[N_JOINTS:], xy, count, ENDS, place)
    sigma_map = _spreads(maps[:N_JOINTS], xy, count, place)
    return joints_among(Candidates(xy, peak, count, best, strengths, sigma_map), link_threshold)


def joints_among(candidates: Candidates, link_threshold: float) -> JointSet:
    """Choose at most one candidate for each joint: links by bipartite matching, then one chain for each limb."""
    chosen = np.empty(N_JOINTS, np.int64)
    for limb, joints in LIMBS.items():
        chosen[list(joints)] = _chain(limb, candidates, link_threshold)
    found = np.flatnonzero(chosen >= 0)
    at = found, chosen[found]
    xy_map = np.full((N_JOINTS, 2), np.nan, np.float32)
    sigma_map = np.full(N_JOINTS, np.nan, np.float32)
    score = candidates.best.copy()
    xy_map[found], score[found], sigma_map[found] = candidates.xy_map[at], candidates.peak[at], candidates.sigma_map[at]
    return JointSet(xy_map, score, sigma_map)


def _chain(limb: str, candidates: Candidates, link_threshold: float) -> list[int]:
    """Candidate of root, middle and endpoint of a limb, -1 = missing."""
    joints, count = LIMBS[limb], candidates.count
    of_joints = [int(count[joint]) for joint in joints]
    if max(of_joints) <= 1:  # as mostly; linked or not, each joint has the place that it has
        return [n - 1 for n in of_joints]
    links = []
    for k in LIMB_CONNECTIONS[limb]:
        first, second = CONNECTIONS[k]
        pairs = _match(candidates.strengths[k, : count[first], : count[second]], link_threshold)
        outwards = joints.index(first) < joints.index(second)
        links.append(pairs if outwards else [(j, i, strength) for i, j, strength in pairs])
    return _choose_chain(joints, links, candidates.peak, count)


def those_present(joints: JointSet, presence: Floats, thresholds: Floats) -> JointSet:
    """Leave out joints whose presence, the largest probability on their detection map, is below their threshold.

    All [12]. So near the picture's border that part of the joint lies outside, none is present. The score becomes the
    geometric mean of peak and presence: what is surely there may still be badly placed.
    """
    inside = np.all((joints.xy_map >= BORDER_MAP) & (joints.xy_map <= _LAST_MAP), axis=-1)
    present = (presence >= thresholds) & inside
    xy = np.where(present[:, None], joints.xy_map, np.float32(np.nan))
    sigma = np.where(present, joints.sigma_map, np.float32(np.nan))
    return JointSet(xy, np.sqrt(np.maximum(joints.score, 0) * presence), sigma)


Link = tuple[int, int, float]


def _match(strength: Array, threshold: float) -> list[Link]:
    """Best one-to-one pairing of two joints' peaks by `strength` [n, m]; those below the threshold are dropped."""
    strength[strength < threshold] = 0.0
    rows, columns = linear_sum_assignment(strength, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(i, j, float(strength[i, j])) for i, j in pairs if strength[i, j] >= max(threshold, 1e-12)]


def _choose_chain(
    joints: tuple[int, int, int], links: list[list[Link]], peak: Floats, count: npt.NDArray[np.int64]
) -> list[int]:
    """Candidate of root, middle and endpoint, -1 = missing: the strongest chain, then peaks that no link claims."""
    root, middle, end = joints
    upper = {j: (i, strength) for i, j, strength in links[0]}
    lower = {j: (k, strength) for j, k, strength in links[1]}
    best, best_total = [-1, -1, -1], -math.inf
    for j in sorted(upper.keys() | lower.keys()):
        i, upper_strength = upper.get(j, (-1, 0.0))
        k, lower_strength = lower.get(j, (-1, 0.0))
        total = peak[middle, j] + upper_strength + lower_strength
        total += (peak[root, i] if i >= 0 else 0.0) + (peak[end, k] if k >= 0 else 0.0)
        if total > best_total:
            best, best_total = [i, j, k], total
    claimed = ({i for i, _ in upper.values()}, upper.keys() | lower.keys(), {k for k, _ in lower.values()})
    for position, joint in enumerate(joints):
        if best[position] < 0:
            free = [c for c in range(count[joint]) if c not in claimed[position]]
            best[position] = free[0] if free else -1  # candidates come strongest first
    return best


@compiled
def _peaks(maps: Floats, threshold: float, reach: int, place: Place) -> Any:
    """Peaks of each map, strongest first: positions [J, 5, 2], values [J, 5], counts [J], largest value [J]."""
    top, left = place[0], place[1]
    joints, height, width = maps.shape
    xy = np.full((joints, MAX_PEAKS, 2), np.nan, np.float32)
    value = np.full((joints, MAX_PEAKS), -np.inf, np.float32)
    count = np.zeros(joints, np.int64)
    best = np.full(joints, -np.inf, np.float32)
    highest = np.empty(width, np.float32)  # of each column
    for joint in range(joints):
        picture = maps[joint]
        highest[:] = -np.inf
        for y in range(height):
            reached = 0
            for x in range(width):
                highest[x] = max(highest[x], picture[y, x])
                reached += picture[y, x] >= threshold
            if reached == 0:  # as in most rows
                continue
            for x in range(width):
                v = picture[y, x]
                if v < threshold or v <= value[joint, MAX_PEAKS - 1]:
                    continue
                if not (_is_peak(picture, x, y, min(reach, 1)) and _is_peak(picture, x, y, reach)):  # neighbours first
                    continue
                rank = min(count[joint], MAX_PEAKS - 1)
                while rank > 0 and value[joint, rank - 1] < v:
                    value[joint, rank] = value[joint, rank - 1]
                    xy[joint, rank] = xy[joint, rank - 1]
                    rank -= 1
                value[joint, rank] = v
                xy[joint, rank, 0], xy[joint, rank, 1] = x + left, y + top
                count[joint] = min(count[joint] + 1, MAX_PEAKS)
        for x in range(width):
            best[joint] = max(best[joint], highest[x])
        for rank in range(count[joint]):
            xy[joint, rank] = _centre(picture, xy[joint, rank, 0], xy[joint, rank, 1], place)
    return xy, value, count, best


@compiled
def _is_peak(picture: Floats, x: int, y: int, reach: int) -> bool:
    """Whether no value in the window is larger, nor equal and earlier (row by row)."""
    height, width = picture.shape
    v = picture[y, x]
    for row in range(max(y - reach, 0), min(y + reach + 1, height)):
        for column in range(max(x - reach, 0), min(x + reach + 1, width)):
            other = picture[row, column]
            if other > v or (other == v and (row < y or (row == y and column < x))):
                return False
    return True


@compiled
def _centre(picture: Floats, x_peak: float, y_peak: float, place: Place) -> Any:
    """Mean shift from a peak to the resting centre of positive values in a soft-edged square window.

    Near the picture's border the window shrinks on both sides alike, or the missing half would push the centre inwards.
    """
    top, left, height, width = place
    bottom, right = top + picture.shape[0], left + picture.shape[1]
    x, y = float(x_peak), float(y_peak)
    full = WINDOW_RADIUS_MAP + 0.5
    for _ in range(20):
        reach_x, reach_y = min(full, x + 0.5, width - 0.5 - x), min(full, y + 0.5, height - 0.5 - y)
        total, sum_x, sum_y = 0.0, 0.0, 0.0
        for row in range(max(int(np.ceil(y - reach_y)), top), min(int(np.floor(y + reach_y)) + 1, bottom)):
            for column in range(max(int(np.ceil(x - reach_x)), left), min(int(np.floor(x + reach_x)) + 1, right)):
                weight = min(reach_x - abs(column - x), 1.0) * min(reach_y - abs(row - y), 1.0)
                weight *= max(picture[row - top, column - left], 0.0)
                total += weight
                sum_x += weight * (column - x)
                sum_y += weight * (row - y)
        if total <= 0.0:
            break
        step_x, step_y = sum_x / total, sum_y / total
        if max(abs(x + step_x - x_peak), abs(y + step_y - y_peak)) > WINDOW_RADIUS_MAP:
            break  # drifting off to something else
        x, y = x + step_x, y + step_y
        if abs(step_x) + abs(step_y) < 1e-3:
            break
    # a peak on the border rests there to within rounding, which must not carry it out of the picture
    return np.array([min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)], np.float32)


@compiled
def _spread(picture: Floats, x: float, y: float, place: Place) -> float:
    """Root of the mean second moment of positive values in the square window about a position, at least a pixel's own.

    In map px.
    """
    top, left = place[0], place[1]
    reach = WINDOW_RADIUS_MAP + 0.5
    total, moment = 1e-12, 0.0
    for row in range(max(int(np.ceil(y - reach)), top), min(int(np.floor(y + reach)) + 1, top + picture.shape[0])):
        for column in range(
            max(int(np.ceil(x - reach)), left), min(int(np.floor(x + reach)) + 1, left + picture.shape[1])
        ):
            value = max(picture[row - top, column - left], 0.0)
            total += value
            moment += value * ((row - y) ** 2 + (column - x) ** 2)
    return float(np.sqrt(max(moment / (2.0 * total), 1.0 / 12.0)))


@compiled
def _spreads(joints: Floats, xy: Floats, count: Place, place: Place) -> Any:
    """Spread at each peak, [12, 5]."""
    sigma = np.full(xy.shape[:2], np.nan, np.float32)
    for joint in range(len(joints)):
        for candidate in range(count[joint]):
            sigma[joint, candidate] = _spread(joints[joint], xy[joint, candidate, 0], xy[joint, candidate, 1], place)
    return sigma


@compiled
def _strengths(connections: Floats, xy: Floats, count: Place, ends: Place, place: Place) -> Any:
    """Mean of each connection map from each peak of its one joint to each of its other, [8, 5, 5].

    The mean is that of at least 10 places, a pixel apart at most. `ends` [8, 2] are the joints.
    """
    top, left = place[0], place[1]
    bottom, right = top + connections.shape[1], left + connections.shape[2]
    strength = np.zeros((len(connections), MAX_PEAKS, MAX_PEAKS))
    for k in range(len(connections)):
        connection, first, second = connections[k], xy[ends[k, 0]], xy[ends[k, 1]]
        for i in range(count[ends[k, 0]]):
            for j in range(count[ends[k, 1]]):
                dx, dy = second[j, 0] - first[i, 0], second[j, 1] - first[i, 1]
                samples = max(MIN_SAMPLES, int(np.ceil(np.hypot(dx, dy))) + 1)
                total = 0.0
                for s in range(samples):
                    x = first[i, 0] + dx * s / (samples - 1)
                    y = first[i, 1] + dy * s / (samples - 1)
                    column, row = max(min(int(x), right - 2), left), max(min(int(y), bottom - 2), top)
                    u, v = x - column, y - row
                    upper, lower, at = connection[row - top], connection[row - top + 1], column - left
                    total += (upper[at] * (1 - u) + upper[at + 1] * u) * (1 - v)
                    total += (lower[at] * (1 - u) + lower[at + 1] * u) * v
                strength[k, i, j] = total / samples
    return strength
