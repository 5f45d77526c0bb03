"""What a model's card says about its validation on labelled infants, as a sentence and against a recording."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from asyconv.words import counted

Section = dict[str, Any]
"""The card's ``validated``: see `asyconv.evaluation.validation`."""

FIELD_APART: Final = 0.1
DISTANCE_APART: Final = 0.15
RATE_APART: Final = 0.2
"""Shares by which the field of view, the distance and the frame rate may differ without a warning."""


def validation_sentence(section: Section) -> str:
    """Say on how many labelled frames and infants a model was validated, and its median error there."""
    unit, median = ("mm", section["median_mm"]) if section["median_mm"] is not None else ("px", section["median_px"])
    error = "no joint found" if median is None else f"{median:.1f} {unit} median"
    return f"validated on {section['frames']} labelled frames of {counted(section['infants'], 'infant')}: {error}"


def middle_distance_mm(depth_mm: npt.NDArray[Any]) -> float:
    """Median distance of what a picture shows, mm; NaN where nothing has depth."""
    seen = depth_mm[depth_mm > 0]
    return float(np.median(seen)) if seen.size else float("nan")


def unlike_validated(
    section: Section | None, *, width_px: int, fx_px: float | None, distance_mm: float, fps_hz: float
) -> list[str]:
    """Name what makes a recording unlike those on which its model was validated."""
    if not section:
        return []
    out = []
    own, theirs = fx_px and fx_px / width_px, section["fx_px"] and section["fx_px"] / section["width_px"]
    if own and theirs and abs(own / theirs - 1) > FIELD_APART:
        out.append(_unlike("a camera with another field of view", f"{own:.2f}", f"{theirs:.2f} (focal length / width)"))
    low, high = section["distance_mm"]
    if distance_mm < (1 - DISTANCE_APART) * low or distance_mm > (1 + DISTANCE_APART) * high:
        validated = f"{low:.0f} mm" if round(low) == round(high) else f"{low:.0f} to {high:.0f} mm"
        out.append(_unlike("a camera at another height", f"{distance_mm:.0f} mm", validated))
    if abs(fps_hz / section["fps_hz"] - 1) > RATE_APART:
        out.append(_unlike("another frame rate", f"{fps_hz:.3g} Hz", f"{section['fps_hz']:.3g} Hz"))
    return out


def _unlike(what: str, own: str, validated: str) -> str:
    return f"unlike what the model was validated on: {what}, {own} here, {validated} there"
