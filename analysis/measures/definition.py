"""Definition: what a measure declares, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np

from asyconv.analysis.formulas.bootstrap import Sample, scaled
from asyconv.analysis.measures.gates import NO_GATE, Gates

Scope = Literal["joint", "limb", "pair", "body", "bout"]
Tier = Literal["core", "extended", "research"]

OWN: Final = "this software"
LEFT_RIGHT: Final = ("right_arm-left_arm", "right_leg-left_leg")


@dataclass(frozen=True)
class Value:
    """A number with the count it rests on, or no number and the reason.

    `sample` holds what the number was made of, where an interval can be had from it.
    """

    value: float | None
    n: int = 0
    reason: str = ""
    sample: Sample | None = field(default=None, repr=False)


def given(value: float, n: int, otherwise: str) -> Value:
    """`value` if it is a number, else none with the reason `otherwise`."""
    return Value(value, n) if np.isfinite(value) else Value(None, n, otherwise)


def value_of(sample: Sample, n: int, reason: str = "") -> Value:
    """Take the value of `sample`."""
    return Value(sample.value(), n, reason, sample)


@dataclass(frozen=True)
class Measure:
    """One line of the registry; `parts` names the limb kinds or pairs it is defined for (empty: all).

    `trunk` measures exist a second time in trunk lengths, because infants grow. Core measures are shown in the
    report; the others stand in the tables only.
    """

    name: str
    label: str
    unit: str
    scope: Scope
    formula: str
    function: Callable[..., Value] = field(repr=False)
    gates: Gates = NO_GATE
    source: str = OWN
    caution: str = ""
    tier: Tier = "core"
    decimals: int = 1
    bounds: bool = False
    parts: tuple[str, ...] = ()
    trunk: bool = False


@dataclass(frozen=True)
class Result:
    """A measure's value for one part (joint, limb, pair, body) and one epoch; `interval` where it was earned."""

    measure: Measure
    part: str
    epoch_start_s: float
    epoch_s: float
    value: float | None
    n: int
    analysed_s: float
    lower_bound: bool
    reason: str
    interval: tuple[float, float] | None = None


def in_trunk_lengths(measure: Measure) -> Measure:
    """Declare `measure` a second time with the infant's own trunk length in the place of the millimetre."""

    def function(epoch: Any) -> Value:
        """The same value / trunk length of the recording; an error of the trunk's length is in it."""
        found = measure.function(epoch)
        if found.value is None:
            return found
        if not epoch.trunk_mm:
            return Value(None, found.n, "trunk never seen whole")
        sample = None if found.sample is None else scaled(found.sample, 1 / epoch.trunk_mm)
        return replace(found, value=found.value / epoch.trunk_mm, sample=sample)

    return replace(
        measure,
        name=measure.name.replace("_mm", "_tl"),
        unit=measure.unit.replace("mm", "TL"),
        formula=f"{measure.name} / trunk_length_mm",
        function=function,
        tier="extended",
        decimals=2,
        trunk=False,
    )
