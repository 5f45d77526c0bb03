"""Coverage: which measures have earned an interval, by long recordings whose own long-run value is the truth.

Every stretch of 180 s of a long recording gives an interval; it covers if the value of the whole recording lies inside.
A measure's intervals are shown only if at least 90 % of them cover (nominal: 95 %). The table below was filled by
``asyconv evaluate --intervals`` on SIMULATED infants (benchmarks/interval_coverage.csv); a real infant's states may
last longer, and its intervals then cover less.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.measures.definition import Result
from asyconv.analysis.series.epochs import Span, body_epoch, limb_epochs, pair_epochs, spans
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.series.motion import body_motion
from asyconv.tracks import Tracks

SHOWN_MIN_PCT: Final = 90.0
GIVEN_MIN: Final = 50  # fewer intervals than this prove nothing
JITTER_MM: Final = 0.5


@dataclass(frozen=True)
class Coverage:
    """How often the intervals of one measure covered: `covered` of `given`, of `values` stretches with a value."""

    measure: str
    values: int
    given: int
    covered: int

    @property
    def covered_pct(self) -> float:
        """Covering intervals in % of those given; NaN if none was given."""
        return 100 * self.covered / self.given if self.given else float("nan")

    @property
    def earned(self) -> bool:
        """Whether the measure's intervals may be shown."""
        return self.given >= GIVEN_MIN and self.covered_pct >= SHOWN_MIN_PCT


