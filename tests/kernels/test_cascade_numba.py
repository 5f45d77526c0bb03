"""The readable float32 kernel: run in Numba's simulator against conv3d, and compiled to PTX without a GPU."""

import os
import subprocess
import sys

import pytest
import torch

from asyconv.kernels.cascade_numba import SHARED_BYTES, grid, tile_width, why_not

SIMULATED = """
import sys
import torch
from numba import cuda
from asyconv.kernels import cascade_numba

torch.manual_seed(0)
for size in sys.argv[1:]:
    batch, c_in, channels, height, width, tile_w = map(int, size.split(","))
    x = torch.randn(batch, c_in, 3, height, width)
    kernels = ((1, 3, 1), (1, 1, 3), (3, 1, 1))
    weights = [torch.randn(channels, channels if s else c_in, *k) for s, k in enumerate(kernels)]
    biases = [torch.rand(channels) for _ in kernels]
    y, arguments = cascade_numba.prepare(x, weights, biases)
    y.fill_(float("nan"))  # whatever stays unwritten shows
    kernel = cuda.jit(cascade_numba.make_kernel(c_in, channels, tile_w))
    kernel[(-(-width // tile_w), height, batch), (channels, 2)](*(t.numpy() for t in arguments))
    truth = x.double()
    for weight, bias in zip(weights, biases):
        padding = [k // 2 for k in weight.shape[2:]]
        truth = torch.relu(torch.conv3d(truth, weight.double(), bias.double(), padding=padding))
    assert truth.abs().max() > 0
    print(float((y.permute(0, 4, 1, 2, 3) - truth).abs().max() / truth.abs().max()))
"""

COMPILED = """
import sys
from numba import cuda, float32, types
from asyconv.kernels import cascade_numba

x, w, b = (types.Array(float32, n, "C") for n in (5, 3, 1))
channels = 64
kernel = cascade_numba.make_kernel(21, channels, cascade_numba.tile_width(channels))
for capability in ((8, 0), (9, 0)):
    text = cuda.compile_ptx(kernel, (x, w, b, w, b, w, b, x), cc=capability)[0]
    print(text)
"""


def program(text: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", text, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_simulated_equals_conv3d() -> None:
    sizes = (
        "1,1,1,1,1,1",  # one pixel: every neighbour is padding
        "2,5,4,3,5,2",  # two clips, a last tile that is not full
        "1,3,6,2,4,4",  # the tile is the whole row
    )
    done = program(SIMULATED, *sizes, NUMBA_ENABLE_CUDASIM="1")
    assert done.returncode == 0, done.stderr
    errors = [float(line) for line in done.stdout.split()]
    assert len(errors) == len(sizes)
    assert max(errors) < 1e-6  # three sums in float32 of at most 18 terms each


def test_compiles_to_ptx_without_a_gpu() -> None:
    done = program(COMPILED)
    if done.returncode and any(name in done.stderr for name in ("CudaSupportError", "NvvmSupportError")):
        pytest.skip("Numba compiles for CUDA beside a driver only; numba-cuda with the nvidia-nvvm wheel needs none")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".visible .entry") == 2
    assert "bar.sync" in done.stdout
    assert ".local" not in done.stdout  # nothing spilled to local memory


@pytest.mark.parametrize(("channels", "columns"), [(16, 32), (64, 31), (128, 15), (256, 7), (1024, 1)])
def test_both_results_fit_in_shared_memory(channels: int, columns: int) -> None:
    assert tile_width(channels) == columns
    assert 3 * (2 * columns + 2) * channels * 4 <= SHARED_BYTES
    blocks, threads = grid(torch.empty(2, 3, 96, 128, channels, device="meta"))
    assert blocks == (-(-128 // columns), 96, 2)
    assert threads[0] == channels
    assert threads[0] * threads[1] <= 1024


def test_says_what_it_cannot_do() -> None:
    assert why_not(21, 64, torch.float16, 0) == "the Numba kernel computes in float32, found float16"
    assert why_not(21, 64, torch.float32, 20) == "the Numba kernel has no heads"
    assert why_not(21, 2048, torch.float32, 0) == "the Numba kernel has no room for 2048 channels in shared memory"
    if not torch.cuda.is_available():
        assert why_not(21, 64, torch.float32, 0) == "Numba finds no CUDA device"
