"""Fine-tuning from labels to a model file, and in sentences what it gained and lost."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from torch import nn

from asyconv.evaluation.calibration import annotated_of, export_model
from asyconv.evaluation.held_out import HeldOutClips, held_out, labelled_clips
from asyconv.evaluation.joint_errors import Evaluation, evaluate_on, median_of
from asyconv.evaluation.presence_trade import SHIFTS, moved_thresholds, presence_trade
from asyconv.evaluation.seen_clips import seen_by
from asyconv.evaluation.validation import errors_px, export_validated, interval, validated_section
from asyconv.labels.annotations import Annotated, clips_key
from asyconv.labels.clip_set import ClipSet
from asyconv.pose.model_file import Model
from asyconv.simulation.seeds import TEST_SEED, TUNE_SEED
from asyconv.training.adapting import between, refuse_other_input, split_of
from asyconv.training.data import Report, chosen_split, clips_of, read_data_sets
from asyconv.training.loop import started, train
from asyconv.training.processes import CPU, Place
from asyconv.training.recipe import Recipe
from asyconv.whole_files import write_whole

SIMULATED: Final = (24, 4)
"""Simulated infants, and clips of each, on which nothing should be lost."""
TUNING: Final = (16, 3)
"""Simulated infants, and clips of each, by which thresholds are moved."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Compared:
    """Errors of the model before and after on the same clips."""

    data: HeldOutClips
    before: Evaluation
    after: Evaluation


