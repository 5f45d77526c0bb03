"""What jitter of the joints does to amounts of movement: the whole recipe on known movement plus known noise.

Noise of a stated size per axis is added to every true joint, so a limb (endpoint against root) carries the square root
of two times that. "White" noise is new in every frame; "correlated" noise holds for about half a second. A row counts
what the program prints plainly, marks as "at least", and withholds, and how many plain values are outside 10 % of the
true path or 12 points of the true moving share: that column should be 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.evaluation.agreement import MOVING_OFF_MAX_PP, PATH_LEAST_MM_PER_MIN, PATH_OFF_MAX, Amounts
from asyconv.analysis.formulas.kinematics import speed
from asyconv.analysis.formulas.statistics import rms
from asyconv.analysis.measures.amount import MOVING, PATH, SPEED_RMS
from asyconv.analysis.measures.gates import AMOUNT, at_least, withheld
from asyconv.analysis.measures.measure import value_of
from asyconv.analysis.series.epochs import epochs_of
from asyconv.analysis.series.limbs import LimbSeries, limb_series
from asyconv.analysis.series.parts import LimbEpoch, limb_epochs
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks
from asyconv.words import counted

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SIZES_MM: Final = (1.0, 2.0, 3.0)
CORRELATED_S: Final = 0.5


@dataclass(frozen=True)
class Known:
    """True tracks of one recording, the true amounts, and true speed and moving mask [N, 4]."""

    tracks: Tracks
    amounts: dict[str, Amounts]
    speed_mm_s: Floats
    moving: Bools


@dataclass(frozen=True)
class Row:
    """One kind of noise at one rate, over limbs and recordings; None where every value is withheld."""

    noise: str
    sigma_mm: float
    rate: str
    floor_mm_s: float
    jitter_mm_s: float
    path_ratio: float | None
    rms_ratio: float | None
    moving_off_pp: float | None
    agreeing_pct: float
    plain: int
    at_least: int
    withheld: int
    plain_outside: int

    @property
    def floor_to_jitter(self) -> float:
        """Floor over the RMS speed of the noise alone behind the same filter; should lie within 1.5 times."""
        return self.floor_mm_s / self.jitter_mm_s


def with_noise(tracks: Tracks, kind: str, sigma_mm: float, seed: int) -> Tracks:
    """`tracks` with `kind` ("white" or "correlated") noise of `sigma_mm` per axis on every joint, picture included."""
    rng = np.random.default_rng(seed)
    shape = (*tracks.x_mm.shape, 3)
    noise = rng.standard_normal(shape)
    if kind == "correlated":
        keep = float(np.exp(-float(np.median(np.diff(tracks.time_s))) / CORRELATED_S))
        for k in range(1, len(noise)):
            noise[k] = keep * noise[k - 1] + np.sqrt(1 - keep**2) * noise[k]
    before = np.stack([tracks.x_mm, tracks.y_mm, tracks.z_mm], axis=-1).astype(float)
    x, y, z = np.moveaxis(before + sigma_mm * noise, -1, 0)
    px_per_mm = _px_per_ray(tracks, before)
    return replace(
        tracks,
        x_px=(tracks.x_px + px_per_mm * (x / z - before[..., 0] / before[..., 2])).astype(np.float32),
        y_px=(tracks.y_px + px_per_mm * (y / z - before[..., 1] / before[..., 2])).astype(np.float32),
        depth_mm=z.astype(np.float32),
        x_mm=x.astype(np.float32),
        y_mm=y.astype(np.float32),
        z_mm=z.astype(np.float32),
    )


def _px_per_ray(tracks: Tracks, xyz_mm: Floats) -> float:
    """Focal length in px, from how pixels and millimetres of the same joints go together."""
    ray = (xyz_mm[..., 0] / xyz_mm[..., 2]).ravel()
    return float(np.polyfit(ray, tracks.x_px.astype(float).ravel(), 1)[0])


def decimated(tracks: Tracks) -> Tracks:
    """Every fifth frame of `tracks` of 30 frames/s, as ``--rate 6`` gives them."""
    names = ("frame", "time_s", "x_px", "y_px", "depth_mm", "depth_source", "x_mm", "y_mm", "z_mm", "confidence")
    fewer = {name: getattr(tracks, name)[::5] for name in names}
    return replace(tracks, **fewer, meta={**tracks.meta, "rate": "6"})


def noise_rows(recordings: Sequence[Known]) -> Iterable[Row]:
    """Yield a row for each rate, kind and size of noise, over the recordings in `recordings`."""
    for rate, rated in (("full", [k.tracks for k in recordings]), ("6", [decimated(k.tracks) for k in recordings])):
        quiet = [_analysed(tracks) for tracks in rated]
        for kind in ("white", "correlated"):
            for sigma_mm in SIZES_MM:
                noisy = [with_noise(k.tracks, kind, sigma_mm, seed) for seed, k in enumerate(recordings)]
                noisy_analysed = [_analysed(decimated(tracks) if rate == "6" else tracks) for tracks in noisy]
                limbs = [
                    _limb(truth, limb, k, before, after)
                    for truth, before, after in zip(recordings, quiet, noisy_analysed, strict=True)
                    for k, limb in enumerate(LIMBS)
                ]
                yield _row(kind, sigma_mm, rate, limbs)


@dataclass(frozen=True)
class _Analysed:
    fs_hz: float
    series: dict[str, LimbSeries]
    epochs: dict[str, LimbEpoch]


@dataclass(frozen=True)
class _Limb:
    """One limb of one recording; ratios are None where withheld, or where there is no true path to speak of."""

    floor_mm_s: float
    jitter_mm_s: float
    agreeing_pct: float
    given: str
    path_ratio: float | None = None
    rms_ratio: float | None = None
    moving_off_pp: float | None = None

    @property
    def outside(self) -> bool:
        if self.given != "plain" or self.path_ratio is None or self.moving_off_pp is None:
            return False
        return abs(self.path_ratio - 1) > PATH_OFF_MAX or abs(self.moving_off_pp) > MOVING_OFF_MAX_PP


def _analysed(tracks: Tracks) -> _Analysed:
    """What `analyse` does before it computes measures; the first epoch."""
    cleaned = clean(tracks)
    series = limb_series(cleaned, tracks.meta)
    epochs = limb_epochs(series, epochs_of(cleaned, tracks.meta)[0])
    return _Analysed(cleaned.time.fs_hz, series, epochs)


def _limb(truth: Known, limb: str, column: int, before: _Analysed, after: _Analysed) -> _Limb:
    series, epoch, true = after.series[limb], after.epochs[limb], truth.amounts[limb]
    alone = speed(series.position_mm - before.series[limb].position_mm, after.fs_hz)
    step = len(truth.moving) // len(series.moving)
    given = "withheld" if withheld(AMOUNT, epoch) else "at_least" if at_least(epoch) else "plain"
    agreeing_pct = float(100 * (series.moving == truth.moving[::step, column])[series.valid].mean())
    seen = _Limb(series.floor.value or float("nan"), rms(alone), agreeing_pct, given)
    path, moving = value_of(PATH, epoch).value, value_of(MOVING, epoch).value
    true_path, true_moving = true.path_active_mm_per_min or 0.0, true.moving_pct or 0.0
    if given == "withheld" or path is None or moving is None or true_path < PATH_LEAST_MM_PER_MIN:
        return seen
    rms_ratio = (value_of(SPEED_RMS, epoch).value or 0.0) / rms(truth.speed_mm_s[:, column])
    return replace(seen, path_ratio=path / true_path, rms_ratio=rms_ratio, moving_off_pp=moving - true_moving)


def _row(kind: str, sigma_mm: float, rate: str, limbs: Sequence[_Limb]) -> Row:
    return Row(
        noise=kind,
        sigma_mm=sigma_mm,
        rate=rate,
        floor_mm_s=float(np.nanmean([limb.floor_mm_s for limb in limbs])),
        jitter_mm_s=float(np.mean([limb.jitter_mm_s for limb in limbs])),
        path_ratio=_mean([limb.path_ratio for limb in limbs]),
        rms_ratio=_mean([limb.rms_ratio for limb in limbs]),
        moving_off_pp=_mean([limb.moving_off_pp for limb in limbs]),
        agreeing_pct=float(np.mean([limb.agreeing_pct for limb in limbs])),
        **{given: sum(limb.given == given for limb in limbs) for given in ("plain", "at_least", "withheld")},
        plain_outside=sum(limb.outside for limb in limbs),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return float(np.mean(given)) if given else None


def noise_text(rows: Sequence[Row], recordings: int) -> str:
    """`rows` as a table for a terminal."""
    lines = [
        f"{'noise on every joint, per axis':32}{'rate':>6}{'floor':>8}{'jitter':>8}{'ratio':>7}{'path':>7}{'RMS':>7}"
        f"{'moving':>9}{'frames':>9}{'plain / >= / withheld':>24}{'outside':>9}"
    ]
    for row in rows:
        cells = [
            f"{f'{row.noise} {row.sigma_mm:g} mm':32}{'30' if row.rate == 'full' else row.rate:>6}",
            f"{row.floor_mm_s:>8.1f}{row.jitter_mm_s:>8.1f}{row.floor_to_jitter:>7.2f}",
            f"{_number(row.path_ratio, '.2f'):>7}{_number(row.rms_ratio, '.2f'):>7}",
            f"{_number(row.moving_off_pp, '+.1f'):>9}{row.agreeing_pct:>8.1f}%",
            f"{f'{row.plain} / {row.at_least} / {row.withheld}':>24}{row.plain_outside:>9}",
        ]
        lines.append("".join(cells))
    lines += [
        "floor, jitter in mm/s (jitter: RMS speed of the noise alone behind the same filter); path, RMS: measured /",
        f"true, de-biased; moving: points; outside: plain values more than {100 * PATH_OFF_MAX:.0f} % (path) or "
        f"{MOVING_OFF_MAX_PP:g} points (moving) off.",
        f"Means over the limbs of {counted(recordings, 'SIMULATED infant')}; movement and noise known.",
    ]
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
