"""What has been done to RESULTS: one append-only file per run, each line sealed with the hash of the one before.

It detects accidents (a lost line, a changed file, a bad disk), not an editor with write access, who can seal anew.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from asyconv.night import claims
from asyconv.night import results as store
from asyconv.recordings.stream import sha256_of
from asyconv.whole_files import json_of, read_json

AUDIT: Final = ".audit"


class Audit:
    """The audit file of one run; each line is written to disk before the run goes on."""

    def __init__(self, results: Path, run: str) -> None:
        (results / AUDIT).mkdir(parents=True, exist_ok=True)
        self._path = results / AUDIT / f"{run}.jsonl"
        self._seal = ""

    def note(self, event: str, **facts: Any) -> None:
        """Add a line. `facts` hold no name, path or time of a recording."""
        entry = {"utc": store.utc_now(), "event": event, **facts, "previous": self._seal}
        self._seal = entry["sha256"] = _seal(entry)
        with self._path.open("a", encoding="utf8") as file:
            file.write(json.dumps(entry, sort_keys=True) + "\n")
            file.flush()
            os.fsync(file.fileno())


def manifest_hash(results: Path, recording_id: str) -> str:
    """SHA-256 of the manifest that stands for a recording."""
    return sha256_of(results / recording_id / store.MANIFEST)


def entries(path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Lines of one audit file and their faults; an incomplete last line is no fault: a killed run leaves one."""
    lines = path.read_bytes().split(b"\n")
    out: list[dict[str, Any]] = []
    seal = ""
    for n, line in enumerate(lines[:-1], start=1):  # what follows the last line end was cut while it was written
        try:
            entry = json_of(line)
            whole = isinstance(entry, dict) and entry.get("previous") == seal and entry.get("sha256") == _seal(entry)
        except ValueError:
            whole = False
        if not whole:
            return out, [f"{AUDIT}/{path.name}: line {n}: expected a line sealed with the one before, found another"]
        seal = entry["sha256"]
        out.append(entry)
    return out, []


def last_noted(results: Path) -> tuple[dict[str, str], list[str]]:
    """Hash of the last noted manifest of each recording, and the faults of the audit files."""
    noted: dict[str, tuple[str, str]] = {}
    faults: list[str] = []
    for path in sorted((results / AUDIT).glob("*.jsonl")):
        noted_entries, wrong = entries(path)
        faults += wrong
        for entry in noted_entries:
            name, when = str(entry.get("recording_id")), str(entry["utc"])
            if "manifest_sha256" in entry and when >= noted.get(name, ("", ""))[0]:
                noted[name] = when, entry["manifest_sha256"]
    return {name: sha256 for name, (_, sha256) in noted.items()}, faults


def verify(results: Path) -> Iterator[str]:
    """Name everything in RESULTS that has changed since it was written: audit, manifests, outputs, claims, failures."""
    last, faults = last_noted(results)
    yield from faults
    locks = (results / claims.CLAIMS).glob(f"*{claims.SUFFIX}")
    for path in sorted([*(results / store.FAILED).glob("*.json"), *locks]):
        if "recording_id" not in (read_json(path) or {}):
            yield f"{path.parent.name}/{path.name}: expected facts of a recording (JSON), found none that can be read"
    folders = sorted(p for p in results.iterdir() if p.is_dir() and not p.name.startswith(".") and p.name != "cohort")
    for folder in folders:
        manifest = store.read_manifest(results, folder.name)
        if manifest is None:
            yield f"{folder.name}: expected a result with its {store.MANIFEST}, found none that can be read"
            continue
        if folder.name not in last:
            yield f"{folder.name}: no run has noted it; the next `asyconv process` of its recording will"
        elif last[folder.name] != manifest_hash(results, folder.name):
            yield f"{folder.name}/{store.MANIFEST}: is not the one that its run has noted"
        yield from _outputs(folder, manifest)
    for name in sorted(last.keys() - {folder.name for folder in folders}):
        yield f"{name}: a run has noted it, and it is not there"
    for path in sorted((results / store.SUPERSEDED).glob("*/*")):
        manifest = store.read_manifest(path.parent, path.name)
        if manifest is None:
            yield f"{store.SUPERSEDED}/{path.parent.name}/{path.name}: expected {store.MANIFEST}, found none to read"
        else:
            yield from _outputs(path, manifest)


def _outputs(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    expected: dict[str, str] = manifest.get("outputs_sha256", {})
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {store.MANIFEST}
    for name in sorted(expected.keys() | present):
        if name not in present:
            yield f"{folder.name}/{name}: is in the manifest and not there"
        elif name not in expected:
            yield f"{folder.name}/{name}: is there and not in the manifest"
        else:
            try:
                same = sha256_of(folder / name) == expected[name]
            except OSError as error:
                yield f"{folder.name}/{name}: cannot be read ({error.strerror})"
                continue
            if not same:
                yield f"{folder.name}/{name}: has changed since it was written"


def _seal(entry: dict[str, Any]) -> str:
    sealed = {name: value for name, value in entry.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(sealed, sort_keys=True).encode()).hexdigest()
