"""From the tracks of a recording to its movement: clean, derive series, compute measures, make tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.cleaning.events import Event
from asyconv.analysis.measures.gates import recording_quality
from asyconv.analysis.measures.plausible import why_implausible, withhold
from asyconv.analysis.measures.registry import Result, compute
from asyconv.analysis.series.epochs import body_epoch, joint_epochs, limb_epochs, pair_epochs, spans
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.series.motion import body_motion
from asyconv.analysis.tables import tables
from asyconv.analysis.tables.movement import Movement
from asyconv.tracks import Tracks
from asyconv.tracks_check import check_tracks


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
