"""The kernels compiled for a GPU that need not be there: NVRTC, which users have through CuPy, or else nvcc."""

import ctypes
import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyconv.kernels.plan import LaunchPlan


@dataclass(frozen=True)
class Resources:
    """What the assembler says of one kernel."""

    registers: int
    spilled_bytes: int
    stack_bytes: int
    log: str


def resources(plan: LaunchPlan, arch: str, folder: Path) -> Resources:
    """Compile the kernel of a plan for ``arch`` ("80", "90a"); skips the test where no compiler is installed."""
    options = [option for option in plan.options if not option.startswith("-arch")] + [f"-arch=sm_{arch}"]
    if nvrtc() is not None:
        log = compile_by_nvrtc(plan.source, [*options, "--ptxas-options=-v"])
    elif shutil.which("nvcc"):
        log = _by_nvcc(plan.source, [*options, "-Xptxas", "-v"], folder)
    else:
        pytest.skip("no CUDA compiler is installed: neither nvcc nor the wheel nvidia-cuda-nvrtc")
    frame = re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", log)
    registers = re.search(r"Used (\d+) registers", log)
    assert frame is not None, log
    assert registers is not None, log
    return Resources(int(registers[1]), int(frame[2]) + int(frame[3]), int(frame[1]), log)


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


def compile_by_nvrtc(source: str, options: list[str]) -> str:
    """Compile and give the log; skips the test where NVRTC is not installed."""
    library = nvrtc()
    if library is None:
        pytest.skip("NVRTC is not installed: the wheel nvidia-cuda-nvrtc")
    program = ctypes.c_void_p()
    status = library.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    assert status == 0
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    status = library.nvrtcCompileProgram(program, len(options), given)
    size = ctypes.c_size_t()
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, text)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    log = text.value.decode()
    assert status == 0, log
    return log


def _by_nvcc(source: str, options: list[str], folder: Path) -> str:
    path = folder / "kernel.cu"
    path.write_text(source, encoding="utf8")
    command = ["nvcc", *options, "-cubin", "-o", str(folder / "kernel.cubin"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
