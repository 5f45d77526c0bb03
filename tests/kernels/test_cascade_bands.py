"""The cascade by bands of rows: the same numbers as whole, whatever the band."""

import pytest
import torch

from asyconv.kernels import bands, reference
from asyconv.kernels.bands import cascade_by_bands
from tests.helpers.cascades import SIZES, Arguments, draw


def channels_last(arguments: Arguments) -> Arguments:
    x, *lists = arguments
    return (x.permute(0, 2, 3, 4, 1).contiguous(), *lists)  # type: ignore[return-value]


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
@pytest.mark.parametrize("size", [*SIZES, (1, 3, 4, 3, 7, 5)])
@pytest.mark.parametrize("dtype", [torch.float64, *reference.HALVES])
def test_any_band_gives_the_whole(
    rows: int, size: tuple[int, ...], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, weights, biases, heads, head_biases = channels_last(draw(size, dtype))
    bytes_a_row = 4 * size[3] * size[5] * size[2]
    monkeypatch.setattr(bands, "BAND_BYTES", -(-rows * bytes_a_row // torch.get_num_threads()))
    stages = reference.asymmetric_cascade(x, [*weights, heads[0]], [*biases, head_biases[0]])
    eps = (
        1e-12 if dtype == torch.float64 else 2 * torch.finfo(dtype).eps
    )  # a neighbouring half, as sums differ in order
    torch.testing.assert_close(cascade_by_bands(x, weights, biases), stages[2], rtol=eps, atol=min(eps, 1e-12))
    maps = reference.maps(stages[3], heads[1], head_biases[1])
    found = cascade_by_bands(x, weights, biases, heads, head_biases)
    assert found.dtype == maps.dtype
    torch.testing.assert_close(found, maps, rtol=eps, atol=eps)
