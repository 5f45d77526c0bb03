"""The tensor-core kernel's own text, run on the CPU: by hand, against convolutions, and with known bugs put in."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from asyconv.kernels.packing import pack_weights
from asyconv.kernels.plan import LaunchPlan, launch_plan
from tests.helpers.cascades import Layers, assert_right, draw_layers, is_right, run
from tests.helpers.cuda_on_cpu import compile_kernels, kernel_text


def tile(
    dtype: str, c_in: int, c_out: int, tile_w: int, k_chunk: int, slots: int, halo: bool, planar: bool = False,
    maps: int = 0,
) -> LaunchPlan:  # fmt: skip
    return LaunchPlan("cascade", dtype, c_in, c_out, tile_w, k_chunk, slots, halo, planar, maps)


SMALL = tile("float16", 32, 128, 32, 32, 3, halo=False)

# (plan, channels of x, [B, H, W]): as planned for real devices, and tiles that make small cases of the rest.
CASES = {
    "64 whole row, sm_80": (launch_plan((8, 0), "float16", 21, 64, 30), 21, (1, 3, 30)),
    "64 exact row, chunk half empty": (tile("bfloat16", 40, 64, 32, 32, 2, halo=False), 40, (2, 2, 32)),
    "64 halo, sm_89": (launch_plan((8, 9), "bfloat16", 64, 64, 129), 64, (1, 1, 129)),
    "64 halo, one warp wide": (tile("float16", 32, 64, 16, 32, 2, halo=True), 32, (1, 2, 17)),
    "64 one pixel": (tile("float16", 32, 64, 32, 32, 3, halo=False), 32, (1, 1, 1)),
    "128 halo, sm_90": (launch_plan((9, 0), "bfloat16", 64, 128, 67), 64, (1, 2, 67)),
    "128 halo, sm_75": (launch_plan((7, 5), "float16", 24, 128, 33), 24, (1, 2, 33)),
    "128 whole row": (replace(SMALL, dtype="bfloat16"), 32, (1, 3, 9)),
    "256 halo, sm_80": (launch_plan((8, 0), "bfloat16", 32, 256, 34), 32, (1, 1, 34)),
    "256 whole row, sm_90": (launch_plan((9, 0), "float16", 64, 256, 9), 64, (1, 1, 9)),
    "256 heads, sm_86": (launch_plan((8, 6), "float16", 32, 256, 35, maps=20), 32, (1, 1, 35)),
    "128 heads, wide chunk": (tile("bfloat16", 64, 128, 32, 64, 3, True, maps=7), 64, (1, 2, 33)),
    "64 heads, 32 maps": (tile("float16", 32, 64, 32, 32, 3, False, maps=32), 32, (2, 1, 20)),
    "planar whole row, sm_90": (launch_plan((9, 0), "float16", 21, 64, 50, planar=True), 21, (1, 3, 50)),
    "planar halo, sm_75": (launch_plan((7, 5), "float16", 21, 64, 130, planar=True), 21, (2, 1, 130)),
    "planar halo, few channels": (tile("bfloat16", 5, 128, 32, 64, 2, True, planar=True), 5, (1, 2, 40)),
    "planar with heads": (tile("float16", 21, 64, 32, 32, 2, True, planar=True, maps=20), 21, (1, 2, 33)),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_convolutions(name: str, tmp_path: Path) -> None:
    torch.manual_seed(len(name))
    plan, c_in, (batch, height, width) = CASES[name]
    x, layers = torch.randn(batch, c_in, 3, height, width), draw_layers(c_in, plan.c_out, plan.maps)
    (kernel,) = compile_kernels(tmp_path, [(plan, kernel_text(plan))])
    assert_right(kernel, x, layers, seed=len(name))


def test_one_weight_lies_where_the_kernel_reads_it() -> None:
    plan = tile("float16", 64, 64, 32, 32, 3, halo=False, maps=20)
    weights = [torch.zeros(64, 64, 1, 3, 1), torch.zeros(64, 64, 1, 1, 3), torch.zeros(64, 64, 3, 1, 1)]
    heads = [torch.zeros(64, 64, 1, 1, 1), torch.zeros(20, 64, 1, 1, 1)]
    weights[1][5, 37, 0, 0, 2] = 1e6
    heads[1][19, 63] = -1e6
    packed = pack_weights(weights, plan, heads)
    step = 32 * 64  # input channels x output channels; 6 steps of the H convolution come first
    w_convolution = (
        (6 + 3 + 2) * step + 0 * 64 * 8 + 5 * 8 + 5
    )  # second chunk, third tap, octet 0, output 5, channel 37
    last_head = (6 + 6 + 6 + 2) * step + 7 * 32 * 8 + 19 * 8 + 7  # octet 7 of 32 maps
    assert packed.shape == (21 * step,)
    assert packed.nonzero().flatten().tolist() == [w_convolution, last_head]
    assert packed[[w_convolution, last_head]].tolist() == [65504, -65504]


def test_an_impulse_by_hand(tmp_path: Path) -> None:
    """One pixel of one channel spreads into a box of 27: each weight is a power of two, so all is exact."""
    weights = [torch.zeros(64, 32, 1, 3, 1), torch.zeros(64, 64, 1, 1, 3), torch.zeros(64, 64, 3, 1, 1)]
    taps = torch.tensor([[1.0, 2.0, 4.0], [1.0, 8.0, 64.0], [1.0, 1 / 8, 1 / 64]])
    for weight, line in zip(weights, taps, strict=True):
        weight[0, 0] = line.view(weight.shape[2:])
    x = torch.zeros(1, 32, 3, 4, 35)
    x[0, 0, 1, 2, 31] = 1  # beside the border of two tiles
    # an output sees the impulse through the tap by which it lies before it: 4 above, 2 beside, 1 below
    expected = torch.zeros(3, 4, 35)
    along_h, along_w, along_t = (line.flip(0) for line in taps)
    expected[:, 1:4, 30:33] = along_t[:, None, None] * along_h[:, None] * along_w
    layers = Layers(weights, [torch.zeros(64)] * 3, [], [])
    (kernel,) = compile_kernels(tmp_path, [(tile("float16", 32, 64, 32, 32, 3, True), kernel_text(SMALL))])
    y = run(kernel, x, layers).float()
    assert torch.equal(y[0, ..., 0], expected)
    assert not y[..., 1:].any()


@pytest.mark.parametrize("planar", [False, True])
def test_large_values_saturate_and_nan_stays(planar: bool, tmp_path: Path) -> None:
    plan = tile("float16", 24 - 3 * planar, 64, 32, 32, 2, False, planar)
    layers = Layers(
        [torch.full((64, 21, 1, 3, 1), 10.0), torch.eye(64).view(64, 64, 1, 1, 1).repeat(1, 1, 1, 1, 3),
         torch.eye(64).view(64, 64, 1, 1, 1).repeat(1, 1, 3, 1, 1)],
        [torch.zeros(64)] * 3, [], [],
    )  # fmt: skip
    x = torch.full((1, 21, 3, 1, 32), 60000.0)
    x[..., :8] = -1
    x[0, 0, 0, 0, 20] = float("nan")
    (kernel,) = compile_kernels(tmp_path, [(plan, kernel_text(plan))])
    y = run(kernel, x, layers)[0, :, 0]
    assert not y[:, :7].any()
    assert (y[:, 9:19] == 65504).all()
    assert (y[2, 9:] == 65504).all()  # two frames from the NaN
    assert y[:2, 19:22].isnan().all()


BUGS = {
    "second stage stored while others read": (SMALL, "    __syncthreads();\n    store(biases + C_OUT, 1, w0);",
                                              "    store(biases + C_OUT, 1, w0);"),
    "third stage stored while others read": (SMALL, "    __syncthreads();\n    store(biases + 2 * C_OUT, 1, w0);",
                                             "    store(biases + 2 * C_OUT, 1, w0);"),
    "one group too few awaited": (SMALL, "copies_wait<SLOTS - 2>()", "copies_wait<SLOTS - 1>()"),
    "no barrier in a step": (SMALL, "copies_wait<SLOTS - 2>();\n    __syncthreads();", "copies_wait<SLOTS - 2>();"),
    "slot filled before all have read it": (SMALL, "    __syncthreads();\n    start(step + SLOTS - 1);",
                                            "    start(step + SLOTS - 1);\n    __syncthreads();"),
    "tile written out before it is whole": (SMALL, "write_tile() {\n    __syncthreads();", "write_tile() {"),
    "border not cleared": (SMALL, "if (!HALO) clear_border();", ""),
    "wrong octet": (SMALL, "(channel / 8 * TILE_PLANE + t", "(channel / 8 * (TILE_PLANE + 1) + t"),
    "columns outside kept": (replace(SMALL, halo=True), "= inside ? pack_relu", "= true ? pack_relu"),
    "halo not stored": (replace(SMALL, halo=True), "if (HALO) store_halo();", ""),
    "patches overwritten while others read": (replace(SMALL, c_in=21, planar=True), "if (PLANAR) __syncthreads();", ""),
    "head stored while others read": (replace(SMALL, maps=8), "    __syncthreads();\n    store(biases + 3 * C_OUT,",
                                      "    store(biases + 3 * C_OUT,"),
}  # fmt: skip


def test_known_bugs_are_caught(tmp_path: Path) -> None:
    torch.manual_seed(0)
    text = kernel_text(SMALL)
    assert all(text.count(right) == 1 for _, right, _ in BUGS.values())
    kernels = {bug: (plan, text.replace(right, wrong)) for bug, (plan, right, wrong) in BUGS.items()}
    sound = {f"none, {plan}": (plan, text) for plan, _, _ in BUGS.values()}
    compiled = compile_kernels(tmp_path, [*kernels.values(), *sound.values()])
    right = set()
    for name, kernel in zip([*kernels, *sound], compiled, strict=True):
        plan = kernel.plan
        x, layers = torch.randn(1, plan.c_in, 3, 1, 33 if plan.halo else 32), draw_layers(plan.c_in, 128, plan.maps)
        if is_right(kernel, x, layers):
            right.add(name)
    assert right == set(sound)


@pytest.mark.fuzz
def test_any_size_under_any_schedule(tmp_path: Path) -> None:
    plans = [SMALL, replace(SMALL, halo=True), replace(SMALL, c_in=21, planar=True, halo=True, maps=20)]
    for plan, kernel in zip(plans, compile_kernels(tmp_path, [(p, kernel_text(p)) for p in plans]), strict=True):
        for seed in range(50):
            torch.manual_seed(seed)
            height, width = (int(torch.randint(1, most, ())) for most in (5, 80 if plan.halo else 33))
            x, layers = torch.randn(1, plan.c_in, 3, height, width), draw_layers(plan.c_in, 128, plan.maps)
            assert is_right(kernel, x, layers, seed=seed), (plan, seed)


def test_the_cpu_sees_a_deadlock(tmp_path: Path) -> None:
    x, layers = torch.randn(1, 32, 3, 1, 8), draw_layers(32, 128, 0)
    text = kernel_text(SMALL).replace(
        "write_tile() {\n    __syncthreads();", "write_tile() {\n    if (thread) __syncthreads();"
    )
    (kernel,) = compile_kernels(tmp_path, [(SMALL, text)])
    with pytest.raises(RuntimeError, match="deadlock"):
        run(kernel, x, layers)
