"""Which implementation runs a cascade on a CUDA device, and why: `choose` alone decides it.

Four can: ``tensor-core`` (`cascade.cu`), ``hopper`` (`cascade_hopper.cu`), ``numba`` (float32) and ``library``
(cuDNN's convolutions, which always work). The environment variable ``ASYCONV_CASCADE`` names one of them; where it is
not set, `FASTEST` does, which is filled from rows that ``make gpu-check`` measured; what neither names takes the
library. So does whatever cannot run where it was wanted, with one line in the log.
"""

import contextlib
import functools
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from asyconv.kernels import launch
from asyconv.kernels.plan import FRAMES, LaunchPlan, launch_plan

VARIABLE: Final = "ASYCONV_CASCADE"
PATHS: Final = ("library", "tensor-core", "hopper", "numba")

FASTEST: Final[Mapping[tuple[tuple[int, int], int, int, int, torch.dtype], str]] = {}
"""(compute capability, input channels, output channels, maps, dtype of the weights) -> path."""

_log = logging.getLogger("asyconv.kernels")
_told: set[str] = set()
_failed: dict[tuple["Problem", str], str] = {}


@dataclass(frozen=True)
class Problem:
    """What a choice depends on; ``maps`` is 0 without heads, ``planar`` says that x is contiguous float32."""

    capability: tuple[int, int]
    c_in: int
    c_out: int
    frames: int
    width: int
    dtype: torch.dtype
    planar: bool = False
    maps: int = 0

    def __str__(self) -> str:
        """Short form for a log line."""
        heads = f" and {self.maps} maps" if self.maps else ""
        major, minor = self.capability
        return f"{self.c_in}->{self.c_out}{heads} in {str(self.dtype)[6:]} on compute capability {major}.{minor}"


@dataclass(frozen=True)
class Choice:
    """A path, the sentence that says why, and the launch plan of a CUDA kernel."""

    path: str
    reason: str
    plan: LaunchPlan | None = None
    fell_back: bool = False


def problem_of(x: Tensor, weights: Sequence[Tensor], head_weights: Sequence[Tensor] = ()) -> Problem:
    """Problem that a call on x's CUDA device poses."""
    return Problem(
        capability=torch.cuda.get_device_capability(x.device),
        c_in=x.shape[1],
        c_out=weights[0].shape[0],
        frames=x.shape[2],
        width=x.shape[4],
        dtype=weights[0].dtype,
        planar=x.dtype == torch.float32 and x.is_contiguous(),
        maps=head_weights[1].shape[0] if head_weights else 0,
    )


def choose(problem: Problem) -> Choice:
    """Path for one problem; touches no device and compiles nothing."""
    wanted = os.environ.get(VARIABLE)
    if wanted and wanted not in PATHS:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(PATHS)}, found {wanted!r}")
    reason = f"{VARIABLE}={wanted}"
    if not wanted:
        key = problem.capability, problem.c_in, problem.c_out, problem.maps, problem.dtype
        wanted, reason = FASTEST.get(key), "measured fastest"
    if not wanted:
        return Choice("library", "no measurement on this card names a faster path")
    try:
        return Choice(wanted, reason, None if wanted == "library" else _plan(problem, wanted))
    except ValueError as error:
        return Choice("library", f"{reason}, but {error}", fell_back=True)


def after_failure(problem: Problem, path: str, why: str) -> Choice:
    """Choose anew where a kernel did not build, load or start; this path is not tried again."""
    _failed[problem, path] = why
    return choose(problem)


def tell(problem: Problem, choice: Choice) -> None:
    """Log once per kind of problem that the library stands in for what was wanted."""
    line = f"cascade {problem}: library path ({choice.reason})"
    if choice.fell_back and line not in _told:
        _told.add(line)
        _log.warning(line)


@contextlib.contextmanager
def forced(path: str) -> Iterator[None]:
    """Let every cascade take one path, as the environment variable does."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = path
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def _plan(problem: Problem, path: str) -> LaunchPlan | None:
    """Plan of a kernel, None for Numba's; a ValueError says why this path cannot be taken."""
    why_not = _failed.get((problem, path)) or _why_not(problem, path)
    if why_not:
        raise ValueError(why_not)
    return None if path == "numba" else _kernel_plan(problem, hopper=path == "hopper")


def _why_not(problem: Problem, path: str) -> str | None:
    if problem.frames != FRAMES:
        return f"the kernels take {FRAMES} frames, found {problem.frames}"
    if path == "numba":
        return _why_not_numba(problem)
    if problem.dtype not in (torch.float16, torch.bfloat16):
        return f"the kernel computes in float16 or bfloat16, found {str(problem.dtype)[6:]}"
    return launch.why_not()


def _why_not_numba(problem: Problem) -> str | None:
    try:
        from asyconv.kernels import cascade_numba
    except Exception as error:  # ImportError, and whatever a broken installation of Numba raises while it loads
        return f"Numba does not load: {str(error)[:200] or type(error).__name__}"
    return cascade_numba.why_not(problem.c_in, problem.c_out, problem.dtype, problem.maps)


@functools.cache
def _kernel_plan(problem: Problem, *, hopper: bool) -> LaunchPlan:
    """Plan that reads planar float32 as it is where that exists, else channels-last halves."""
    facts = (problem.capability, str(problem.dtype)[6:], problem.c_in, problem.c_out, problem.width)
    if problem.planar:
        with contextlib.suppress(ValueError):
            return launch_plan(*facts, planar=True, maps=problem.maps, hopper=hopper)
    return launch_plan(*facts, maps=problem.maps, hopper=hopper)
