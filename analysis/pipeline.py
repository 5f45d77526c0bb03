"""From the tracks of a recording to its movement: clean, derive series, compute measures, make tables."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.measures.gates import recording_quality
from asyconv.analysis.measures.plausible import why_implausible, withhold
from asyconv.analysis.measures.registry import Result, Scope, compute
from asyconv.analysis.series.activity import activity_series
from asyconv.analysis.series.epochs import epochs_of
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.series.parts import parts_of, series_of
from asyconv.analysis.tables import tables
from asyconv.analysis.tables.minutes import minutes_table
from asyconv.analysis.tables.movement import Movement
from asyconv.analysis.tables.trunk_lengths import in_trunk_lengths
from asyconv.tracks import Tracks
from asyconv.tracks_check import check_tracks

SCOPES: Final[tuple[Scope, ...]] = ("limb", "pair", "body", "joint")


def analyse(tracks: Tracks, events: Sequence[Event] | None = None, sheet: Mapping[str, Any] | None = None) -> Movement:
    """Clean `tracks`, derive the limb series and compute every measure per epoch.

    `events` of kind `handling` or `exclude` leave every denominator; `sheet` states the ages. What cannot be trusted is
    null with a reason. Raises `InputError` for tracks that cannot be right, see `asyconv.tracks_check`.
    """
    check_tracks(tracks)
    meta = tracks.meta
    cleaned = clean(tracks, events)
    series = series_of(cleaned, limb_series(cleaned, meta), activity_series(tracks.activity, cleaned.time))
    recording = str(meta.get("recording_id", ""))
    results: list[Result] = []
    quality: dict[tuple[float, str], str] = {}
    implausible = np.zeros(len(cleaned.time.time_s), bool)
    for epoch in epochs_of(cleaned, meta):
        parts = parts_of(series, epoch)
        of_epoch = [r for scope in SCOPES for r in compute(parts[scope], recording, scope=scope)]
        grades = {(epoch.start_s, limb.part): recording_quality(limb) for limb in parts["limb"]}
        if reason := why_implausible(tracks, cleaned, epoch.first, epoch.stop):
            of_epoch, grades = withhold(of_epoch, reason), dict.fromkeys(grades, "D")
            implausible[epoch.first : epoch.stop] = True
        results += of_epoch
        quality |= grades
    ids, ages = tables.identity(meta), tables.ages(sheet or {})
    movement = Movement(
        meta=meta,
        steps=cleaned.steps,
        limb_series=tables.series_table(ids, cleaned, series.limbs),
        bouts=tables.bouts_table(ids, cleaned, series.limbs),
        limb_summary=tables.summary_table(ids, ages, "limb", results, quality),
        pair_summary=tables.summary_table(ids, ages, "pair", results),
        body_summary=tables.summary_table(ids, ages, "body", results),
        features_long=tables.features_table(ids, ages, results),
        minutes=minutes_table(ids, cleaned, series, implausible),
        clean=cleaned,
        limbs=series.limbs,
        activity=series.activity,
        results=tuple(results),
        quality=quality,
        events=tuple(events or ()),
        ages=ages,
    )
    return in_trunk_lengths(movement) if cleaned.in_plane else movement
