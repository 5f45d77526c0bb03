"""The estimator: the positions of one joint from all that is known of it, as one robust least squares over a recording.

A joint has a position at every sample. What is known of the positions adds up to one sum of squares, and its minimum is
the estimate:

* a find says where the joint is, with an SD that grows as its confidence falls;
* a displacement says how far it moved between two samples, with an information matrix;
* the acceleration of a limb is limited: second differences are small. With finds alone, all equally sure, this is a
  low-pass of -3 dB at `cutoff_hz`, 1 / (1 + (f / f0)^4), which is a Butterworth filter of order 2 run forward and
  backward.

Finds and displacements that fit badly weigh less (Cauchy weights, solved again a few times), so that a wrong one does
not draw the position with it. The inverse of the equations gives the SD of every position and speed: it rises in gaps,
at the ends of what was seen and where finds are unsure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.analysis.cleaning.banded import inverse_band, solve
from asyconv.analysis.formulas.gaps import runs

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

ROUNDS: Final = 4
FIND_CAUCHY: Final = 2.0
STEP_CAUCHY: Final = 3.0
"""Residuals, in SDs, at which a find or a displacement weighs half."""
EDGE_STIFFNESS: Final = 10.0
"""Times that second differences weigh near the ends of what was found, so that noise is no quicker there."""
LOOSE: Final = 1e-6
"""Weight of the straight line between finds where nothing else holds a position, as a share of a find's."""


@dataclass(frozen=True)
class Steps:
    """Displacements [N, D] over `lag` samples from each sample on, and their information [N, D, D]; 0 = unknown."""

    lag: int
    displacement: Floats
    information: Floats


@dataclass(frozen=True)
class Estimate:
    """Positions [N, D] of a joint with their SD per axis [N], and the SD of its speed [N], all axes, per sample."""

    position: Floats
    sd: Floats
    speed_sd: Floats


def estimate(
    finds: Floats, sd: Floats, alive: Bools, second_sd: Floats, edge: int, steps: Sequence[Steps] = ()
) -> Estimate:
    """Estimate the positions of a joint.

    `finds` [N, D] are NaN where there is none, `sd` [N] are their SDs. `alive` [N] are the samples that are wanted;
    nothing is known of the others, and nothing passes across them. `second_sd` [N] is the SD of the second difference
    of the positions about each sample, made smaller within `edge` samples of where finds begin or end, so that the
    speeds there are no noisier than elsewhere. Samples that are not `alive` are NaN in the result.
    """
    n, dims = finds.shape
    found = np.isfinite(finds).all(axis=1) & alive
    out = Estimate(np.full((n, dims), np.nan), np.full(n, np.nan), np.full(n, np.nan))
    if not found.any():
        return out
    at = np.flatnonzero(found)
    line = np.stack([np.interp(np.arange(n), at, finds[at, a]) for a in range(dims)], axis=1)
    seen = np.where(found[:, None], finds, line)
    certainty = np.where(found, 1 / sd**2, 0.0)
    steps = [_between(step, alive) for step in steps]
    reach = max([2, *(step.lag for step in steps)])
    stiffer, second = _stiffer_at_edges(found, edge), 1 / second_sd[1:-1] ** 2
    hold = np.where(alive, LOOSE * float(np.median(certainty[found])), 1.0)
    position, band = line, np.empty(0)
    for turn in range(ROUNDS):
        band, right = np.zeros((n, dims, dims * (reach + 1))), hold[:, None] * line
        _smooth(band, alive, stiffer * second)
        away = ((seen - position) ** 2).sum(axis=1) * certainty / dims
        weight = certainty / (1 + away / FIND_CAUCHY**2) if turn else certainty
        for a in range(dims):
            band[:, a, a] += weight + hold
        right += weight[:, None] * seen
        for step in steps:
            _add(band, right, step, position, robust=turn > 0)
        position = solve(_as_rows(band), right.ravel())[0].reshape(n, dims)
    out.position[alive] = position[alive]
    _smooth(band, alive, (1 - stiffer) * second)  # the ends know less than their estimate pretends
    return _with_sd(out, inverse_band(solve(_as_rows(band), np.zeros(n * dims))[1]), alive, dims)


