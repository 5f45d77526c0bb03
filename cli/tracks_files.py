"""The tracks files that a user names, and what the manifests beside them say."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyconv.errors import InputError

if TYPE_CHECKING:
    from asyconv.analysis.cleaning.events import Event
    from asyconv.recordings.stream import Recording


def find_tracks(*places: Path) -> list[Path]:
    """Return all tracks files at or below these places, each once, hidden folders left out."""
    found: dict[str, Path] = {}
    for place in places:
        tracks = [place] if place.is_file() else []
        for name, below, files in os.walk(place):  # what another run moves meanwhile is passed over
            below[:] = [folder for folder in below if not folder.startswith(".")]
            tracks += [Path(name, file) for file in files if file == "tracks.parquet"]
        if not tracks:
            raise InputError(f"{place}: expected tracks.parquet, here or below, and found none")
        found |= {os.path.realpath(path): path for path in sorted(tracks)}
    return list(found.values())


def tracks_of_one(place: Path) -> tuple[Path, dict[str, Any]]:
    """The tracks file of one recording, at or below a place, and the manifest beside it."""
    tracks = find_tracks(place)
    if len(tracks) != 1:
        raise InputError(f"{place}: expected the tracks of one recording, found {len(tracks)}")
    return tracks[0], manifest_beside(tracks[0])


def open_again(path: Path, meta: Mapping[str, Any], manifest: Mapping[str, Any]) -> "Recording":
    """Open the recording of tracks with the rate and the stream that were stated when they were made."""
    from asyconv.recordings.opening import open_recording

    stated_hz = meta.get("fps_nominal_hz") if meta.get("fps_source") == "stated" else None
    return open_recording(path, fps_hz=stated_hz, stream=manifest.get("tracking", {}).get("stream"))


def manifest_beside(tracks: Path) -> dict[str, Any]:
    """The manifest of the result folder in which a tracks file lies; empty where there is none.

    Raises `InputError` where the file is not the one that the manifest was written for.
    """
    from asyconv.motion_file import beside
    from asyconv.night.results import read_manifest
    from asyconv.recordings.stream import sha256_of
    from asyconv.tracks_file import BESIDE

    folder = tracks.resolve().parent
    manifest = read_manifest(folder.parent, folder.name)
    if manifest is None:
        return {}
    belonging = [tracks, *(beside(tracks, name) for name in BESIDE)]
    present = [path for path in belonging if path.is_file()]
    written = manifest.get("outputs_sha256", {})
    expected = {path.name: written[path.name] for path in belonging if path.name in written}
    if tracks not in present or {path.name: sha256_of(path) for path in present} != expected:
        raise InputError(
            f"{tracks}: expected the tracks that the manifest beside them describes, found others or none; "
            "`asyconv process --update` tracks the recording again"
        )
    return manifest


def events_in(manifest: Mapping[str, Any]) -> "list[Event]":
    """The times to leave out that a manifest names."""
    from asyconv.analysis.cleaning.events import Event

    events = manifest.get("analysis", {}).get("events", [])
    return [Event(e["start_s"], e["end_s"], e["kind"], e["reason"]) for e in events]
