"""Interval coverage: how often a measure's interval holds the value that a long recording has in the long run.

Every stretch of 180 s of a long recording gives an interval; it covers if the value of the whole recording lies inside.
What was found stands in `asyconv.analysis.measures.intervals`.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from asyconv.analysis.cleaning.clean import clean
from asyconv.analysis.measures.definition import Result
from asyconv.analysis.measures.intervals import Coverage
from asyconv.analysis.measures.registry import REGISTRY, compute
from asyconv.analysis.series.epochs import Span, body_epoch, limb_epochs, pair_epochs, spans
from asyconv.analysis.series.limbs import limb_series
from asyconv.analysis.series.motion import body_motion
from asyconv.tracks import Tracks

JITTER_MM: Final = 0.5


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
    names = frozenset(m.name for m in REGISTRY if m.tier == "core" and m.scope in ("limb", "pair", "body"))
    cleaned = clean(tracks)
    limbs = limb_series(cleaned, tracks.meta)
    motion = body_motion(cleaned, limbs)

    def results(span: Span, shown: frozenset[str]) -> list[Result]:
        limb = limb_epochs(limbs, motion, cleaned, span, tracks.meta)
        epochs: list[tuple[Any, Any]] = [
            ("limb", limb.values()),
            ("pair", pair_epochs(limb)),
            ("body", [body_epoch(limb, motion, cleaned, span)]),
        ]
        key = str(tracks.meta.get("recording_id", ""))
        return [r for scope, some in epochs for r in compute(scope, some, key, shown=shown, tiers=("core",))]

    parts = spans(cleaned)
    whole = replace(parts[0], length_s=parts[-1].start_s + parts[-1].length_s, stop=parts[-1].stop)
    truth = {(r.part, r.measure.name): r.value for r in results(whole, frozenset()) if r.value is not None}
    return truth, [r for span in parts for r in results(span, names)]


def jittered(tracks: Tracks, sigma_mm: float, seed: int) -> Tracks:
    """`tracks` with white noise of `sigma_mm` per axis on the millimetres, as a good tracker leaves it."""
    rng = np.random.default_rng(seed)
    noisy = {
        name: (getattr(tracks, name) + sigma_mm * rng.standard_normal(tracks.x_mm.shape)).astype(np.float32)
        for name in ("x_mm", "y_mm", "z_mm")
    }
    return replace(tracks, **noisy)


def table(found: Iterable[Coverage]) -> str:
    """Lines of a CSV file, one a measure: values, intervals given and covering, and whether they may be shown."""
    lines = ["measure,values,intervals,covering,covering_pct,shown"]
    for c in found:
        pct = f"{c.covered_pct:.1f}" if c.given else ""
        lines.append(f"{c.measure},{c.values},{c.given},{c.covered},{pct},{'yes' if c.earned else 'no'}")
    return "\n".join(lines)
