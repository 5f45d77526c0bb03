"""Both networks of a model as one ONNX file, for programs without torch.

Input `depth` [B, 1, 3, 96, 128] is normalised depth; outputs are `probability` [B, 20, 3, 96, 128], what the detection
network gives behind its sigmoid, and `confidence` of the same shape, the linear maps of the regression network over the
whole picture. Batch normalisations are folded into the convolutions; weights are float32. What must be done before and
after stands in docs/onnx.md and, as numbers, in the metadata of the file.
"""

import dataclasses
import json
import logging
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.errors import InputError
from asyconv.notice import NOTICE
from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.pose.layers import Convolution
from asyconv.pose.model_file import Model
from asyconv.pose.networks import AsymmetricRegression, folded
from asyconv.skeleton import CONNECTIONS, JOINTS
from asyconv.whole_files import whole_file

OPSET: Final = 18
FRAMES: Final = 3


class BothNetworks(nn.Module):
    """Detection, sigmoid and regression in a row, of operations that ONNX has."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.detection, self.regression = folded(model.detection), folded(model.regression)
        if isinstance(self.regression, AsymmetricRegression):
            self.regression._blocks = (self.regression.layers,)  # type: ignore[assignment]  # layer by layer, not fused
        for layer in self.modules():
            if isinstance(layer, Convolution):
                layer.operation = _OPERATIONS[layer.operation.__name__]

    def forward(self, depth: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and confidence maps of normalised depth."""
        probability = torch.sigmoid(self.detection(depth))
        return probability, self.regression(torch.cat([depth, probability], dim=1))


def write_onnx(path: Path, model: Model) -> None:
    """Write both networks of `model` as `path`, with the model's settings and card in the file's metadata."""
    try:
        import onnx
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            f"expected the package {error.name} to write ONNX, found none; `pip install 'asyconv[onnx]'` installs it"
        ) from error
    clips = torch.zeros(2, 1, FRAMES, MAP_HEIGHT, MAP_WIDTH)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            BothNetworks(model).eval(), (clips,), input_names=["depth"], output_names=["probability", "confidence"],
            opset_version=OPSET, dynamo=True, dynamic_shapes={"depth": {0: torch.export.Dim("clips")}}, verbose=False,
        )  # fmt: skip
    assert program is not None
    written = program.model_proto
    onnx.helper.set_model_props(written, {name: json.dumps(value) for name, value in facts(model).items()})
    written.producer_name = "asyconv"
    with whole_file(path) as part:
        part.write_bytes(written.SerializeToString())


def facts(model: Model) -> dict[str, Any]:
    """What a program needs beside the graph, and what the file must say about itself."""
    return {
        "notice": NOTICE,
        "settings": dataclasses.asdict(model.settings),
        "joints": list(JOINTS),
        "connections": [[JOINTS[a], JOINTS[b]] for a, b in CONNECTIONS],
        "card": model.card,
        "weights_hash": model.weights_hash,
    }


def _plain(
    operation: Callable[..., Tensor], x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False, **how: Any
) -> Tensor:
    y = operation(x.permute(0, 4, 1, 2, 3), weight, bias, **how).permute(0, 2, 3, 4, 1)
    return F.relu(y) if relu else y


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, *, relu: bool = False) -> Tensor:
    return _plain(F.conv3d, x, weight, bias, relu=relu, padding=[size // 2 for size in weight.shape[2:]])


_OPERATIONS: Final[dict[str, Any]] = {
    "convolve": _convolve,
    "halve": partial(_plain, F.conv3d, stride=(1, 2, 2)),
    "double": partial(_plain, F.conv_transpose3d, stride=(1, 2, 2)),
}
"""Plain forms of the operations of `asyconv.kernels.reference`."""
