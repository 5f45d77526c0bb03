"""Everything that needs a GPU, in one run of less than ten minutes: ``make gpu-check``.

Correctness of every kernel on the card's own instructions, then microbenchmarks, then both ways through a whole
recording. Needs torch with CUDA, and CuPy for our kernels; works from the source tree alone, without an
installation and without a download. Rows go to ``$OUT`` or ``benchmarks/`` as they come, so that a run cut short
leaves what it had. Exit code 0: all correct; 1: something is wrong, or there is no GPU.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {"float16": 2e-3, "bfloat16": 5e-3, "float32": 1e-5}
"""Relative error of one block against float64, the input and weights rounded beforehand."""

SIZES = ((2, 96, 128), (1, 7, 9), (3, 5, 33), (1, 1, 1), (1, 2, 130))
"""Clips, height, width: the real one, and what fills no tile, one row, one voxel, more than a row."""

BATCHES, NETWORK, RECORDING_S = (11, 44), (22, 96, 128), 30


def main() -> int:
    """Run the steps until the time is up; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=540, help="time limit of the whole run")
    limit_s = parser.parse_args().seconds
    if not torch.cuda.is_available():
        print("gpu-check: torch sees no CUDA device here, so nothing was checked", file=sys.stderr)
        return 1
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        assemble(Path(folder))
        device = torch.device("cuda", torch.cuda.current_device())
        name = torch.cuda.get_device_name().replace(" ", "_").replace("/", "_")
        out = Path(os.environ.get("OUT") or ROOT / "benchmarks") / f"gpu_{name}.csv"
        check = Check(device, out, lambda: limit_s - (time.monotonic() - begin))
        check.run()
    return 1 if check.failures else 0


def assemble(folder: Path) -> None:
    """Copy the four folders into one package, as an installation would have them, and import from there."""
    for name in ("asyconv", "kernels", "analysis", "cli"):
        target = folder / "asyconv" if name == "asyconv" else folder / "asyconv" / name
        shutil.copytree(ROOT / name, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(folder))


