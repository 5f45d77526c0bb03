"""The tensor-core kernel's own text, run on the CPU: by hand, against convolutions, and with known bugs put in."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from asyconv.kernels.packing import pack_weights
from asyconv.kernels.plan import LaunchPlan, launch_plan
from tests.helpers.cascades import Layers, assert_right, draw_layers, is_right, run
from tests.helpers.cuda_on_cpu import compile_kernels


def tile(
    dtype: str, c_in: int, c_out: int, tile_w: int, k_chunk: int, slots: int, halo: bool, planar: bool = False,
    maps: int = 0,
) -> LaunchPlan:  # fmt: skip
    return LaunchPlan("cascade", dtype, c_in, c_out, tile_w, k_chunk, slots, halo, planar, maps)


SMALL = tile("float16", 32, 128, 32, 32, 3, halo=False)
NARROW = tile("float16", 16, 16, 64, 16, 3, halo=False)

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
    "16 whole row, chunk half empty": (tile("bfloat16", 24, 16, 32, 16, 2, halo=False), 24, (2, 2, 31)),
    "16 halo, more warps than halo tiles": (replace(NARROW, halo=True), 16, (1, 2, 65)),
    "16 halo, one warp wide": (tile("float16", 16, 16, 16, 16, 2, halo=True), 16, (1, 2, 33)),
    "16 whole row, sm_80": (launch_plan((8, 0), "bfloat16", 16, 16, 128), 16, (1, 2, 127)),
    "32 of compact, sm_75": (launch_plan((7, 5), "float16", 16, 32, 128), 16, (1, 2, 128)),
    "32 halo, sm_89": (launch_plan((8, 9), "bfloat16", 32, 32, 130), 32, (1, 1, 130)),
    "32 wide chunk, sm_80": (launch_plan((8, 0), "float16", 30, 32, 40), 30, (1, 3, 40)),
    "32 heads, sm_90": (launch_plan((9, 0), "bfloat16", 32, 32, 20, maps=20), 32, (1, 2, 20)),
    "planar 16 of compact, sm_90": (launch_plan((9, 0), "bfloat16", 21, 16, 128, planar=True), 21, (1, 2, 128)),
    "planar 16 whole row, sm_75": (launch_plan((7, 5), "float16", 21, 16, 60, planar=True), 21, (1, 3, 60)),
    "planar 32 with heads": (tile("float16", 5, 32, 32, 32, 2, True, planar=True, maps=7), 5, (1, 2, 40)),
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
    (kernel,) = compile_kernels(tmp_path, [(plan, plan.text)])
    assert_right(kernel, x, layers, seed=len(name))


def test_one_weight_lies_where_the_kernel_reads_it() -> None:
    plan = tile("float16", 64, 64, 32, 32, 3, halo=False, maps=20)
    weights = [torch.zeros(64, 64, 1, 3, 1), torch.zeros(64, 64, 1, 1, 3), torch.zeros(64, 64, 3, 1, 1)]
    heads = [torch.zeros(64, 64, 1, 1, 1), torch.zeros(20, 64, 1, 1, 1)]
    weights[1][5, 37, 0, 0, 2] = 1e6
    heads[1][19, 63] = -1e6
    packed = pack_weights(weights, plan, heads)
    step = 32 * 64  # input channels x output channels; 6 steps of the H convolution come first
    w_convolution = (6 + 3 + 2) * step + 5 * 8 + 5  # second chunk, third tap, octet 0, output 5, channel 37
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
    (kernel,) = compile_kernels(tmp_path, [(tile("float16", 32, 64, 32, 32, 3, True), SMALL.text)])
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
    (kernel,) = compile_kernels(tmp_path, [(plan, plan.text)])
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
    "patches have no room of their own": (replace(NARROW, c_in=21, planar=True),
                                          "PLANAR && PATCH > C_OUT ? PATCH : C_OUT", "C_OUT"),
    "halo summed by too few warps": (replace(NARROW, halo=True), "if ((i + 1) / HALO_TILES == warp_w)", "if (false)"),
    "head stored while others read": (replace(SMALL, maps=8), "    __syncthreads();\n    store(biases + 3 * C_OUT,",
                                      "    store(biases + 3 * C_OUT,"),
}  # fmt: skip


# Barriers that a narrow tile could do without. It has one warp across its channels, and no other reads the columns
# that this one stores in the third stage and in the head; the patches that it stores over were read a step before.
HARMLESS = {
    "third stage stored while others read", "head stored while others read", "patches overwritten while others read",
}  # fmt: skip


def narrow(plan: LaunchPlan) -> LaunchPlan:
    """Same plan with 16 channels, or 32 before heads."""
    c_out = 32 if plan.maps else 16
    c_in = plan.c_in if plan.planar else c_out
    return replace(plan, c_in=c_in, c_out=c_out, k_chunk=c_out)


@pytest.mark.parametrize("channels", ["wide", "narrow"])
def test_known_bugs_are_caught(channels: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    text = SMALL.text
    assert all(text.count(right) == 1 for _, right, _ in BUGS.values())
    bugs = BUGS
    if channels == "narrow":
        bugs = {b: (narrow(plan), *change) for b, (plan, *change) in BUGS.items() if b not in HARMLESS}  # type: ignore[misc]
    kernels = {bug: (plan, text.replace(right, wrong)) for bug, (plan, right, wrong) in bugs.items()}
    sound = {f"none, {plan}": (plan, text) for plan, _, _ in bugs.values()}
    compiled = compile_kernels(tmp_path, [*kernels.values(), *sound.values()])
    right = set()
    for name, kernel in zip([*kernels, *sound], compiled, strict=True):
        plan = kernel.plan
        width = plan.tile_w + plan.halo
        x, layers = torch.randn(1, plan.c_in, 3, 1, width), draw_layers(plan.c_in, plan.c_out, plan.maps)
        if is_right(kernel, x, layers):
            right.add(name)
    assert right == set(sound)


@pytest.mark.fuzz
def test_any_size_under_any_schedule(tmp_path: Path) -> None:
    planar = replace(SMALL, c_in=21, planar=True, halo=True, maps=20)
    plans = [SMALL, replace(SMALL, halo=True), planar, replace(planar, c_out=32), replace(NARROW, halo=True)]
    for plan, kernel in zip(plans, compile_kernels(tmp_path, [(p, p.text) for p in plans]), strict=True):
        for seed in range(50):
            torch.manual_seed(seed)
            height, width = (int(torch.randint(1, most, ())) for most in (5, 80 if plan.halo else 33))
            x, layers = torch.randn(1, plan.c_in, 3, height, width), draw_layers(plan.c_in, plan.c_out, plan.maps)
            assert is_right(kernel, x, layers, seed=seed), (plan, seed)


def test_the_cpu_sees_a_deadlock(tmp_path: Path) -> None:
    x, layers = torch.randn(1, 32, 3, 1, 8), draw_layers(32, 128, 0)
    right = "write_tile() {\n    __syncthreads();"
    text = SMALL.text.replace(right, right.replace("__sync", "if (thread) __sync"))
    (kernel,) = compile_kernels(tmp_path, [(SMALL, text)])
    with pytest.raises(RuntimeError, match="deadlock"):
        run(kernel, x, layers)
