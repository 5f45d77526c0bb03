"""Everything that needs a GPU, in one run of less than ten minutes: ``make gpu-check``.

Correctness of every kernel on the card's own instructions, then microbenchmarks, then both ways through a whole
recording. Needs torch with CUDA, and CuPy for our kernels; works from the source tree alone, without an
installation and without a download. Rows go to ``$OUT`` or ``benchmarks/`` as they come, so that a run cut short
leaves what it had. A kernel meets its first data in a process of its own: one that hangs, or reads astray and takes
the CUDA context with it, costs its own rows only. Exit code 0: all correct; 1: something is wrong, or there is no GPU.
"""

import argparse
import csv
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {"float16": 2e-3, "bfloat16": 5e-3, "float32": 1e-5}
"""Relative error of one block against float64, the input and weights rounded beforehand."""

SIZES = ((2, 96, 128), (1, 7, 9), (3, 5, 33), (1, 1, 1), (1, 2, 130))
"""Clips, height, width: the real one, and what fills no tile, one row, one voxel, more than a row."""

SMALL = ((1, 2, 40),)
WIDTHS = (1.0, 0.25)
"""Shares of the full width: the networks of `paper` and of `compact`."""

BATCHES, NETWORK, RECORDING_S = (11, 44), (22, 96, 128), 30
ALONE_S, SANITIZER_S = 110, 60
FOUND = 99
"""Exit code of compute-sanitizer where it found something, so that another one means that it did not work."""


