"""The launch of the real kernel, whose text runs on the CPU in the GPU's place, and the weights packed for it."""

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from asyconv.kernels import asymmetric_cascade, asymmetric_cascade_heads, launch
from asyconv.kernels.packing import pack_biases, pack_weights
from asyconv.kernels.plan import LaunchPlan, launch_plan
from tests.helpers.cascades import draw
from tests.helpers.cuda_on_cpu import CpuKernel, compile_kernels

PLAN = launch_plan((8, 0), "float16", 8, 64, 9)


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


class Devices:
    """Current devices of torch and of CuPy, which launches note."""

    def __init__(self) -> None:
        self.torch: torch.device | None = None
        self.cupy: list[int | None] = []

    @contextlib.contextmanager
    def of_torch(self, device: torch.device) -> Iterator[None]:
        """Stand in for `torch.cuda.device`."""
        self.torch = device
        yield
        self.torch = None

    @contextlib.contextmanager
    def of_cupy(self, index: int | None) -> Iterator[None]:
        """Stand in for `cupy.cuda.Device`."""
        self.cupy.append(index)
        yield
        self.cupy.pop()


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Devices:
    found = Devices()
    monkeypatch.setattr(torch.cuda, "device", found.of_torch)
    cupy = SimpleNamespace(cuda=SimpleNamespace(Device=found.of_cupy))
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    stream = SimpleNamespace(cuda_stream=77, record_event=lambda: "event", wait_event=lambda event: None)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    monkeypatch.setattr(Tensor, "record_stream", lambda tensor, stream: None)
    monkeypatch.setattr(launch, "_processors", lambda index: 4)
    return found


@pytest.mark.usefixtures("devices")
def test_launch_gives_what_the_operation_means(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plans = [launch_plan((8, 0), "float16", 21, 64, 9, planar=True), launch_plan((8, 0), "bfloat16", 20, 64, 9, maps=5)]
    kernels = [OnCpu(k) for k in compile_kernels(tmp_path, [(plan, plan.text) for plan in plans])]
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


def test_a_kernel_is_built_and_started_on_the_device_of_x(monkeypatch: pytest.MonkeyPatch, devices: Devices) -> None:
    seen: list[object] = []

    def build(plan: LaunchPlan, index: int | None) -> Any:
        seen.append((devices.torch, list(devices.cupy)))
        return lambda *_, **__: seen.append((devices.torch, list(devices.cupy)))

    monkeypatch.setattr(launch, "_kernel", build)
    x, weights, biases, *_ = draw((1, 8, 64, 3, 2, 9), torch.float16)
    launch.run(PLAN, x, weights, biases)
    assert seen == 2 * [(x.device, [x.device.index])]


@pytest.mark.usefixtures("devices")
def test_weights_are_packed_once_and_in_place_when_they_change(monkeypatch: pytest.MonkeyPatch) -> None:
    launches: list[tuple[int, ...]] = []
    monkeypatch.setattr(launch, "_kernel", lambda plan, index: lambda g, b, arguments, **k: launches.append(arguments))
    x, weights, biases, *_ = draw((1, 8, 64, 3, 2, 9), torch.float16)

    def packed() -> tuple[int, int]:
        launch.run(PLAN, x, weights, biases)
        weights_at, biases_at = (int(address) for address in launches[-1][1:3])
        found, expected = pack_weights(weights, PLAN), pack_biases(biases)
        assert ctypes.string_at(weights_at, found.nbytes) == found.numpy().tobytes()
        assert ctypes.string_at(biases_at, expected.nbytes) == expected.numpy().tobytes()
        return weights_at, biases_at

    first = packed()
    assert packed() == first
    kept = weights[2]
    for source in (weights[1], biases[2]):
        source.mul_(2)
        assert packed() == first  # where a captured graph reads it
    weights[2] = kept * 3
    assert packed() != first
    weights[2] = kept
    assert packed() == first
    entries = len(launch._cache)
    weights.clear()
    assert len(launch._cache) == entries - 1  # packed weights go with the weights


@pytest.mark.usefixtures("devices")
def test_a_capture_packs_changed_weights_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    _, weights, biases, *_ = draw((1, 8, 64, 3, 2, 9), torch.float16)
    sources = (*weights, *biases)
    before = launch._packed(PLAN, sources, 0)[0]
    kept = before.clone()
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    assert launch._packed(PLAN, sources, 0)[0] is before
    weights[1].mul_(2)
    inside = launch._packed(PLAN, sources, 0)[0]
    assert torch.equal(inside, pack_weights(weights, PLAN))
    assert torch.equal(before, kept)


@pytest.mark.usefixtures("devices")
def test_no_clip_launches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_kernel", lambda *_: pytest.fail("a kernel was built"))
    x, weights, biases, *_ = draw((0, 8, 64, 3, 2, 9), torch.float16)
    assert launch.run(PLAN, x, weights, biases).shape == (0, 64, 3, 2, 9)


@pytest.mark.usefixtures("devices")
def test_a_kernel_that_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA_ERROR_INVALID_VALUE: invalid argument")

    monkeypatch.setattr(launch, "_kernel", lambda plan, index: refuse)
    x, weights, biases, *_ = draw((1, 8, 64, 3, 2, 9), torch.float16)
    with pytest.raises(launch.LaunchError, match="cascade does not start here: CUDA_ERROR_INVALID_VALUE"):
        launch.run(PLAN, x, weights, biases)
