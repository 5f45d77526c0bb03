"""Simulated beside real: the aggregates of babyPose labels (paper.md 13.1 to 13.5) against the simulator's own labels.

The real figures are aggregates over 18 infants (16 for placement and size); each simulated infant counts once, measured
on labels with the annotators' click noise. A row is "in" when the simulated median lies in the real range (P5-P95, or
lowest to highest infant). Where only single values are published, the range is a band of ours round them, and marked.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.simulation.body import Array
from asyconv.simulation.infant import frame_times
from asyconv.simulation.labels import annotators_labels
from asyconv.simulation.scene import make_infant, true_depth
from asyconv.simulation.seeds import TUNE_SEED
from asyconv.simulation.truth import truth_of
from asyconv.simulation.visible import visible_joints
from asyconv.skeleton import JOINTS, LIMBS
from asyconv.words import counted

BASELINE_FLOOR_MAP_PX = 8.0  # the other infants' mean pose must err by at least this, or the task is made easy


@dataclass(frozen=True)
class Row:
    """One statistic: simulated median over infants, and the real range it must lie in (P5-P95 or range)."""

    name: str
    simulated: float
    low: float
    high: float
    band: bool = False  # ours, round published single values

    @property
    def inside(self) -> bool:
        """Whether the simulated median lies in the real range."""
        return bool(self.low <= self.simulated <= self.high)


def labels_of(seed: int, number: int, seconds: float) -> Array:
    """6 Hz labels [M, 12, 2] of one simulated infant, native px, NaN = not visible; only every fifth frame is made."""
    time_s = frame_times(seconds)
    infant = make_infant(seed, number, time_s)
    visible = np.zeros((len(time_s), len(JOINTS)), bool)
    for index in range(0, len(time_s), 5):
        visible[index] = visible_joints(infant, index, *true_depth(infant, index))
    return annotators_labels(truth_of(infant, visible), infant)


def compare(infants: int = 16, seed: int = TUNE_SEED, seconds: float = 60.0) -> list[Row]:
    """Rows of statistics over `infants` simulated infants."""
    labels = [labels_of(seed, number, seconds) for number in range(infants)]
    parts = (_placement, _offsets, _segments, _missing, _steps, _baseline)
    return [row for part in parts for row in part(labels)]


def check(infants: int = 32, seed: int = TUNE_SEED) -> tuple[str, bool]:
    """The comparison as a printed table, and whether every row lies inside."""
    rows = compare(infants, seed)
    who = counted(infants, "SIMULATED infant")
    lines = [f"Labels of {who} (seed {seed}) beside aggregates of real babyPose labels at 6 Hz"]
    lines.append(f"{'statistic':44} {'simulated':>10} {'real range':>19}")
    for row in rows:
        top = "" if np.isinf(row.high) else f"{row.high:g}"
        lines.append(
            f"{row.name:44} {row.simulated:10.2f} {f'{row.low:g} to {top}':>19}"
            f"{'*' if row.band else ' '} {'in' if row.inside else 'OUT'}"
        )
    lines.append("* a band of ours round published single values; the other ranges are published")
    return "\n".join(lines), all(row.inside for row in rows)


def _median(values: list[float] | Array) -> float:
    """Median of what is known; NaN where nothing is (a joint that was never visible)."""
    finite = np.asarray(values, float)
    finite = finite[np.isfinite(finite)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _mean(xy: Array) -> Array:
    """Mean over the first axis of what is known, NaN where nothing is."""
    finite = np.isfinite(xy)
    count = finite.sum(axis=0)
    mean: Array = np.where(finite, xy, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan)


def _trunk(labels: list[Array]) -> list[tuple[Array, Array]]:
    """Mid-shoulder and mid-hip [M, 2] of each infant."""
    return [(xy[:, [2, 3]].mean(1), xy[:, [8, 9]].mean(1)) for xy in labels]


def _placement(labels: list[Array]) -> list[Row]:
    trunk = _trunk(labels)
    length = [np.linalg.norm(s - h, axis=-1) for s, h in trunk]
    centre = [(s + h) / 2 for s, h in trunk]
    angle = [np.degrees(np.arctan2((s - h)[:, 0], (s - h)[:, 1])) for s, h in trunk]
    shoulders = [np.linalg.norm(xy[:, 2] - xy[:, 3], axis=-1) for xy in labels]
    hips = [np.linalg.norm(xy[:, 8] - xy[:, 9], axis=-1) for xy in labels]
    whole = [xy[np.isfinite(xy[..., 0]).any(axis=1)] for xy in labels]  # an operator may hide the whole infant
    boxes = [np.nanmax(xy, axis=1) - np.nanmin(xy, axis=1) for xy in whole]
    within = [float(np.std(v[np.isfinite(v)])) for v in length if np.isfinite(v).any()]
    return [
        Row("trunk length, px", _median([_median(v) for v in length]), 103, 165),
        Row("trunk length, SD within an infant, px", _median(within), 2, 12, band=True),
        Row("shoulder width, px", _median([_median(v) for v in shoulders]), 55, 88),
        Row("hip width, px", _median([_median(v) for v in hips]), 42, 72),
        Row("trunk centre x, px", _median([_median(v[:, 0]) for v in centre]), 264, 393),
        Row("trunk centre y, px", _median([_median(v[:, 1]) for v in centre]), 172, 334),
        Row("trunk axis, deg", _median([_median(v) for v in angle]), -15, 10),
        Row("box of visible joints, width px", _median([_median(v[:, 0]) for v in boxes]), 96, 159),
        Row("box of visible joints, height px", _median([_median(v[:, 1]) for v in boxes]), 162, 309),
    ]


# trunk frame, trunk lengths: outward mean, SD between; headward mean, SD between (both sides merged)
_OFFSETS = {
    "shoulder": (0.29, 0.04, 0.00, 0.03),
    "elbow": (0.43, 0.07, -0.28, 0.18),
    "wrist": (0.38, 0.15, -0.25, 0.39),
    "hip": (0.22, 0.05, 0.00, 0.02),
    "knee": (0.41, 0.13, -0.21, 0.12),
    "ankle": (0.22, 0.14, -0.51, 0.13),
}


def _offsets(labels: list[Array]) -> list[Row]:
    by_kind: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in _OFFSETS}
    for xy, (shoulders, hips) in zip(labels, _trunk(labels), strict=True):
        axis = shoulders - hips
        length = _median(np.linalg.norm(axis, axis=-1))
        middle = np.array([_median(axis[:, 0]), _median(axis[:, 1])])
        head = middle / np.linalg.norm(middle)
        right = np.array([head[1], -head[0]])
        for index, joint in enumerate(JOINTS):
            side, kind = joint.split("_")
            origin = shoulders if kind in ("shoulder", "elbow", "wrist") else hips
            away = (xy[:, index] - origin) / length
            offset = np.array([_median(away[:, 0]), _median(away[:, 1])])
            by_kind[kind].append(np.array([offset @ right * (1 if side == "right" else -1), offset @ head]))
    rows = []
    for kind, real in _OFFSETS.items():
        for k, (name, (mean, sd)) in enumerate((("outward", real[:2]), ("headward", real[2:]))):
            value = _median([offset[k] for offset in by_kind[kind]])
            rows.append(Row(f"{kind} {name}, trunk lengths", value, mean - 1.645 * sd, mean + 1.645 * sd))
    return rows


_SEGMENTS = {
    "upper arm": (28, 72, 40, 80),
    "forearm": (31, 76, 44, 85),
    "thigh": (30, 67, 43, 73),
    "shank": (29, 86, 53, 94),
}


def _segments(labels: list[Array]) -> list[Row]:
    pairs = dict(
        zip(_SEGMENTS, (((1, 2), (3, 4)), ((0, 1), (4, 5)), ((7, 8), (9, 10)), ((6, 7), (10, 11))), strict=True)
    )
    rows = []
    for name, (low, high, low95, high95) in _SEGMENTS.items():
        lengths = [np.linalg.norm(xy[:, a] - xy[:, b], axis=-1) for xy in labels for a, b in pairs[name]]
        lengths = [v[np.isfinite(v)] for v in lengths if np.isfinite(v).sum() > 20]
        rows.append(Row(f"{name}, px", float(np.median(np.concatenate(lengths))), low, high))
        rows.append(Row(f"{name}, P95 per side, px", _median([np.percentile(v, 95) for v in lengths]), low95, high95))
    for name, chains, bounds in (("elbow", (0, 1), (23, 175)), ("knee", (2, 3), (39, 158))):
        angles = np.concatenate([_angle(xy, list(LIMBS.values())[limb]) for xy in labels for limb in chains])
        rows.append(Row(f"{name} angle in the image, deg", float(np.nanmedian(angles)), *bounds))
        rows.append(
            Row(f"{name} angle, P5, deg", float(np.nanpercentile(angles, 5)), bounds[0] - 20, bounds[0] + 20, band=True)
        )
        rows.append(Row(f"{name} angle, P95, deg", float(np.nanpercentile(angles, 95)), bounds[1] - 12, 180, band=True))
    return rows


def _angle(xy: Array, chain: tuple[int, int, int]) -> Array:
    root, middle, end = (xy[:, joint] for joint in chain)
    u, w = root - middle, end - middle
    cross, dot = u[:, 0] * w[:, 1] - u[:, 1] * w[:, 0], (u * w).sum(-1)
    return np.asarray(np.degrees(np.arctan2(np.abs(cross), dot)))


_MISSING_PCT = {
    "wrist": (16, 18),
    "elbow": (18, 18),
    "shoulder": (17, 21),
    "ankle": (10, 19),
    "knee": (3, 12),
    "hip": (11, 14),
}


def _missing(labels: list[Array]) -> list[Row]:
    """Missing labels: per infant inside the real range 0.1-32 %, per joint kind within 10 points of the real sides."""
    gone = [np.isnan(xy[..., 0]) for xy in labels]
    rows = [Row("missing labels per infant, %", _median([100 * float(g.mean()) for g in gone]), 0.1, 32)]
    for kind, (low, high) in _MISSING_PCT.items():
        columns = [i for i, joint in enumerate(JOINTS) if joint.endswith(kind)]
        rate = 100 * float(np.mean([g[:, columns].mean() for g in gone]))
        rows.append(Row(f"{kind} missing, %", rate, max(0, low - 10), high + 10, band=True))
    runs = np.concatenate([_runs(g[:, joint]) for g in gone for joint in range(12)])
    rows.append(Row("missing run, P50, labels", float(np.median(runs)), 1, 10, band=True))
    rows.append(
        Row("missing labels in runs > 5 s, %", 100 * float(runs[runs > 30].sum() / runs.sum()), 40, 95, band=True)
    )
    return rows


def _runs(gone: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gone, [False]]).astype(np.int8)))
    return np.asarray(edges[1::2] - edges[::2])


_STEPS = {
    "shoulder": (4.2, 11),
    "elbow": (4.4, 14),
    "wrist": (5.1, 20),
    "hip": (5.0, 13),
    "knee": (5.0, 16),
    "ankle": (4.5, 15),
}


def _steps(labels: list[Array]) -> list[Row]:
    rows = []
    for kind, (median, p95) in _STEPS.items():
        columns = [i for i, joint in enumerate(JOINTS) if joint.endswith(kind)]
        steps = np.concatenate([np.linalg.norm(np.diff(xy[:, columns], axis=0), axis=-1).ravel() for xy in labels])
        rows.append(Row(f"{kind} step in 1/6 s, px", float(np.nanmedian(steps)), 0.6 * median, 1.6 * median, band=True))
        rows.append(
            Row(f"{kind} step in 1/6 s, P95, px", float(np.nanpercentile(steps, 95)), 0.5 * p95, 1.6 * p95, band=True)
        )
    return rows


def _baseline(labels: list[Array]) -> list[Row]:
    """RMSD of the other infants' mean pose, median per limb, map px: the real figures are 9.4 to 15.7."""
    means = np.array([_mean(xy) for xy in labels])
    rows = []
    for limb, chain in LIMBS.items():
        errors = []
        for number, xy in enumerate(labels):
            others = _mean(np.delete(means, number, axis=0))
            squared = ((xy[:, chain] - others[list(chain)]) ** 2).sum(-1)
            some = np.isfinite(squared).any(axis=1)
            errors.append(np.sqrt(np.nanmean(squared[some], axis=1)) / 5.0)
        error = float(np.median(np.concatenate(errors)))
        rows.append(Row(f"mean-pose baseline {limb}, map px", error, BASELINE_FLOOR_MAP_PX, 24.0))
    return rows
