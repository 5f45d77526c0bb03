"""Positions of the joints, as each step of the cleaning takes and returns them."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.motion import Motion
from asyconv.analysis.cleaning.timebase import TimeBase

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Step:
    """One line of the step log: what was done, with which parameters, to how many samples of how many."""

    name: str
    parameters: str
    changed: int
    total: int
    ran: bool = True


@dataclass(frozen=True)
class Positions:
    """Twelve joints over N samples; NaN = missing.

    `px` are native pixels [N, 12, 2] and `mm` camera-frame millimetres [N, 12, 3]. `hole` [N, 12] marks joints without
    a depth of their own. `flags` [N, 12] holds the bits of `flags.FLAG_NAMES`. `excluded` [N] marks samples outside
    every denominator. `motion` is what depth pictures say of movement, where there are any.
    """

    time: TimeBase
    px: Floats
    mm: Floats
    confidence: Floats
    hole: Bools
    flags: Flags
    excluded: Bools
    motion: Motion | None = None

    def without(self, bad: Bools, *, px: bool = True, mm: bool = True) -> "Positions":
        """These positions with the samples `bad` [N, 12] missing in pixels, in millimetres or in both."""
        gone = bad[..., None]
        return replace(
            self,
            px=np.where(gone, np.nan, self.px) if px else self.px,
            mm=np.where(gone, np.nan, self.mm) if mm else self.mm,
        )

    def log(self, name: str, parameters: str, changed: Bools, bit: int) -> "Done":
        """These positions with the flag `bit` at the `changed` samples [N, 12], and the step that counts them."""
        flags = np.where(changed, self.flags | np.uint16(bit), self.flags)
        return replace(self, flags=flags), (Step(name, parameters, int(changed.sum()), changed.size),)

    def skip(self, name: str, why: str) -> "Done":
        """These positions, and a step that did not run."""
        return self, (Step(name, why, 0, self.flags.size, ran=False),)


Done = tuple[Positions, tuple[Step, ...]]
"""What a step of the cleaning gives: new positions, and what it did, in lines of the step log."""