def adapt(
    path: Path, model: Model, data: Sequence[Path], recipe: Recipe, run: Path, *,
    simulated: tuple[int, int] = SIMULATED, place: Place = CPU, workers: int = 1, report: Report | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[Model, Compared, Compared]:  # fmt: skip
    """Fine-tune `model` by `recipe` with the labels in `data` into the file `path`.

    Gives the new model and two comparisons: on labelled infants that were kept apart, and on `simulated` ones (infants,
    clips of each). The training lives in the folder `run`, goes on from there if it was stopped and the labels are the
    same, and is removed at the end, for it holds pictures of the infants.
    """
    refuse_other_input(recipe, model)
    annotated = read_data_sets(data)
    split = split_of(annotated)
    recipe, begun = started(recipe, model)
    make_folder_of(run, recipe, annotated, tell)
    recipe, clips, tuning = clips_of(run, recipe, annotated, split, workers, report)
    trained = train(run, recipe, clips, tuning, start=begun, place=place, workers=workers, report=report)
    networks = (between(model.detection, trained[0]), between(model.regression, trained[1]))
    parts = chosen_split(annotated, split)
    choosers, kept_apart = (
        labelled_clips([infant for infant in annotated if infant.infant_id in part])
        for part in (parts.validation, parts.test)
    )
    kept_apart = replace(kept_apart, what=f"{kept_apart.what}, {recipe.split}")
    tell("moving the thresholds")
    tuning_infants = (choosers, held_out(TUNE_SEED, *TUNING, varied_share=recipe.varied_share))
    moved = with_thresholds_moved(model, networks, tuning_infants)
    written, after = export_model(
        path, networks, recipe, (choosers, kept_apart), trained_on=annotated_of(run), settings_of=moved, tell=tell
    )
    tell("measuring what was gained and lost")
    own = Compared(kept_apart, evaluate_on(model, kept_apart), after)
    others = held_out(TEST_SEED, *simulated, varied_share=recipe.varied_share)
    lost = Compared(others, evaluate_on(model, others), evaluate_on(written, others))
    written = export_validated(path, written, validated_section(after, kept_apart, None, annotated[0].width_px))
    shutil.rmtree(run)
    return written, own, lost


def with_thresholds_moved(model: Model, networks: tuple[nn.Module, nn.Module], tuning: Sequence[HeldOutClips]) -> Model:
    """`model` with `networks` in the place of its own, and with its presence thresholds moved together.

    Fine-tuned networks are less sure of every joint. The thresholds become so low that no more joints are invented than
    before, in the mean of the sets in `tuning`. They are never raised: a single infant on whom no threshold helps would
    take joints from all others. Both models see each infant in the crop that `model` finds.
    """
    adapted = replace(model, detection=networks[0], regression=networks[1])
    seen = [(data, seen_by(model, data).clips) for data in tuning]
    low_enough = _invented_pct(adapted, seen) <= _invented_pct(model, seen)[SHIFTS.index(0.0)]
    shift = min([0.0, *np.array(SHIFTS)[low_enough]])
    thresholds = tuple(moved_thresholds(model.settings.presence_thresholds, shift).round(4).tolist())
    return replace(adapted, settings=replace(model.settings, presence_thresholds=thresholds))


def _invented_pct(model: Model, tuning: Sequence[tuple[HeldOutClips, ClipSet]]) -> Array:
    """Share of the found joints that are not visible at each of `SHIFTS`, the mean of several sets and what is seen."""
    trades = [presence_trade(model, data, seen) for data, seen in tuning]
    return np.asarray(np.mean([[row["invented_pct"] for row in trade] for trade in trades], axis=0))


def make_folder_of(
    run: Path, recipe: Recipe, annotated: Sequence[Annotated], tell: Callable[[str], None] = lambda text: None
) -> None:
    """Make `run` the folder of this training; one that was stopped there with other labels or settings is removed."""
    labels = clips_key([(infant, np.arange(len(infant.frame))) for infant in annotated])
    stated, begun_with = run / "begun_with.txt", f"{labels} {recipe}"
    if run.is_dir() and not (stated.is_file() and stated.read_text(encoding="utf8") == begun_with):
        tell("the training that was stopped had other labels or settings; this one begins anew")
        shutil.rmtree(run)
    run.mkdir(parents=True, exist_ok=True)
    write_whole(stated, begun_with)


def gain_text(own: Compared, simulated: Compared) -> str:
    """Say in plain sentences what was gained on infants kept apart, and whether anything was lost on simulated ones."""
    count = len(np.unique(own.data.infant))
    infants = f"{count} infant{'s' * (count > 1)}"
    kept_apart = f"{own.after.frames} labelled frames of {infants} that no step was learnt from"
    others = f"{simulated.after.frames} frames of {simulated.data.what}"
    return "\n".join([*_sentences(own, kept_apart), *_sentences(simulated, others), _verdict(simulated)])


def _sentences(pair: Compared, what: str) -> list[str]:
    (missed, invented, median_px, far_off), before = (
        _figures(evaluation, pair.data) for evaluation in (pair.after, pair.before)
    )
    return [
        f"On {what} (in brackets: the model before):",
        f"  {missed} % ({before[0]} %) of the visible joints are missed.",
        f"  {invented} % ({before[1]} %) of the joints that are found are not visible.",
        f"  The median error is {median_px} px ({before[2]} px).",
        f"  {far_off} % ({before[3]} %) of the limbs lie more than 10 px off.",
    ]


def _figures(evaluation: Evaluation, data: HeldOutClips) -> list[str]:
    px, totals = errors_px(evaluation, data), evaluation.totals
    values = (totals["missed_pct"], totals["invented_pct"], median_of(px), totals["limb_frames_far_off_pct"])
    return ["-" if value is None else f"{value:.1f}" for value in values]


def _verdict(pair: Compared) -> str:
    """Whether simulated infants show a loss: more missed joints or larger errors, by more than infants differ."""
    names = {"missed_pct": ("misses", "% of the visible joints"), "error_map_px_p50": ("errs by", "map pixels")}
    lost = []
    for key, (verb, unit) in names.items():
        pairs = zip(pair.after.infants, pair.before.infants, strict=True)
        more = interval([a[key] - b[key] for a, b in pairs if a[key] is not None and b[key] is not None])
        if more and more[1] > 0:
            lost.append(f"it {verb} {more[0]:.2g} {unit} more ({more[1]:.2g} to {more[2]:.2g})")
    if lost:
        return f"On simulated infants it lost something: {', and '.join(lost)}; the mean of infants, 95 % interval."
    return "On simulated infants no loss stands out: missed joints and errors changed by no more than infants differ."
