"""Whole networks and a whole recording on the GPU: errors, times and memory."""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final
from unittest import mock

import torch

from tests.gpu_check.check import Check
from tests.gpu_check.paths import sound

NETWORK: Final = (22, 96, 128)
RECORDING_S: Final = 30


def network(check: Check) -> None:
    """Regression network whole, every block forced to each path: inference in float16, training in bfloat16."""
    from asyconv.kernels.dispatch import forced
    from asyconv.kernels.timing import facts, measure, peak_mib, relative_error, times
    from asyconv.pose.networks import AsymmetricRegression, folded

    torch.manual_seed(0)
    network = AsymmetricRegression().to(check.device).eval()
    clips, *size = NETWORK
    x = torch.randn(clips, 21, 3, *size, device=check.device)
    shape = "x".join(map(str, x.shape)) + "->20"
    half = folded(network).half()
    common = replace(facts(check.device, torch.float16), block="network", shape=shape)
    with torch.no_grad():
        torch.backends.cudnn.allow_tf32 = False
        expected = folded(network)(x[:2])
        for path in sound(check):
            with forced(path):
                error = relative_error(half(x[:2]), expected)
                if not error < 3e-3:
                    check.fail(f"network by {path}: relative error {error:.1e}, at most 3e-3 is allowed")
                peak = peak_mib(lambda: half(x), check.device)
                spent = times(*measure(lambda: half(x), check.device))
            rounded = float(f"{error:.2g}")
            check.keep(replace(common, what=f"network by {path}", **spent, peak_mib=peak, relative_error=rounded))

    def step() -> None:
        with torch.autocast(check.device.type, dtype=torch.bfloat16):
            loss = network(x).float().square().mean()
        loss.backward()
        network.zero_grad()

    common = replace(common, dtype="bfloat16")
    for path in sound(check):
        with forced(path):  # statistics are frozen in evaluation: forward by the path, backward by torch
            peak = peak_mib(step, check.device)
            spent = times(*measure(step, check.device))
        check.keep(replace(common, what=f"training step, frozen statistics, by {path}", **spent, peak_mib=peak))
    network.train()
    peak = peak_mib(step, check.device)
    check.keep(replace(common, what="training step", **times(*measure(step, check.device)), peak_mib=peak))


def joints(check: Check) -> None:
    """Joints of simulated clips by the shipped weights: float16 here against float32 on the CPU."""
    import numpy as np

    from asyconv.evaluation.predictions import predict
    from asyconv.pose.model_file import load_model
    from asyconv.simulation.clips import make_clips
    from asyconv.simulation.seeds import TEST_SEED

    model, clips = load_model("compact"), make_clips(TEST_SEED, 0, 6)
    on_device = predict(model, clips).xy_map
    with mock.patch.object(torch.cuda, "is_available", return_value=False):
        exact = predict(model, clips).xy_map
    off_map = float(np.nanpercentile(np.linalg.norm(on_device - exact, axis=-1), 95))
    print(f"joints: {off_map:.3f} map px between this device and the CPU (95th percentile)")
    if not off_map <= 0.1:
        check.fail(f"joints: {off_map:.3f} map px from those of the CPU, at most 0.1 is allowed")


def recording(check: Check) -> None:
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
    model = Model("random", Detection().eval(), AsymmetricRegression().eval(), settings, {"name": "random"}, "0" * 64)
    frames = round(RECORDING_S * FPS_HZ)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "simulated.oni")
        infant = make_infant(TEST_SEED, 0, np.arange(frames) / FPS_HZ)
        with OniWriter(
            path, WIDTH_PX, HEIGHT_PX, FPS_HZ, hfov_rad=HFOV_RAD, vfov_rad=VFOV_RAD, simulated=True
        ) as writer:
            for index, depth, _ in frames_of(infant):
                writer.write(depth, round(index * 1e6 / FPS_HZ))
                if check.left_s() < 30:
                    print("time is up while the recording is simulated")
                    return
        begin = time.monotonic()
        with open_recording(path) as opened:
            tracks = track(opened, model)
        spent_ms = round((time.monotonic() - begin) * 1e3)
    if len(np.unique(tracks.frame)) != frames:
        check.fail(f"recording: expected tracks of {frames} frames, found {len(np.unique(tracks.frame))}")
    shape = f"{frames} frames of 640x480"
    check.keep(
        replace(facts(check.device, torch.float32), what="recording, random weights", shape=shape, p50_ms=spent_ms)
    )