def main() -> int:
    """Run the steps until the time is up; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=540, help="time limit of the whole run")
    parser.add_argument("--only", help="check one path, as the run itself does in a process of its own")
    parser.add_argument("--small", action="store_true", help="with --only: one small case")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        print("gpu-check: torch sees no CUDA device here, so nothing was checked", file=sys.stderr)
        return 1
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        assemble(Path(folder))
        device = torch.device("cuda", torch.cuda.current_device())
        name = torch.cuda.get_device_name().replace(" ", "_").replace("/", "_")
        out = Path(os.environ.get("OUT") or ROOT / "benchmarks") / f"gpu_{name}.csv"
        check = Check(device, out, lambda: given.seconds - (time.monotonic() - begin))
        if given.only:
            check.correctness(given.only, SMALL if given.small else SIZES)
        else:
            late = threading.Timer(given.seconds + 20, check.give_up)
            late.daemon = True
            late.start()
            check.run()
            late.cancel()
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
        self.broken: set[str] = set()  # paths that hang or end the process

    def run(self) -> None:
        """All steps, then the table."""
        steps = (
            self.facts, self.alone, self.gradients, self.graph, self.blocks, self.network, self.joints, self.sanitizer,
            self.recording,
        )  # fmt: skip
        for step in steps:
            if self.left_s() < 20:
                print(f"time is up before: {step.__name__}")
                break
            print(f"-- {step.__name__} ({self.left_s():.0f} s left)", flush=True)
            try:
                step()
            except Exception as error:  # one step that breaks must not cost the others their turn
                self.fail(f"{step.__name__}: {type(error).__name__}: {error}")
        self.tell()

    def tell(self) -> None:
        """The table, what it says for the dispatch, and what is wrong."""
        from asyconv.kernels.bench import fastest
        from asyconv.kernels.timing import table

        rows = [row for row in self.rows if row.p50_ms != "" or row.kept_for_backward_mib != ""]
        print(table(rows))
        print("rows say for dispatch.FASTEST:")
        for (*sizes, dtype), path in fastest(self.rows).items():
            key = ", ".join(map(str, (torch.cuda.get_device_capability(), *sizes)))
            print(f'    ({key}, torch.{dtype}): "{path}",')
        print("\n".join(f"WRONG {line}" for line in self.failures) or "nothing that was checked is wrong", flush=True)

    def give_up(self) -> None:
        """End the process from beside a step that does not end, with what there is."""
        self.fail("a step did not end in time")
        self.tell()
        os._exit(1)

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

    def facts(self) -> None:
        """What the device says of itself, and which versions meet here."""
        from asyconv.kernels import launch
        from asyconv.kernels.timing import facts

        card, versions = torch.cuda.get_device_properties(self.device), facts(self.device, torch.float16)
        shared = getattr(card, "shared_memory_per_block_optin", 0)
        print(
            f"{card.name}: compute capability {card.major}.{card.minor}, {card.multi_processor_count} multiprocessors, "
            f"{card.total_memory / 2**30:.1f} GiB, L2 {getattr(card, 'L2_cache_size', 0) / 2**20:.0f} MiB, "
            f"{shared / 1024:.0f} KiB shared memory a block\n"
            f"torch {versions.torch}, CUDA {versions.cuda}, cuDNN {versions.cudnn}, CuPy {versions.cupy or 'absent'}; "
            f"our kernels: {launch.why_not() or 'can be launched'}",
            flush=True,
        )

    def alone(self) -> None:
        """Correctness of every path, all at once, each in a process of its own."""
        from asyconv.kernels.dispatch import PATHS

        limit_s = min(ALONE_S, self.left_s() - 60)
        with tempfile.TemporaryDirectory() as folder:
            children = {path: start(path, Path(folder, path), limit_s) for path in PATHS}
            until = time.monotonic() + limit_s + 20  # what a child needs until it looks at its clock
            for path, child in children.items():
                status, said = ended(child, until - time.monotonic())
                for row in rows_of(Path(folder, path)):
                    self.keep(row)
                print(said, end="", flush=True)
                self.failures += [line[6:] for line in said.splitlines() if line.startswith("WRONG ")]
                if status not in (0, 1):
                    self.broken.add(path)
                    how = "did not end in time" if status is None else f"ended with exit code {status}"
                    self.fail(f"{path}: its process {how}; the path is left out from here on")

    def correctness(self, path: str, sizes: tuple[tuple[int, int, int], ...]) -> None:
        """Every block by one path against float64, on memory that held NaN."""
        from asyconv.kernels.bench import DTYPES
        from asyconv.kernels.blocks import draw_blocks
        from asyconv.kernels.implementations import implementations
        from asyconv.kernels.timing import facts, relative_error

        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        for clips, *size in sizes:
            for name, width in itertools.product(DTYPES, WIDTHS):
                dtype = DTYPES[name]
                for block in draw_blocks(self.device, dtype, clips, width=width, size=(size[0], size[1])):
                    implementation = implementations(block).get(path)
                    if implementation is None:
                        continue
                    if self.left_s() < 0:
                        print(f"time is up for {path} at {block.shape} {name}")
                        return
                    expected = truth(block)
                    error = relative_error(poisoned(implementation, block, expected), expected)
                    if not error <= ALLOWED[name]:
                        self.fail(
                            f"{path} {block.name} {block.shape} {name}: relative error {error:.1e}, "
                            f"at most {ALLOWED[name]:.0e} is allowed"
                        )
                    row = replace(facts(self.device, dtype), what=f"correctness of {path}", block=block.name)
                    self.keep(replace(row, shape=block.shape, relative_error=float(f"{error:.2g}")))

    def gradients(self) -> None:
        """Gradients in float64 against conv3d, on the card."""
        from asyconv.kernels import asymmetric_cascade
        from asyconv.kernels.blocks import draw_blocks
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
        from asyconv.kernels.blocks import draw_blocks
        from asyconv.kernels.dispatch import PATHS, forced
        from asyconv.kernels.implementations import implementations
        from asyconv.kernels.timing import relative_error

        block = draw_blocks(self.device, torch.float16, 2)[0]
        for path in (path for path in implementations(block, self.broken) if path in PATHS):
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

    def sound(self) -> list[str]:
        """Paths that can run a half block here, and neither hang nor end the process."""
        from asyconv.kernels.blocks import draw_blocks
        from asyconv.kernels.dispatch import PATHS
        from asyconv.kernels.implementations import implementations

        can = {
            path
            for b in draw_blocks(self.device, torch.float16, 1, size=(1, 1))
            for path in implementations(b, self.broken)
        }
        return [path for path in PATHS if path in can]

    def blocks(self) -> None:
        """Rows of the microbenchmarks: the inference dtype in both batches first, then training's."""
        from asyconv.kernels.bench import DTYPES, kernel_rows

        torch.backends.cudnn.benchmark = True
        for name, width, clips in itertools.product(("float16", "bfloat16"), WIDTHS, BATCHES):
            for row in kernel_rows(self.device, DTYPES[name], clips, width=width, seconds=0.3, without=self.broken):
                self.keep(row)
                if self.left_s() < 150:
                    print(f"time is up for the blocks at {clips} clips in {name}")
                    return

    def network(self) -> None:
        """Regression network whole, every block forced to each path: inference in float16, training in bfloat16."""
        from asyconv.kernels.dispatch import forced
        from asyconv.kernels.timing import facts, measure, peak_mib, relative_error, times
        from asyconv.pose.networks import AsymmetricRegression, folded

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
            for path in self.sound():
                with forced(path):
                    error = relative_error(half(x[:2]), expected)
                    if not error < 3e-3:
                        self.fail(f"network by {path}: relative error {error:.1e}, at most 3e-3 is allowed")
                    peak = peak_mib(lambda: half(x), self.device)
                    spent = times(*measure(lambda: half(x), self.device))
                rounded = float(f"{error:.2g}")
                self.keep(replace(common, what=f"network by {path}", **spent, peak_mib=peak, relative_error=rounded))

        def step() -> None:
            with torch.autocast(self.device.type, dtype=torch.bfloat16):
                loss = network(x).float().square().mean()
            loss.backward()
            network.zero_grad()

        common = replace(common, dtype="bfloat16")
        for path in self.sound():
            with forced(path):  # statistics are frozen in evaluation: forward by the path, backward by torch
                peak = peak_mib(step, self.device)
                spent = times(*measure(step, self.device))
            self.keep(replace(common, what=f"training step, frozen statistics, by {path}", **spent, peak_mib=peak))
        network.train()
        peak = peak_mib(step, self.device)
        self.keep(replace(common, what="training step", **times(*measure(step, self.device)), peak_mib=peak))

    def joints(self) -> None:
        """Joints of simulated clips by the shipped weights: float16 here against float32 on the CPU."""
        import numpy as np

        from asyconv.evaluation.predictions import predict
        from asyconv.pose.model_file import load_model
        from asyconv.simulation.clips import make_clips
        from asyconv.simulation.seeds import TEST_SEED

        model, clips = load_model("compact"), make_clips(TEST_SEED, 0, 6)
        here = predict(model, clips).xy_map
        with mock.patch.object(torch.cuda, "is_available", return_value=False):
            exact = predict(model, clips).xy_map
        off_map = float(np.nanpercentile(np.linalg.norm(here - exact, axis=-1), 95))
        print(f"joints: {off_map:.3f} map px between this device and the CPU (95th percentile)")
        if not off_map <= 0.1:
            self.fail(f"joints: {off_map:.3f} map px from those of the CPU, at most 0.1 is allowed")

    def sanitizer(self) -> None:
        """compute-sanitizer over our kernels on one small case each, where it is installed and works."""
        homes = [os.environ.get("CUDA_HOME", ""), "/usr/local/cuda"]
        places = os.pathsep.join([os.environ.get("PATH", ""), *(str(Path(home, "bin")) for home in homes if home)])
        tool = shutil.which("compute-sanitizer", path=places)
        if tool is None:
            print("skipped: compute-sanitizer is not installed here")
            return
        for path in self.sound()[1:]:
            for check in ("memcheck", "racecheck"):
                limit_s = min(SANITIZER_S, self.left_s() - 60)
                if limit_s < 20:
                    print(f"time is up before {check} of {path}")
                    return
                # a tensor's memory of its own, or what lies beside it in torch's pool counts as allowed
                command = [tool, "--tool", check, "--error-exitcode", str(FOUND), "--kernel-name",
                           "kernel_substring=cascade", sys.executable, __file__, "--only", path, "--small"]  # fmt: skip
                with tempfile.TemporaryDirectory() as folder:
                    child = launch_child(command, Path(folder), PYTORCH_NO_CUDA_MEMORY_CACHING="1")
                    status, said = ended(child, limit_s)
                lines = [line for line in said.splitlines() if line.strip("= ")] or ["no word"]
                if status == FOUND:
                    self.fail(f"{check} of {path}: {lines[-1]}")
                elif status == 0:
                    print(f"{check} of {path}: {lines[-1]}", flush=True)
                else:
                    how = "did not end in time" if status is None else f"ended with exit code {status}: {lines[-1]}"
                    print(f"skipped: {check} of {path} {how}", flush=True)

    def recording(self) -> None:
        """One simulated recording through the whole pipeline; the full-width weights are random and find no joint."""
        import numpy as np

        from asyconv.kernels.timing import facts
        from asyconv.pose.model_card import ModelSettings
        from asyconv.pose.model_file import Model
        from asyconv.pose.networks import AsymmetricRegression, Detection
        from asyconv.pose.tracking import track
        from asyconv.recordings.oni import OniWriter
        from asyconv.recordings.opening import open_recording
        from asyconv.simulation.frames import frames_of
        from asyconv.simulation.infant import FPS_HZ, HEIGHT_PX, HFOV_RAD, VFOV_RAD, WIDTH_PX
        from asyconv.simulation.scene import make_infant
        from asyconv.simulation.seeds import TEST_SEED

        settings = ModelSettings(
            "asymmetric", 1.0, 300.0, 5.0, 6.0, 3.0, 1e9, (1.0,) * 12, 1e9, 5, ((((0.0, 0.0),) * 12),) * 3,
            ((0.0, 0.0), (1.0, 1.0)),
        )  # fmt: skip
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


