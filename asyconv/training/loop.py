"""Training of both networks, resumable bit for bit, deterministic by seed, on one or several processes.

Detection first, then frozen, then regression (paper.md 7 and 15). The recipes are in recipe.py, what a step sees in
data.py, what stays on disk in checkpoints.py: a kill at any moment costs only what came after the last one.

Under ``torchrun`` every process takes its share of each batch and gradients are averaged; batch normalisation then has
the statistics of a share, as is usual, unless it is frozen.
"""

import dataclasses
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from asyconv.errors import InputError
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.layers import Convolution
from asyconv.pose.model_file import Model, hash_model, load_model
from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d, folded
from asyconv.training.checkpoints import LOSSES, add_loss, check_fit, cut_losses, resume, save
from asyconv.training.data import Batch, Batches, Report, batches, steps_per_epoch
from asyconv.training.growing import load_grown
from asyconv.training.losses import detection_loss, regression_loss, stacked_input, validation
from asyconv.training.processes import CPU, Place, first_process_first
from asyconv.training.recipe import STAGES, Recipe, StageRecipe, recipe_of
from asyconv.training.stage import Stage
from asyconv.whole_files import json_of, write_whole

CHECKPOINT_S: Final = 300.0
TELL_EVERY: Final = 50
WARM_UP_STEPS: Final = 200
WARM_UP_PART: Final = 10
"""The warm-up is a tenth of a short training."""
MOMENTUM: Final = 0.98
RECIPE: Final = "recipe.json"


Start = tuple[nn.Module | None, nn.Module | None]
"""Detection and regression networks to take the first weights from; None = fresh ones."""


def make_networks(recipe: Recipe) -> tuple[nn.Module, nn.Module]:
    """Fresh detection and regression networks."""
    regression = Regression3d if recipe.regression_arch == "3x3x3" else AsymmetricRegression
    return Detection(recipe.width, deep=recipe.deep_detection), regression(recipe.width)


def begin(out: Path, recipe: Recipe) -> None:
    """Make `out` the folder of this training, or refuse one that holds a training by another recipe."""
    out.mkdir(parents=True, exist_ok=True)
    recipe_file = out / RECIPE
    if recipe_file.is_file() and read_recipe(out) != recipe:
        raise InputError(
            f"{recipe_file}: expected the same settings as before in a folder that holds a training, got others"
        )
    write_whole(recipe_file, json.dumps(asdict(recipe), indent=1))


