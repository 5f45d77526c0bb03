"""Sources before they are decoded: name, hash for planning, share of a cluster, and whether they still grow."""

import errno
import hashlib
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from asyconv.errors import InputError
from asyconv.recordings.formats import file_format
from asyconv.recordings.joining import GROWING_S, first_part, parts_of
from asyconv.recordings.oni_records import scan
from asyconv.recordings.png_files import holds_depth_pictures

SETTLED_AFTER_S: Final = GROWING_S
"""A file changed more recently may still be being recorded."""

ENDS_BYTES: Final = 2**20


def default_id(sha256: str) -> str:
    """Pseudonymous name of a recording that nobody has named."""
    return f"rec-{sha256[:12]}"


def planning_hash(source: Path) -> str:
    """Recognise a source without reading all of it: sizes, change times, first and last MiB.

    Only a hash of these is kept, so no change time can be read back from a manifest.
    """
    files = _files(source)
    times = [path.stat().st_mtime_ns for path in files]
    return hashlib.sha256(f"{content_hash(source)} {times}".encode()).hexdigest()


def content_hash(source: Path) -> str:
    """Tell recordings apart wherever they lie, without reading all of them: sizes, first and last MiB."""
    files = _files(source)
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.stat().st_size}\n".encode())
    for path in files[:: max(1, len(files) - 1)]:  # the only one, or the first and the last
        with path.open("rb") as file:
            digest.update(file.read(ENDS_BYTES))
            file.seek(max(0, path.stat().st_size - ENDS_BYTES))
            digest.update(file.read())
    return digest.hexdigest()


def shard_of(source: Path, shards: int) -> int:
    """Which of `shards` shares a source is in, the same for copies and on every machine; 0 for what cannot be read."""
    try:
        return int(content_hash(source)[:15], 16) % shards
    except OSError:
        return 0


def settled_at(source: Path) -> float:
    """Epoch time from which a source counts as fully recorded; a change time in the future says nothing."""
    changed = max((path.stat().st_mtime for path in _files(source)), default=0.0)
    return changed + SETTLED_AFTER_S if changed < time.time() + SETTLED_AFTER_S else 0.0


def ready_at(source: Path) -> float:
    """Epoch time from which a source may be read; 0 for an .oni file with its end record, and for refused sources."""
    try:
        kind = "pictures" if source.is_dir() and holds_depth_pictures(source) else file_format(first_part(source))
        if kind is None or (kind == "oni" and scan(source).ending == "finished"):
            return 0.0
    except InputError:
        return 0.0
    return settled_at(source)


def id_of_unreadable(source: Path) -> str:
    """Name a refused source by its bytes, never by its file name; nothing there has one name for all."""
    try:
        files = _files(source)
        digest = hashlib.sha256()
        for path in files:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    except OSError:
        return "unreadable"
    return default_id(digest.hexdigest()) if files else "empty"


def size_bytes(sources: Iterable[Path]) -> int:
    """Bytes of all sources together; what cannot be read counts as none."""
    total = 0
    for source in sources:
        try:
            total += sum(path.stat().st_size for path in _files(source))
        except OSError:
            continue
    return total


def _files(source: Path) -> list[Path]:
    """Files of a source: one, those in a folder, or those of a joined recording in order."""
    if source.is_dir():
        return sorted(path for path in source.iterdir() if path.is_file())
    try:
        parts = parts_of(source)
    except InputError as error:
        raise FileNotFoundError(errno.ENOENT, str(error), str(source)) from error
    if len(parts) > 1:
        return parts
    if not stat.S_ISREG(source.stat().st_mode):  # a pipe would be waited for for ever
        raise OSError(errno.EINVAL, "neither a file nor a folder", str(source))
    return [source]
