"""Intervals: which measures have earned one.

A measure's intervals are shown only if at least 90 % of them hold the long-run value (nominal: 95 %). The table was
filled by ``asyconv evaluate intervals`` on SIMULATED infants (benchmarks/interval_coverage.csv); a real infant's
states may last longer, and its intervals then cover less.
"""

from dataclasses import dataclass
from typing import Final

SHOWN_MIN_PCT: Final = 90.0
GIVEN_MIN: Final = 50  # fewer intervals than this prove nothing


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
