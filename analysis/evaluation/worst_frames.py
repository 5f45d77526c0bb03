"""The frames in which a model is most wrong, as pictures with the true and the predicted skeleton."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from asyconv.analysis.report.canvas import INK, MUTED, draw_png
from asyconv.skeleton import CONNECTIONS

WRONG_MAP: Final = 8.0
"""What a missed or invented joint costs, map px; a misplaced one costs its distance, at most this."""

TRUE, PREDICTED = "#00b8ff", "#ff9d00"
COLUMNS: Final = 6
PANEL_IN: Final = (1.6, 1.32)

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def cost_map(predicted: Floats, truth: Floats, visible: Bools, has_truth: Bools) -> Floats:
    """How wrong each frame is, map px: the mean cost of its joints with a known true place, [n, 3].

    Positions are [n, 3, 12, 2], NaN = missing; `visible` and `has_truth` are [n, 3, 12]. A frame without such joints
    costs 0.
    """
    given = np.isfinite(predicted[..., 0])
    distance = np.linalg.norm(np.where(given[..., None], predicted - truth, 0.0), axis=-1)
    cost = np.where(given & visible, np.minimum(distance, WRONG_MAP), np.where(given == visible, 0.0, WRONG_MAP))
    return np.asarray(np.where(has_truth, cost, 0.0).sum(axis=-1) / np.maximum(has_truth.sum(axis=-1), 1))


def worst_frames(cost: Floats, count: int) -> list[tuple[int, int]]:
    """The worst frame of each of the `count` worst clips, (clip, frame), worst first."""
    frames = cost.argmax(axis=1)
    clips = np.argsort(-cost.max(axis=1), kind="stable")[:count]
    return [(int(clip), int(frames[clip])) for clip in clips]


def worst_frames_png(
    depth_mm: Floats, predicted: Floats, truth: Floats, visible: Bools, has_truth: Bools, title: str, count: int = 24
) -> bytes:
    """PNG of the `count` worst frames of clips of depth [n, 3, H, W], each with both skeletons.

    A ring marks a joint that is visible and was missed, a cross one that was invented.
    """
    cost = cost_map(predicted, truth, visible, has_truth)
    chosen = worst_frames(cost, count)
    rows = -(-len(chosen) // COLUMNS)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for panel in panels:
            panel.axis("off")
        for panel, at in zip(panels, chosen, strict=False):
            _draw_frame(panel, depth_mm[at], predicted[at], truth[at], visible[at] & has_truth[at], has_truth[at])
            panel.set_title(f"clip {at[0]}, {cost[at]:.1f} px", fontsize=6, color=MUTED, pad=2)
        key = "blue: truth; orange: prediction; ring: missed; cross: invented; px: mean cost of a joint"
        figure.suptitle(f"{title}\n{key}", fontsize=7, color=INK)
        figure.set_layout_engine("constrained")

    return draw_png(draw, PANEL_IN[1] * rows + 0.4, PANEL_IN[0] * COLUMNS)


def _draw_frame(
    panel: Any, depth_mm: Floats, predicted: Floats, truth: Floats, visible: Bools, has_truth: Bools
) -> None:
    seen = depth_mm[depth_mm > 0]
    near, far = np.percentile(seen, [1, 99]) if len(seen) else (0.0, 1.0)
    panel.imshow(np.where(depth_mm > 0, depth_mm, np.nan), cmap="gray_r", vmin=near, vmax=far)
    given = np.isfinite(predicted[:, 0])
    for xy, shown, colour in ((truth, visible, TRUE), (predicted, given, PREDICTED)):
        for a, b in CONNECTIONS:
            if shown[a] and shown[b]:
                panel.plot(xy[[a, b], 0], xy[[a, b], 1], color=colour, lw=0.9)
        panel.plot(xy[shown, 0], xy[shown, 1], ".", color=colour, ms=2.0)
    missed, invented = visible & ~given, given & has_truth & ~visible
    panel.plot(truth[missed, 0], truth[missed, 1], "o", mfc="none", mec=TRUE, ms=7, mew=1.0)
    panel.plot(predicted[invented, 0], predicted[invented, 1], "x", color=PREDICTED, ms=6, mew=1.2)