def _between(step: Steps, alive: Bools) -> Steps:
    """`step` with no information where its time is not all `alive`."""
    gone = np.concatenate([[0], np.cumsum(~alive)])
    n, whole = len(alive), np.zeros(len(alive), bool)
    whole[: n - step.lag] = gone[step.lag + 1 :] == gone[: n - step.lag]
    kept = whole & np.isfinite(step.displacement).all(axis=1)
    return Steps(
        step.lag, np.where(kept[:, None], step.displacement, 0.0), np.where(kept[:, None, None], step.information, 0.0)
    )


def _stiffer_at_edges(found: Bools, edge: int) -> Floats:
    """Factor [N - 2] on the weight of each second difference: larger near a gap of more than `edge` samples."""
    near = np.zeros(len(found), bool)
    near[: edge + 1] = near[len(found) - edge - 1 :] = True
    for start, stop in runs(~found):
        if stop - start > edge:
            near[max(0, start - edge) : stop + edge] = True
    return np.where(near[1:-1], EDGE_STIFFNESS, 1.0)


def _smooth(band: Floats, alive: Bools, weight: Floats) -> None:
    """Add `weight` [N - 2] of the squared second difference about each sample that is `alive` with both neighbours."""
    dims = band.shape[1]
    w = weight * (alive[:-2] & alive[1:-1] & alive[2:])
    for a in range(dims):
        for first, own in ((0, 1.0), (1, 4.0), (2, 1.0)):
            band[first : len(w) + first, a, a] += own * w
        band[: len(w), a, dims + a] -= 2 * w
        band[1 : len(w) + 1, a, dims + a] -= 2 * w
        band[: len(w), a, 2 * dims + a] += w


def _add(band: Floats, right: Floats, step: Steps, position: Floats, *, robust: bool) -> None:
    """Add the squares of a displacement: position[t + lag] - position[t] - displacement, under its information."""
    n, dims = position.shape
    first, later = slice(0, n - step.lag), slice(step.lag, n)
    information = step.information[first]
    if robust:
        off = position[later] - position[first] - step.displacement[first]
        badness = np.einsum("na,nab,nb->n", off, information, off) / dims
        information = information / (1 + badness / STEP_CAUCHY**2)[:, None, None]
    pull = np.einsum("nab,nb->na", information, step.displacement[first])
    right[later] += pull
    right[first] -= pull
    band[first, :, :dims] += information
    band[later, :, :dims] += information
    band[first, :, step.lag * dims : (step.lag + 1) * dims] -= information


def _as_rows(blocks: Floats) -> Floats:
    """The lower band [N D, p + 1] from blocks [N, D, D (reach + 1)]: row a of block t holds what couples (t, a)."""
    n, dims, width = blocks.shape
    rows = np.zeros((n, dims, width))
    for a in range(dims):
        rows[:, a, : width - a] = blocks[:, a, a:]
    return rows.reshape(n * dims, width)


def _with_sd(out: Estimate, inverse: Floats, alive: Bools, dims: int) -> Estimate:
    """`out` with the SDs from the band of the `inverse`."""
    blocks = inverse.reshape(len(alive), dims, -1)
    own = np.where(alive, blocks[:, :, 0].sum(axis=1), np.nan)
    one, two = blocks[:, :, dims].sum(axis=1), blocks[:, :, 2 * dims].sum(axis=1)
    out.sd[:] = np.sqrt(np.maximum(own, 0.0) / dims)
    speed = np.full(len(alive), np.nan)
    speed[1:-1] = (own[2:] + own[:-2] - 2 * two[:-2]) / 4
    step = own[1:] + own[:-1] - 2 * one[:-1]
    first, last = np.isnan(speed[:-1]), np.isnan(speed[1:])
    speed[:-1] = np.where(first, step, speed[:-1])
    speed[1:] = np.where(last, step, speed[1:])
    out.speed_sd[:] = np.sqrt(np.maximum(speed, 0.0))
    return out
