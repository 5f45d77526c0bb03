"""An infant whose joints are easily drawn by hand."""

import numpy as np


def make_flat() -> np.ndarray:
    """Joints of an infant stretched flat, native px."""
    side = np.array([[-110, 250], [-70, 250], [-30, 250], [30, 250], [70, 250], [110, 250], [-20, 0], [-20, 50],
                     [-20, 100], [20, 100], [20, 50], [20, 0]], float)  # fmt: skip
    return side + [320.0, 100.0]
