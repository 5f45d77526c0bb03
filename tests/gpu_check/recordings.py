"""A recording from end to end on each path: the shipped weights, and the paper's width; and our kernel's counters."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch

from tests.gpu_check.check import ROOT, Check
from tests.gpu_check.paths import sound

RECORDING_S: Final = 10
LONGEST_S: Final = 90
PROFILE_S: Final = 60


def recordings(check: Check) -> None:
    """One simulated recording through `compact` with the shipped weights, then at full width, on each path, warm.

    The full-width weights are random: their recording measures time only, and no joint is expected.
    """
    import numpy as np

    from asyconv.kernels.dispatch import forced
    from asyconv.kernels.timing import facts
    from asyconv.pose.model_file import load_model
    from asyconv.pose.tracking import track
    from asyconv.recordings.opening import open_recording
    from asyconv.stage_times import StageTimes

    until_s = check.left_s() - LONGEST_S
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "simulated.oni")
        frames = simulated(path)
        for name, model in (("compact", load_model("compact")), ("full width, random", full_width())):
            for way in sound(check):
                with forced(way):
                    for _ in ("cold", "warm"):
                        times, begin = StageTimes(), time.monotonic()
                        with open_recording(path) as opened:
                            tracks = track(opened, model, times=times)
                        spent_s = time.monotonic() - begin
                        if check.left_s() < until_s:
                            print(f"time is up at the recording through {name} by {way}")
                            return
                found = int(np.isfinite(tracks.x_px).sum())
                stages = ", ".join(f"{stage} {spent['seconds']:.2f} s" for stage, spent in times.facts().items())
                print(f"{name} by {way}: {frames / spent_s:.0f} frames/s, {found} joints of {12 * frames}; {stages}")
                if len(np.unique(tracks.frame)) != frames:
                    check.fail(f"recording by {way}: expected {frames} frames, found {len(np.unique(tracks.frame))}")
                if name == "compact" and found < 6 * frames:
                    check.fail(f"recording through compact by {way}: only {found} of {12 * frames} joints were found")
                row = replace(facts(check.device, torch.float16), what=f"recording, {name}, by {way}")
                check.keep(replace(row, shape=f"{frames} frames of 640x480", p50_ms=round(spent_s * 1e3)))


def simulated(path: Path) -> int:
    """Write a simulated recording; its number of frames."""
    import numpy as np

    from asyconv.recordings.oni_writer import OniWriter
    from asyconv.simulation.frames import frames_of
    from asyconv.simulation.infant import FPS_HZ, HEIGHT_PX, HFOV_RAD, VFOV_RAD, WIDTH_PX
    from asyconv.simulation.scene import make_infant
    from asyconv.simulation.seeds import TUNE_SEED

    frames = round(RECORDING_S * FPS_HZ)
    infant = make_infant(TUNE_SEED, 0, np.arange(frames) / FPS_HZ)
    with OniWriter(path, WIDTH_PX, HEIGHT_PX, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True) as writer:
        for index, depth, _ in frames_of(infant):
            writer.write(depth, round(index * 1e6 / FPS_HZ))
    return frames


def full_width() -> Any:
    """A model at the paper's width with random weights; everything counts as detected, so that whole maps are made."""
    from asyconv.pose.model_card import ModelSettings
    from asyconv.pose.model_file import Model
    from asyconv.pose.networks import AsymmetricRegression, Detection

    settings = ModelSettings(
        "asymmetric", 1.0, 300.0, 5.0, 6.0, 3.0, 1e9, (0.0,) * 12, 1e9, 5, ((((0.0, 0.0),) * 12),) * 3,
        ((0.0, 0.0), (1.0, 1.0)),
    )  # fmt: skip
    return Model("random", Detection().eval(), AsymmetricRegression().eval(), settings, {"name": "random"}, "0" * 64)


PROFILED: Final = """
import torch
from tests.gpu_check.__main__ import assembled
with assembled():
    from asyconv.kernels.blocks import draw_blocks
    from asyconv.kernels.dispatch import forced

    block = draw_blocks(torch.device("cuda"), torch.float16, 11)[2]
    with torch.no_grad(), forced({path!r}):
        for _ in range(3):
            block.run()
    torch.cuda.synchronize()
"""


def profile(check: Check) -> None:
    """Counters of the block of 256 channels by Nsight Compute, where it is installed and may read them."""
    tool = shutil.which("ncu", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/cuda/bin"]))
    if tool is None:
        print("skipped: ncu is not installed here")
        return
    for path in [path for path in sound(check) if path in ("hopper", "tensor-core")][:1]:
        command = [tool, "--clock-control", "none", "--kernel-name", "regex:cascade", "--launch-count", "1",
                   "--section", "SpeedOfLight", "--section", "MemoryWorkloadAnalysis", "--section", "Occupancy",
                   sys.executable, "-c", PROFILED.format(path=path)]  # fmt: skip
        limit_s = min(PROFILE_S, check.left_s() - 20)
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired:
            print(f"skipped: ncu of {path} did not end in {limit_s:.0f} s")
            return
        print("\n".join((done.stdout or done.stderr).splitlines()[-60:]), flush=True)
