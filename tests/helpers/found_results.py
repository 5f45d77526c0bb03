"""A result of an analysed recording by its measure and part."""

from asyconv.analysis.measures.registry import Result
from asyconv.analysis.tables.movement import Movement


def find(movement: Movement, name: str, part: str, start_s: float = 0.0) -> Result:
    return next(
        r for r in movement.results
        if r.measure.name == name and r.part == part and r.epoch_start_s == start_s
    )  # fmt: skip


def value(movement: Movement, name: str, part: str) -> float:
    result = find(movement, name, part)
    assert result.value is not None, result.reason
    return result.value
