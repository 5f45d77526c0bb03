"""Which implementation runs a cascade on a CUDA device, and why.

Four can: ``tensor-core`` (`cascade.cu`), ``hopper`` (`cascade_hopper.cu`), ``numba`` (float32) and ``library``
(cuDNN's convolutions, which always work). `FASTEST` says which is fastest where; it is filled from rows that
``make gpu-check`` measured, and what it does not name takes the library. The environment variable
``ASYCONV_CASCADE`` with one of the four names stands above the table. Whatever cannot run where it was wanted
gives one line in the log and the library path.
"""

import functools
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch

from asyconv.kernels import launch
from asyconv.kernels.plan import LaunchPlan, launch_plan

VARIABLE: Final = "ASYCONV_CASCADE"
PATHS: Final = ("library", "tensor-core", "hopper", "numba")
FRAMES: Final = 3

FASTEST: Final[Mapping[tuple[tuple[int, int], int, torch.dtype], str]] = {}
"""(compute capability, output channels, dtype of the weights) -> path."""

_log = logging.getLogger("asyconv.kernels")
_told: set[str] = set()
_failed: dict[tuple["Cascade", str], str] = {}


@dataclass(frozen=True)
class Cascade:
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


def override() -> str | None:
    """Path that the environment variable asks for; None where it is not set."""
    wanted = os.environ.get(VARIABLE)
    if wanted and wanted not in PATHS:
        raise ValueError(f"{VARIABLE} must be one of {', '.join(PATHS)}, found {wanted!r}")
    return wanted or None


def choose(cascade: Cascade) -> Choice:
    """Path for one cascade; touches no device and compiles nothing."""
    wanted = override()
    asked = f"{VARIABLE}={wanted}"
    if wanted is None:
        wanted = FASTEST.get((cascade.capability, cascade.c_out, cascade.dtype))
        asked = "measured fastest"
        if wanted is None:
            return Choice("library", "no measurement on this card names a faster path")
    if wanted == "library":
        return Choice("library", asked)
    why_not = _failed.get((cascade, wanted)) or _why_not(cascade, wanted)
    if why_not:
        return Choice("library", f"{asked}, but {why_not}", fell_back=True)
    if wanted == "numba":
        return Choice("numba", asked)
    try:
        plan = _plan(cascade, hopper=wanted == "hopper")
    except ValueError as error:
        return Choice("library", f"{asked}, but {error}", fell_back=True)
    return Choice(wanted, asked, plan)


def remember_failure(cascade: Cascade, path: str, sentence: str) -> None:
    """Note that a kernel does not build or load here, so that it is not tried again."""
    _failed[cascade, path] = sentence


def tell(cascade: Cascade, choice: Choice) -> None:
    """Log once per kind of cascade that the library stands in for what was wanted."""
    line = f"cascade {cascade}: library path ({choice.reason})"
    if choice.fell_back and line not in _told:
        _told.add(line)
        _log.warning(line)


def _why_not(cascade: Cascade, wanted: str) -> str | None:
    if cascade.frames != FRAMES:
        return f"the kernels take {FRAMES} frames, found {cascade.frames}"
    if wanted == "numba":
        from asyconv.kernels import cascade_numba

        return cascade_numba.why_not(cascade.c_in, cascade.c_out, cascade.dtype, cascade.maps)
    if cascade.dtype not in (torch.float16, torch.bfloat16):
        return f"the kernel computes in float16 or bfloat16, found {str(cascade.dtype)[6:]}"
    return launch.why_not()


@functools.cache
def _plan(cascade: Cascade, *, hopper: bool) -> LaunchPlan:
    """Plan that reads planar float32 as it is where that exists, else channels-last halves."""
    facts = (cascade.capability, str(cascade.dtype)[6:], cascade.c_in, cascade.c_out, cascade.width)
    if cascade.planar:
        try:
            return launch_plan(*facts, planar=True, maps=cascade.maps, hopper=hopper)
        except ValueError:
            pass
    return launch_plan(*facts, maps=cascade.maps, hopper=hopper)
