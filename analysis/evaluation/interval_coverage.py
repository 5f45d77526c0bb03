"""Interval coverage: how often a measure's interval holds the value that a long recording has in the long run.

Every stretch of 180 s of a long recording gives an interval; it covers if the value of the whole recording lies inside.
What was found stands in `asyconv.analysis.measures.intervals`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.measures.gates import NO_GATE
from asyconv.analysis.measures.intervals import Coverage
from asyconv.analysis.measures.measure import Result
from asyconv.analysis.measures.registry import REGISTRY, Scope, compute
from asyconv.analysis.series.epochs import Epoch, epoch_of, epochs_of
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.series.parts import parts_of, series_of
from asyconv.tracks import Tracks

JITTER_MM: Final = 0.5
SCOPES: Final[tuple[Scope, ...]] = ("limb", "pair", "body")


def interval_coverage(recordings: Iterable[Tracks]) -> list[Coverage]:
    """Coverage of every core measure that has intervals, over all stretches, limbs and pairs of long `recordings`."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for tracks in recordings:
        truth, stretches = _long_run(tracks)
        for result in stretches:
            true = truth.get((result.part, result.measure.name))
            if result.value is None or true is None:
                continue
            count = counts[result.measure.name]
            count[0] += 1
            if result.interval is not None:
                count[1] += 1
                count[2] += result.interval[0] <= true <= result.interval[1]
    return [Coverage(name, *count) for name, count in counts.items()]


def _long_run(tracks: Tracks) -> tuple[dict[tuple[str, str], float], list[Result]]:
    """Values of the whole recording by part and measure, and results with intervals of its stretches of 180 s."""
    cleaned = clean(tracks)
    series = series_of(cleaned, limb_series(cleaned, tracks.meta))
    key = str(tracks.meta.get("recording_id", ""))

    def results(epoch: Epoch, with_interval: frozenset[str]) -> list[Result]:
        parts = parts_of(series, epoch)
        return [
            r
            for scope in SCOPES
            for r in compute(parts[scope], key, scope=scope, with_interval=with_interval, tiers=("core",))
        ]

    whole = epoch_of(cleaned, tracks.meta, 0.0, 0, len(cleaned.time.time_s))
    truth = {(r.part, r.measure.name): r.value for r in results(whole, frozenset()) if r.value is not None}
    names = frozenset(m.name for m in REGISTRY if m.gates != NO_GATE)  # what has no gate describes the recording
    return truth, [r for epoch in epochs_of(cleaned, tracks.meta) for r in results(epoch, names)]


def jittered(tracks: Tracks, sigma_mm: float, seed: int) -> Tracks:
    """`tracks` with white noise of `sigma_mm` per axis on the millimetres, as a good tracker leaves it."""
    rng = np.random.default_rng(seed)
    noisy = {
        name: (getattr(tracks, name) + sigma_mm * rng.standard_normal(tracks.x_mm.shape)).astype(np.float32)
        for name in ("x_mm", "y_mm", "z_mm")
    }
    return replace(tracks, **noisy)


def table(coverages: Iterable[Coverage]) -> str:
    """Lines of a CSV file, one a measure: values, intervals given and covering, and whether they may be shown."""
    lines = ["measure,values,intervals,covering,covering_pct,shown"]
    for c in coverages:
        pct = f"{c.covered_pct:.1f}" if c.given else ""
        lines.append(f"{c.measure},{c.values},{c.given},{c.covered},{pct},{'yes' if c.earned else 'no'}")
    return "\n".join(lines)
