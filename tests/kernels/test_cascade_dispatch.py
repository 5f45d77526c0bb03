"""Which path runs and why, and the launch of the real kernel: its text runs on the CPU in the GPU's place."""

import contextlib
import ctypes
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from asyconv.kernels import asymmetric_cascade, asymmetric_cascade_heads, cascade, dispatch, launch
from asyconv.kernels.dispatch import FASTEST, VARIABLE, Cascade, choose
from asyconv.kernels.plan import LaunchPlan, launch_plan
from tests.helpers.cascades import draw
from tests.helpers.cuda_on_cpu import CpuKernel, compile_kernels, kernel_text

BLOCK = Cascade((8, 0), 64, 128, 3, 128, torch.float16)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what another test chose, told or remembered."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(dispatch, "_told", set())
    monkeypatch.setattr(dispatch, "_failed", {})


@pytest.fixture
def _cupy_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "why_not", lambda: None)


def test_what_was_not_measured_takes_the_library() -> None:
    choice = choose(BLOCK)
    assert choice.path == "library"
    assert not choice.fell_back
    assert "no measurement" in choice.reason


def test_table_names_known_paths_only() -> None:
    assert set(FASTEST.values()) <= set(dispatch.PATHS)


def test_without_a_device_one_line_and_the_library(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(launch, "why_not", lambda: "torch sees no CUDA device")
    monkeypatch.setenv(VARIABLE, "tensor-core")
    choice = choose(BLOCK)
    assert (choice.path, choice.fell_back) == ("library", True)
    with caplog.at_level(logging.WARNING, "asyconv.kernels"):
        for _ in range(3):
            dispatch.tell(BLOCK, choice)
    (record,) = caplog.records
    assert record.getMessage() == (
        "cascade 64->128 in float16 on compute capability 8.0: library path "
        "(ASYCONV_CASCADE=tensor-core, but torch sees no CUDA device)"
    )


@pytest.mark.usefixtures("_cupy_works")
def test_table_and_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "FASTEST", {((8, 0), 128, torch.float16): "tensor-core"})
    choice = choose(BLOCK)
    assert (choice.path, choice.reason) == ("tensor-core", "measured fastest")
    assert choice.plan == launch_plan((8, 0), "float16", 64, 128, 128)
    monkeypatch.setenv(VARIABLE, "library")
    assert choose(BLOCK).path == "library"
    monkeypatch.setenv(VARIABLE, "cuda")
    with pytest.raises(ValueError, match="must be one of library, tensor-core, hopper, numba, found 'cuda'"):
        choose(BLOCK)


@pytest.mark.usefixtures("_cupy_works")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"frames": 4}, "the kernels take 3 frames, found 4"),
        ({"dtype": torch.float32}, "the kernel computes in float16 or bfloat16, found float32"),
        ({"c_out": 32}, "64, 128 or 256"),
        ({"capability": (7, 0)}, "7.5"),
        ({"maps": 99}, "99"),
    ],
)
def test_what_the_kernel_cannot_do_takes_the_library(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], reason: str
) -> None:
    monkeypatch.setenv(VARIABLE, "tensor-core")
    choice = choose(Cascade(**{**vars(BLOCK), **changed}))
    assert (choice.path, choice.fell_back) == ("library", True)
    assert reason in choice.reason


@pytest.mark.usefixtures("_cupy_works")
def test_planar_input_is_read_as_it_is_where_a_kernel_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "tensor-core")
    first = choose(Cascade((8, 0), 21, 64, 3, 128, torch.float16, planar=True)).plan
    wide = choose(Cascade((8, 0), 64, 64, 3, 128, torch.float16, planar=True)).plan
    assert first is not None
    assert first.planar
    assert wide is not None
    assert not wide.planar


@pytest.mark.usefixtures("_cupy_works")
def test_a_kernel_that_does_not_build_is_tried_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    def refuse(plan: LaunchPlan, *_: object) -> None:
        tried.append(plan)
        raise launch.LaunchError("cascade does not build here: no such option")

    monkeypatch.setattr(launch, "run", refuse)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    monkeypatch.setenv(VARIABLE, "tensor-core")
    x, weights, biases, *_ = draw((1, 8, 64, 3, 2, 3), torch.float16)
    with caplog.at_level(logging.WARNING, "asyconv.kernels"):
        for _ in range(2):
            y = cascade._run_on_cuda(x, weights, biases)
    assert torch.equal(y, asymmetric_cascade(x, weights, biases))
    assert len(tried) == 1
    assert len(caplog.records) == 1
    assert "no such option" in caplog.text


