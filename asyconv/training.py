"""Training of both networks on simulated infants, resumable, deterministic by seed.

The preset here is the useful one, not the paper's: discs of radius 3 and Gaussians of sigma 2 map px, Adam with
warm-up and cosine decay, averaged weights; the regression network learns on 56x56 crops near the body, its receptive
field being 9x9, with the outer 4 pixels left out of the loss. Detection first, then frozen, then regression (paper.md
7 and 15).

What step s sees is a function of (seed, s) alone, so a stopped training goes on where it was.
"""

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.clips import normalise
from asyconv.errors import InputError
from asyconv.geometry import MAP_HEIGHT, MAP_WIDTH
from asyconv.maps import draw_targets
from asyconv.networks import AsymmetricRegression, Detection, Regression3d, folded
from asyconv.simulate import TRAIN_SEED, ClipSet, make_clips
from asyconv.skeleton import FLIP, N_JOINTS

CLIPS_PER_INFANT: Final = 6
CROP: Final = 56
BORDER: Final = 4
CHECKPOINT_S: Final = 600.0
WIDTHS: Final = {"paper": 1.0, "paper-3d": 1.0, "compact": 0.25, "compact-3d": 0.25}

Report = Callable[[str, int, int, float], None]


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on; stored with its checkpoints and in the model card."""

    model: str = "compact"
    seed: int = TRAIN_SEED
    infants: int = 3000
    steps_detection: int = 7000
    steps_regression: int = 2500
    batch_detection: int = 4
    batch_regression: int = 8
    rate_detection: float = 2e-3
    rate_regression: float = 2e-3
    averaging: float = 0.998
    depth_scale_mm: float = 60.0
    depth_limit: float = 3.0
    disc_radius_map: float = 3.0
    regression_radius_map: float = 6.0
    sigma_map: float = 2.0


def make_training_set(folder: Path, recipe: Recipe, workers: int, report: Report | None = None) -> ClipSet:
    """Simulated clips of `recipe`, made once into memory-mapped files in `folder` and reused after that."""
    count = recipe.infants * CLIPS_PER_INFANT
    shapes = {
        "depth": ((count, 3, MAP_HEIGHT, MAP_WIDTH), np.uint16),
        "xy_map": ((count, 3, N_JOINTS, 2), np.float32),
        "visible": ((count, 3, N_JOINTS), np.bool_),
    }
    done_file = folder / f"clips-{recipe.seed}-{recipe.infants}.json"
    paths = {name: folder / f"clips-{recipe.seed}-{recipe.infants}-{name}.npy" for name in shapes}
    if not done_file.is_file():
        arrays = {
            name: np.lib.format.open_memmap(paths[name], "w+", dtype=dtype, shape=shape)
            for name, (shape, dtype) in shapes.items()
        }
        jobs = [(recipe.seed, number) for number in range(recipe.infants)]
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for number, clips in enumerate(pool.map(_clips_of, jobs, chunksize=8)):
                rows = slice(number * CLIPS_PER_INFANT, (number + 1) * CLIPS_PER_INFANT)
                for name, array in arrays.items():
                    array[rows] = getattr(clips, name)
                if report and (number + 1) % 50 == 0:
                    report("clips", (number + 1) * CLIPS_PER_INFANT, count, float("nan"))
        for array in arrays.values():
            array.flush()
        done_file.write_text(json.dumps({"seed": recipe.seed, "infants": recipe.infants, "clips": count}))
    return ClipSet(**{name: np.load(path, mmap_mode="r") for name, path in paths.items()})


def data_hash(folder: Path, recipe: Recipe) -> str:
    """SHA-256 over the files of the training set that `make_training_set` left in `folder`."""
    digest = hashlib.sha256()
    for name in ("depth", "xy_map", "visible"):
        with (folder / f"clips-{recipe.seed}-{recipe.infants}-{name}.npy").open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _clips_of(job: tuple[int, int]) -> ClipSet:
    return make_clips(*job, CLIPS_PER_INFANT)


def _batch(clips: ClipSet, recipe: Recipe, stage: str, step: int, size: int) -> tuple[Tensor, Tensor]:
    """Input [B, 1, 3, 96, 128] and joints [B, 3, 12, 2] (NaN = not visible) of one step; a function of (seed, step)."""
    rows = _batch_rows(clips, recipe, stage, step, size)
    rng = np.random.default_rng([recipe.seed, 3 if stage == "detection" else 4, step])
    depth = clips.depth[rows].astype(np.float32) / 10.0
    xy = np.where(clips.visible[rows][..., None], clips.xy_map[rows], np.nan).astype(np.float32)
    for b in range(size):
        depth[b], xy[b] = _augment(rng, depth[b], xy[b])
    x = normalise(depth, recipe.depth_scale_mm, recipe.depth_limit)
    return torch.from_numpy(x)[:, None], torch.from_numpy(xy)


def _batch_rows(clips: ClipSet, recipe: Recipe, stage: str, step: int, size: int) -> npt.NDArray[np.int64]:
    """Rows of one step: every epoch takes the clips in an order of its own."""
    count = len(clips.depth)
    epoch, turn = divmod(step, count // size)
    order = np.random.default_rng([recipe.seed, 1 if stage == "detection" else 2, epoch]).permutation(count)
    return np.sort(order[turn * size : (turn + 1) * size])


def _augment(
    rng: np.random.Generator, depth: npt.NDArray[np.float32], xy: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mirror half of the clips (left and right change places), shift by up to 6 pixels (what comes in has no depth)."""
    if rng.random() < 0.5:
        depth = depth[..., ::-1]
        xy = xy[:, FLIP].copy()
        xy[..., 0] = MAP_WIDTH - 1 - xy[..., 0]
    dx, dy = (int(v) for v in rng.integers(-6, 7, size=2))
    shifted = np.zeros_like(depth)
    to_y, from_y = slice(max(0, dy), MAP_HEIGHT + min(0, dy)), slice(max(0, -dy), MAP_HEIGHT - max(0, dy))
    to_x, from_x = slice(max(0, dx), MAP_WIDTH + min(0, dx)), slice(max(0, -dx), MAP_WIDTH - max(0, dx))
    shifted[:, to_y, to_x] = depth[:, from_y, from_x]
    return shifted, xy + np.array([dx, dy], np.float32)


