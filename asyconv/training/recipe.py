"""Recipes: all settings of a training; the paper's, and one with smaller errors.

`PAPER` is the protocol of paper.md 7 and the paper column of its section 15. `USEFUL` differs in what its fields say;
what each difference gains is measured by ``asyconv train --differences``.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from asyconv.errors import InputError
from asyconv.simulation.seeds import TRAIN_SEED
from asyconv.training.target_sizes import RADIUS_PAPER_MAP, RADIUS_USEFUL_MAP, SIGMA_PAPER_MAP, SIGMA_USEFUL_MAP

WIDTHS: Final = {"paper": 1.0, "paper-3d": 1.0, "compact": 0.25, "compact-3d": 0.25}
DEEP: Final = ("compact", "compact-3d")
"""Models whose detection network is the deep one."""
STAGES: Final = ("detection", "regression")
ADAPT: Final = "adapt"
"""The preset of a training that goes on with one's own infants (see adapting.py)."""


@dataclass(frozen=True)
class StageRecipe:
    """How one network is trained.

    Attributes
    ----------
    optimiser : "adam", "adamw" or "sgd" (momentum 0.98).
    rate : initial learning rate.
    schedule : "step" (a tenth off every 10 epochs) or "cosine" (warm-up, then down to a hundredth).
    batch : clips a step, over all processes together.
    epochs, steps : length; `epochs` counts where `steps` is 0.
    validate_every : steps between validations, 0 = once an epoch; the best one is kept.
    patience : validations without a better one after which the training stops, 0 = it goes on to its end.
    criterion : what "best" means: highest "accuracy" of pixels, lowest "error" (mean absolute), lowest "loss".
    radius_map, sigma_map : of the targets, map px; detection has no sigma.
    crop : side of the squares near the body that are trained on, map px; 0 = whole maps.
    peak_weight : how much heavier the loss is where the target is 1.
    """

    optimiser: str
    rate: float
    schedule: str
    batch: int
    epochs: int
    steps: int
    validate_every: int
    criterion: str
    radius_map: float
    sigma_map: float = 0.0
    crop: int = 0
    peak_weight: float = 0.0
    patience: int = 0


@dataclass(frozen=True)
class Recipe:
    """All that a training depends on; stored with its checkpoints and in the model card.

    Attributes
    ----------
    deep_detection : the detection network is the deep one (see `asyconv.pose.networks.Detection`).
    data : hash of the clips that are learnt from.
    split : how an annotated data set is divided, in words; "" = simulated infants of `seed`.
    start : hash of the model whose weights both networks begin with, "" = fresh ones.
    detection_of : hash of the model whose detection network is taken as it is, "" = it is trained.
    freeze_norms : batch normalisation keeps its statistics and parameters.
    mirror, shift_map : augmentation: half of the clips mirrored (left and right change places), shifts up to so far.
    shake_map : augmentation: in three clips of four each frame is shifted up to so far on its own.
    turn_deg, zoom : augmentation: half of the clips are turned in the picture by up to so much and made larger or
        smaller by up to this factor.
    full_circle : augmentation: this share of the clips is turned in the picture to any direction instead, so that an
        infant whose head lies another way than stated is still recognised.
    pace : simulated infants move up to so many times as fast, differently in each clip.
    simulated_share : share of simulated clips among those that a training on an annotated data set sees.
    varied_share : share of simulated infants with varied bodies, postures and movement; the others are calm.
    crop_to_infant : the networks see the part of the picture round the infant (see `asyconv.pose.infant_crop`).
    averaging : of the weights over steps, exponential; 0 = none.
    depth_scale_mm, depth_limit, mean_within_mm : how depth becomes input of the networks (see `asyconv.pose.clips`).
    precision : "float32" or "bfloat16" (mixed).
    checkpoint_activations : compute activations again in the backward pass instead of keeping them.
    """

    preset: str
    model: str
    width: float
    detection: StageRecipe
    regression: StageRecipe
    deep_detection: bool = False
    seed: int = TRAIN_SEED
    infants: int = 3200
    data: str = ""
    split: str = ""
    start: str = ""
    detection_of: str = ""
    freeze_norms: bool = False
    mirror: bool = False
    shift_map: int = 0
    shake_map: int = 0
    turn_deg: float = 0.0
    zoom: float = 1.0
    full_circle: float = 0.0
    pace: float = 1.0
    varied_share: float = 0.0
    crop_to_infant: bool = False
    simulated_share: float = 0.0
    averaging: float = 0.0
    depth_scale_mm: float = 60.0
    depth_limit: float = 3.0
    mean_within_mm: float = 0.0
    precision: str = "float32"
    checkpoint_activations: bool = False

    @property
    def regression_arch(self) -> str:
        """Kind of the regression network, "asymmetric" or "3x3x3"."""
        return "3x3x3" if self.model.endswith("3d") else "asymmetric"

    def stage(self, name: str) -> StageRecipe:
        """Settings of one network."""
        stage: StageRecipe = getattr(self, name)
        return stage


