"""From trained networks to a model file: thresholds, bias by position and confidence, measured on tuning infants.

The tuning infants serve nothing else; the errors in the card come from test infants (disjoint, committed seeds). A
training on an annotated data set is calibrated on the validation part of its split and measured on the test part.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from asyconv import __version__
from asyconv.evaluation.held_out import HeldOutClips, annotated_part, held_out
from asyconv.evaluation.joint_errors import Evaluation, evaluate_on
from asyconv.evaluation.predictions import Predictions, predict
from asyconv.evaluation.reliability import NEAR_MAP, right_joints
from asyconv.evaluation.seen_clips import seen_by
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.infant_crop import CLOSER
from asyconv.pose.model_card import ModelSettings
from asyconv.pose.model_file import Model, load_model, save_model
from asyconv.simulation.seeds import TEST_SEED, TRAIN_SEED, TUNE_SEED
from asyconv.skeleton import FLIP, N_JOINTS
from asyconv.training.recipe import ADAPT, Recipe
from asyconv.whole_files import write_whole

LINK_THRESHOLD: Final = 0.05  # paper.md 15
NMS_WINDOW_MAP: Final = 13
LOWEST: Final = 0.05
TUNING: Final = (96, 8)
TEST: Final = (40, 16)
"""Simulated infants, and clips of each."""

TRAINED_FRAMES: Final = "trained_frames"


def export_model(
    path: Path,
    networks: tuple[nn.Module, nn.Module],
    recipe: Recipe,
    sets: tuple[HeldOutClips, HeldOutClips],
    *,
    trained_on: Sequence[ClipSet] = (),
    settings_of: Model | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[Model, Evaluation]:
    """Calibrate `networks` on the first of `sets`, measure them on the second, write the model and its card.

    With `settings_of` nothing is calibrated: its thresholds, bias by position and confidences stay. The card lists the
    frames of `trained_on`, so that a later validation leaves their infants out.
    """
    tuning, test = sets
    raw = ModelSettings(
        arch=recipe.regression_arch,
        width=recipe.width,
        deep_detection=recipe.deep_detection,
        crop_to_infant=recipe.crop_to_infant,
        depth_scale_mm=recipe.depth_scale_mm,
        depth_limit=recipe.depth_limit,
        mean_within_mm=recipe.mean_within_mm,
        disc_radius_map=recipe.detection.radius_map,
        sigma_map=recipe.regression.sigma_map,
        joint_threshold=LOWEST,
        presence_thresholds=(0.0,) * N_JOINTS,
        link_threshold=LINK_THRESHOLD,
        nms_window_map=NMS_WINDOW_MAP,
        position_bias_map=tuple(((0.0, 0.0),) * 12 for _ in range(3)),
        confidence_knots=((0.0, 0.0), (1.0, 1.0)),
    )
    card = _card(recipe, raw)
    if trained_on:
        card[TRAINED_FRAMES] = sorted({name for clips in trained_on for name in frame_hashes(clips)})
    unfinished = path.with_name(f".{path.name}.uncalibrated")
    save_model(unfinished, *networks, card)
    if settings_of:
        settings = settings_of.settings
    else:
        tell(f"calibrating on {tuning.what}")
        raw_model, true = load_model(unfinished), np.where(tuning.clips.visible[..., None], tuning.clips.xy_map, np.nan)
        settings = calibrate(raw_model, seen_by(raw_model, tuning, true).clips)
    card["settings"] = settings
    save_model(unfinished, *networks, card)
    tell(f"measuring on {test.what}")
    evaluation = evaluate_on(load_model(unfinished), test)
    card |= {
        "model_validation": "simulated_only" if test.simulated else test.what,
        "model_error": evaluation.median_map(),
        "model_error_unit": "median RMSD per limb, map px (128x96), visible and predicted joints",
        "evaluation": evaluation.card(),
    }
    save_model(path, *networks, card)
    unfinished.unlink()
    model = with_card_beside(path)
    return model, dataclasses.replace(evaluation, weights_hash=model.weights_hash)


def export_with(path: Path, model: Model, measured: dict[str, Any]) -> Model:
    """Write `model` again with what was `measured` in its card; the weights stay, but the hash of the file is new."""
    card = {**model.card, **measured, "settings": model.settings}
    save_model(path, model.detection, model.regression, card)
    return with_card_beside(path)


def with_card_beside(path: Path) -> Model:
    """Load the model that was just written, and write its card as JSON beside it."""
    model = load_model(path)
    write_whole(path.with_suffix(".json"), json.dumps({**model.card, "sha256": model.weights_hash}, indent=1) + "\n")
    return model


def sets_of(run: Path, recipe: Recipe) -> tuple[HeldOutClips, HeldOutClips]:
    """What the training in `run` is calibrated on and measured on."""
    if recipe.split:
        return annotated_part(run, "validation", recipe.split), annotated_part(run, "test", recipe.split)
    share = recipe.varied_share
    return held_out(TUNE_SEED, *TUNING, varied_share=share), held_out(TEST_SEED, *TEST, varied_share=share)


def annotated_of(run: Path) -> list[ClipSet]:
    """Clips of the annotated infants that the training in `run` saw, or chose its best step by."""
    return [annotated_part(run, part, "").clips for part in ("train", "validation")]


def frame_hashes(clips: ClipSet) -> list[str]:
    """What each frame of depth is known by in a card, in the order of the clips; nothing of a picture is in it."""
    frames = (np.ascontiguousarray(frame).tobytes() for clip in clips.depth for frame in clip)
    return [hashlib.sha256(frame).hexdigest()[:16] for frame in frames]


def calibrate(model: Model, clips: ClipSet) -> ModelSettings:
    """Settings of `model` with its threshold, bias by position and confidence measured on `clips`."""
    predictions = predict(model, clips, corrected=False)
    near_map = NEAR_MAP * (CLOSER if model.settings.crop_to_infant else 1.0)
    right = right_joints(predictions.xy_map, clips.xy_map.astype(np.float64), clips.visible, near_map)
    return dataclasses.replace(
        model.settings,
        presence_thresholds=_thresholds(predictions, clips.visible),
        position_bias_map=_bias(predictions, clips, right),
        confidence_knots=_confidence(predictions.score.ravel(), right.ravel()),
    )


def _thresholds(predictions: Predictions, visible: npt.NDArray[np.bool_]) -> tuple[float, ...]:
    """Presence of each joint [12] at which the larger of missed and invented ones is smallest, left and right alike."""
    given = np.isfinite(predictions.xy_map[..., 0])
    thresholds = np.empty(N_JOINTS)
    for joint in range(N_JOINTS):
        both = [joint, FLIP[joint]]
        seen, there, sure = visible[..., both], given[..., both], predictions.presence[..., both]
        best = (np.inf, 0.5)
        for threshold in np.round(np.arange(0.05, 0.96, 0.01), 2):
            kept = there & (sure >= threshold)
            missed = (seen & ~kept).sum() / max(1, seen.sum())
            invented = (kept & ~seen).sum() / max(1, kept.sum())
            best = min(best, (float(max(missed, invented)), float(threshold)))
        thresholds[joint] = best[1]
    return tuple(thresholds.tolist())


def _bias(
    predictions: Predictions, clips: ClipSet, right: npt.NDArray[np.bool_]
) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Mean error by position in the clip, joint and axis, over right predictions, map px."""
    error = np.where(right[..., None], predictions.xy_map - clips.xy_map, 0.0)
    mean = error.sum(axis=0) / np.maximum(right.sum(axis=0), 1)[..., None]
    return tuple(tuple((round(float(x), 4), round(float(y), 4)) for x, y in joints) for joints in mean)


