"""Which path runs, and why."""

import logging
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch

from asyconv import kernels
from asyconv.kernels import asymmetric_cascade, cascade, dispatch, launch
from asyconv.kernels.dispatch import FASTEST, VARIABLE, Problem, choose, forced
from asyconv.kernels.plan import LaunchPlan, launch_plan
from tests.helpers.cascades import draw

BLOCK = Problem((8, 0), 64, 128, 3, 128, torch.float16)


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
    monkeypatch.setattr(dispatch, "FASTEST", {((8, 0), 64, 128, 0, torch.float16): "tensor-core"})
    choice = choose(BLOCK)
    assert (choice.path, choice.reason) == ("tensor-core", "measured fastest")
    assert choice.plan == launch_plan((8, 0), "float16", 64, 128, 128)
    for other in ({"c_in": 128}, {"maps": 20}, {"dtype": torch.bfloat16}):  # measured for none of these
        assert choose(replace(BLOCK, **other)).path == "library"
    monkeypatch.setenv(VARIABLE, "library")
    assert choose(BLOCK).path == "library"
    monkeypatch.setenv(VARIABLE, "cuda")
    with pytest.raises(ValueError, match="must be one of library, tensor-core, hopper, numba, found 'cuda'"):
        choose(BLOCK)


def test_forcing_a_path_ends_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "numba")
    with forced("library"):
        assert choose(BLOCK).reason == "ASYCONV_CASCADE=library"
    assert choose(BLOCK).reason.startswith("ASYCONV_CASCADE=numba")


def test_a_numba_that_does_not_load_costs_its_own_path_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "asyconv.kernels.cascade_numba", raising=False)
    monkeypatch.delattr(kernels, "cascade_numba", raising=False)
    monkeypatch.setitem(sys.modules, "numba.cuda", None)  # its import raises ImportError
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    with forced("numba"):
        choice = choose(replace(BLOCK, dtype=torch.float32))
    assert (choice.path, choice.fell_back) == ("library", True)
    assert choice.reason.startswith("ASYCONV_CASCADE=numba, but Numba does not load: import of numba.cuda halted")


@pytest.mark.usefixtures("_cupy_works")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"frames": 4}, "the kernels take 3 frames, found 4"),
        ({"dtype": torch.float32}, "the kernel computes in float16 or bfloat16, found float32"),
        ({"c_out": 48}, "64, 128 or 256"),
        ({"capability": (7, 0)}, "7.5"),
        ({"maps": 99}, "99"),
    ],
)
def test_what_the_kernel_cannot_do_takes_the_library(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], reason: str
) -> None:
    monkeypatch.setenv(VARIABLE, "tensor-core")
    choice = choose(replace(BLOCK, **changed))
    assert (choice.path, choice.fell_back) == ("library", True)
    assert reason in choice.reason


@pytest.mark.usefixtures("_cupy_works")
def test_planar_input_is_read_as_it_is_where_a_kernel_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "tensor-core")
    first = choose(Problem((8, 0), 21, 64, 3, 128, torch.float16, planar=True)).plan
    wide = choose(Problem((8, 0), 64, 64, 3, 128, torch.float16, planar=True)).plan
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


def test_why_not_says_what_is_missing() -> None:
    if not torch.cuda.is_available():
        assert launch.why_not() == "torch sees no CUDA device"
