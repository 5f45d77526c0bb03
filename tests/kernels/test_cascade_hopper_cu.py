"""The Hopper kernel's own text, run on the CPU with clusters and bulk copies, and with known bugs put in.

Three bugs that the model on the CPU cannot see are not here: the barrier before the second stage is stored (a
modelled multiplication ends for the whole group at once), the wait before the neighbour's column is written over
(the ring of weights that a cluster shares keeps its blocks closer together than that), and a block that leaves
while its neighbour writes.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from asyconv.kernels.plan import LaunchPlan, launch_plan
from tests.helpers.cascades import assert_right, draw_layers, is_right
from tests.helpers.cuda_on_cpu import compile_kernels


def hopper(dtype: str, c_in: int, c_out: int, width: int, maps: int = 0) -> LaunchPlan:
    return launch_plan((9, 0), dtype, c_in, c_out, width, maps=maps, hopper=True)


PAIR = LaunchPlan("cascade_hopper", "bfloat16", 32, 128, 64, 32, 5, False, False, 0, cluster=2, x_slots=3)

# (plan, channels of x, [B, H, W], processors)
CASES = {
    "128 whole row": (hopper("bfloat16", 64, 128, 128), 64, (1, 2, 128), 1),
    "128 short row, chunk half empty": (hopper("float16", 40, 128, 33), 37, (2, 1, 33), 3),
    "256 cluster": (hopper("float16", 32, 256, 128), 32, (1, 2, 128), 2),
    "256 heads": (hopper("bfloat16", 32, 256, 70, maps=20), 32, (1, 1, 70), 132),
    "128 heads": (hopper("float16", 32, 128, 20, maps=20), 32, (1, 1, 20), 1),
    "128 cluster, several rows each": (PAIR, 32, (1, 5, 127), 4),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_convolutions(name: str, tmp_path: Path) -> None:
    torch.manual_seed(len(name))
    plan, c_in, (batch, height, width), processors = CASES[name]
    x, layers = torch.randn(batch, c_in, 3, height, width), draw_layers(c_in, plan.c_out, plan.maps)
    (kernel,) = compile_kernels(tmp_path, [(plan, plan.text)])
    assert_right(kernel, x, layers, seed=len(name), processors=processors)


ARRIVE = "if (CLUSTER > 1 && thread < CLUSTER) barrier_arrive_at(barrier, thread);"
AWAIT = "barrier_wait(weight_full + at_weights.slot, at_weights.phase);"
BUGS = {
    "first stage not whole": [("writes_visible();\n    sync_frame();\n    if (CLUSTER > 1) {", "if (CLUSTER > 1) {")],
    "frames not whole": [("    writes_visible();\n    sync_frames();\n  }", "  }")],
    "frames stored while others read": [("    sync_frames();  // every frame has been read\n", "")],
    "column of the neighbour not awaited": [("barrier_wait(halo_full + t, halo_phase);", "")],
    "weights released while they are read": [
        (ARRIVE, ""),
        (AWAIT, f"{AWAIT} u64* barrier = weight_free + at_weights.slot; {ARRIVE}"),
    ],
    "x not awaited": [("barrier_wait(x_full + at_x.slot, at_x.phase);", "")],
    "weights brought into a full slot": [("barrier_wait(weight_free + ring.slot, ring.phase ^ 1);", "")],
    "border not cleared": [("    clear_border();\n", "")],
    "both blocks copy one share": [("ring.slot * WEIGHT_BYTES + rank * SHARE", "ring.slot * WEIGHT_BYTES")],
    "column given to the wrong side": [("store_at(target + TILE_W * 16", "store_at(target - TILE_W * 16")],
}  # fmt: skip


def test_known_bugs_are_caught(tmp_path: Path) -> None:
    torch.manual_seed(0)
    plan, kernels = replace(PAIR, dtype="float16"), {"none": PAIR.text}
    for bug, changes in BUGS.items():
        text = plan.text
        for right, wrong in changes:
            assert text.count(right) == 1
            text = text.replace(right, wrong)
        kernels[bug] = text
    x, layers = torch.randn(1, 32, 3, 4, 128), draw_layers(32, 128, 0)
    compiled = compile_kernels(tmp_path, [(plan, text) for text in kernels.values()])
    pairs = zip(kernels, compiled, strict=True)
    assert [bug for bug, kernel in pairs if is_right(kernel, x, layers, seed=1, processors=2)] == ["none"]


@pytest.mark.fuzz
def test_any_size_under_any_schedule(tmp_path: Path) -> None:
    (kernel,) = compile_kernels(tmp_path, [(PAIR, PAIR.text)])
    for seed in range(50):
        torch.manual_seed(seed)
        height, width, processors = (int(torch.randint(1, most, ())) for most in (7, 129, 8))
        x, layers = torch.randn(1, 32, 3, height, width), draw_layers(32, 128, 0)
        assert is_right(kernel, x, layers, seed=seed, processors=processors), seed
