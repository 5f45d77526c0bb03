"""Files that are whole or not there, whenever a program is killed, a disk fills up or the power fails."""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from asyconv.system import move, sync

UNFINISHED: Final = ".part"
"""Ending of what is being written; its name starts with a dot, so that nothing takes it for input."""


def is_disk_full(error: BaseException) -> bool:
    """Whether there is no space left, or none for so large a file; polars says it in words, by errors of many kinds."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return getattr(error, "errno", None) in full or any(f"(os error {n})" in str(error) for n in full)


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Give an empty file beside `path` to write to; it is forced to disk and takes its name when all went well."""
    part = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex[:8]}{UNFINISHED}")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
        yield part
        sync(part)
        move(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str, mode: int = 0o666) -> Path:
    """Write a whole file or none; text as UTF-8, its line ends as they are."""
    with whole_file(path, mode) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_json(path: Path, content: dict[str, Any]) -> Path:
    """Write an object as a whole file or none."""
    return write_whole(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def json_of(text: str | bytes, **options: Any) -> Any:
    """What JSON from anywhere says; a `ValueError` where it is none, or nested so deep that nobody meant it."""
    try:
        return json.loads(text, **options)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def read_json(path: Path) -> dict[str, Any] | None:
    """Read an object; None where there is none that can be read."""
    try:
        content = json_of(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
