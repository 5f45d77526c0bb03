"""Time per clip and per training step of both regression networks, ours beside plain conv3d modules, in one run.

What the idea gives is the asymmetric network against the 3x3x3 one; what the engineering gives is one network in our
implementation against the same in plain modules. The detection network is the same in both frameworks and timed apart.
Weights are random: time does not depend on them. An epoch is never run: its time is a step's, times the clips of
the paper's training set, and is called extrapolated.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.kernels.timing import PARTS, facts, measure
from asyconv.pose.clips import CLIP_FRAMES
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.pose.layers import Convolution
from asyconv.pose.model_file import ARCHITECTURES
from asyconv.pose.networks import N_MAPS, Detection, folded
from asyconv.training.target_sizes import SIGMA_PAPER_MAP
from asyconv.training.targets import draw_targets

EPOCH_CLIPS: Final = 22 * 749
"""Training clips of the paper: 751 frames of each of 22 infants, clips shifted by one frame (paper.md 8)."""

Row = dict[str, Any]


def plain(regression: nn.Module) -> nn.Sequential:
    """The same regression network, with the same weights, of torch's own Conv3d, BatchNorm3d and ReLU modules."""
    layers: list[nn.Module] = []
    for layer in regression.layers.children():  # type: ignore[union-attr]
        assert isinstance(layer, Convolution)
        c_out, c_in, *kernel = layer.weight.shape
        size = (kernel[0], kernel[1], kernel[2])
        convolution = nn.Conv3d(c_in, c_out, size, padding=(size[0] // 2, size[1] // 2, size[2] // 2))
        convolution.load_state_dict({"weight": layer.weight.detach(), "bias": layer.bias.detach()})
        layers.append(convolution)
        if layer.norm is not None:
            norm = nn.BatchNorm3d(c_out)
            norm.load_state_dict(layer.norm.state_dict())
            layers.append(norm)
        if layer.activate:
            layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def time_networks(
    device: torch.device,
    *,
    width: float = 1.0,
    clips: int = 20,
    steps: int = 5,
    batch: int = 1,
    size: tuple[int, int] = (MAP_HEIGHT, MAP_WIDTH),
    tell: Callable[[str], None] = lambda text: None,
) -> Iterator[Row]:
    """A row for the detection network, then one for each regression network and implementation.

    `clips` single clips and `steps` training steps of `batch` clips are timed after three that are not; both are at
    least 3. `size` is that of the maps.
    """
    detection = Detection(width)
    tell("detection network")
    clip = torch.randn(1, 1, CLIP_FRAMES, *size, device=device)
    yield {
        **_columns("detection", "ours", width, device, detection, size),
        **_clip_columns(folded(detection).to(device), clip, clips),
        **dict.fromkeys(("n_steps", "step_clips", "step_s_p50", "epoch_s_extrapolated")),
    }
    stacked = torch.rand(batch, 1 + N_MAPS, CLIP_FRAMES, *size, device=device)
    for arch, network in ARCHITECTURES.items():
        regression = network(width)
        made = {"ours": (folded(regression), regression), "plain conv3d": (plain(regression).eval(), plain(regression))}
        for implementation, (inference, training) in made.items():
            tell(f"{arch} network, {implementation}")
            yield {
                **_columns(arch, implementation, width, device, regression, size),
                **_clip_columns(inference.to(device), stacked[:1].clone(), clips),
                **_step_columns(training.to(device).train(), stacked, steps),
            }


def _columns(
    network: str, implementation: str, width: float, device: torch.device, module: nn.Module, size: tuple[int, int]
) -> Row:
    base = facts(device, torch.float32)
    return {
        "network": network,
        "implementation": implementation,
        "width": width,
        "parameters": sum(p.numel() for p in module.parameters()),
        "map": f"{size[1]}x{size[0]}",
        **{name: getattr(base, name) for name in ("device", "threads", "torch", "commit")},
    }


def _clip_columns(network: nn.Module, clip: Tensor, clips: int) -> Row:
    def run() -> None:
        with torch.inference_mode():
            network(clip)

    times_ms = measure(run, clip.device, seconds=math.inf, repeats=clips)
    return {"n_clips": max(3, clips)} | {f"clip_s_{p}": t / 1e3 for p, t in zip(PARTS, times_ms, strict=True)}


def _step_columns(network: nn.Module, stacked: Tensor, steps: int) -> Row:
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.98)
    joints = torch.rand(len(stacked), CLIP_FRAMES, 12, 2, device=stacked.device) * 60
    target = draw_targets(joints, "regression", sigma=SIGMA_PAPER_MAP, height=stacked.shape[3], width=stacked.shape[4])

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        F.mse_loss(network(stacked), target).backward()
        optimiser.step()

    step_s = measure(step, stacked.device, seconds=math.inf, repeats=steps)[1] / 1e3
    return {
        "n_steps": max(3, steps),
        "step_clips": len(stacked),
        "step_s_p50": step_s,
        "epoch_s_extrapolated": step_s / len(stacked) * EPOCH_CLIPS,
    }