def poisoned(implementation: Any, block: Any, like: Tensor) -> Tensor:
    """Run after memory of the result's size was filled with NaN and given back, so that unwritten places show."""
    for dtype in (torch.float32, torch.float16):
        torch.full(like.shape, float("nan"), dtype=dtype, device=like.device)
    result = implementation.run(block, block.x)
    assert isinstance(result, Tensor)
    return result


def start(path: str, out: Path, seconds: float) -> "subprocess.Popen[str]":
    """Check one path in a process of its own; its rows go to ``out``."""
    return launch_child([sys.executable, __file__, "--only", path, "--seconds", f"{seconds:.0f}"], out)


def launch_child(command: list[str], out: Path, **variables: str) -> "subprocess.Popen[str]":
    """Start a process whose words are kept."""
    environment = {**os.environ, "OUT": str(out), **variables}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def ended(child: "subprocess.Popen[str]", limit_s: float) -> tuple[int | None, str]:
    """Exit code, None where it had to be killed, and all that it said."""
    try:
        said, _ = child.communicate(timeout=max(limit_s, 0.1))
        return child.returncode, said
    except subprocess.TimeoutExpired:
        child.kill()
        try:
            return None, child.communicate(timeout=5)[0]
        except subprocess.TimeoutExpired:  # it waits for a device that does not answer
            return None, ""


def rows_of(folder: Path) -> Iterator[Any]:
    """Rows that a process has left, as text throughout."""
    from asyconv.kernels.timing import Row

    for path in folder.glob("*.csv"):
        with path.open(encoding="utf8", newline="") as file:
            yield from (Row(**row) for row in csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main())
