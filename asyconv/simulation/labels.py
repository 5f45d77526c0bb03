"""Labels of a simulated infant as annotators would set them."""

from typing import Final

import numpy as np

from asyconv.simulation.body import Array
from asyconv.simulation.infant import HEIGHT_PX, WIDTH_PX, Infant
from asyconv.simulation.truth import Truth

LABEL_NOISE_PX: Final = 2.8  # click noise per axis of the babyPose labels, paper.md 13.5


def annotators_labels(truth: Truth, infant: Infant) -> Array:
    """Labels at 6 Hz, [M, 12, 2] native px with click noise, always the same; NaN where a joint is not visible."""
    rng = np.random.default_rng(np.random.SeedSequence([infant.seed, infant.number, 77]))
    xy = truth.xy_px[::5] + rng.normal(0.0, LABEL_NOISE_PX, size=truth.xy_px[::5].shape)
    xy = np.clip(xy, 0, [WIDTH_PX - 1, HEIGHT_PX - 1])  # a click lies in the picture
    return np.where(truth.visible[::5, :, None], xy, np.nan)
