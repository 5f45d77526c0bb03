"""Movement: everything that the analysis knows of one recording, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from asyconv.analysis.cleaning.clean import CleanTracks, Event, Step, clean
from asyconv.analysis.measures.gates import recording_quality
from asyconv.analysis.measures.plausible import why_implausible, withhold
from asyconv.analysis.measures.registry import Result, compute
from asyconv.analysis.series.epochs import body_epoch, joint_epochs, limb_epochs, pair_epochs, spans
from asyconv.analysis.series.limbs import LimbSeries, limb_series
from asyconv.analysis.series.motion import body_motion
from asyconv.analysis.tables import tables
from asyconv.tracks import Tracks
from asyconv.tracks_check import check_tracks


@dataclass(frozen=True)
class Movement:
    """One analysed recording: the metadata of its tracks, the step log and the tables of contracts.md.

    `clean` and `limbs` hold the cleaned positions and limb series behind the tables, for figures; `results` holds
    every measure's value or reason, `quality` the recording quality (A to D) by epoch and limb; `ages` are days, None
    where nothing is stated.
    """

    meta: dict[str, Any]
    steps: tuple[Step, ...]
    limb_series: pl.DataFrame
    bouts: pl.DataFrame
    limb_summary: pl.DataFrame
    pair_summary: pl.DataFrame
    body_summary: pl.DataFrame
    features_long: pl.DataFrame
    clean: CleanTracks
    limbs: dict[str, LimbSeries]
    results: tuple[Result, ...]
    quality: dict[tuple[float, str], str]
    events: tuple[Event, ...]
    ages: tables.Ages


def analyse(tracks: Tracks, events: Sequence[Event] | None = None, sheet: Mapping[str, Any] | None = None) -> Movement:
    """Clean `tracks`, derive the limb series and compute every measure per epoch.

    `events` of kind `handling` or `exclude` leave every denominator; `sheet` states the ages. What cannot be trusted is
    null with a reason. Raises `InputError` for tracks that cannot be right, see `asyconv.tracks_check`.
    """
    check_tracks(tracks)
    meta = tracks.meta
    cleaned = clean(tracks, events)
    limbs = limb_series(cleaned, meta)
    motion = body_motion(cleaned, limbs)
    recording = str(meta.get("recording_id", ""))
    results: list[Result] = []
    quality: dict[tuple[float, str], str] = {}
    for span in spans(cleaned):
        before = len(results)
        epoch = limb_epochs(limbs, motion, cleaned, span, meta)
        results += compute("limb", epoch.values(), recording)
        results += compute("pair", pair_epochs(epoch), recording)
        results += compute("body", [body_epoch(epoch, motion, cleaned, span)], recording)
        results += compute("joint", joint_epochs(motion, cleaned, span, meta), recording)
        quality |= {(span.start_s, name): recording_quality(limb) for name, limb in epoch.items()}
        if reason := why_implausible(tracks, cleaned, span.first, span.stop):
            results[before:] = withhold(results[before:], reason)
            quality |= {(span.start_s, name): "D" for name in epoch}
    ids, ages = tables.identity(meta), tables.ages(sheet or {})
    return Movement(
        meta=meta,
        steps=cleaned.steps,
        limb_series=tables.series_table(ids, cleaned, limbs),
        bouts=tables.bouts_table(ids, cleaned, limbs),
        limb_summary=tables.summary_table(ids, ages, "limb", results, quality),
        pair_summary=tables.summary_table(ids, ages, "pair", results),
        body_summary=tables.summary_table(ids, ages, "body", results),
        features_long=tables.features_table(ids, ages, results),
        clean=cleaned,
        limbs=limbs,
        results=tuple(results),
        quality=quality,
        events=tuple(events or ()),
        ages=ages,
    )
