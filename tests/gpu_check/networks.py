"""Whole networks on the GPU: errors, times and memory, and the joints that they find."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final
from unittest import mock

import torch
from torch import Tensor

from tests.gpu_check.check import Check
from tests.gpu_check.paths import sound

NETWORK: Final = (22, 96, 128)
INPUTS: Final = 4
COMPILING_S: Final = 120

Call = Callable[[Tensor], Tensor]


def networks(check: Check) -> None:
    """Regression network whole by each path and mixed: graphs replayed with inputs in turn, 22 clips."""
    from asyconv.kernels.dispatch import forced

    half, inputs, expected = drawn(check)
    paths = sound(check)
    both = "tensor-core" in paths and "hopper" in paths
    for name in (*paths, *(["mixed"] if both else [])):
        with mixed() if name == "mixed" else forced(name):
            timed(check, name, half, inputs, expected)


def compiled(check: Check) -> None:
    """The same by torch's compiler, without and with a search for the fastest kernels; last, because it may be slow."""
    from asyconv.kernels.dispatch import forced

    half, inputs, expected = drawn(check)
    for mode in ("default", "max-autotune-no-cudagraphs"):
        if check.left_s() < COMPILING_S:
            print(f"time is up before torch.compile, {mode}")
            return
        with forced("library"):
            timed(check, f"library, torch.compile {mode}", torch.compile(half, mode=mode), inputs, expected)


def drawn(check: Check) -> tuple[Call, list[Tensor], Tensor]:
    """The regression network in float16, inputs of 22 clips, and the maps of the first two by float32."""
    from asyconv.pose.networks import AsymmetricRegression, folded

    torch.manual_seed(0)
    network = AsymmetricRegression().to(check.device).eval()
    clips, *size = NETWORK
    inputs = [torch.randn(clips, 21, 3, *size, device=check.device) for _ in range(INPUTS)]
    torch.backends.cudnn.allow_tf32 = False
    with torch.no_grad():
        return folded(network).half(), inputs, folded(network)(inputs[0][:2])


def timed(check: Check, name: str, call: Call, inputs: list[Tensor], expected: Tensor) -> None:
    """Error and times of the network by one way; one that does not build must not cost the others their turn."""
    from asyconv.kernels.timing import facts, relative_error

    shape = "x".join(map(str, inputs[0].shape)) + "->20"
    row = replace(facts(check.device, torch.float16), what=f"network by {name}", block="network", shape=shape)
    try:
        with torch.no_grad():
            error = relative_error(call(inputs[0])[:2], expected)
            if not error < 3e-3:
                check.fail(f"network by {name}: relative error {error:.1e}, at most 3e-3 is allowed")
            check.keep(replace(row, relative_error=float(f"{error:.2g}"), **replayed(check, call, inputs)))
    except Exception as error:
        check.fail(f"network by {name}: {type(error).__name__}: {str(error)[:300]}")


@contextmanager
def mixed() -> Iterator[None]:
    """Let Hopper's kernel take the blocks of 128 channels and more, and the other one those below."""
    from asyconv.kernels import cascade, dispatch

    def plan_of(problem: dispatch.Problem) -> dispatch.Choice:
        with dispatch.forced("hopper" if problem.c_out >= 128 else "tensor-core"):
            return chosen(problem)

    chosen = dispatch.choose
    with mock.patch.object(cascade, "choose", plan_of):
        yield


def replayed(check: Check, call: Call, inputs: list[Tensor]) -> dict[str, Any]:
    """Times of a call whose input is another one each time; on CUDA as a graph for each input, replayed."""
    from asyconv.kernels.timing import measure, times

    calls: list[Callable[[], object]] = [partial(call, x) for x in inputs]
    if check.device.type == "cuda":
        calls = [graphed(once) for once in calls]
    turn = itertools.cycle(calls)
    return times(measure(lambda: next(turn)(), check.device))


def graphed(call: Callable[[], object]) -> Callable[[], object]:
    """Record a call, warmed up on a side stream, as a CUDA graph."""
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        for _ in range(3):
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def training(check: Check) -> None:
    """A training step with frozen statistics by each path, and an ordinary one, in bfloat16."""
    from asyconv.kernels.dispatch import forced
    from asyconv.kernels.timing import facts, measure, peak_mib, times
    from asyconv.pose.networks import AsymmetricRegression

    torch.manual_seed(0)
    network = AsymmetricRegression().to(check.device).eval()
    clips, *size = NETWORK
    x = torch.randn(clips, 21, 3, *size, device=check.device)
    shape = "x".join(map(str, x.shape)) + "->20"

    def step() -> None:
        with torch.autocast(check.device.type, dtype=torch.bfloat16):
            loss = network(x).float().square().mean()
        loss.backward()
        network.zero_grad()

    common = replace(facts(check.device, torch.bfloat16), block="network", shape=shape)
    for path in sound(check):
        with forced(path):  # statistics are frozen in evaluation: forward by the path, backward by torch
            peak = peak_mib(step, check.device)
            spent = times(measure(step, check.device))
        check.keep(replace(common, what=f"training step, frozen statistics, by {path}", **spent, peak_mib=peak))
    network.train()
    peak = peak_mib(step, check.device)
    check.keep(replace(common, what="training step", **times(measure(step, check.device)), peak_mib=peak))


def joints(check: Check) -> None:
    """Joints of simulated clips by the shipped weights: float16 here, by each path, against float32 on the CPU."""
    import numpy as np

    from asyconv.evaluation.predictions import predict
    from asyconv.kernels.dispatch import forced
    from asyconv.pose.model_file import load_model
    from asyconv.simulation.clips import make_clips
    from asyconv.simulation.seeds import TEST_SEED

    model, clips = load_model("compact"), make_clips(TEST_SEED, 0, 6)
    with mock.patch.object(torch.cuda, "is_available", return_value=False):
        exact = predict(model, clips).xy_map
    for path in sound(check):
        with forced(path):
            on_device = predict(model, clips).xy_map
        off_map = float(np.nanpercentile(np.linalg.norm(on_device - exact, axis=-1), 95))
        differ = int((np.isfinite(on_device[..., 0]) != np.isfinite(exact[..., 0])).sum())
        print(f"joints by {path}: {off_map:.3f} map px from the CPU's (95th percentile); {differ} found by one alone")
        if not off_map <= 0.1:
            check.fail(f"joints by {path}: {off_map:.3f} map px from those of the CPU, at most 0.1 is allowed")
