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

from asyconv.analysis.clean import clean
from asyconv.analysis.definition import Result
from asyconv.analysis.epochs import Span, body_epoch, limb_epochs, pair_epochs, spans
from asyconv.analysis.motion import body_motion
from asyconv.analysis.series import limb_series
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
    from asyconv.analysis.measures import REGISTRY, compute  # the registry asks this file what to show

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
    Coverage("path_active_mm_per_min", 80, 80, 66),
    Coverage("moving_pct", 80, 80, 61),
    Coverage("speed_rms_debiased_mm_s", 80, 80, 65),
    Coverage("limb_share_pct", 80, 80, 72),
    Coverage("speed_median_mm_s", 80, 80, 78),
    Coverage("speed_p95_mm_s", 80, 80, 75),
    Coverage("speed_iqr_mm_s", 80, 80, 78),
    Coverage("speed_cv", 80, 80, 72),
    Coverage("speed_skew", 80, 80, 65),
    Coverage("peak_p99_mm_s", 80, 80, 67),
    Coverage("elbow_ang_speed_median_deg_s", 40, 40, 37),
    Coverage("elbow_ang_speed_p95_deg_s", 40, 40, 35),
    Coverage("shoulder_elevation_ang_speed_median_deg_s", 40, 40, 36),
    Coverage("shoulder_elevation_ang_speed_p95_deg_s", 40, 40, 37),
    Coverage("accel_rms_mm_s2", 80, 80, 73),
    Coverage("accel_iqr_mm_s2", 80, 80, 77),
    Coverage("accel_kurtosis", 80, 80, 42),
    Coverage("speed_px_median_px_s", 80, 69, 51),
    Coverage("speed_px_p95_px_s", 80, 80, 58),
    Coverage("bouts_per_min", 80, 80, 66),
    Coverage("bout_dur_median_s", 80, 80, 77),
    Coverage("bout_dur_iqr_s", 80, 80, 77),
    Coverage("bout_dur_p90_s", 80, 80, 72),
    Coverage("bout_dur_max_s", 80, 80, 21),
    Coverage("twitch_per_min", 80, 80, 70),
    Coverage("rest_median_s", 80, 80, 75),
    Coverage("rest_max_s", 80, 80, 25),
    Coverage("elbow_rom_deg", 40, 40, 18),
    Coverage("elbow_angle_mean_deg", 40, 25, 16),
    Coverage("elbow_angle_sd_deg", 40, 32, 19),
    Coverage("elbow_p5_deg", 40, 40, 20),
    Coverage("elbow_p95_deg", 40, 40, 20),
    Coverage("elbow_flexed_pct", 40, 34, 15),
    Coverage("elbow_extended_pct", 40, 36, 33),
    Coverage("elbow_excursion_deg_per_min", 40, 40, 30),
    Coverage("shoulder_elevation_rom_deg", 40, 40, 26),
    Coverage("shoulder_elevation_angle_mean_deg", 40, 28, 22),
    Coverage("shoulder_elevation_angle_sd_deg", 40, 31, 18),
    Coverage("shoulder_elevation_p5_deg", 40, 40, 20),
    Coverage("shoulder_elevation_p95_deg", 40, 40, 19),
    Coverage("shoulder_elevation_excursion_deg_per_min", 40, 40, 31),
    Coverage("shoulder_azimuth_rom_deg", 40, 40, 19),
    Coverage("shoulder_azimuth_angle_mean_deg", 40, 24, 19),
    Coverage("shoulder_azimuth_angle_sd_deg", 40, 34, 17),
    Coverage("shoulder_azimuth_p5_deg", 40, 40, 24),
    Coverage("shoulder_azimuth_p95_deg", 40, 40, 18),
    Coverage("shoulder_azimuth_excursion_deg_per_min", 40, 40, 31),
    Coverage("lift_p95_mm", 80, 80, 44),
    Coverage("antigravity_pct", 80, 50, 31),
    Coverage("ellipse_area_cm2", 80, 63, 35),
    Coverage("ellipse_ratio", 80, 69, 49),
    Coverage("centre_x_mm", 80, 52, 37),
    Coverage("centre_y_mm", 80, 52, 38),
    Coverage("excursion_x_mm", 80, 80, 43),
    Coverage("excursion_y_mm", 80, 80, 30),
    Coverage("excursion_z_mm", 80, 80, 36),
    Coverage("midline_pct", 80, 66, 43),
    Coverage("cross_midline_pct", 80, 66, 45),
    Coverage("knee_ang_speed_median_deg_s", 40, 40, 38),
    Coverage("knee_ang_speed_p95_deg_s", 40, 40, 37),
    Coverage("hip_flexion_ang_speed_median_deg_s", 40, 40, 38),
    Coverage("hip_flexion_ang_speed_p95_deg_s", 40, 40, 36),
    Coverage("knee_rom_deg", 40, 40, 28),
    Coverage("knee_angle_mean_deg", 40, 21, 16),
    Coverage("knee_angle_sd_deg", 40, 29, 19),
    Coverage("knee_p5_deg", 40, 40, 21),
    Coverage("knee_p95_deg", 40, 40, 28),
    Coverage("knee_flexed_pct", 40, 31, 13),
    Coverage("knee_extended_pct", 40, 40, 40),
    Coverage("knee_excursion_deg_per_min", 40, 40, 33),
    Coverage("hip_flexion_rom_deg", 40, 40, 27),
    Coverage("hip_flexion_angle_mean_deg", 40, 22, 16),
    Coverage("hip_flexion_angle_sd_deg", 40, 31, 21),
    Coverage("hip_flexion_p5_deg", 40, 40, 21),
    Coverage("hip_flexion_p95_deg", 40, 40, 20),
    Coverage("hip_flexion_excursion_deg_per_min", 40, 40, 31),
    Coverage("hip_abduction_rom_deg", 38, 38, 25),
    Coverage("hip_abduction_angle_mean_deg", 38, 25, 22),
    Coverage("hip_abduction_angle_sd_deg", 38, 30, 21),
    Coverage("hip_abduction_p5_deg", 38, 38, 22),
    Coverage("hip_abduction_p95_deg", 38, 38, 25),
    Coverage("hip_abduction_excursion_deg_per_min", 40, 40, 32),
    Coverage("lateralisation_path_pct", 40, 40, 37),
    Coverage("lateralisation_moving_pct", 40, 40, 38),
    Coverage("co_moving_pct", 120, 120, 110),
    Coverage("hand_hand_dist_median_mm", 20, 11, 6),
    Coverage("foot_foot_dist_median_mm", 20, 15, 11),
    Coverage("trunk_length_mm", 20, 20, 19),
    Coverage("any_limb_pct", 20, 17, 12),
    Coverage("all_four_pct", 20, 20, 16),
    Coverage("n_active_limbs_mean", 20, 17, 12),
    Coverage("trunk_path_mm_per_min", 20, 20, 20),
    Coverage("qom_mean_mm_s", 20, 20, 15),
    Coverage("qom_sd_mm_s", 20, 20, 16),
    Coverage("centroid_sd_x_mm", 20, 20, 18),
    Coverage("centroid_sd_y_mm", 20, 20, 19),
    Coverage("localised_pct", 20, 20, 19),
    Coverage("gross_pct", 20, 20, 17),
)
"""What the command found; the same numbers as in the CSV file."""

SHOWN: Final[frozenset[str]] = frozenset(coverage.measure for coverage in MEASURED if coverage.earned)
"""Measures whose intervals are shown."""