def detection_loss(detection: nn.Module, x: Tensor, xy: Tensor, recipe: Recipe) -> Tensor:
    """Binary cross-entropy of the logits against binary masks, mean over maps and pixels."""
    target = draw_targets(xy, "detection", disc_radius=recipe.disc_radius_map)
    return F.binary_cross_entropy_with_logits(detection(x), target)


def regression_loss(
    detection: nn.Module, regression: nn.Module, x: Tensor, xy: Tensor, recipe: Recipe, step: int
) -> Tensor:
    """Squared error against Gaussian maps on crops near the body, 20 times heavier where the target is 1."""
    with torch.no_grad():
        stacked = torch.cat([x, torch.sigmoid(detection(x))], dim=1)
    rng = np.random.default_rng([recipe.seed, 5, step])
    origins = _crop_origins(rng, xy.numpy())
    crops = torch.cat(
        [stacked[b : b + 1, :, :, y : y + CROP, x0 : x0 + CROP] for b, (x0, y) in enumerate(origins)]
    )  # fmt: skip
    target = draw_targets(
        xy, "regression", disc_radius=recipe.regression_radius_map, sigma=recipe.sigma_map,
        height=CROP, width=CROP, origin_map=torch.tensor(origins, dtype=torch.float32),
    )  # fmt: skip
    inner = (..., slice(BORDER, CROP - BORDER), slice(BORDER, CROP - BORDER))
    target = target[inner]
    error = (regression(crops)[inner] - target).square()
    weighted: Tensor = (error * (1.0 + 20.0 * target)).mean()
    return weighted


def _crop_origins(rng: np.random.Generator, xy: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
    """A crop for each clip with a random visible joint somewhere in its inner part."""
    origins = []
    for clip in xy:
        seen = clip[np.isfinite(clip[..., 0])]
        x, y = seen[rng.integers(len(seen))] if len(seen) else np.array([MAP_WIDTH / 2, MAP_HEIGHT / 2])
        reach = CROP / 2 + rng.uniform(-16, 16, size=2)
        origins.append(
            (int(np.clip(x - reach[0], 0, MAP_WIDTH - CROP)), int(np.clip(y - reach[1], 0, MAP_HEIGHT - CROP)))
        )
    return origins


@dataclass
class _Stage:
    """One network in training with its optimiser and averaged weights."""

    name: str
    network: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    rate: float
    steps: int
    decay: float
    step: int = 0

    def advance(self, loss: Tensor) -> None:
        """One optimiser step; warm-up over 200 steps, then a cosine to a hundredth."""
        warm = min(1.0, (self.step + 1) / 200.0)
        cosine = 0.5 * (1.0 + np.cos(np.pi * min(1.0, self.step / self.steps)))
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * warm * (0.01 + 0.99 * cosine)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(self.decay, self.step / (self.step + 10.0))
        with torch.no_grad():
            for mean, value in zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True):
                if mean.is_floating_point():
                    mean.lerp_(value, 1.0 - decay)
                else:
                    mean.copy_(value)


