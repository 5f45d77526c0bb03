"""Which measures the cohort's pages draw, and their values; all others stand in the tables."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from asyconv.analysis.cohort.pages import DASH
from asyconv.analysis.cohort.strata import COMPARED, FLOOR_DEPENDENT
from asyconv.analysis.measures.registry import core_rows
from asyconv.skeleton import LIMBS

NO_BAND: Final = "any floor"


@dataclass(frozen=True)
class DrawnMeasure:
    """One row of the figures: a measure of all limbs, or one of the arms and its like of the legs."""

    key: str
    label: str
    unit: str
    measures: tuple[str, ...]

    @property
    def floor_decides(self) -> bool:
        """Whether values under different speed floors must not stand beside each other."""
        return any(name in FLOOR_DEPENDENT for name in self.measures)


DRAWN: Final = tuple(
    DrawnMeasure(
        row[0].name, " / ".join(m.label.removesuffix(" range") for m in row), row[0].unit, tuple(m.name for m in row)
    )
    for row in core_rows()
    if row[0].name in COMPARED
)
"""The core measures of limbs, without those that describe the recording."""
RANGES: Final = {row.key: "range" for row in DRAWN if row.key.endswith("_rom_deg")}
KEY_OF: Final = {name: measure.key for measure in DRAWN for name in measure.measures}


def label(measure: DrawnMeasure) -> str:
    """Name of a row with its unit, where it has one."""
    name = f"{measure.label} {RANGES[measure.key]}" if measure.key in RANGES else measure.label
    return f"{name} ({measure.unit})" if measure.unit else name


def drawn_values(values: pl.DataFrame) -> pl.DataFrame:
    """Values of the first epochs of recordings that are not left out, of the drawn measures.

    Adds `key` (the row), `band` (floor band, `any floor` where it does not matter) and `who`: the infant, or the
    recording itself where no infant is named.
    """
    return (
        values.filter(
            pl.col("left_out").is_null()
            & (pl.col("epoch_start_s") == 0)
            & pl.col("value").is_not_null()
            & pl.col("feature").is_in(list(KEY_OF))
            & pl.col("part").is_in(list(LIMBS))
        )
        .with_columns(
            key=pl.col("feature").replace_strict(KEY_OF, return_dtype=pl.String),
            band=pl.col("floor_band_mm_s").fill_null(NO_BAND),
            who=pl.when(pl.col("infant_id").is_null())
            .then(pl.concat_str(pl.lit("recording "), "recording_id"))
            .otherwise(pl.concat_str(pl.lit("infant "), "infant_id")),
        )
        .select(
            *("recording_id", "infant_id", "pma_days", "stratum", "band", "part", "feature", "key", "value"),
            *("unit", "lower_bound", "who"),
        )
    )


def once_each(values: pl.DataFrame) -> pl.DataFrame:
    """One value per infant, floor band, limb and measure: of its first recording by age, then by recording_id."""
    ordered = values.sort("stratum", "band", "key", "part", "pma_days", "recording_id", nulls_last=True)
    return ordered.unique(["stratum", "band", "key", "part", "who"], keep="first", maintain_order=True)


def bands_of(values: pl.DataFrame) -> list[str]:
    """Floor bands that `values` have, from the lowest floor; without the one of measures that know no floor."""
    bands = set(values["band"].unique().to_list()) - {NO_BAND}
    return sorted(bands, key=lambda band: (not band.startswith("to "), float(band.split(" ")[-1])))


def weeks(days: float | None) -> str:
    """Age in weeks+days, as wards write it; a dash where it is not stated."""
    return DASH if days is None else f"{int(days) // 7}+{int(days) % 7}"
