"""Everything that needs a GPU, in one run of less than ten minutes: ``make gpu-check``.

Correctness of every kernel on the card's own instructions, then whole networks, recordings and joints on each path,
then counters and microbenchmarks with the time that is left. Needs torch with CUDA, and CuPy for our kernels; works
from the source tree alone, without an installation and without a download. Rows go to ``$OUT`` or ``benchmarks/`` as
they come, so that a run cut short leaves what it had. A kernel meets its first data in a process of its own: one that
hangs, or reads astray and takes the CUDA context with it, costs its own rows only. Exit code 0: all correct; 1:
something is wrong, or there is no GPU.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import torch

from tests.gpu_check.check import ROOT, Check
from tests.gpu_check.networks import compiled, joints, networks, training
from tests.gpu_check.paths import SIZES, blocks, correctness, gradients, graph
from tests.gpu_check.processes import alone, sanitizer
from tests.gpu_check.recordings import profile, recordings

SMALL: Final = ((1, 2, 40),)


def main() -> int:
    """Run the steps until the time is up; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="gpu-check")
    parser.add_argument("--seconds", type=float, default=540, help="time limit of the whole run")
    parser.add_argument("--only", help="check one path, as the run itself does in a process of its own")
    parser.add_argument("--small", action="store_true", help="with --only: one small case")
    given = parser.parse_args()
    if not torch.cuda.is_available():
        print("gpu-check: torch sees no CUDA device here, so nothing was checked", file=sys.stderr)
        return 1
    begin = time.monotonic()
    with assembled():
        device = torch.device("cuda", torch.cuda.current_device())
        name = torch.cuda.get_device_name().replace(" ", "_").replace("/", "_")
        out = Path(os.environ.get("OUT") or ROOT / "benchmarks") / f"gpu_{name}.csv"
        check = Check(device, out, lambda: given.seconds - (time.monotonic() - begin))
        if given.only:
            correctness(check, given.only, SMALL if given.small else SIZES)
        else:
            late = threading.Timer(given.seconds + 20, check.give_up)
            late.daemon = True
            late.start()
            run(check)
            late.cancel()
    return 1 if check.failures else 0


@contextmanager
def assembled() -> Iterator[None]:
    """Copy the four folders into one package, as an installation would have them, and import from there."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("asyconv", "kernels", "analysis", "cli"):
            target = Path(folder, "asyconv") if name == "asyconv" else Path(folder, "asyconv", name)
            shutil.copytree(ROOT / name, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        sys.path.insert(0, folder)
        yield


def facts(check: Check) -> None:
    """What the device says of itself, and which versions meet here."""
    from asyconv.kernels import launch
    from asyconv.kernels.timing import facts

    card, versions = torch.cuda.get_device_properties(check.device), facts(check.device, torch.float16)
    shared = getattr(card, "shared_memory_per_block_optin", 0)
    print(
        f"{card.name}: compute capability {card.major}.{card.minor}, {card.multi_processor_count} multiprocessors, "
        f"{card.total_memory / 2**30:.1f} GiB, L2 {getattr(card, 'L2_cache_size', 0) / 2**20:.0f} MiB, "
        f"{shared / 1024:.0f} KiB shared memory a block\n"
        f"torch {versions.torch}, CUDA {versions.cuda}, cuDNN {versions.cudnn}, CuPy {versions.cupy or 'absent'}; "
        f"our kernels: {launch.why_not() or 'can be launched'}",
        flush=True,
    )


STEPS: Final = (
    facts, alone, networks, recordings, joints, gradients, graph, profile, blocks, training, sanitizer, compiled,
)  # fmt: skip
"""In the order of their worth; each keeps to its own limit, so that those behind it have their turn."""


def run(check: Check) -> None:
    """All steps, each of which ends early when the time left is short; then the table."""
    for step in STEPS:
        if check.left_s() < 20:
            print(f"time is up before: {step.__name__}")
            break
        print(f"-- {step.__name__} ({check.left_s():.0f} s left)", flush=True)
        try:
            step(check)
        except Exception as error:  # one step that breaks must not cost the others their turn
            check.fail(f"{step.__name__}: {type(error).__name__}: {error}")
    check.tell()


if __name__ == "__main__":
    sys.exit(main())
