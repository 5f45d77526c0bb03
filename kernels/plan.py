"""Which tile a fused cascade runs with on a device, and what its launch then needs. Neither torch nor CuPy.

The tile of a block is all frames of one row, ``tile_w`` columns wide, in all channels (see ``cascade.cu``).
Shared memory limits it. That no tile spills is tested by compiling; which is fastest has not been measured on a
GPU: the widest that fits is taken, since a wider tile reads its weights less often for each pixel.
"""

from dataclasses import dataclass
from importlib.resources import files

FRAMES = TAPS = 3
PATCH = 64
"""Channels of the first convolution's input in a planar kernel: 3 taps of at most 21 channels, zero padded."""

MAX_MAPS = 32
MAX_GRID = 65535

SHARED_LIMIT_BYTES = {
    (7, 5): 65536, (8, 0): 166912, (8, 6): 101376, (8, 7): 166912, (8, 9): 101376,
    (9, 0): 232448, (10, 0): 232448, (10, 3): 232448, (11, 0): 232448, (12, 0): 101376, (12, 1): 101376,
}  # fmt: skip
"""Most shared memory a block may ask for, by compute capability (CUDA C++ programming guide)."""

HOPPER = "cascade_hopper"

TILES = {
    16: ((128, 16, 3), (64, 16, 3)),
    32: ((128, 32, 3), (128, 16, 3), (64, 32, 3), (64, 16, 3)),
    64: ((128, 32, 4), (64, 32, 3), (64, 32, 2), (32, 32, 3)),
    128: ((64, 64, 3), (64, 32, 3), (64, 32, 2), (32, 32, 3), (32, 32, 2)),
    256: ((32, 64, 3), (32, 32, 3), (32, 32, 2)),
}
"""Candidates ``(tile_w, k_chunk, slots)`` by output channels; the first that fits is taken, of the least padding."""

HOPPER_TILES = {128: (128, 1, 6, 3), 256: (64, 2, 5, 3)}
"""``(tile_w, cluster, slots, x_slots)`` by output channels."""


