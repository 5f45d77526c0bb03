"""Sizes of discs and Gaussians in target maps, in map pixels."""

from typing import Final

RADIUS_PAPER_MAP: Final = 6.0
SIGMA_PAPER_MAP: Final = 3 * RADIUS_PAPER_MAP
"""As the paper has them: 0.946 of the peak is left at a disc's rim."""

RADIUS_USEFUL_MAP: Final = 3.0
SIGMA_USEFUL_MAP: Final = RADIUS_PAPER_MAP / 3
"""Radius of detection discs, and sigma inside the paper's radius: 0.011 of the peak is left at the rim."""
