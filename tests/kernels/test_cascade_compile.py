"""The kernels as a GPU gets them: compiled for every architecture, nothing spilled, as many blocks as planned."""

import itertools
import re

import pytest

from asyconv.kernels.blocks import channels_of
from asyconv.kernels.plan import SHARED_LIMIT_BYTES, LaunchPlan, launch_plan
from tests.helpers.cuda_compiler import ptx, resources

ARCHITECTURES = {"75": (7, 5), "80": (8, 0), "86": (8, 6), "89": (8, 9), "90": (9, 0), "100": (10, 0), "120": (12, 0)}
REGISTERS = 65536  # of a multiprocessor
WIDTH = 128

# Blocks of the regression network: the first from planar input, the last with both heads; of `paper` the third is in
# between, of `compact` all are here.
BLOCKS = {
    "21->16 planar": (21, 16, True, 0),
    "16->32": (16, 32, False, 0),
    "32->64": (32, 64, False, 0),
    "64->64 with heads": (64, 64, False, 20),
    "21->64 planar": (21, 64, True, 0),
    "64->128": (64, 128, False, 0),
    "256->256 with heads": (256, 256, False, 20),
}


def plan_for(capability: tuple[int, int], block: str) -> LaunchPlan:
    c_in, c_out, planar, maps = BLOCKS[block]
    dtype = "float16" if capability < (8, 0) else "bfloat16"
    return launch_plan(capability, dtype, c_in, c_out, WIDTH, planar=planar, maps=maps)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_nothing_is_spilled(arch: str, block: str) -> None:
    if arch == "75" and BLOCKS[block][1] == 256:
        with pytest.raises(ValueError, match="256 channels"):
            plan_for(ARCHITECTURES[arch], block)
        return
    plan = plan_for(ARCHITECTURES[arch], block)
    used = resources(plan.source, [*plan.options, f"-arch=sm_{arch}"])
    assert (used.spilled_bytes, used.stack_bytes) == (0, 0), used.log
    # two planar blocks stand on one multiprocessor, so that one gathers its input while the other multiplies; sm_75
    # has too little shared memory for that
    blocks = 2 if plan.planar and arch != "75" else 1
    assert blocks * plan.threads * -(-used.registers // 8) * 8 <= REGISTERS
    assert blocks * plan.shared_bytes <= SHARED_LIMIT_BYTES[ARCHITECTURES[arch]]
    assert not re.search("warning", used.log), used.log


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("c_in", "c_out", "maps"), [(64, 128, 0), (128, 256, 0), (256, 256, 20)])
def test_hopper_multiplies_without_waiting_in_between(c_in: int, c_out: int, maps: int, dtype: str) -> None:
    plan = launch_plan((9, 0), dtype, c_in, c_out, WIDTH, maps=maps, hopper=True)
    # CuPy names the device's own architecture too, before or after the plan's; NVRTC must take the plan's
    of_device = ["-arch=sm_90", "-ftz=true"]
    options = [*of_device, *plan.options] if dtype == "float16" else [*plan.options, *of_device]
    used = resources(plan.source, options)
    assert "for 'sm_90a'" in used.log
    assert (used.spilled_bytes, used.stack_bytes) == (0, 0), used.log
    assert plan.threads * used.registers <= REGISTERS
    # "wgmma.mma_async instructions are serialized due to ..." is what the assembler says when it gives up overlap
    assert not re.search(r"serialized|insufficient|ignored|warning|\(C7\d+\)", used.log, re.IGNORECASE), used.log


def test_a_wait_on_a_barrier_ends_in_an_error_when_it_is_too_long() -> None:
    plan = launch_plan((9, 0), "bfloat16", 64, 256, WIDTH, hopper=True)
    text = ptx(plan.source, plan.options)
    waits, clocks, traps = (text.count(word) for word in ("mbarrier.try_wait", "%globaltimer", "trap;"))
    assert traps > 0
    assert waits == clocks == 2 * traps  # a first try, then tries by the clock


def test_hopper_instructions_need_their_architecture() -> None:
    plan = launch_plan((9, 0), "bfloat16", 64, 128, WIDTH, hopper=True)
    assert "-arch=sm_90a" in plan.options
    options = [option.replace("sm_90a", "sm_90") for option in plan.options]
    with pytest.raises(AssertionError, match="not supported on .target 'sm_90'"):
        resources(plan.source, options)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dtype": "float32"}, "takes float16 and bfloat16, not float32"),
        ({"capability": (7, 0)}, "needs compute capability 7.5 or later, not 7.0"),
        ({"capability": (7, 5)}, "multiplies float16 only, not bfloat16"),
        ({"c_out": 48}, "gives 16, 32, 64, 128 or 256 channels, not 48"),
        ({"c_out": 16, "maps": 20}, "heads stand behind 32 channels or more, not 16"),
        ({"c_in": 22, "planar": True}, "planar input has at most 21 channels, not 22"),
        ({"maps": 33}, "at most 32 maps, not 33"),
        ({"hopper": True}, "needs compute capability 9.0, not 8.0"),
        ({"hopper": True, "capability": (9, 0), "c_out": 64}, "gives 128 or 256 channels, not 64"),
        ({"hopper": True, "capability": (9, 0), "width": 129}, "rows of at most 128 columns, not 129"),
        ({"hopper": True, "capability": (9, 0), "planar": True, "c_in": 3}, "channels-last input only"),
    ],
)
def test_a_plan_that_cannot_be_says_why(change: dict[str, object], sentence: str) -> None:
    wanted = {"capability": (8, 0), "dtype": "bfloat16", "c_in": 64, "c_out": 128, "width": WIDTH} | change
    with pytest.raises(ValueError, match=re.escape(sentence)):
        launch_plan(**wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [1.0, 0.25])
@pytest.mark.parametrize("capability", [c for c in ARCHITECTURES.values() if c >= (8, 0)])
def test_paper_and_compact_run_whole(capability: tuple[int, int], width: float) -> None:
    channels = channels_of(width)
    for step, (c_in, c_out) in enumerate(itertools.pairwise(channels)):
        plan = launch_plan(capability, "bfloat16", c_in, c_out, WIDTH, planar=step == 0, maps=20 * (step == 3))
        assert plan.planar or -(-plan.c_in // plan.k_chunk) * plan.k_chunk == c_in  # nothing is padded


def test_a_device_nobody_listed_gets_a_tile_that_fits_the_smallest() -> None:
    assert launch_plan((13, 0), "float16", 64, 256, WIDTH).shared_bytes <= SHARED_LIMIT_BYTES[8, 6]


def test_grids_cover_the_picture_or_refuse() -> None:
    tiled = launch_plan((8, 0), "float16", 64, 128, 130)
    assert tiled.grid(4, 96, 130, 108) == (3, 96, 4)
    with pytest.raises(ValueError, match="65535"):
        tiled.grid(65536, 1, 130, 108)
    with pytest.raises(ValueError, match="at most 128 columns, found 129"):
        launch_plan((8, 0), "float16", 64, 64, 100).grid(1, 1, 129, 108)
    pair = launch_plan((9, 0), "float16", 64, 256, 128, hopper=True)
    assert pair.grid(44, 96, 128, 132) == (132, 1, 1)
    assert pair.grid(1, 5, 128, 132) == (10, 1, 1)