def read_recipe(out: Path) -> Recipe:
    """The recipe of the training in `out`."""
    try:
        return recipe_of(json_of((out / RECIPE).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{out}: expected the folder of a training, but its {RECIPE} cannot be read") from error


def train(
    out: Path, recipe: Recipe, clips: ClipSet, tuning: ClipSet, *, start: Start = (None, None), place: Place = CPU,
    workers: int = 1, report: Report | None = None,
) -> tuple[nn.Module, nn.Module]:  # fmt: skip
    """Train both networks in the folder `out`, going on from its checkpoints; give the best of each.

    `clips` are learnt from, `tuning` choose the best step; weights begin as those of `start` (see `started`).
    `report(stage, step, steps, loss)` is told of progress; losses and validations go to ``out/losses.csv``.
    Raises InputError where the loss is no number any more, or a checkpoint does not fit; the last good one stays.
    """
    with first_process_first(place):
        begin(out, recipe)
    detection = make_stage("detection", recipe, len(clips.depth), start[0], place)
    if recipe.detection_of:
        detection.step = detection.steps
        if place.rank == 0:
            save(detection, out)
    else:
        run_stage(detection, None, out, recipe, clips, tuning, place, workers, report)
    frozen = folded(detection.best).to(place.device)
    regression = make_stage("regression", recipe, len(clips.depth), start[1], place)
    run_stage(regression, frozen, out, recipe, clips, tuning, place, workers, report)
    return detection.best.cpu(), regression.best.cpu()


def trained(out: Path) -> tuple[Recipe, tuple[nn.Module, nn.Module]]:
    """The recipe of the finished training in `out`, and the best networks of it."""
    recipe = read_recipe(out)
    detection, regression = (_finished(out, recipe, name).best for name in STAGES)
    return recipe, (detection, regression)


def started(recipe: Recipe, start: Model | None = None, detection_of: str | None = None) -> tuple[Recipe, Start]:
    """The recipe with the hash of the weights that it begins with, and the networks that hold them.

    `start` gives both networks their weights. The detection network of `detection_of`, a model or the folder of a
    training, is taken as it is.
    """
    if start and start.settings.width != recipe.width:
        raise InputError(
            f"model {start.name}: expected networks of width {recipe.width:g}, found {start.settings.width:g}"
        )
    if start and start.settings.arch != recipe.regression_arch:
        raise InputError(
            f"model {start.name}: expected a regression network of kind {recipe.regression_arch}, "
            f"found {start.settings.arch}"
        )
    networks: Start = (start.detection, start.regression) if start else (None, None)
    recipe = dataclasses.replace(recipe, start=start.weights_hash if start else "")
    if detection_of is None:
        return recipe, networks
    detection = _detection_of(detection_of)
    check_fit(Path(detection_of), make_networks(recipe)[0].state_dict(), detection.state_dict())
    weights_hash = hash_model(detection.state_dict(), {})
    return dataclasses.replace(recipe, detection_of=weights_hash), (detection, networks[1])


def _detection_of(name: str) -> nn.Module:
    folder = Path(name)
    if not (folder / RECIPE).is_file():
        return load_model(name).detection
    return _finished(folder, read_recipe(folder), "detection").best


def _finished(out: Path, recipe: Recipe, name: str) -> Stage:
    stage = make_stage(name, recipe, 1, None, CPU)
    if not resume(stage, out) or stage.step < stage.steps:
        raise InputError(
            f"{out}: expected a finished training, found {name} at step {stage.step}; give the same asyconv train again"
        )
    return stage


def make_stage(name: str, recipe: Recipe, clips: int, start: nn.Module | None, place: Place) -> Stage:
    """One network ready for its first step; `clips` is how many there are to learn from."""
    settings = recipe.stage(name)
    torch.manual_seed(recipe.seed + (name == "regression"))
    network, average, best = (make_networks(recipe)[name == "regression"].to(place.device) for _ in range(3))
    if start is not None:
        load_grown(network, start)
    for copy in (average, best):
        copy.load_state_dict(network.state_dict())
        copy.eval().requires_grad_(False)
    network.train()
    if recipe.freeze_norms:
        _freeze_norms(network)
    per_epoch = steps_per_epoch(clips, settings.batch)
    return Stage(
        name,
        network,
        average,
        best,
        _optimiser(network, settings),
        settings.steps or settings.epochs * per_epoch,
        per_epoch,
    )


def _optimiser(network: nn.Module, settings: StageRecipe) -> torch.optim.Optimizer:
    parameters = [p for p in network.parameters() if p.requires_grad]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=settings.rate, momentum=MOMENTUM)
    if settings.optimiser == "adam":
        return torch.optim.Adam(parameters, lr=settings.rate)
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(parameters, lr=settings.rate, weight_decay=1e-3)
    raise InputError(f"optimiser: expected adam, adamw or sgd, got {settings.optimiser!r}")


def _freeze_norms(network: nn.Module) -> None:
    """Leave batch normalisation as it is, statistics and parameters; blocks then run as one fused operation."""
    for layer in network.modules():
        if isinstance(layer, Convolution) and layer.norm is not None:
            layer.norm.eval().requires_grad_(False)


def learning_rate(settings: StageRecipe, step: int, steps: int, epoch_steps: int) -> float:
    """Learning rate of one step by the stage's schedule."""
    if settings.schedule == "step":
        return float(settings.rate * 0.9 ** (step // epoch_steps // 10))
    warm = min(1.0, (step + 1) / max(1.0, min(WARM_UP_STEPS, steps / WARM_UP_PART)))
    cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / steps)))
    return settings.rate * warm * (0.01 + 0.99 * cosine)