def interval_coverage(recordings: Iterable[Tracks]) -> list[Coverage]:
    """Coverage of every core measure that has intervals, over all stretches, limbs and pairs of long `recordings`."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for tracks in recordings:
        truth, stretches = _long_run(tracks)
        for result in stretches:
            true = truth.get((result.part, result.measure.name))
            if result.value is None or true is None:
                continue
            count = counts[result.measure.name]
            count[0] += 1
            if result.interval is not None:
                count[1] += 1
                count[2] += result.interval[0] <= true <= result.interval[1]
    return [Coverage(name, *count) for name, count in counts.items()]


def _long_run(tracks: Tracks) -> tuple[dict[tuple[str, str], float], list[Result]]:
    """Values of the whole recording by part and measure, and results with intervals of its stretches of 180 s."""
    from asyconv.analysis.measures.registry import REGISTRY, compute  # the registry asks this file what to show

    names = frozenset(m.name for m in REGISTRY if m.tier == "core" and m.scope in ("limb", "pair", "body"))
    cleaned = clean(tracks)
    limbs = limb_series(cleaned, tracks.meta)
    motion = body_motion(cleaned, limbs)

    def results(span: Span, shown: frozenset[str]) -> list[Result]:
        limb = limb_epochs(limbs, motion, cleaned, span, tracks.meta)
        epochs: list[tuple[Any, Any]] = [
            ("limb", limb.values()),
            ("pair", pair_epochs(limb)),
            ("body", [body_epoch(limb, motion, cleaned, span)]),
        ]
        key = str(tracks.meta.get("recording_id", ""))
        return [r for scope, some in epochs for r in compute(scope, some, key, shown=shown, tiers=("core",))]

    parts = spans(cleaned)
    whole = replace(parts[0], length_s=parts[-1].start_s + parts[-1].length_s, stop=parts[-1].stop)
    truth = {(r.part, r.measure.name): r.value for r in results(whole, frozenset()) if r.value is not None}
    return truth, [r for span in parts for r in results(span, names)]


def jittered(tracks: Tracks, sigma_mm: float, seed: int) -> Tracks:
    """`tracks` with white noise of `sigma_mm` per axis on the millimetres, as a good tracker leaves it."""
    rng = np.random.default_rng(seed)
    noisy = {
        name: (getattr(tracks, name) + sigma_mm * rng.standard_normal(tracks.x_mm.shape)).astype(np.float32)
        for name in ("x_mm", "y_mm", "z_mm")
    }
    return replace(tracks, **noisy)


def table(found: Iterable[Coverage]) -> str:
    """Lines of a CSV file, one a measure: values, intervals given and covering, and whether they may be shown."""
    lines = ["measure,values,intervals,covering,covering_pct,shown"]
    for c in found:
        pct = f"{c.covered_pct:.1f}" if c.given else ""
        lines.append(f"{c.measure},{c.values},{c.given},{c.covered},{pct},{'yes' if c.earned else 'no'}")
    return "\n".join(lines)


MEASURED: Final[tuple[Coverage, ...]] = (
    Coverage("path_active_mm_per_min", 400, 399, 297),
    Coverage("moving_pct", 400, 392, 292),
    Coverage("speed_rms_debiased_mm_s", 400, 400, 324),
    Coverage("limb_share_pct", 400, 400, 370),
    Coverage("speed_median_mm_s", 400, 400, 377),
    Coverage("speed_p95_mm_s", 400, 400, 377),
    Coverage("speed_iqr_mm_s", 400, 400, 382),
    Coverage("speed_cv", 400, 400, 360),
    Coverage("speed_skew", 400, 400, 333),
    Coverage("peak_p99_mm_s", 400, 400, 342),
    Coverage("elbow_ang_speed_median_deg_s", 200, 200, 187),
    Coverage("elbow_ang_speed_p95_deg_s", 200, 200, 182),
    Coverage("shoulder_elevation_ang_speed_median_deg_s", 200, 200, 188),
    Coverage("shoulder_elevation_ang_speed_p95_deg_s", 200, 200, 185),
    Coverage("accel_rms_mm_s2", 400, 400, 375),
    Coverage("accel_iqr_mm_s2", 400, 400, 384),
    Coverage("accel_kurtosis", 400, 400, 274),
    Coverage("speed_px_median_px_s", 400, 367, 306),
    Coverage("speed_px_p95_px_s", 400, 400, 296),
    Coverage("bouts_per_min", 400, 400, 318),
    Coverage("bout_dur_median_s", 400, 400, 367),
    Coverage("bout_dur_iqr_s", 400, 400, 377),
    Coverage("bout_dur_p90_s", 400, 400, 359),
    Coverage("bout_dur_max_s", 400, 400, 126),
    Coverage("twitch_per_min", 400, 400, 354),
    Coverage("rest_median_s", 400, 400, 372),
    Coverage("rest_max_s", 400, 400, 99),
    Coverage("elbow_rom_deg", 200, 200, 105),
    Coverage("elbow_angle_mean_deg", 200, 123, 86),
    Coverage("elbow_angle_sd_deg", 200, 157, 103),
    Coverage("elbow_p5_deg", 200, 200, 114),
    Coverage("elbow_p95_deg", 200, 200, 99),
    Coverage("elbow_flexed_pct", 200, 171, 112),
    Coverage("elbow_extended_pct", 200, 172, 142),
    Coverage("elbow_excursion_deg_per_min", 200, 200, 145),
    Coverage("shoulder_elevation_rom_deg", 200, 200, 117),
    Coverage("shoulder_elevation_angle_mean_deg", 200, 127, 97),
    Coverage("shoulder_elevation_angle_sd_deg", 200, 159, 100),
    Coverage("shoulder_elevation_p5_deg", 200, 200, 107),
    Coverage("shoulder_elevation_p95_deg", 200, 200, 112),
    Coverage("shoulder_elevation_excursion_deg_per_min", 200, 200, 148),
    Coverage("shoulder_azimuth_rom_deg", 197, 197, 114),
    Coverage("shoulder_azimuth_angle_mean_deg", 197, 123, 103),
    Coverage("shoulder_azimuth_angle_sd_deg", 197, 156, 101),
    Coverage("shoulder_azimuth_p5_deg", 197, 197, 108),
    Coverage("shoulder_azimuth_p95_deg", 197, 197, 121),
    Coverage("shoulder_azimuth_excursion_deg_per_min", 200, 200, 155),
    Coverage("lift_p95_mm", 400, 400, 218),
    Coverage("antigravity_pct", 400, 264, 153),
    Coverage("ellipse_area_cm2", 400, 314, 163),
    Coverage("ellipse_ratio", 400, 336, 243),
    Coverage("centre_x_mm", 400, 234, 190),
    Coverage("centre_y_mm", 400, 241, 177),
    Coverage("excursion_x_mm", 400, 400, 220),
    Coverage("excursion_y_mm", 400, 400, 198),
    Coverage("excursion_z_mm", 400, 400, 208),
    Coverage("midline_pct", 400, 354, 275),
    Coverage("cross_midline_pct", 400, 367, 288),
    Coverage("knee_ang_speed_median_deg_s", 200, 200, 180),
    Coverage("knee_ang_speed_p95_deg_s", 200, 200, 178),
    Coverage("hip_flexion_ang_speed_median_deg_s", 200, 200, 187),
    Coverage("hip_flexion_ang_speed_p95_deg_s", 200, 200, 178),
    Coverage("knee_rom_deg", 200, 200, 120),
    Coverage("knee_angle_mean_deg", 200, 118, 86),
    Coverage("knee_angle_sd_deg", 200, 157, 106),
    Coverage("knee_p5_deg", 200, 200, 116),
    Coverage("knee_p95_deg", 200, 200, 123),
    Coverage("knee_flexed_pct", 200, 180, 86),
    Coverage("knee_extended_pct", 200, 200, 200),
    Coverage("knee_excursion_deg_per_min", 200, 200, 152),
    Coverage("hip_flexion_rom_deg", 200, 200, 131),
    Coverage("hip_flexion_angle_mean_deg", 200, 125, 100),
    Coverage("hip_flexion_angle_sd_deg", 200, 157, 102),
    Coverage("hip_flexion_p5_deg", 200, 200, 122),
    Coverage("hip_flexion_p95_deg", 200, 200, 114),
    Coverage("hip_flexion_excursion_deg_per_min", 200, 200, 153),
    Coverage("hip_abduction_rom_deg", 188, 188, 129),
    Coverage("hip_abduction_angle_mean_deg", 188, 115, 98),
    Coverage("hip_abduction_angle_sd_deg", 188, 152, 108),
    Coverage("hip_abduction_p5_deg", 188, 188, 124),
    Coverage("hip_abduction_p95_deg", 188, 188, 121),
    Coverage("hip_abduction_excursion_deg_per_min", 200, 200, 155),
    Coverage("lateralisation_path_pct", 200, 200, 188),
    Coverage("lateralisation_moving_pct", 200, 200, 185),
    Coverage("co_moving_pct", 600, 600, 529),
    Coverage("hand_hand_dist_median_mm", 100, 62, 48),
    Coverage("foot_foot_dist_median_mm", 100, 59, 45),
    Coverage("trunk_length_mm", 100, 100, 99),
    Coverage("any_limb_pct", 100, 78, 52),
    Coverage("all_four_pct", 100, 100, 80),
    Coverage("n_active_limbs_mean", 100, 81, 51),
    Coverage("trunk_path_mm_per_min", 100, 100, 100),
    Coverage("qom_mean_mm_s", 100, 95, 64),
    Coverage("qom_sd_mm_s", 100, 100, 73),
    Coverage("centroid_sd_x_mm", 100, 100, 83),
    Coverage("centroid_sd_y_mm", 100, 100, 88),
    Coverage("localised_pct", 100, 100, 87),
    Coverage("gross_pct", 100, 100, 81),
)
"""What the command found; the same numbers as in the CSV file."""

SHOWN: Final[frozenset[str]] = frozenset(coverage.measure for coverage in MEASURED if coverage.earned)
"""Measures whose intervals are shown."""