class OnCpu:
    """A kernel as CuPy gives it, which runs on the CPU and keeps what it was launched with."""

    def __init__(self, kernel: CpuKernel) -> None:
        self.kernel = kernel
        self.launches: list[dict[str, Any]] = []

    def __call__(
        self, grid: tuple[int, ...], block: tuple[int], arguments: tuple[Any, ...], *, shared_mem: int, stream: Any
    ) -> None:
        """Launch it."""
        self.launches.append({"grid": grid, "arguments": arguments, "stream": stream.ptr})
        *pointers, height, width = arguments
        run = getattr(self.kernel.library, f"run_{self.kernel.index}")
        run.restype = ctypes.c_char_p
        sizes = (grid[2], int(height), int(width), *grid, self.kernel.plan.cluster, block[0])
        message = run(*(ctypes.c_void_p(p) for p in pointers), *sizes, ctypes.c_size_t(shared_mem), 0)
        assert not message, message


@pytest.fixture
def _cpu_as_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = SimpleNamespace(cuda_stream=77, record_event=lambda: "event")
    monkeypatch.setattr(torch.cuda, "device", lambda device: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    monkeypatch.setattr(launch, "_processors", lambda index: 4)


@pytest.mark.usefixtures("_cpu_as_gpu")
def test_launch_gives_what_the_operation_means(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plans = [
        launch_plan((8, 0), "float16", 21, 64, 9, planar=True),
        launch_plan((8, 0), "bfloat16", 20, 64, 9, maps=5),
    ]
    kernels = [OnCpu(k) for k in compile_kernels(tmp_path, [(plan, kernel_text(plan)) for plan in plans])]
    monkeypatch.setattr(launch, "_kernel", lambda plan, index: kernels[plans.index(plan)])

    x, weights, biases, *_ = draw((2, 21, 64, 3, 3, 9), torch.float16)
    x = x.float()
    y = launch.run(plans[0], x, weights, biases)
    expected = asymmetric_cascade(x, weights, biases)
    assert (y.dtype, y.stride()) == (expected.dtype, expected.stride())
    assert (y.float() - expected.float()).norm() < 1e-3 * expected.float().norm()

    parts = draw((1, 20, 64, 3, 4, 9), torch.bfloat16)
    maps = launch.run(plans[1], *parts)
    truth = asymmetric_cascade_heads(*parts)
    assert (maps.dtype, maps.stride()) == (torch.float32, truth.stride())
    assert (maps - truth).norm() < 5e-3 * truth.norm()
    assert [kernel.launches[0]["stream"] for kernel in kernels] == [77, 77]


@pytest.mark.usefixtures("_cpu_as_gpu")
def test_weights_are_packed_once_and_again_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = launch_plan((8, 0), "float16", 8, 64, 9)
    launches: list[tuple[int, ...]] = []
    monkeypatch.setattr(launch, "_kernel", lambda plan, index: lambda g, b, arguments, **k: launches.append(arguments))
    x, weights, biases, *_ = draw((1, 8, 64, 3, 2, 9), torch.float16)

    def packed() -> int:
        launch.run(plan, x, weights, biases)
        return int(launches[-1][1])

    first = packed()
    assert packed() == first
    weights[1].mul_(2)
    second = packed()
    assert second != first
    biases[2].add_(1)
    third = packed()
    assert third != second
    weights[2] = weights[2].clone()
    assert packed() != third
    entries = len(launch._cache)
    weights.clear()
    assert len(launch._cache) == entries - 1  # packed weights go with the weights


@pytest.mark.usefixtures("_cpu_as_gpu")
def test_no_clip_launches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_kernel", lambda *_: pytest.fail("a kernel was built"))
    x, weights, biases, *_ = draw((0, 8, 64, 3, 2, 9), torch.float16)
    assert launch.run(launch_plan((8, 0), "float16", 8, 64, 9), x, weights, biases).shape == (0, 64, 3, 2, 9)


@pytest.mark.usefixtures("_cpu_as_gpu")
def test_a_kernel_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA_ERROR_INVALID_VALUE: invalid argument")

    monkeypatch.setattr(launch, "_kernel", lambda plan, index: refuse)
    x, weights, biases, *_ = draw((1, 8, 64, 3, 2, 9), torch.float16)
    with pytest.raises(launch.LaunchError, match="cascade does not start here: CUDA_ERROR_INVALID_VALUE"):
        launch.run(launch_plan((8, 0), "float16", 8, 64, 9), x, weights, biases)


def test_why_not_says_what_is_missing() -> None:
    if not torch.cuda.is_available():
        assert launch.why_not() == "torch sees no CUDA device"