def _confidence(score: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Probability of a right prediction by raw score: isotonic regression, read off at 16 quantiles of the score."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(score, kind="stable")
    rising = isotonic_regression(right[order].astype(float)).x
    at = np.unique(np.quantile(score, np.linspace(0, 1, 17)).round(4))
    probability = np.interp(at, score[order], rising)
    return tuple((float(a), round(float(p), 4)) for a, p in zip(at, probability, strict=True))


def _card(recipe: Recipe, settings: ModelSettings) -> dict[str, Any]:
    trained_on = "an annotated data set" if recipe.split else "SIMULATED infants only"
    if recipe.simulated_share:
        trained_on = f"SIMULATED infants and, from weights {recipe.start[:12]} on, {trained_on}"
    return {
        "name": recipe.model + "-adapted" * (recipe.preset == ADAPT),
        "settings": settings,
        "what": f"detection and regression CNN for 12 joints of a supine infant, trained on {trained_on}",
        "recipe": asdict(recipe),
        "seeds": {"training": TRAIN_SEED, "tuning": TUNE_SEED, "test": TEST_SEED},
        "software": {"asyconv": __version__, "torch": torch.__version__, "numpy": np.__version__},
        "licence": "Apache-2.0",
        "intended_use": "research on movement of preterm infants from depth video; not a medical device",
    }
