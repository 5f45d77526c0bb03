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

from asyconv.analysis import analyse
from asyconv.analysis.agreement import Amounts
from asyconv.analysis.movement import Movement
from asyconv.analysis.series import speed
from asyconv.skeleton import LIMBS
from asyconv.tracks import Tracks

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SIZES_MM: Final = (1.0, 2.0, 3.0)
CORRELATED_S: Final = 0.5
PATH_OFF_MAX: Final = 0.10
MOVING_OFF_MAX_PP: Final = 12.0
BELOW_FLOOR_MM_S: Final = 1.0  # true paths shorter than a minute at this speed have no ratio


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


def noise_rows(known: Sequence[Known]) -> Iterable[Row]:
    """Yield a row for each rate, kind and size of noise, over the recordings in `known`."""
    for rate in ("full", "6"):
        clean = [analyse(decimated(k.tracks) if rate == "6" else k.tracks) for k in known]
        for kind in ("white", "correlated"):
            for sigma_mm in SIZES_MM:
                noisy = [with_noise(k.tracks, kind, sigma_mm, seed) for seed, k in enumerate(known)]
                found = [analyse(decimated(t) if rate == "6" else t) for t in noisy]
                yield _row(kind, sigma_mm, rate, known, clean, found)


def _row(
    kind: str, sigma_mm: float, rate: str, known: Sequence[Known], clean: Sequence[Movement], found: Sequence[Movement]
) -> Row:
    floors: list[float] = []
    jitters: list[float] = []
    paths: list[float] = []
    rms: list[float] = []
    moving: list[float] = []
    agree: list[float] = []
    plain = at_least = withheld = outside = 0
    step = 5 if rate == "6" else 1
    for truth, quiet, noisy in zip(known, clean, found, strict=True):
        table = {row["limb"]: row for row in noisy.limb_summary.iter_rows(named=True)}
        for k, limb in enumerate(LIMBS):
            series, true = noisy.limbs[limb], truth.amounts[limb]
            alone = speed(series.position_mm - quiet.limbs[limb].position_mm, noisy.clean.time.fs_hz)
            jitters.append(float(np.sqrt(np.nanmean(alone**2))))
            floors.append(float(series.floor.value or np.nan))
            agree.append(float(100 * (series.moving == truth.moving[::step, k])[series.valid].mean()))
            ours = table[limb]
            if ours["moving_pct"] is None or true.path_active_mm_per_min is None or true.moving_pct is None:
                withheld += 1
                continue
            if true.path_active_mm_per_min < 60 * BELOW_FLOOR_MM_S:
                continue
            ratio = ours["path_active_mm_per_min"] / true.path_active_mm_per_min
            off_pp = ours["moving_pct"] - true.moving_pct
            paths.append(ratio)
            moving.append(off_pp)
            rms.append(debiased_rms(series.speed_mm_s, series.floor.value or 0.0) / _rms(truth.speed_mm_s[:, k]))
            marked = "moving_pct" in (ours["lower_bound"] or "")
            at_least += marked
            plain += not marked
            outside += not marked and (abs(ratio - 1) > PATH_OFF_MAX or abs(off_pp) > MOVING_OFF_MAX_PP)
    return Row(
        kind,
        sigma_mm,
        rate,
        float(np.nanmean(floors)),
        float(np.mean(jitters)),
        float(np.mean(paths)) if paths else None,
        float(np.mean(rms)) if rms else None,
        float(np.mean(moving)) if moving else None,
        float(np.mean(agree)),
        plain,
        at_least,
        withheld,
        outside,
    )


def debiased_rms(speed_mm_s: Floats, floor_mm_s: float) -> float:
    """RMS speed with the noise's share taken out: sqrt(max(0, mean of v^2 - floor^2)); 0 where nothing is left."""
    return float(np.sqrt(max(0.0, float(np.nanmean(speed_mm_s**2)) - floor_mm_s**2)))


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))


def noise_text(rows: Sequence[Row], recordings: int) -> str:
    """`rows` as a table for a terminal."""
    lines = [
        f"{'noise on every joint, per axis':32}{'rate':>6}{'floor':>8}{'jitter':>8}{'ratio':>7}{'path':>7}{'RMS':>7}"
        f"{'moving':>9}{'frames':>9}{'plain / >= / withheld':>24}{'outside':>9}"
    ]
    for row in rows:
        lines.append(
            f"{row.noise + f' {row.sigma_mm:g} mm':32}{'30' if row.rate == 'full' else row.rate:>6}"
            f"{row.floor_mm_s:>8.1f}{row.jitter_mm_s:>8.1f}{row.floor_to_jitter:>7.2f}{_number(row.path_ratio, '.2f'):>7}"
            f"{_number(row.rms_ratio, '.2f'):>7}{_number(row.moving_off_pp, '+.1f'):>9}{row.agreeing_pct:>8.1f}%"
            f"{f'{row.plain} / {row.at_least} / {row.withheld}':>24}{row.plain_outside:>9}"
        )
    lines += [
        "floor, jitter in mm/s (jitter: RMS speed of the noise alone behind the same filter); path, RMS: measured / true,",
        f"RMS de-biased; moving: points; outside: plain values more than {100 * PATH_OFF_MAX:.0f} % (path) or "
        f"{MOVING_OFF_MAX_PP:g} points (moving) off.",
        f"Means over the limbs of {recordings} SIMULATED infants; movement and noise known.",
    ]
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
