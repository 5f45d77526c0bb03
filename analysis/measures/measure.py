"""Measure: what it declares, and the value it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np

from asyconv.analysis.formulas.gaps import whole
from asyconv.analysis.measures.gates import NO_GATE, Gates

Scope = Literal["joint", "limb", "pair", "body", "bout"]
Tier = Literal["core", "extended"]
Arguments = tuple[Any, ...]

OWN: Final = "this software"
LEFT_RIGHT: Final = ("right_arm-left_arm", "right_leg-left_leg")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One line of the registry: a formula of arrays, bound to the arrays of a part of the infant in an epoch.

    `of` takes the part and gives what `value` takes, or says why there is none. `n` counts what the value rests on, by
    default the samples of the last mask among the arguments, else the values of the first one; `at_least` is how many
    of what it needs. `otherwise` is the reason where the formula gives NaN, `remark` a word beside a value that is
    given. `parts` names the limb kinds or pairs it is defined for (empty: all). `lower_bound` values are marked "at
    least" where small movements are hidden. `error_sd` gives the SD of the value's error for a part, where it is known.
    Core measures stand in the report, the others in the tables only.
    """

    name: str
    label: str
    unit: str
    scope: Scope
    formula: str
    value: Callable[..., float] = field(repr=False)
    of: Callable[[Any], Arguments | str] = field(repr=False)
    n: Callable[..., int] | None = field(default=None, repr=False)
    at_least: tuple[int, str] | None = None
    otherwise: str = "not defined for these data"
    remark: Callable[[Any], str] | None = field(default=None, repr=False)
    gates: Gates = NO_GATE
    source: str = OWN
    caution: str = ""
    tier: Tier = "extended"
    decimals: int = 1
    lower_bound: bool = False
    error_sd: Callable[[Any], float] | None = field(default=None, repr=False)
    parts: tuple[str, ...] = ()

    @property
    def conditions(self) -> str:
        """What must hold before the measure is given, in one readable line."""
        needs = f"{self.at_least[0]} {self.at_least[1]}" if self.at_least else ""
        return ", ".join(words for words in (self.gates.words(), needs) if words) or "none"

    def defined_for(self, part: str, kind: str) -> bool:
        """Whether there is such a measure of a part of this name and kind."""
        return not self.parts or part in self.parts or kind in self.parts


@dataclass(frozen=True)
class Value:
    """A number with the count it rests on and the arguments of its formula, or no number and the reason."""

    value: float | None
    n: int = 0
    reason: str = ""
    arguments: Arguments = field(default=(), repr=False)


@dataclass(frozen=True)
class Result:
    """A measure's value for one part (joint, limb, pair, body) and one epoch; `interval` where it was earned.

    `error_sd` is the SD of the value's error, before what simulated infants say of its size; None = not known.
    """

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
    error_sd: float | None = None


def value_of(measure: Measure, part: Any) -> Value:
    """Value of `measure` for `part`, whatever its gates say, or the reason why there is none."""
    arguments = measure.of(part)
    if isinstance(arguments, str):
        return Value(None, 0, arguments)
    n = (measure.n or counted)(*arguments)
    if measure.at_least and n < measure.at_least[0]:
        return Value(None, n, f"{n} {measure.at_least[1]}, needs {measure.at_least[0]}")
    value = measure.value(*arguments)
    if not np.isfinite(value):
        return Value(None, n, measure.otherwise)
    return Value(float(value), n, measure.remark(part) if measure.remark else "", arguments)


def counted(*arguments: Any) -> int:
    """Samples of the last mask among `arguments`; without one, values of the first that are there."""
    masks = [a for a in arguments if isinstance(a, np.ndarray) and a.dtype == bool]
    return int(masks[-1].sum()) if masks else size(arguments[0])


def size(x: Any) -> int:
    """How many values of `x` are there: of an array its rows without a gap, of pieces all their samples."""
    if isinstance(x, list):
        return sum(map(len, x))
    if not isinstance(x, np.ndarray):
        return 0
    return int((x if x.dtype == bool else whole(x if x.ndim > 1 else x[:, None])).sum())


def size_of_first(first: Any, *_: Any) -> int:
    """Count of the first argument."""
    return size(first)


def stated(value: float, *_: Any) -> float:
    """The first argument as it is: a figure that the part holds already."""
    return value


def of_both(measure: Measure) -> Callable[[Any], Arguments | str]:
    """Arguments of `measure` of the right and then of the left limb of a pair, under their common floor."""

    def arguments(pair: Any) -> Arguments | str:
        left, right = (value_of(measure, limb) for limb in pair.common)
        return left.reason or right.reason if None in (left.value, right.value) else right.arguments + left.arguments

    return arguments


def on_both(formula: Callable[..., float], combine: Callable[[float, float], float]) -> Callable[..., float]:
    """The function that gives `combine` of `formula` of the first and of the second half of its arguments."""

    def combined(*arguments: Any) -> float:
        first, second = _halves(arguments)
        return combine(formula(*first), formula(*second))

    return combined


def n_of_both(measure: Measure) -> Callable[..., int]:
    """The function that counts what `measure` of both sides rests on, together."""

    def n(*arguments: Any) -> int:
        return sum((measure.n or counted)(*half) for half in _halves(arguments))

    return n


def _halves(arguments: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    return arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]
