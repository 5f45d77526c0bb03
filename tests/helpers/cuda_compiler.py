"""The kernels compiled for a GPU that need not be there, by NVRTC as users have it through CuPy."""

import ctypes
import functools
import importlib.util
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Resources:
    """What the assembler says of one kernel."""

    registers: int
    spilled_bytes: int
    stack_bytes: int
    log: str


def resources(source: str, options: Sequence[str]) -> Resources:
    """Compile one kernel; an AssertionError has the compiler's log, and without NVRTC the test is skipped."""
    log = _compile(source, [*options, "--ptxas-options=-v"])
    frame = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    registers = re.search(r"Used (\d+) registers", log)
    assert frame is not None, log
    assert registers is not None, log
    return Resources(int(registers[1]), int(frame[2]) + int(frame[3]), int(frame[1]), log)


def ptx(source: str, options: Sequence[str]) -> str:
    """Give the PTX of one kernel; as `resources` otherwise."""
    return _compile(source, [option.replace("=sm_", "=compute_") for option in options], ptx=True)


@functools.cache
def nvrtc() -> ctypes.CDLL | None:
    """Load NVRTC 13 from the wheel where it is installed."""
    found = importlib.util.find_spec("nvidia")
    folders = list(found.submodule_search_locations or []) if found is not None else []
    for folder in folders:
        for path in sorted(Path(folder).glob("*/lib/libnvrtc.so.13")):
            for part in path.parent.glob("libnvrtc-builtins.so.13.*"):
                ctypes.CDLL(str(part))  # NVRTC asks for it by its bare name
            return ctypes.CDLL(str(path))
    return None


def _compile(source: str, options: list[str], *, ptx: bool = False) -> str:
    """Log of the compiler, or the PTX."""
    library = nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed: the wheel nvidia-cuda-nvrtc, part of the dev extra on Linux")
    program = ctypes.c_void_p()
    status = library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    assert status == 0
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = library.nvrtcCompileProgram(program, len(options), given)
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, text)
    log = text.value.decode()
    assert status == 0, log
    if ptx:
        library.nvrtcGetPTXSize(program, ctypes.byref(size))
        text = ctypes.create_string_buffer(size.value)
        library.nvrtcGetPTX(program, text)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return text.value.decode()
