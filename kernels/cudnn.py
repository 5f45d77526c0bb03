"""cuDNN's convolution with bias and ReLU in one kernel, where cuDNN has one."""

import logging

import torch
from torch import Tensor

UNSUPPORTED = ("NOT_SUPPORTED", "unable to find an engine")
"""Words of cuDNN's errors that mean the same again at the next call; after any other it is asked again."""

_log = logging.getLogger("asyconv.kernels")
_refused: set[tuple[torch.device, torch.dtype, torch.Size]] = set()
_told: set[str] = set()


def convolve_relu(pictures: Tensor, kernel: Tensor, bias: Tensor) -> Tensor | None:
    """Convolution of pictures [N, C, H, W] with zero padding, stride 1, bias and ReLU.

    None where cuDNN is missing (ROCm too), or refuses; a refusal is logged once and remembered for the device, dtype
    and size of this kernel alone.
    """
    call = getattr(torch, "cudnn_convolution_relu", None)
    asked = (pictures.device, kernel.dtype, kernel.shape)
    if call is None or torch.version.cuda is None or not torch.backends.cudnn.enabled:
        return None
    if kernel.dtype == torch.float64 or pictures.numel() == 0 or asked in _refused:
        return None
    try:
        y: Tensor = call(pictures, kernel, bias, [1, 1], [k // 2 for k in kernel.shape[2:]], [1, 1], 1)
    except torch.cuda.OutOfMemoryError:
        raise
    except RuntimeError as error:
        why = str(error).strip().splitlines()[0][:200]
        if any(words in str(error) for words in UNSUPPORTED):
            _refused.add(asked)
        which = "x".join(map(str, kernel.shape)) + f" in {str(kernel.dtype)[6:]}"
        line = f"cuDNN's convolution with bias and ReLU fails for {which}, so three steps stand in for it: {why}"
        if line not in _told:
            _told.add(line)
            _log.warning(line)
        return None
    return y
