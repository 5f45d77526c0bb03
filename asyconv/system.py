"""What one operating system has and another has not, asked for here and nowhere else.

Written on Linux. What stands here for Windows and macOS follows their documentation; it was never run there.
"""

import ctypes
import hashlib
import os
import re
import shlex
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def cores() -> int:
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def memory_bytes() -> int | None:
    """Memory that this process may use, less than the machine's where a Linux cgroup says so; None = not known."""
    limits = []
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
    for path in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # "max" where there is no limit
            continue
    return min(limits)


def peak_memory_mib() -> float:
    """Most memory that this process has held, resident; NaN where the system does not tell that of one process alone.

    What `resource` tells of a child counts its parent's before the exec, too.
    """
    try:
        match = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf8"))
    except OSError:
        return float("nan")
    return int(match[1]) / 1024 if match else float("nan")


def processor() -> str | None:
    """Model of the processor, where Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)


def has_cuda_driver() -> bool:
    """Whether a driver of NVIDIA's is installed; no GPU is asked for."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def keep_heap() -> None:
    """Keep freed memory until `trim_heap`.

    By itself glibc gives large buffers back at once, and the system has to clear every page of the next one.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (TypeError, OSError, AttributeError):
        return
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    mallopt(trim_threshold, 1 << 30)
    mallopt(mmap_threshold, 1 << 30)


def trim_heap() -> None:
    """Give freed memory back: between large buffers glibc's heap keeps a hole for nearly every freed picture."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (TypeError, OSError, AttributeError):  # Windows knows no library without a name, macOS no such function
        return
    trim(0)


def lock(descriptor: int, *, wait: bool = False) -> bool:
    """Lock a file for this process alone; False where another holds it, or where there are no such locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # held by a living process, or a file system without locks
        return False
    return True


def has_locks() -> bool:
    """Whether this system has locks of files; where it has none, `lock` always says False."""
    return fcntl is not None


def boot_id() -> str:
    """Tell hosts and their boots apart without naming them; hosts alone where the system does not count boots."""
    try:
        seed = Path("/proc/sys/kernel/random/boot_id").read_bytes()
    except OSError:
        seed = uuid.getnode().to_bytes(8, "little")
    return hashlib.sha256(b"asyconv" + seed).hexdigest()[:12]


def overwrite_start(descriptor: int, content: bytes) -> None:
    """Write over the first bytes of an open file."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, content)


def touch(descriptor: int, path: Path) -> None:
    """Set the times of an open file to now; by its `path` where that is the only way."""
    os.utime(descriptor if os.utime in os.supports_fd else path)


def move(source: Path, target: Path) -> None:
    """Rename a file, also over one that is there, or a folder."""
    _patiently(lambda: source.replace(target))


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    _patiently(lambda: path.unlink(missing_ok=True))


def remove_open(path: Path, descriptor: int) -> None:
    """Remove and close an open file: in this order where it may be locked, so that nobody finds it without its lock."""
    if fcntl is None:  # Windows, which removes no open file
        os.close(descriptor)
        remove(path)
        return
    try:
        remove(path)
    finally:
        os.close(descriptor)


def is_in_use(error: OSError) -> bool:
    """Whether Windows refused because a process has the file open, or may have; elsewhere that hinders nothing."""
    return getattr(error, "winerror", None) in (5, 32)


def _patiently(action: Callable[[], object]) -> None:
    """Windows moves and removes no file that a scanner or a reader has open, which it has for a moment only."""
    for wait_s in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0):
        try:
            action()
            return
        except PermissionError as error:
            if not is_in_use(error):
                raise
            time.sleep(wait_s)
    action()


def move_new(source: Path, target: Path) -> None:
    """Move a file to a name that is not taken; raises `FileExistsError`, and the file stays, where it is."""
    link = getattr(os, "link", None)
    if link is None:
        source.rename(target)  # without links it is Windows, where this never replaces a file
        return
    link(source, target)
    source.unlink()


def sync(path: Path) -> None:
    """Force a file or folder to disk, so that a rename cannot overtake its content when the power fails."""
    is_windows = os.name == "nt"
    if is_windows and path.is_dir():  # folders cannot be opened there, and files only be forced by who may write
        return
    descriptor = os.open(path, os.O_RDWR if is_windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def command_line(text: str) -> str | list[str]:
    """Give a command as `subprocess` takes it: Windows, whose paths have backslashes, finds the words itself."""
    return text if os.name == "nt" else shlex.split(text)


def ended_by(code: int) -> str | None:
    """Name the signal that ended a process, from its exit code; None where it ended by itself."""
    try:
        name = signal.Signals(-code).name if code < 0 else None
    except ValueError:  # a signal that Python has no name for
        return f"signal {-code}"
    return f"{name} (out of memory?)" if name == "SIGKILL" else name