def run_stage(
    stage: Stage, frozen: nn.Module | None, out: Path, recipe: Recipe, clips: ClipSet, tuning: ClipSet, place: Place,
    workers: int, report: Report | None,
) -> None:  # fmt: skip
    """Train one stage from where its checkpoint stands to its end."""
    settings = recipe.stage(stage.name)
    resume(stage, out)
    if place.rank == 0:
        cut_losses(out / LOSSES, stage.name, stage.step)
    loss_of = _loss_of(stage, frozen, recipe, place)
    every = settings.validate_every or stage.epoch_steps
    saved_at = time.monotonic()
    data = batches(Batches(clips, recipe, stage.name, place.rank, place.world), stage.step, stage.steps, workers)
    for batch in data:
        loss = loss_of(batch.to(place.device))
        told_loss = float(loss.detach())
        if not math.isfinite(told_loss):
            raise InputError(
                f"{out}: expected a finite loss, found {told_loss} at step {stage.step + 1} of {stage.name}; the last "
                "checkpoint stays; a lower learning rate may help"
            )
        _advance(stage, settings, loss, recipe.averaging)
        stage.loss_sum += told_loss
        done = stage.step == stage.steps
        if place.rank == 0 and (stage.step % TELL_EVERY == 0 or done):
            mean = stage.loss_sum / ((stage.step - 1) % TELL_EVERY + 1)
            add_loss(out / LOSSES, stage.name, stage.step, "training", mean)
            if report:
                report(stage.name, stage.step, stage.steps, mean)
            stage.loss_sum = 0.0
        validated = stage.step % every == 0 or done
        if validated:
            value = _validate(stage, frozen, recipe, tuning, place)
            if place.rank == 0:
                add_loss(out / LOSSES, stage.name, stage.step, settings.criterion, value)
            if settings.patience and stage.step - stage.best_step >= settings.patience * every:
                stage.steps = stage.step
        if place.rank == 0 and (validated or time.monotonic() - saved_at > CHECKPOINT_S):
            save(stage, out)
            saved_at = time.monotonic()
        if stage.step == stage.steps:
            break
    if place.world > 1:  # statistics of batch normalisation differ between processes: all go on with the first one's
        dist.barrier()
        resume(stage, out)


def _loss_of(stage: Stage, frozen: nn.Module | None, recipe: Recipe, place: Place) -> Any:
    """The loss of a batch, mixed in precision and shared between processes as the recipe and place say."""
    network = stage.network
    network.recomputes = recipe.checkpoint_activations  # type: ignore[assignment]
    if place.device.type == "cuda":
        network = torch.compile(network)  # type: ignore[assignment]
    if place.world > 1:
        network = nn.parallel.DistributedDataParallel(network, broadcast_buffers=not recipe.freeze_norms)
    settings = recipe.stage(stage.name)
    mixed = recipe.precision == "bfloat16"

    def loss_of(batch: Batch) -> Tensor:
        with torch.autocast(place.device.type, dtype=torch.bfloat16, enabled=mixed):
            if frozen is None:
                return detection_loss(network, batch, settings)
            return regression_loss(network, stacked_input(frozen, batch.x), batch, settings)

    return loss_of


def _advance(stage: Stage, settings: StageRecipe, loss: Tensor, averaging: float) -> None:
    for group in stage.optimiser.param_groups:
        group["lr"] = learning_rate(settings, stage.step, stage.steps, stage.epoch_steps)
    stage.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    if settings.optimiser == "adamw":
        nn.utils.clip_grad_norm_(stage.network.parameters(), 1.0)
    stage.optimiser.step()
    stage.step += 1
    keep = min(averaging, stage.step / (stage.step + 10.0))
    with torch.no_grad():
        for mean, value in zip(stage.average.state_dict().values(), stage.network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1.0 - keep)
            else:
                mean.copy_(value)


def _validate(stage: Stage, frozen: nn.Module | None, recipe: Recipe, tuning: ClipSet, place: Place) -> float:
    """Criterion of the averaged weights on the tuning clips; keeps them where it is the best so far."""
    value = validation(folded(stage.average), frozen, recipe, stage.name, tuning, place.device)
    lower_is_better = -value if recipe.stage(stage.name).criterion == "accuracy" else value
    if lower_is_better < stage.best_value:
        stage.best_value, stage.best_step = lower_is_better, stage.step
        stage.best.load_state_dict(stage.average.state_dict())
    return value
