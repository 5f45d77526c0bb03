"""The folders and files of results."""

import json
from pathlib import Path
from typing import Any

from asyconv.recordings.stream import sha256_of
from asyconv.tracks import Tracks
from asyconv.tracks_file import write_tracks


def write_result(folder: Path, tracks: Tracks, recording: Path, **stated: Any) -> None:
    """Write the tracks of a recording and a manifest that says whose they are."""
    folder.mkdir(parents=True)
    write_tracks(tracks, folder / "tracks.parquet")
    outputs = {"tracks.parquet": sha256_of(folder / "tracks.parquet")}
    manifest = {"recording_id": tracks.meta["recording_id"], "input": {"sha256": sha256_of(recording)}}
    (folder / "manifest.json").write_text(json.dumps(manifest | {"outputs_sha256": outputs} | stated))


def folders(out: Path) -> list[Path]:
    return sorted(path for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))


def files(folder: Path) -> dict[str, bytes]:
    """Contents of everything below, but for the records of the runs."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not {".audit", ".log"} & set(Path(name).parts)}
