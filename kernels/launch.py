"""Runs the CUDA kernels through CuPy: NVRTC at the first call, torch's memory and torch's current stream.

The only file that imports CuPy, and only inside functions: a computer without it runs everything else. A
module is built once per device and plan. The stream is read at every launch, so a CUDA graph captures the
launch once a first call outside the capture has built the module and packed the weights. After a change of the
weights one call outside brings them to every graph captured before.
"""

import contextlib
import functools
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from asyconv.kernels.packing import pack_biases, pack_weights
from asyconv.kernels.plan import LaunchPlan

ALIGNMENT_BYTES = 16


class LaunchError(RuntimeError):
    """A kernel that does not build, load or start on this computer."""


@functools.cache
def why_not() -> str | None:
    """Why no CUDA kernel can be launched here, as part of a sentence; None where it can."""
    if torch.version.cuda is None or not torch.cuda.is_available():
        return "torch sees no CUDA device"
    if importlib.util.find_spec("cupy") is None:
        return "CuPy is not installed (pip install asyconv[cuda13])"
    try:
        import cupy

        cupy.cuda.runtime.getDeviceCount()
    except Exception as error:  # CuPy raises its own types, and ImportError where a CUDA library is missing
        return f"CuPy does not work: {_last_line(error)}"
    return None


def run(
    plan: LaunchPlan,
    x: Tensor,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    head_weights: Sequence[Tensor] = (),
    head_biases: Sequence[Tensor] = (),
) -> Tensor:
    """Launch a cascade on x [B, C_in, 3, H, W] in any memory format, on x's device.

    Gives [B, C, 3, H, W] channels-last in the weights' dtype, or contiguous float32 maps [B, O, 3, H, W].
    Raises `LaunchError` where the kernel does not build, load or start.
    """
    batch, _, frames, height, width = x.shape
    with on_device(x.device):
        if plan.maps:
            y = torch.empty(batch, plan.maps, frames, height, width, dtype=torch.float32, device=x.device)
        else:
            y = torch.empty(batch, frames, height, width, plan.c_out, dtype=weights[0].dtype, device=x.device)
        if y.numel():
            kernel = _kernel(plan, x.device.index)
            packed = _packed(plan, (*weights, *biases, *head_weights, *head_biases), len(head_weights))
            ready = _as_read(plan, x, weights[0].dtype)
            counts = (batch, height, width) if plan.kernel == "cascade_hopper" else (height, width)
            arguments = [tensor.data_ptr() for tensor in (ready, *packed, y)] + [np.int32(count) for count in counts]
            grid = plan.grid(batch, height, width, _processors(x.device.index))
            try:
                kernel(grid, (plan.threads,), tuple(arguments), shared_mem=plan.shared_bytes, stream=_current_stream())
            except Exception as error:  # CuPy's own type
                raise LaunchError(f"{plan.kernel} does not start here: {_last_line(error)}") from error
    return y if plan.maps else y.permute(0, 4, 1, 2, 3)


@contextlib.contextmanager
def on_device(device: torch.device) -> Iterator[None]:
    """Make it the current device of torch and of CuPy, which each may keep one of its own."""
    import cupy

    with torch.cuda.device(device), cupy.cuda.Device(device.index):
        yield


def compile_plan(plan: LaunchPlan) -> Any:
    """Build and load the kernel of a plan for the current device."""
    import cupy

    try:
        kernel = cupy.RawModule(code=plan.source, options=plan.options).get_function(plan.kernel)
        kernel.max_dynamic_shared_size_bytes = plan.shared_bytes  # above 48 KB only by this consent
    except Exception as error:  # CompileException, CUDADriverError and more, all of CuPy's own
        raise LaunchError(f"{plan.kernel} does not build here: {_last_line(error)}") from error
    return kernel


@functools.cache
def _kernel(plan: LaunchPlan, device_index: int) -> Any:
    """Kernel on the current device; the index is the key."""
    return compile_plan(plan)


@functools.cache
def _processors(device_index: int) -> int:
    return torch.cuda.get_device_properties(device_index).multi_processor_count


@dataclass(frozen=True)
class _Stream:
    """All that CuPy's launch reads of a stream."""

    ptr: int


def _current_stream() -> _Stream:
    return _Stream(torch.cuda.current_stream().cuda_stream)


def _as_read(plan: LaunchPlan, x: Tensor, dtype: torch.dtype) -> Tensor:
    """Give x in the layout that the plan reads: float32 planes, or channels-last halves padded with zero channels."""
    if plan.planar:
        ready = x.contiguous()
    else:
        ready = x.permute(0, 2, 3, 4, 1).to(dtype)
        ready = F.pad(ready, (0, plan.c_in - x.shape[1])) if plan.c_in > x.shape[1] else ready
        ready = ready.contiguous()
    return ready if ready.data_ptr() % ALIGNMENT_BYTES == 0 else ready.clone()


@dataclass
class _Packed:
    """Weights and biases in a kernel's order, with what they were made of and the stream that made them."""

    sources: tuple[Tensor, ...]
    states: tuple[tuple[int, int], ...]
    tensors: tuple[Tensor, Tensor]
    stream: torch.cuda.Stream
    made: torch.cuda.Event


# by the first weight; values hold the others only, or the entry would keep its own key alive
_cache: WeakTensorKeyDictionary = WeakTensorKeyDictionary()


def _packed(plan: LaunchPlan, sources: tuple[Tensor, ...], heads: int) -> tuple[Tensor, Tensor]:
    """Packed weights and biases of a plan, packed again into the same memory when a source was written to.

    ``sources`` are three weights, three biases, then ``heads`` weights and as many biases. A CUDA graph holds the
    address of what is packed: it stays as long as the first weight lives, whatever else is run in between.
    """
    capturing = torch.cuda.is_current_stream_capturing()
    stream = torch.cuda.current_stream()
    # tensors of inference mode count no versions
    counted = not any(tensor.is_inference() for tensor in sources)
    entries = _cache.get(sources[0], {}) if counted else {}
    key = plan, tuple(map(id, sources[1:]))  # the entry holds them, so that no other tensor takes their place
    entry: _Packed | None = entries.get(key)
    if entry is not None and entry.states == _states(sources):
        if stream != entry.stream and not capturing:  # a capture begins with a synchronisation
            stream.wait_event(entry.made)
            for tensor in entry.tensors:
                tensor.record_stream(stream)
        return entry.tensors
    tensors = (pack_weights(sources[:3], plan, sources[6 : 6 + heads]), pack_biases(sources[3:6], sources[6 + heads :]))
    if capturing or not counted:  # memory of a graph's pool must not outlive the capture
        return tensors
    if entry is not None:
        stream.wait_event(entry.made)
        for kept, tensor in zip(entry.tensors, tensors, strict=True):
            kept.copy_(tensor)  # who writes to weights waits for their readers, and this comes after
            kept.record_stream(stream)
        tensors = entry.tensors
    entries[key] = _Packed(sources[1:], _states(sources), tensors, stream, stream.record_event())
    _cache[sources[0]] = entries
    return tensors


def _states(tensors: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
    """What changes when a tensor is written to, or given other memory."""
    return tuple((tensor._version, tensor.data_ptr()) for tensor in tensors)


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1][:200]
