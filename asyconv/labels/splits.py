"""Which annotated frames train, validate and test: the paper's split, and the honest one by infant.

Every split carries its name in words, to be printed beside each error measured with it: on the paper's, an infant of
the test has been seen in training, and errors are smaller than on infants never seen (paper.md 8).

Deviations from the paper: a part of the training frames is kept for validation (the paper does not say which); of 751
training frames shifted by one come 749 clips, where the paper counts 751, so that no training clip reaches into a test
frame. Training clips overlap; validation and test clips do not, so that each of their frames counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asyconv.errors import InputError
from asyconv.labels.annotations import Annotated, Rows, clip_rows
from asyconv.pose.clips import CLIP_FRAMES

TEST_SHARE: Final = 0.083  # 83 clips of 1000 frames
VALIDATION_SHARE: Final = 0.2
VALIDATION_GAP: Final = 2  # frames between training and validation, in no part

Clips = Mapping[str, Rows]
"""Clips of each infant, [n, 3] rows of its `Annotated`; an infant without any is left out."""


@dataclass(frozen=True)
class Split:
    """Clips for training, validation and test, and the split's name in words."""

    name: str
    train: Clips
    validation: Clips
    test: Clips


def within_infant(annotated: Sequence[Annotated]) -> Split:
    """The paper's split: of each infant the first frames train, the last of these validate, the last frames test.

    1000 frames give 249 test frames (83 clips) and 751 others.
    """
    train, validation, test = {}, {}, {}
    for infant in annotated:
        count = len(infant.frame)
        tested = CLIP_FRAMES * round(TEST_SHARE * count)
        not_tested = count - tested
        validated = round(VALIDATION_SHARE * not_tested)
        trained = not_tested - validated - (VALIDATION_GAP if validated else 0)
        train[infant.infant_id] = _clips(infant, 0, trained, overlap=True)
        validation[infant.infant_id] = _clips(infant, not_tested - validated, not_tested, overlap=False)
        test[infant.infant_id] = _clips(infant, not_tested, count, overlap=False)
    name = "within-infant split of the paper (same infants in training and test)"
    return _split(name, train, validation, test)


def by_infant(annotated: Sequence[Annotated], folds: int) -> list[Split]:
    """Folds in which no infant of the test is in training.

    A fifth of the other infants validates. The order of infants depends on their identifiers only.
    """
    infants = {infant.infant_id: infant for infant in annotated}
    if not 2 <= folds <= len(infants) or len(infants) - -(-len(infants) // folds) < 2:
        raise InputError(
            f"split by infant: expected 2 folds or more, each leaving two infants for training and validation, "
            f"found {len(infants)} infants for {folds} folds"
        )
    names = sorted(infants)
    order = [names[place] for place in np.random.default_rng([0, 31]).permutation(len(names))]
    return [_fold(infants, order, number, folds) for number in range(folds)]


def _fold(infants: Mapping[str, Annotated], order: list[str], number: int, count: int) -> Split:
    first, last = (len(order) * place // count for place in (number, number + 1))
    others = order[last:] + order[:first]
    validated = max(1, round(VALIDATION_SHARE * len(others)))
    return _split(
        f"by infant, fold {number + 1} of {count}",
        {name: _clips(infants[name], overlap=True) for name in others[validated:]},
        {name: _clips(infants[name], overlap=False) for name in others[:validated]},
        {name: _clips(infants[name], overlap=False) for name in order[first:last]},
    )


def _clips(infant: Annotated, first: int = 0, last: int | None = None, *, overlap: bool) -> Rows:
    """Clips that lie whole in the rows `first` to `last` of an infant."""
    return first + clip_rows(infant.frame[first:last], overlap=overlap)


def _split(name: str, *parts: Clips) -> Split:
    train, validation, test = ({infant: rows for infant, rows in part.items() if len(rows)} for part in parts)
    for what, part in (("training", train), ("test", test)):
        if not part:
            raise InputError(f"{name}: expected clips for {what}, found no three frames 1/6 s apart")
    return Split(name, train, validation, test)