def make_networks(model: str) -> tuple[nn.Module, nn.Module]:
    """Fresh detection and regression networks of a named model."""
    if model not in WIDTHS:
        raise InputError(f"model: expected one of {', '.join(WIDTHS)}, got {model!r}")
    width = WIDTHS[model]
    return Detection(width), (Regression3d if model.endswith("3d") else AsymmetricRegression)(width)


def _stage(name: str, recipe: Recipe) -> _Stage:
    torch.manual_seed(recipe.seed + (0 if name == "detection" else 1))
    network, average = (make_networks(recipe.model)[0 if name == "detection" else 1] for _ in range(2))
    average.load_state_dict(network.state_dict())
    rate = recipe.rate_detection if name == "detection" else recipe.rate_regression
    steps = recipe.steps_detection if name == "detection" else recipe.steps_regression
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    return _Stage(name, network.train(), average.eval().requires_grad_(False), optimiser, rate, steps, recipe.averaging)


def _save(stage: _Stage, folder: Path) -> None:
    """Checkpoint as safetensors (weights, averages, Adam's moments) under one name, replaced in one rename."""
    tensors = {f"network.{k}": v for k, v in stage.network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in stage.average.state_dict().items()}
    for index, state in stage.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in state.items()}
    unfinished = folder / f".{stage.name}.safetensors.part"
    safetensors.torch.save_file(
        {k: v.detach().clone().contiguous() for k, v in tensors.items()}, unfinished, metadata={"step": str(stage.step)}
    )
    unfinished.rename(folder / f"{stage.name}.safetensors")


def _resume(stage: _Stage, folder: Path) -> None:
    path = folder / f"{stage.name}.safetensors"
    if not path.is_file():
        return
    with safetensors.safe_open(path, framework="pt") as file:
        stage.step = int(file.metadata()["step"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    for prefix, module in (("network.", stage.network), ("average.", stage.average)):
        module.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    state: dict[int, dict[str, Any]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".")
            state.setdefault(int(index), {})[name] = value
    if state:
        stage.optimiser.load_state_dict({"state": state, "param_groups": stage.optimiser.state_dict()["param_groups"]})


def train(out: Path, recipe: Recipe, *, workers: int = 2, report: Report | None = None) -> tuple[nn.Module, nn.Module]:
    """Train both networks of `recipe` in the folder `out`, going on from its checkpoints; give the averaged networks.

    `report(stage, step, steps, loss)` is told of progress; losses go to `out/losses.csv`.
    """
    out.mkdir(parents=True, exist_ok=True)
    told = out / "recipe.json"
    if told.is_file() and json.loads(told.read_text()) != asdict(recipe):
        raise InputError(f"{told}: expected the same settings as before in a folder that holds a training, got others")
    told.write_text(json.dumps(asdict(recipe), indent=1))
    clips = make_training_set(out, recipe, workers, report)
    detection = _stage("detection", recipe)
    _run(
        detection,
        out,
        report,
        lambda s: detection_loss(
            detection.network, *_batch(clips, recipe, "detection", s, recipe.batch_detection), recipe
        ),
    )
    regression = _stage("regression", recipe)
    frozen = folded(detection.average)

    def refine(step: int) -> Tensor:
        x, xy = _batch(clips, recipe, "regression", step, recipe.batch_regression)
        return regression_loss(frozen, regression.network, x, xy, recipe, step)

    _run(regression, out, report, refine)
    return detection.average, regression.average


def _run(stage: _Stage, out: Path, report: Report | None, loss_of: Callable[[int], Tensor]) -> None:
    _resume(stage, out)
    saved_at, losses = time.monotonic(), []
    while stage.step < stage.steps:
        loss = loss_of(stage.step)
        losses.append(float(loss.detach()))
        stage.advance(loss)
        if stage.step % 50 == 0 or stage.step == stage.steps:
            mean = float(np.mean(losses))
            with (out / "losses.csv").open("a") as file:
                file.write(f"{stage.name},{stage.step},{mean:.8f}\n")
            if report:
                report(stage.name, stage.step, stage.steps, mean)
            losses = []
        if time.monotonic() - saved_at > CHECKPOINT_S or stage.step == stage.steps:
            _save(stage, out)
            saved_at = time.monotonic()
