"""Kernels compiled by g++ for the CPU (``cuda_on_cpu.h``, ``hopper_on_cpu.h``) and called on torch tensors."""

import ctypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from asyconv.kernels.plan import LaunchPlan

HEADERS = {"cascade": "cuda_on_cpu.h", "cascade_hopper": "hopper_on_cpu.h"}
FLAGS = ("-O1", "-march=native", "-std=c++17", "-shared", "-fPIC", "-w", "-U_FORTIFY_SOURCE")
GUARD = 4096  # elements before and after every tensor of the kernel


@dataclass(frozen=True)
class CpuKernel:
    """One kernel as a function of the library that holds several."""

    plan: LaunchPlan
    library: ctypes.CDLL
    index: int

    @property
    def shared_bytes(self) -> int:
        """Shared memory by the kernel's own count."""
        return int(getattr(self.library, f"shared_bytes_{self.index}")())

    @property
    def threads(self) -> int:
        """Threads of a block by the kernel's own count."""
        return int(getattr(self.library, f"threads_{self.index}")())

    def __call__(
        self, x: Tensor, weights: Tensor, biases: Tensor, y_shape: Sequence[int], *, seed: int = 0, processors: int = 1
    ) -> Tensor:
        """Run on x and give y; a RuntimeError says what the kernel did that no GPU forgives."""
        plan = self.plan
        batch, height, width = (x.shape[0], *(x.shape[3:] if plan.planar else x.shape[2:4]))
        x = _guarded(x)
        y_dtype = torch.float32 if plan.maps else getattr(torch, plan.dtype)
        whole = torch.full((2 * GUARD + torch.Size(y_shape).numel(),), float("nan"), dtype=y_dtype)
        y = whole[GUARD:-GUARD].view(*y_shape)
        run = getattr(self.library, f"run_{self.index}")
        run.restype = ctypes.c_char_p
        pointers = [ctypes.c_void_p(t.data_ptr()) for t in (x, weights, biases, y)]
        sizes = (batch, height, width, *plan.grid(batch, height, width, processors), plan.cluster)
        message = run(*pointers, *sizes, plan.threads, ctypes.c_size_t(plan.shared_bytes), seed)
        if message:
            raise RuntimeError(message.decode())
        if not whole[:GUARD].isnan().all() or not whole[-GUARD:].isnan().all():
            raise RuntimeError("global memory is written out of range")
        return y


def compile_kernels(folder: Path, kernels: Sequence[tuple[LaunchPlan, str]]) -> list[CpuKernel]:
    """Compile kernels, each a plan and a text, into one library in ``folder``; skips the test without g++."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed, which runs the CUDA kernels on the CPU")
    folder.mkdir(parents=True, exist_ok=True)
    source, library = folder / "kernels.cpp", folder / "kernels.so"
    parts = [_part(index, plan, text) for index, (plan, text) in enumerate(kernels)]
    headers = sorted({HEADERS[plan.kernel] for plan, _ in kernels})
    source.write_text("\n".join([*(f'#include "{header}"' for header in headers), *parts]), encoding="utf8")
    subprocess.run(["g++", *FLAGS, f"-I{Path(__file__).parent}", str(source), "-o", str(library)], check=True)
    loaded = ctypes.CDLL(str(library))
    return [CpuKernel(plan, loaded, index) for index, (plan, _) in enumerate(kernels)]


def _part(index: int, plan: LaunchPlan, text: str) -> str:
    """One kernel in its own namespace, and the functions by which Python reaches it."""
    defines = dict(re.findall(r"-D(\w+)=(\w+)", " ".join(plan.options)))
    defines[plan.kernel] = f"{plan.kernel}_{index}"  # an extern "C" name must be unique whatever the namespace
    kernel, sizes = f"kernel_{index}", "B, H, W" if plan.kernel == "cascade_hopper" else "H, W"
    return "\n".join(
        [
            *(f"#define {name} {value}" for name, value in defines.items()),
            f"namespace {kernel} {{\n{text}\n}}",
            f'extern "C" int shared_bytes_{index}() {{ return {kernel}::SHARED_BYTES; }}',
            f'extern "C" int threads_{index}() {{ return {kernel}::THREADS; }}',
            f'extern "C" const char* run_{index}(const void* x, const byte* weights, const float* biases, void* y,',
            "    int B, int H, int W, unsigned gx, unsigned gy, unsigned gz, unsigned cluster, unsigned threads,",
            "    size_t shared, unsigned seed) {",
            f"  auto launch = [=] {{ {kernel}::{plan.kernel}(x, weights, biases, y, {sizes}); }};",
            "  return sim::run_grid(launch, {gx, gy, gz}, cluster, threads, shared, seed);",
            "}",
            *(f"#undef {name}" for name in defines),
        ]
    )


def _guarded(x: Tensor) -> Tensor:
    """Copy of x amid NaNs, so that what is read beside it shows."""
    whole = torch.full((2 * GUARD + x.numel(),), float("nan"), dtype=x.dtype)
    whole[GUARD:-GUARD] = x.flatten()
    return whole[GUARD:-GUARD].view(x.shape)