@dataclass(frozen=True)
class LaunchPlan:
    """One compiled kernel and its launch; what each field means to the kernel is said at the head of ``cascade.cu``."""

    kernel: str
    """Name of the ``.cu`` file and of its entry."""
    dtype: str
    """``"float16"`` or ``"bfloat16"``."""
    c_in: int
    """Channels of x as the kernel reads it."""
    c_out: int
    tile_w: int
    k_chunk: int
    slots: int
    halo: bool
    planar: bool
    maps: int
    cluster: int = 1
    """Blocks that share a row and a launch; Hopper only, as ``x_slots``."""
    x_slots: int = 0

    @property
    def options(self) -> tuple[str, ...]:
        """Options for NVRTC or nvcc; they name an architecture for Hopper's kernel only."""
        half = {"float16": "F16", "bfloat16": "BF16"}[self.dtype]
        constants = {
            "HALF": half, "C_IN": self.c_in, "C_OUT": self.c_out, "TILE_W": self.tile_w, "K_CHUNK": self.k_chunk,
            "MAPS": self.maps,
        }  # fmt: skip
        if self.kernel == HOPPER:
            constants |= {"CLUSTER": self.cluster, "WEIGHT_SLOTS": self.slots, "X_SLOTS": self.x_slots}
        else:
            constants |= {"SLOTS": self.slots, "HALO": int(self.halo), "PLANAR": int(self.planar)}
        # CuPy names the device's own architecture as well; NVRTC resolves the two to the one with Hopper's instructions
        target = ("-arch=sm_90a",) if self.kernel == HOPPER else ()
        return ("-std=c++17", *target, *(f"-D{name}={value}" for name, value in constants.items()))

    @property
    def source(self) -> str:
        """CUDA text to compile, whole."""
        folder = files("asyconv.kernels")
        hopper = ("primitives_hopper.cuh",) if self.kernel == HOPPER else ()
        parts = [(folder / part).read_text(encoding="utf8") for part in ("primitives.cuh", *hopper)]
        return "\n".join([*parts, self.text])

    @property
    def text(self) -> str:
        """The same without the primitives, in whose place tests put their own."""
        folder = files("asyconv.kernels")
        return "\n".join((folder / part).read_text(encoding="utf8") for part in ("layout.cuh", f"{self.kernel}.cu"))

    @property
    def threads(self) -> int:
        """Threads of a block: a warp has 16 columns of at most 64 channels; on Hopper, 3 of 4 groups a frame each."""
        return 4 * 128 if self.kernel == HOPPER else 32 * (self.tile_w // 16) * max(self.c_out // 64, 1)

    @property
    def shared_bytes(self) -> int:
        """Dynamic shared memory of a block."""
        octets = max(self.c_out, PATCH if self.planar else 0) // 8
        tile = octets * _plane(FRAMES * (self.tile_w + 2), 64 // min(self.c_out, 64)) * 16
        columns = self.tile_w + 2 * self.halo
        x = 0 if self.planar else self.k_chunk // 8 * _plane(FRAMES * columns, 64 // self.k_chunk) * 16
        weights = self.k_chunk * self.c_out * 2
        if self.kernel == HOPPER:
            barriers = 2 * self.slots + 2 * self.x_slots + 2 * FRAMES
            return tile + self.slots * weights + self.x_slots * x + 8 * barriers
        return tile + self.slots * (weights + x)

    def grid(self, batch: int, height: int, width: int, processors: int) -> tuple[int, int, int]:
        """Blocks along x, y, z for x of [batch, 3, height, width] on a device of so many ``processors``."""
        if not self.halo and width > self.tile_w * self.cluster:
            raise ValueError(f"the plan is for rows of at most {self.tile_w * self.cluster} columns, found {width}")
        if self.kernel == HOPPER:
            return min(batch * height, max(processors // self.cluster, 1)) * self.cluster, 1, 1
        if height > MAX_GRID or batch > MAX_GRID:
            raise ValueError(f"at most {MAX_GRID} clips and rows in a launch, found {batch} and {height}")
        return -(-width // self.tile_w), height, batch


def launch_plan(
    capability: tuple[int, int],
    dtype: str,
    c_in: int,
    c_out: int,
    width: int,
    *,
    planar: bool = False,
    maps: int = 0,
    hopper: bool = False,
) -> LaunchPlan:
    """Plan for pictures [B, 3, H, width], or a ValueError whose sentence says why there is none.

    ``planar`` takes x as float32 [B, c_in, 3, H, W]; else channels last, ``c_in`` rounded up to a multiple of 8
    in the plan. ``maps`` > 0 puts both 1x1x1 heads behind the cascade. ``hopper`` asks for the kernel of that
    architecture alone.
    """
    name = f"{capability[0]}.{capability[1]}"
    if dtype not in ("float16", "bfloat16"):
        raise ValueError(f"the fused cascade takes float16 and bfloat16, not {dtype}")
    if capability < (7, 5):
        raise ValueError(f"the fused cascade needs compute capability 7.5 or later, not {name}")
    if capability < (8, 0) and dtype != "float16":
        raise ValueError(f"compute capability {name} multiplies float16 only, not {dtype}")
    if c_out not in TILES:
        raise ValueError(f"the fused cascade gives 16, 32, 64, 128 or 256 channels, not {c_out}")
    if planar and TAPS * c_in > PATCH:
        raise ValueError(f"planar input has at most {PATCH // TAPS} channels, not {c_in}")
    if not 0 <= maps <= MAX_MAPS:
        raise ValueError(f"the fused heads give at most {MAX_MAPS} maps, not {maps}")
    if maps and c_out < 32:
        raise ValueError(f"the fused heads stand behind 32 channels or more, not {c_out}")
    if hopper:
        return _hopper_plan(capability, dtype, c_in, c_out, width, planar=planar, maps=maps)
    c_in = c_in if planar else -(-c_in // 8) * 8
    limit = SHARED_LIMIT_BYTES.get(capability, SHARED_LIMIT_BYTES[8, 6])
    # a planar block gathers its input before it multiplies: two smaller blocks fit a multiprocessor and overlap
    candidates = [tile for tile in TILES[c_out] if not (planar and tile[0] > 64) and tile[1] >= maps]
    for tile_w, k_chunk, slots in sorted(candidates, key=lambda tile: 0 if planar else -c_in % tile[1]):
        plan = LaunchPlan("cascade", dtype, c_in, c_out, tile_w, k_chunk, slots, width > tile_w, planar, maps)
        if plan.shared_bytes <= limit:
            return plan
    raise ValueError(
        f"no tile of {c_out} channels fits the {limit} bytes of shared memory of compute capability {name}"
    )


def _hopper_plan(
    capability: tuple[int, int], dtype: str, c_in: int, c_out: int, width: int, *, planar: bool, maps: int
) -> LaunchPlan:
    if capability != (9, 0):
        raise ValueError(f"the Hopper kernel needs compute capability 9.0, not {capability[0]}.{capability[1]}")
    if planar:
        raise ValueError("the Hopper kernel takes channels-last input only")
    if c_out not in HOPPER_TILES:
        raise ValueError(f"the Hopper kernel gives 128 or 256 channels, not {c_out}")
    tile_w, cluster, slots, x_slots = HOPPER_TILES[c_out]
    if width > tile_w * cluster:
        raise ValueError(f"the Hopper kernel takes rows of at most {tile_w * cluster} columns, not {width}")
    c_in = -(-c_in // 8) * 8
    return LaunchPlan(HOPPER, dtype, c_in, c_out, tile_w, 32, slots, False, False, maps, cluster, x_slots)


def _plane(rows: int, remainder: int) -> int:
    """Next number of rows that is ``remainder`` modulo 8; why, says ``layout.cuh``."""
    return rows + (remainder - rows) % 8
