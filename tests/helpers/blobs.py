"""Random maps with bumps, as networks give them where they are unsure."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
HEIGHT, WIDTH = 96, 128


def blobs(rng: np.random.Generator, maps: int, most: int) -> Floats:
    """Maps [maps, H, W] with up to `most` bumps each, anywhere, and noise."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    out = 0.02 * rng.standard_normal((maps, HEIGHT, WIDTH))
    for picture in out:
        for _ in range(rng.integers(0, most + 1)):
            x, y = rng.uniform(-2, WIDTH + 1), rng.uniform(-2, HEIGHT + 1)
            bump = rng.uniform(0.1, 1.2) * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / rng.uniform(4, 20))
            np.maximum(picture, bump, out=picture)
    return out.astype(np.float32)
