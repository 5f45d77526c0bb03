"""The folder RESULTS: one folder per recording, published by one rename, and what is kept beside them.

A result folder is written under a hidden name, its manifest last; everything is forced to disk before the one
rename that makes it visible. So whatever stands under a final name is whole. Nothing in RESULTS holds a path,
host, user or clock time of a recording.
"""

import contextlib
import csv
import datetime
import hashlib
import io
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from asyconv.errors import InputError
from asyconv.night import claims
from asyconv.recordings.finding import IGNORE_FILE
from asyconv.recordings.stream import sha256_of
from asyconv.system import move, sync
from asyconv.whole_files import UNFINISHED as PART
from asyconv.whole_files import read_json, write_json, write_whole

MANIFEST: Final = "manifest.json"
MANIFEST_VERSION: Final = 2
FAILED: Final = ".failed"
SUPERSEDED: Final = ".superseded"
SALT: Final = ".salt"
UNFINISHED: Final = ".tmp-"
PARTS: Final = ("input", "tracking", "analysis", "made_by", "stages", "outputs_sha256")
"""The parts of a manifest that are objects."""

_TOKEN: Final = 8
INDEX: Final = (
    "recording_id", "infant_id", "recorded_s", "frames_used", "frames_lost", "n_warnings", "simulated", "model",
    "device", "attempts", "track_key", "analysis_key",
)  # fmt: skip


class LostClaim(Exception):
    """Another run has taken over this recording; the result made here is discarded."""


def utc_now() -> str:
    """Time of processing, for manifests only."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def open_results(results: Path) -> None:
    """Make RESULTS ready to be written to, by this run and others; repair what killed runs left."""
    try:
        results.mkdir(parents=True, exist_ok=True)
        if not (results / IGNORE_FILE).exists():  # so that RESULTS is never taken for input
            (results / IGNORE_FILE).touch()
        (results / claims.CLAIMS).mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{results}: results cannot be written here ({error.strerror})") from error
    clean_up(results)


def clean_up(results: Path) -> list[str]:
    """Repair what dead processes left behind; return the names of the recordings that live processes work on."""
    for folder in results.glob(f"{UNFINISHED}*"):
        recording_id = folder.name[len(UNFINISHED) : -_TOKEN - 1]
        if claim := claims.take(results, recording_id):
            with claim:
                repair(results, recording_id)
    for part in [*results.glob(f".*{PART}"), *(results / FAILED).glob(f".*{PART}")]:
        if claims.looks_dead(part):
            part.unlink(missing_ok=True)
    return claims.sweep(results)


def repair(results: Path, recording_id: str) -> None:
    """Publish what was whole when a run was killed, and remove what was not; for the holder of the claim.

    A whole folder without a place of its own is one that lost its run between the two renames of `publish`.
    """
    for folder in sorted(results.glob(f"{UNFINISHED}{recording_id}-{'?' * _TOKEN}")):
        manifest = read_json(folder / MANIFEST)
        if manifest is not None and not (results / recording_id).exists():
            move(folder, results / recording_id)
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def unfinished(results: Path, recording_id: str) -> Iterator[Path]:
    """Make a hidden folder to write a result into; it is removed unless `publish` has taken it."""
    folder = results / f"{UNFINISHED}{recording_id}-{uuid.uuid4().hex[:_TOKEN]}"
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
    claim = claims.take(results, name)
    if claim is None:
        raise InputError(f"{results / name}: another run is writing it; wait until it has ended")
    with claim, unfinished(results, name) as folder:
        yield folder
        for path in folder.iterdir():
            sync(path)
        shutil.rmtree(results / name, ignore_errors=True)
        move(folder, results / name)
        sync(results)


def publish(results: Path, folder: Path, manifest: dict[str, Any], held: Callable[[], bool] = lambda: True) -> Path:
    """Make `folder` the result of ``manifest["recording_id"]``; an older result moves to ``.superseded``.

    Raises `LostClaim` where ``held()`` says that the recording is no longer this process's, or where the same result
    stands there already: a process that was paused must not put its work in the place of another's.
    """
    recording_id = str(manifest["recording_id"])
    outputs = {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }
    for path in folder.rglob("*"):
        sync(path)
    whole = {"manifest_version": MANIFEST_VERSION, **manifest, "outputs_sha256": outputs}
    write_json(folder / MANIFEST, whole)
    sync(folder)
    final = results / recording_id
    standing = read_manifest(results, recording_id)
    same = standing is not None and all(standing.get(key) == whole.get(key) for key in ("track_key", "analysis_key"))
    if same or not held():
        raise LostClaim(recording_id)
    if final.exists():
        _set_aside(results, recording_id)
    try:
        move(folder, final)
    except OSError as error:  # somebody's folder stands there, or a network file system answers a rename twice
        if read_manifest(results, recording_id) != json.loads(json.dumps(whole)):
            raise LostClaim(recording_id) from error
    sync(results)
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
    move(results / recording_id, place)


def read_manifest(results: Path, recording_id: str) -> dict[str, Any] | None:
    """Manifest of a finished recording; None where there is none, or one that no run has written."""
    manifest = read_json(results / recording_id / MANIFEST)
    if manifest is None or not all(isinstance(manifest.get(part, {}), dict) for part in PARTS):
        return None
    recorded_s = manifest.get("recorded_s")
    is_number = isinstance(recorded_s, int | float) and not isinstance(recorded_s, bool)
    return manifest if "recording_id" in manifest and (recorded_s is None or is_number) else None


def manifests(results: Path) -> list[dict[str, Any]]:
    """Manifests of all finished recordings, by name."""
    names = [path.parent.name for path in sorted(results.glob(f"*/{MANIFEST}")) if path.parent.name[0] != "."]
    return [manifest for name in names if (manifest := read_manifest(results, name)) is not None]


def write_index(results: Path) -> None:
    """Write RESULTS/index.csv, one line per finished recording, anew from the manifests."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(INDEX)
    for m in manifests(results):
        made_by, analysis = m.get("made_by", {}), m.get("analysis", {})
        facts = {**m, "infant_id": analysis.get("infant_id"), **{k: made_by.get(k) for k in ("model", "device")}}
        facts["n_warnings"] = len(m.get("warnings") or [])
        writer.writerow([facts.get(name, "") for name in INDEX])
    write_whole(results / "index.csv", lines.getvalue())