PAPER: Final = Recipe(
    preset="paper",
    model="paper",
    width=1.0,
    detection=StageRecipe("adam", 0.01, "step", 16, 150, 0, 0, "accuracy", RADIUS_PAPER_MAP),
    regression=StageRecipe("sgd", 0.01, "step", 16, 100, 0, 0, "error", RADIUS_PAPER_MAP, SIGMA_PAPER_MAP),
)
USEFUL: Final = Recipe(
    preset="useful",
    model="compact",
    width=0.25,
    deep_detection=True,
    detection=StageRecipe("adamw", 2e-3, "cosine", 4, 0, 7000, 500, "loss", RADIUS_USEFUL_MAP),
    regression=StageRecipe(
        "adamw", 2e-3, "cosine", 8, 0, 2500, 250, "loss", RADIUS_PAPER_MAP, SIGMA_USEFUL_MAP, crop=48, peak_weight=20.0
    ),
    mirror=True,
    shift_map=6,
    shake_map=4,
    turn_deg=45.0,
    zoom=1.3,
    full_circle=0.25,
    pace=30.0,
    varied_share=0.65,
    crop_to_infant=True,
    averaging=0.998,
    mean_within_mm=200.0,
)
PRESETS: Final = {"paper": PAPER, "useful": USEFUL}


def make_recipe(preset: str, model: str, changes: Sequence[str] = (), **stated: Any) -> Recipe:
    """A preset for a named model, with changes such as "regression.rate=0.001" and fields stated by name."""
    if model not in WIDTHS:
        raise InputError(f"model: expected one of {', '.join(WIDTHS)}, got {model!r}")
    recipe = dataclasses.replace(
        PRESETS[preset], model=model, width=WIDTHS[model], deep_detection=model in DEEP, **stated
    )
    for change in changes:
        recipe = changed(recipe, change)
    return recipe


def recipe_of(values: Mapping[str, Any]) -> Recipe:
    """Recipe that `dataclasses.asdict` made `values` of; TypeError or KeyError where they are no recipe's."""
    stages = {name: StageRecipe(**values[name]) for name in STAGES}
    return Recipe(**{**values, **stages})


def changed(recipe: Recipe, change: str) -> Recipe:
    """The recipe with one setting changed, given as "NAME=VALUE" or "stage.NAME=VALUE"."""
    name, _, text = change.partition("=")
    stage, _, key = name.rpartition(".")
    if stage and stage not in STAGES:
        raise InputError(_STRANGE.format(change))
    target: Recipe | StageRecipe = recipe.stage(stage) if stage else recipe
    settings = {item.name: getattr(target, item.name) for item in dataclasses.fields(target)}
    if key not in settings or isinstance(settings[key], StageRecipe):
        raise InputError(_STRANGE.format(change))
    values = {key: _as(type(settings[key]), text, change)}
    if isinstance(target, Recipe):
        return dataclasses.replace(target, **values)
    values = {stage: dataclasses.replace(target, **values)}
    return dataclasses.replace(recipe, **values)


_STRANGE: Final = "setting {!r}: expected NAME=VALUE of a recipe, such as regression.rate=0.001"


def _as(kind: type, text: str, change: str) -> Any:
    try:
        return {"true": True, "false": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError) as error:
        raise InputError(f"setting {change!r}: expected a value like {kind.__name__}, got {text!r}") from error
