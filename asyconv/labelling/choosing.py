"""Choose frames of recordings and write their pictures into LABELS; what was chosen before stays."""

import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.labelling.choice import choose_clips, clip_of, rows_at, shares
from asyconv.labelling.label_set import (
    ChosenFrame,
    LabelSet,
    Points,
    in_turn,
    read_label_set,
    write_label_set,
    write_picture,
)
from asyconv.labels.annotations import ANNOTATED_FPS_HZ, ANNOTATED_STEP
from asyconv.pose.clips import CLIP_FRAMES, SPACING_S
from asyconv.pose.depth_pictures import frames_of
from asyconv.pose.geometry import MapGeometry
from asyconv.recordings.stream import Recording
from asyconv.tracks import Tracks

OF_RECORDING: Final = 10_000_000
"""Between the numbers of two recordings of an infant; a recording of 90 hours has fewer frames."""

_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Source:
    """A recording, its SHA-256, its tracks, and the infant where somebody names it."""

    recording: Recording
    sha256: str
    tracks: Tracks
    stated_infant_id: str | None = None

    @property
    def recording_id(self) -> str:
        """As the tracks say it, else of the recording's hash."""
        stated = str(self.tracks.meta.get("recording_id") or "unnamed")
        return _safe(f"rec-{self.sha256[:12]}" if stated == "unnamed" else stated)

    @property
    def infant_id(self) -> str:
        """As it is stated; a recording of an infant without a name stands for an infant of its own."""
        return _safe(str(self.stated_infant_id or self.tracks.meta.get("infant_id") or self.recording_id))


def _safe(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise InputError(f"identifier: expected letters, digits, and _.- (it names a folder), found {name[:40]!r}")
    return name


def choose(folder: Path, sources: Sequence[Source], frames: int) -> LabelSet:
    """What is to be labelled in `folder`, with about `frames` frames of all recordings, spread over infants.

    Recordings that have their share already give no more. Raises InputError where a recording of the same identifier
    had other bytes when its frames were chosen.
    """
    before = read_label_set(folder) or LabelSet(folder, uuid.uuid4().hex, (), {})
    known = {frame.recording_id: frame.recording_sha256 for frame in before.frames}
    recordings: dict[str, list[str]] = {}
    for infant, recording in {(frame.infant_id, frame.recording_id) for frame in before.frames}:
        recordings.setdefault(infant, []).append(recording)
    for source in sources:
        if known.setdefault(source.recording_id, source.sha256) != source.sha256:
            raise InputError(
                f"{source.recording.path.name}: frames of {source.recording_id} were chosen from another file "
                "(its SHA-256); give that one, or another folder"
            )
        of_infant = recordings.setdefault(source.infant_id, [])
        if source.recording_id not in of_infant:
            of_infant.append(source.recording_id)
    share = shares(max(1, frames // CLIP_FRAMES), recordings)
    after = before
    for source in sources:
        there = [frame for frame in after.frames if frame.recording_id == source.recording_id]
        missing = share[source.recording_id] - len({frame.clip for frame in there})
        if missing > 0:
            after = _with_more(after, source, there, missing)
    if not after.frames:
        raise InputError("recordings: expected three frames 1/6 s apart, found none in any of them")
    after = replace(after, frames=in_turn(after.frames))
    if after != before:
        write_label_set(after)
    return after


def _with_more(chosen: LabelSet, source: Source, there: Sequence[ChosenFrame], clips: int) -> LabelSet:
    tracks, meta = source.tracks, source.tracks.meta
    geometry = MapGeometry(
        source.recording.width_px,
        source.recording.height_px,
        str(meta.get("head") or "down"),
        bool(meta.get("mirrored")),
    )
    taken_s = [frame.time_s for frame in there if frame.place == 0]
    picks = choose_clips(tracks, clips, int(source.sha256[:12], 16), taken_s)
    others = {frame.recording_id: frame.number // OF_RECORDING for frame in chosen.frames
              if frame.infant_id == source.infant_id}  # fmt: skip
    base = OF_RECORDING * others.get(source.recording_id, max(others.values(), default=-1) + 1)
    numbers = {first: base + 1 + round(ANNOTATED_FPS_HZ * float(tracks.time_s[first])) for first in picks}
    rows: dict[int, int] = {}  # picture's number -> row
    for first, number in numbers.items():
        wanted_s = tracks.time_s[first] + SPACING_S * np.arange(-1, CLIP_FRAMES + 1)
        around = rows_at(tracks.time_s, wanted_s).tolist()
        rows |= {number + ANNOTATED_STEP * step: row for step, row in enumerate(around, start=-1) if row >= 0}
    names = {number: f"{source.infant_id}/{number}.png" for number in rows}
    sha256 = dict(_pictures(chosen.folder, source, geometry, {names[number]: row for number, row in rows.items()}))
    next_clip = max((frame.clip for frame in chosen.frames), default=-1) + 1
    frames = []
    for clip, (first, why) in enumerate(picks.items(), start=next_clip):
        of_clip = clip_of(tracks.time_s, first)
        assert of_clip is not None
        for place, row in enumerate(of_clip.tolist()):
            number = numbers[first] + ANNOTATED_STEP * place
            frames.append(ChosenFrame(
                source.infant_id, number, clip, place, why, source.recording_id, source.sha256,
                int(tracks.frame[row]), float(tracks.time_s[row]),
                *geometry.turned_size_px, _predicted(tracks, row, geometry),
                {str(step): names[shown] for step in (-1, 0, 1) if (shown := number + ANNOTATED_STEP * step) in names},
                _focal_px(meta), bool(meta.get("simulated")),
            ))  # fmt: skip
    return replace(chosen, frames=(*chosen.frames, *frames), sha256={**chosen.sha256, **sha256})


def _pictures(folder: Path, source: Source, geometry: MapGeometry, rows: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Write the pictures and give the hash of each file by its name; the recording is read once."""
    names: dict[int, list[str]] = {}
    for name, row in rows.items():
        names.setdefault(row, []).append(name)
    unit_mm = float(source.tracks.meta.get("depth_unit_mm") or 1.0)
    for row, frame in enumerate(frames_of(source.tracks, source.recording, source.sha256)):
        for name in names.get(row, ()):
            yield name, write_picture(folder, name, in_mm(geometry.turn(frame.depth), unit_mm))


def in_mm(counts: npt.NDArray[np.uint16], unit_mm: float) -> npt.NDArray[np.uint16]:
    """Depth in whole mm; what is too far for 16 bits has none."""
    depth_mm = np.round(counts * unit_mm)
    return np.where(depth_mm <= np.iinfo(np.uint16).max, depth_mm, 0).astype(np.uint16)


def _predicted(tracks: Tracks, row: int, geometry: MapGeometry) -> Points:
    turned = geometry.to_turned(np.stack([tracks.x_px[row], tracks.y_px[row]], axis=-1)).round(2)
    return tuple(None if np.isnan(x) else (float(x), float(y)) for x, y in turned)


def _focal_px(meta: dict[str, Any]) -> float | None:
    camera = meta.get("intrinsics")
    return (float(camera["fx_px"]) + float(camera["fy_px"])) / 2 if camera else None
