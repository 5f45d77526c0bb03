"""Take from a Python process what Windows lacks, and let it refuse what Windows refuses; imported before asyconv is.

Copied to ``sitecustomize.py``, it is what every process of a test runs first. It imports nothing of the tests.
"""

import ctypes
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("sched_getaffinity", "link", "pwrite", "pread", "sysconf", "getloadavg", "geteuid")
IN_USE = 32
"""Windows' number of "being used by another process"."""

_open = io.open


def _without_proc(file: Any, *arguments: Any, **options: Any) -> Any:
    if str(file).startswith("/proc"):
        raise FileNotFoundError(2, "No such file", str(file))
    return _open(file, *arguments, **options)


class _Library(ctypes.CDLL):
    def __init__(self, name: str | None, *arguments: Any, **options: Any) -> None:
        if name is None:
            raise TypeError("expected the name of a library")
        super().__init__(name, *arguments, **options)


def in_use(path: Any) -> bool:
    """Whether this process has a file open or mapped, or one below a folder."""
    path = os.fspath(Path(path).resolve())
    held = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            held.add(os.fspath(descriptor.readlink()))
        except OSError:  # that of the listing itself
            continue
    with _open("/proc/self/maps", encoding="utf8") as maps:
        held.update(line.split(None, 5)[5].strip() for line in maps if "/" in line)
    return any(name == path or name.startswith(f"{path}/") for name in held)


def _refusing(whole: Callable[..., None]) -> Callable[..., None]:
    """Windows neither moves, replaces nor removes a file that is open, nor a folder that holds one."""

    def as_on_windows(*paths: Any, **options: Any) -> None:
        folder = options.get("dir_fd")
        for path in paths:
            if in_use(path if folder is None else f"/proc/self/fd/{folder}/{os.fsdecode(path)}"):
                error = PermissionError(13, "The process cannot access the file", os.fspath(path))
                error.winerror = IN_USE  # type: ignore[attr-defined,unused-ignore]
                raise error
        whole(*paths, **options)

    return as_on_windows


for _name in NAMES:
    delattr(os, _name)
del signal.SIGKILL
os.supports_fd.discard(os.utime)
sys.modules["fcntl"] = None  # type: ignore[assignment]
io.open, ctypes.CDLL = _without_proc, _Library  # type: ignore[misc]
for _name in ("unlink", "rename", "replace"):
    setattr(os, _name, _refusing(getattr(os, _name)))
os.remove = os.unlink
