"""The folder RESULTS: one folder per recording, published by one rename, and what is kept beside them.

A result folder is written under a hidden name, its manifest last; everything is forced to disk before the one
rename that makes it visible. So whatever stands under a final name is whole. Nothing in RESULTS holds a path,
host, user or clock time of a recording.
"""

import contextlib
import datetime
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError
from asyconv.recording import IGNORE_FILE

MANIFEST: Final = "manifest.json"
MANIFEST_VERSION: Final = 1
LOCK: Final = ".lock"
FAILED: Final = ".failed"
SUPERSEDED: Final = ".superseded"
UNFINISHED: Final = ".tmp-"


def utc_now() -> str:
    """Time of processing, for manifests only."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


@contextlib.contextmanager
def opened(results: Path) -> Iterator[None]:
    """Make RESULTS ready to be written to by this process alone; repair what a killed run left.

    The lock is the operating system's and dies with its process, so a killed run never blocks the next one.
    """
    import fcntl

    try:
        results.mkdir(parents=True, exist_ok=True)
        (results / IGNORE_FILE).touch()  # so that RESULTS is never taken for input
        lock = (results / LOCK).open("w")
    except OSError as error:
        raise InputError(f"{results}: results cannot be written here ({error.strerror})") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(f"{results}: another run is writing here; wait until it has ended") from error
        repair(results)
        yield


def repair(results: Path) -> None:
    """Publish what was whole when a run was killed, and remove what was not.

    A whole folder without a place of its own is one that lost its run between the two renames of `publish`.
    """
    for folder in sorted(results.glob(f"{UNFINISHED}*")):
        manifest = _read_json(folder / MANIFEST)
        if manifest is not None and not (results / str(manifest["recording_id"])).exists():
            folder.rename(results / str(manifest["recording_id"]))
        else:
            shutil.rmtree(folder)


@contextlib.contextmanager
def unfinished(results: Path, recording_id: str) -> Iterator[Path]:
    """Make a hidden folder to write a result into; it is removed unless `publish` has taken it."""
    folder = results / f"{UNFINISHED}{recording_id}-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def replaced(results: Path, name: str) -> Iterator[Path]:
    """Make a hidden folder to write into; it takes the place of RESULTS/`name` when all went well.

    For what is derived from the recordings' folders and can be made again: an older one is not kept.
    """
    with unfinished(results, name) as folder:
        yield folder
        for path in folder.iterdir():
            _sync(path)
        shutil.rmtree(results / name, ignore_errors=True)
        folder.rename(results / name)
        _sync(results)


def publish(results: Path, folder: Path, manifest: dict[str, Any]) -> Path:
    """Make `folder` the result of ``manifest["recording_id"]``; an older result moves to ``.superseded``."""
    recording_id = str(manifest["recording_id"])
    outputs = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    for path in folder.rglob("*"):
        _sync(path)
    whole = {"manifest_version": MANIFEST_VERSION, **manifest, "outputs_sha256": outputs}
    _write_json(folder / MANIFEST, whole)
    _sync(folder)
    final = results / recording_id
    if final.exists():
        _set_aside(results, recording_id)
    folder.rename(final)
    _sync(results)
    return final


def _set_aside(results: Path, recording_id: str) -> None:
    old = read_manifest(results, recording_id) or {}
    home = results / SUPERSEDED / recording_id
    home.mkdir(parents=True, exist_ok=True)
    key = str(old.get("analysis_key", "unknown"))[:16]
    place, n = home / key, 1
    while place.exists():  # the same settings were superseded before
        n += 1
        place = home / f"{key}-{n}"
    (results / recording_id).rename(place)


def read_manifest(results: Path, recording_id: str) -> dict[str, Any] | None:
    """Manifest of a finished recording, or None."""
    return _read_json(results / recording_id / MANIFEST)


def manifests(results: Path) -> list[dict[str, Any]]:
    """Manifests of all finished recordings, by name."""
    found = (_read_json(path) for path in sorted(results.glob(f"*/{MANIFEST}")) if path.parent.name[0] != ".")
    return [manifest for manifest in found if manifest is not None]


def note_failure(results: Path, recording_id: str, reason: str, steps: list[str]) -> None:
    """Add an attempt to ``.failed/<recording_id>.json``; `steps` are ``file:line function``, without folders."""
    path = results / FAILED / f"{recording_id}.json"
    record = _read_json(path) or {"recording_id": recording_id, "attempts": []}
    record["attempts"].append({"utc": utc_now(), "reason": reason, "steps": steps})
    path.parent.mkdir(exist_ok=True)
    _write_json(path, record)


def forget_failure(results: Path, recording_id: str) -> None:
    """Remove the record of earlier failures: the recording has succeeded."""
    (results / FAILED / f"{recording_id}.json").unlink(missing_ok=True)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a whole file or none: to a neighbour first, then one rename."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf8")
    _sync(part)
    part.replace(path)


def _sync(path: Path) -> None:
    """Force a file or folder to disk, so that a rename cannot overtake its content when the power fails."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
