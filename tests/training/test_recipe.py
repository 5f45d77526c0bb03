"""Recipes: the paper's numbers, changes by name, and refusals."""

import json
from dataclasses import asdict

import pytest

from asyconv.errors import InputError
from asyconv.training.recipe import PAPER, make_recipe, recipe_of


def test_the_papers_protocol() -> None:
    detection, regression = PAPER.detection, PAPER.regression
    assert (detection.optimiser, detection.rate, detection.batch, detection.epochs) == ("adam", 0.01, 16, 150)
    assert (regression.optimiser, regression.rate, regression.batch, regression.epochs) == ("sgd", 0.01, 16, 100)
    assert (detection.radius_map, regression.radius_map, regression.sigma_map) == (6.0, 6.0, 18.0)
    assert (detection.criterion, regression.criterion) == ("accuracy", "error")
    assert not PAPER.mirror
    assert PAPER.shift_map == PAPER.averaging == regression.crop == regression.peak_weight == 0


def test_changes_by_name() -> None:
    recipe = make_recipe("useful", "compact-3d", ["regression.rate=0.5", "mirror=false", "width=0.125"])
    assert (recipe.regression.rate, recipe.mirror, recipe.width) == (0.5, False, 0.125)
    assert (recipe.model, recipe.regression_arch) == ("compact-3d", "3x3x3")
    assert recipe.detection == make_recipe("useful", "compact").detection


def test_a_recipe_goes_through_json() -> None:
    recipe = make_recipe("paper", "paper-3d", ["infants=7"])
    assert recipe_of(json.loads(json.dumps(asdict(recipe)))) == recipe


@pytest.mark.parametrize(
    "change",
    ["nothing=1", "regression.nothing=1", "nobody.rate=1", "detection=1", "detection.rate", "mirror=maybe", ""],
)
def test_a_strange_change_is_refused(change: str) -> None:
    with pytest.raises(InputError, match="expected"):
        make_recipe("useful", "compact", [change])


def test_a_strange_model_is_refused() -> None:
    with pytest.raises(InputError, match="expected one of paper, paper-3d, compact, compact-3d, got 'huge'"):
        make_recipe("useful", "huge")
