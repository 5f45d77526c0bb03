"""cuDNN's fused convolution: what it refuses costs that kernel alone, and is said."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from asyconv.kernels import cudnn

PICTURES = torch.ones(2, 4, 5, 6)
Ask = Callable[..., Tensor | None]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """Sizes of the kernels that a cuDNN was asked for which refuses all from three rows on."""
    sizes: list[torch.Size] = []

    def call(pictures: Tensor, kernel: Tensor, *_: Any) -> Tensor:
        sizes.append(kernel.shape)
        if kernel.shape[2] == 3:
            raise RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED\nat a line")
        if kernel.shape[3] == 3:
            raise RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED")
        return pictures

    monkeypatch.setattr(torch, "cudnn_convolution_relu", call)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(cudnn, "_refused", set())
    monkeypatch.setattr(cudnn, "_told", set())
    return sizes


def ask(*size: int, dtype: torch.dtype = torch.float32) -> Tensor | None:
    return cudnn.convolve_relu(PICTURES.to(dtype), torch.ones(4, 4, *size, dtype=dtype), torch.ones(4, dtype=dtype))


def test_a_refusal_is_said_once_and_holds_for_one_kernel(
    asked: list[torch.Size], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "asyconv.kernels"):
        assert ask(3, 1) is None
        assert ask(3, 1) is None
    assert len(asked) == 1
    (line,) = caplog.messages
    assert "4x4x3x1 in float32" in line
    assert line.endswith("CUDNN_STATUS_NOT_SUPPORTED")
    assert ask(1, 1) is not None  # the dtype goes on
    assert ask(3, 1, dtype=torch.float16) is None
    assert len(asked) == 3


def test_another_error_is_said_and_cudnn_asked_again(asked: list[torch.Size], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "asyconv.kernels"):
        assert ask(1, 3) is None
        assert ask(1, 3) is None
    assert len(asked) == 2
    assert len(caplog.records) == 1


def test_memory_that_runs_out_is_no_refusal(monkeypatch: pytest.MonkeyPatch, asked: list[torch.Size]) -> None:
    def full(*_: Any) -> Tensor:
        raise torch.cuda.OutOfMemoryError("out of memory")

    monkeypatch.setattr(torch, "cudnn_convolution_relu", full)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        ask(1, 1)


def test_float64_and_nothing_are_not_asked(asked: list[torch.Size]) -> None:
    assert ask(1, 1, dtype=torch.float64) is None
    assert cudnn.convolve_relu(PICTURES[:0], torch.ones(4, 4, 1, 1), torch.ones(4)) is None
    assert not asked