def failed(results: Path) -> dict[str, str]:
    """Reason of the last attempt by recording_id, of recordings that are parked; what cannot be read counts too."""
    reasons = {}
    for path in sorted((results / FAILED).glob("*.json")):
        record = read_json(path) or {}
        name = str(record.get("recording_id", path.stem))
        last = _attempts(record)[-1:]
        if not (results / name / MANIFEST).is_file():
            reasons[name] = str(last[0].get("reason")) if last else "its record of failure cannot be read"
    return reasons


def note_failure(results: Path, recording_id: str, source: Path, reason: str, steps: list[str]) -> None:
    """Add an attempt to ``.failed/<recording_id>.json``; `steps` are ``file:line function``, without folders."""
    path = results / FAILED / f"{recording_id}.json"
    attempts = _attempts(read_json(path) or {})
    attempts.append({"utc": utc_now(), "reason": reason, "steps": steps})
    path.parent.mkdir(exist_ok=True)
    write_json(path, {"recording_id": recording_id, "place": _place(results, source), "attempts": attempts})


def forget_failure(results: Path, recording_id: str, source: Path) -> None:
    """Remove the records of earlier failures of this recording or of an earlier file in its place: it has succeeded."""
    for path in sorted((results / FAILED).glob("*.json")):
        record = read_json(path) or {}
        if path.stem == recording_id or record.get("place") == _place(results, source):
            path.unlink(missing_ok=True)


def _attempts(record: dict[str, Any]) -> list[dict[str, Any]]:
    attempts = record.get("attempts")
    return [attempt for attempt in attempts if isinstance(attempt, dict)] if isinstance(attempts, list) else []


def _place(results: Path, source: Path) -> str:
    """Tell places of sources apart: 32 bits of a hash with a salt of this RESULTS, from which no path can be read."""
    salt = results / FAILED / SALT
    if not salt.exists():
        salt.parent.mkdir(exist_ok=True)
        write_whole(salt, uuid.uuid4().hex)
    return hashlib.blake2b(os.fsencode(os.path.realpath(source)), digest_size=4, key=salt.read_bytes()).hexdigest()
