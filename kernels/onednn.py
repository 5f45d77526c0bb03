"""oneDNN's convolution with bias and ReLU in one pass over the result, where torch has one."""

import torch
from torch import Tensor

DTYPES = (torch.float32, torch.bfloat16)


def convolve_relu(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1) -> Tensor | None:
    """Convolution of [B, T, H, W, C] with zero padding, a stride in space, bias and ReLU; it has no gradient.

    bfloat16 saturates, and what is not a number becomes 0. None where torch was built without oneDNN, or where oneDNN
    does not take the type.
    """
    call = getattr(torch.ops.mkldnn, "_convolution_pointwise", None)
    if call is None or weight.dtype not in DTYPES or x.numel() == 0:
        return None
    view, padding = x.contiguous().permute(0, 4, 1, 2, 3), [(k - 1) // 2 for k in weight.shape[2:]]
    least_and_most = [0.0, torch.finfo(torch.bfloat16).max]
    after = ("hardtanh", least_and_most, "") if weight.dtype == torch.bfloat16 else ("relu", list[float](), "")
    y: Tensor = call(view, weight, bias, padding, [1, stride, stride], [1, 1, 1], 1, *after)
    return y.permute(0, 2, 3, 4, 1).contiguous()