class Check:
    """Steps in the order of their worth; each ends early when the time left is short."""

    def __init__(self, device: torch.device, out: Path, left_s: Callable[[], float]) -> None:
        self.device = device
        self.out = out
        self.left_s = left_s
        self.failures: list[str] = []
        self.rows: list[Any] = []

    def run(self) -> None:
        """All steps, then the table."""
        from asyconv.kernels.bench import fastest
        from asyconv.kernels.timing import table

        steps = (self.correctness, self.gradients, self.graph, self.blocks, self.network, self.recording)
        for step in steps:
            if self.left_s() < 20:
                print(f"time is up before: {step.__name__}")
                break
            print(f"-- {step.__name__} ({self.left_s():.0f} s left)", flush=True)
            try:
                step()
            except Exception as error:  # one step that breaks must not cost the others their turn
                self.fail(f"{step.__name__}: {type(error).__name__}: {error}")
        print(table(self.rows))
        print("rows say for dispatch.FASTEST:")
        for (c_out, dtype), path in fastest(self.rows).items():
            print(f'    ({torch.cuda.get_device_capability()}, {c_out}, torch.{dtype}): "{path}",')
        print("\n".join(f"WRONG {line}" for line in self.failures) or "nothing that was checked is wrong")

    def fail(self, line: str) -> None:
        """Note what is wrong."""
        self.failures.append(line)
        print(f"WRONG {line}", flush=True)

    def keep(self, row: Any) -> None:
        """Keep a row, on disk too."""
        from asyconv.kernels.timing import commit, write_rows

        row = replace(row, commit=row.commit or commit(ROOT))
        self.rows.append(row)
        write_rows(self.out, [row])

    def correctness(self) -> None:
        """Every block by every path against float64, on memory that held NaN."""
        from asyconv.kernels.bench import DTYPES, draw_blocks, ways
        from asyconv.kernels.timing import facts, relative_error

        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        for name, dtype in DTYPES.items():
            for clips, *size in SIZES:
                for block in draw_blocks(self.device, dtype, clips, size=(size[0], size[1])):
                    expected = truth(block)
                    for what, call in ways(block).items():
                        if "3" in what:  # torch's own conv3d is what we are compared with
                            continue
                        if self.left_s() < 240:
                            print(f"time is up for correctness at {block.shape} {name}")
                            return
                        error = relative_error(poisoned(call, expected), expected)
                        case = f"{what} {block.name} {block.shape} {name}"
                        if not error <= ALLOWED[name]:
                            self.fail(f"{case}: relative error {error:.1e}, at most {ALLOWED[name]:.0e} is allowed")
                        common = facts(self.device, dtype)
                        place = {"block": block.name, "shape": block.shape}
                        self.keep(
                            replace(
                                common, what=f"correctness of {what}", **place, relative_error=float(f"{error:.2g}")
                            )
                        )

    def gradients(self) -> None:
        """Gradients in float64 against conv3d, on the card."""
        from asyconv.kernels import asymmetric_cascade
        from asyconv.kernels.bench import draw_blocks
        from asyconv.kernels.timing import relative_error

        block = draw_blocks(self.device, torch.float64, 1, width=0.25, size=(7, 9))[1]
        inputs = [t.double().requires_grad_() for t in (block.x, *block.weights, *block.biases)]
        ours = asymmetric_cascade(inputs[0], inputs[1:4], inputs[4:])
        theirs = conv3d(inputs[0], inputs[1:4], inputs[4:])
        pairs = zip(torch.autograd.grad(ours.sum(), inputs), torch.autograd.grad(theirs.sum(), inputs), strict=True)
        worst = max(relative_error(found, expected) for found, expected in pairs)
        if not worst < 1e-9:
            self.fail(f"gradients: relative error {worst:.1e}")

    def graph(self) -> None:
        """A captured graph gives what the call gives, for new values in the same memory, on a side stream too."""
        from asyconv.kernels.bench import draw_blocks, forced
        from asyconv.kernels.timing import relative_error

        block = draw_blocks(self.device, torch.float16, 2)[0]
        for path in ("library", "tensor-core"):
            with torch.no_grad(), forced(path):
                side = torch.cuda.Stream()
                with torch.cuda.stream(side):
                    for _ in range(3):
                        block.run()
                torch.cuda.synchronize()
                recorded = torch.cuda.CUDAGraph()
                with torch.cuda.graph(recorded):
                    y = block.run()
                block.x.normal_()
                recorded.replay()
                torch.cuda.synchronize()
                error = relative_error(y, block.run())
                if not error < 1e-3:
                    self.fail(f"CUDA graph of the {path} path differs from the call by {error:.1e}")

    def blocks(self) -> None:
        """Rows of the microbenchmarks."""
        from asyconv.kernels.bench import DTYPES, kernel_rows

        torch.backends.cudnn.benchmark = True
        for clips in BATCHES:
            for name in ("float16", "bfloat16"):
                for row in kernel_rows(self.device, DTYPES[name], clips, seconds=0.3):
                    self.keep(row)
                    if self.left_s() < 100:
                        return

    def network(self) -> None:
        """Regression network whole in float16, every block forced to each path, and a training step of it."""
        from asyconv.kernels.bench import forced
        from asyconv.kernels.timing import facts, measure, peak_mib, relative_error, times
        from asyconv.networks import AsymmetricRegression, folded

        torch.manual_seed(0)
        network = AsymmetricRegression().to(self.device).eval()
        clips, *size = NETWORK
        x = torch.randn(clips, 21, 3, *size, device=self.device)
        shape = "x".join(map(str, x.shape)) + "->20"
        half = folded(network).half()
        common = replace(facts(self.device, torch.float16), block="network", shape=shape)
        with torch.no_grad():
            torch.backends.cudnn.allow_tf32 = False
            expected = folded(network)(x[:2])
            for path in ("library", "tensor-core", "hopper"):
                with forced(path):
                    error = relative_error(half(x[:2]), expected)
                    if not error < 3e-3:
                        self.fail(f"network by {path}: relative error {error:.1e}, at most 3e-3 is allowed")
                    peak = peak_mib(lambda: half(x), self.device)
                    spent = times(*measure(lambda: half(x), self.device))
                rounded = float(f"{error:.2g}")
                self.keep(replace(common, what=f"network by {path}", **spent, peak_mib=peak, relative_error=rounded))
        network.train()

        def step() -> None:
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                loss = network(x).float().square().mean()
            loss.backward()
            network.zero_grad()

        peak = peak_mib(step, self.device)
        row = replace(common, what="training step", dtype="bfloat16", peak_mib=peak)
        self.keep(replace(row, **times(*measure(step, self.device))))

    def recording(self) -> None:
        """One simulated recording through the whole pipeline; the full-width weights are random and find no joint."""
        import numpy as np

        from asyconv.kernels.timing import facts
        from asyconv.networks import AsymmetricRegression, Detection
        from asyconv.oni import OniWriter
        from asyconv.pipeline import track
        from asyconv.recording import open_recording
        from asyconv.scene import FPS_HZ, HEIGHT_PX, HFOV_RAD, VFOV_RAD, WIDTH_PX, make_infant
        from asyconv.simulate import TEST_SEED, frames_of
        from asyconv.weights import Model, ModelSettings

        settings = ModelSettings(
            "asymmetric", 1.0, 300.0, 5.0, 6.0, 3.0, 1e9, 1e9, 5, ((((0.0, 0.0),) * 12),) * 3, ((0.0, 0.0), (1.0, 1.0))
        )
        model = Model(
            "random", Detection().eval(), AsymmetricRegression().eval(), settings, {"name": "random"}, "0" * 64
        )
        frames = round(RECORDING_S * FPS_HZ)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "simulated.oni")
            infant = make_infant(TEST_SEED, 0, np.arange(frames) / FPS_HZ)
            with OniWriter(
                path, WIDTH_PX, HEIGHT_PX, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True
            ) as writer:
                for index, depth, _ in frames_of(infant):
                    writer.write(depth, round(index * 1e6 / FPS_HZ))
                    if self.left_s() < 30:
                        print("time is up while the recording is simulated")
                        return
            begin = time.monotonic()
            with open_recording(path) as opened:
                tracks = track(opened, model)
            spent_ms = round((time.monotonic() - begin) * 1e3)
        if len(np.unique(tracks.frame)) != frames:
            self.fail(f"recording: expected tracks of {frames} frames, found {len(np.unique(tracks.frame))}")
        shape = f"{frames} frames of 640x480"
        self.keep(
            replace(facts(self.device, torch.float32), what="recording, random weights", shape=shape, p50_ms=spent_ms)
        )


def conv3d(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
    """Plain cascade of conv3d."""
    for weight, bias in zip(weights, biases, strict=True):
        x = F.relu(F.conv3d(x, weight, bias, padding=[k // 2 for k in weight.shape[2:]]))
    return x


def truth(block: Any) -> Tensor:
    """Block in float64, from input and weights as they are stored in the block's dtype."""
    x = block.x.to(block.weights[0].dtype).double()
    x = conv3d(x, [w.double() for w in block.weights], [b.double() for b in block.biases])
    if not block.head_weights:
        return x
    (first, last), (first_bias, last_bias) = block.head_weights, block.head_biases
    x = F.relu(F.conv3d(x, first.double(), first_bias.double()))
    return F.conv3d(x, last.double(), last_bias.double())


def poisoned(call: Callable[[], Any], like: Tensor) -> Tensor:
    """Call after memory of the result's size was filled with NaN and given back, so that unwritten places show."""
    for dtype in (torch.float32, torch.float16):
        torch.full(like.shape, float("nan"), dtype=dtype, device=like.device)
    result = call()
    assert isinstance(result, Tensor)
    return result


if __name__ == "__main__":
    sys.exit(main())
