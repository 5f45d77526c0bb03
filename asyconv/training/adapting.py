"""Fine-tuning: a model's training goes on with annotated infants of one's own.

Every setting was measured on simulated infants of another hospital (docs/adapting.md).
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

import torch
from torch import nn

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated, clip_rows
from asyconv.pose.clips import CLIP_FRAMES
from asyconv.pose.model_file import Model
from asyconv.training.recipe import ADAPT, USEFUL, WIDTHS, Recipe

INFANTS_MIN: Final = 3
FRAMES_MIN: Final = 50
FOLDS: Final = 4
"""A quarter of the infants is kept apart, and nothing is learnt from them or chosen by them."""

SIMULATED_INFANTS: Final = 100
SIMULATED_SHARE: Final = 0.5
TRAINED_WEIGHT: Final = 0.7
"""Of the trained weights in their mean with those before: the mean forgets less (docs/adapting.md)."""


def adapting_recipe(model: Model, precision: str) -> Recipe:
    """How the training of `model` goes on: its detection network learns, its regression network stays as it is."""
    settings = model.settings
    known = model.card.get("recipe", {}).get("model")
    return dataclasses.replace(
        USEFUL,
        preset=ADAPT,
        model=known if known in WIDTHS else "compact-3d" if settings.arch == "3x3x3" else "compact",
        width=settings.width,
        deep_detection=settings.deep_detection,
        crop_to_infant=settings.crop_to_infant,
        detection=dataclasses.replace(
            USEFUL.detection, radius_map=settings.disc_radius_map, rate=5e-4, steps=200, validate_every=50, patience=3
        ),
        regression=dataclasses.replace(USEFUL.regression, sigma_map=settings.sigma_map, steps=0),
        infants=SIMULATED_INFANTS,
        simulated_share=SIMULATED_SHARE,
        freeze_norms=True,
        averaging=0.98,
        depth_scale_mm=settings.depth_scale_mm,
        depth_limit=settings.depth_limit,
        mean_within_mm=settings.mean_within_mm,
        precision=precision,
    )


def between(before: nn.Module, trained: nn.Module) -> nn.Module:
    """Give `trained`, the same network after a training, the mean of its weights and those `before`."""
    old = before.state_dict()
    with torch.no_grad():
        for name, value in trained.state_dict().items():
            if value.is_floating_point():
                value.lerp_(old[name].to(value), 1.0 - TRAINED_WEIGHT)
    return trained


def refuse_other_input(recipe: Recipe, model: Model) -> None:
    """Refuse a recipe whose networks see other clips than those of `model`, whose settings the adapted model keeps."""
    for name in ("crop_to_infant", "deep_detection", "depth_scale_mm", "depth_limit", "mean_within_mm"):
        kept, stated = (str(getattr(of, name)).lower() for of in (model.settings, recipe))
        if kept != stated:
            raise InputError(f"setting {name}: expected {kept}, as in the model that is adapted, got {stated}")


def split_of(annotated: Sequence[Annotated]) -> str:
    """How the infants are divided; too few infants or frames are refused with the reason."""
    frames = [frames_in_clips(infant) for infant in annotated]
    infants = sum(count > 0 for count in frames)
    if infants < INFANTS_MIN:
        raise InputError(
            f"labels: expected clips of {INFANTS_MIN} infants at least, found {infants}: some are learnt from, one "
            "chooses when to stop, and one that was never seen tells what was gained; a clip is three labelled frames "
            "1/6 s apart"
        )
    total = sum(frames)
    if total < FRAMES_MIN:
        raise InputError(
            f"labels: expected {FRAMES_MIN} labelled frames in clips at least, found {total}: what fewer teach has "
            "never been measured"
        )
    return f"fold:1/{min(FOLDS, infants)}"


def frames_in_clips(infant: Annotated) -> int:
    """Labelled frames of an infant that lie in clips, each counted once."""
    return CLIP_FRAMES * len(clip_rows(infant.frame, overlap=False))
