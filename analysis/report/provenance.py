"""Provenance of a report: versions, settings and hashes; no time, no path, no file name."""

import platform
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import numpy as np

from asyconv.analysis.measures.registry import DEFINITION_VERSION
from asyconv.analysis.version import ANALYSIS_VERSION

if TYPE_CHECKING:
    from asyconv.analysis.tables.movement import Movement

LIBRARIES: Final = ("numpy", "scipy", "polars", "matplotlib", "jinja2")


def provenance(movement: "Movement") -> list[tuple[str, str]]:
    """Names and texts, in report order."""
    meta = movement.meta

    def stated(key: str) -> str:
        value = meta.get(key)
        return "not stated" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)

    rate_is = "as stated" if meta.get("fps_source") == "stated" else "measured"
    intrinsics, plane = meta.get("intrinsics") or {}, meta.get("mattress_plane")
    camera = [f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in sorted(intrinsics.items())]
    libraries = [f"python {platform.python_version()}", *(f"{name} {version(name)}" for name in LIBRARIES)]
    head, mirrored = (f"{stated(name)} ({stated(f'{name}_source')})" for name in ("head", "mirrored"))
    return [
        (
            "Software",
            f"asyconv {stated('software_version')}, tracks version {stated('tracks_version')}, analysis version "
            f"{ANALYSIS_VERSION}, definitions version {DEFINITION_VERSION}",
        ),
        ("Libraries", ", ".join(libraries)),
        ("Pose model", f"{stated('model_name')}, weights {stated('weights_hash')}"),
        ("Joints", f"SHA-256 of the cleaned positions {joints_hash(movement)}"),
        (
            "Recording",
            f"{stated('width_px')} x {stated('height_px')} px, {stated('fps_measured_hz')} Hz {rate_is}, "
            f"{stated('fps_nominal_hz')} Hz nominal, rate {stated('rate')}, stride {stated('stride')}, "
            f"clips {stated('clip_layout')}",
        ),
        ("Orientation", f"head {head}, mirrored {mirrored}"),
        ("Camera", ", ".join(camera) or "unknown"),
        ("Mattress plane", ", ".join(f"{v:.4g}" for v in plane) if plane else "not found"),
        (
            "Filter",
            "robust least squares; its band is that of a Butterworth filter of order 2 run forward and backward, -3 dB "
            f"at {movement.clean.cutoff_hz:g} Hz",
        ),
        ("Axes", stated("axes")),
    ]


def joints_hash(movement: "Movement") -> str:
    """Fingerprint of the accepted joints: two reports with the same one stand on the same tracks."""
    digest = sha256()
    for values in (movement.clean.gated_px, movement.clean.gated_mm):
        digest.update(np.ascontiguousarray(np.nan_to_num(values, nan=-1e9), "<f8").tobytes())
    return digest.hexdigest()
