"""Movement: everything that the analysis knows of one recording, as tables."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from asyconv.analysis.cleaning.clean import CleanTracks
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.cleaning.positions import Step
from asyconv.analysis.measures.registry import Result
from asyconv.analysis.series.activity import ActivitySeries
from asyconv.analysis.series.limbs import LimbSeries
from asyconv.analysis.tables.tables import Ages


@dataclass(frozen=True)
class Movement:
    """One analysed recording: the metadata of its tracks, the step log and the tables of contracts.md.

    `minutes` is None for a recording up to 10 minutes.

    `clean`, `limbs` and `activity` hold the cleaned positions and the series behind the tables, for figures; `results`
    holds every measure's value or reason, `quality` the recording quality (A to D) by epoch and limb; `ages` are days,
    None where nothing is stated. Where `clean.in_plane`, lengths and speeds of tables and results are in trunk lengths.
    """

    meta: dict[str, Any]
    steps: tuple[Step, ...]
    limb_series: pl.DataFrame
    bouts: pl.DataFrame
    limb_summary: pl.DataFrame
    pair_summary: pl.DataFrame
    body_summary: pl.DataFrame
    features_long: pl.DataFrame
    minutes: pl.DataFrame | None
    clean: CleanTracks
    limbs: dict[str, LimbSeries]
    activity: ActivitySeries | None
    results: tuple[Result, ...]
    quality: dict[tuple[float, str], str]
    events: tuple[Event, ...]
    ages: Ages
