"""What an Azure Kinect recording says of its depth camera: the calibration that it carries, as intrinsics."""

import math
from typing import Final

from asyconv.recordings.stream import Intrinsics
from asyconv.whole_files import json_of

# Side of the square the calibration refers to, offset of the picture in it, size of the picture
_K4A_MODES: Final = {
    "NFOV_UNBINNED": (1024, (192, 180), (640, 576)),
    "NFOV_2X2BINNED": (512, (96, 90), (320, 288)),
    "WFOV_UNBINNED": (1024, (0, 0), (1024, 1024)),
    "WFOV_2X2BINNED": (512, (0, 0), (512, 512)),
}


def k4a_intrinsics(data: bytes, mode: str, warnings: list[str]) -> Intrinsics | None:
    """Pinhole part of the depth camera's calibration, as the Azure Kinect SDK scales and crops it for this mode."""
    try:
        side_px, (left_px, top_px), (width_px, _) = _K4A_MODES[mode]
        cameras = json_of(data.rstrip(b"\0"))["CalibrationInformation"]["Cameras"]
        depth = next(camera for camera in cameras if camera["Location"] == "CALIBRATION_CameraLocationD0")
        values = [float(value) for value in depth["Intrinsics"]["ModelParameters"]]
        cx, cy, fx, fy, *lens = values[:10]
        if not all(map(math.isfinite, values)) or not (fx > 0 and fy > 0) or len(lens) < 6:
            raise ValueError
    except (KeyError, TypeError, ValueError, StopIteration):
        warnings.append("the calibration in the recording could not be read; its intrinsics are unknown")
        return None
    short_pct = 100 * _shortening(width_px / 2 / (fx * side_px), lens)
    warnings.append(f"lens distortion is not corrected: lengths at the picture's sides are {short_pct:.0f} % short")
    return Intrinsics(
        fx_px=fx * side_px,
        fy_px=fy * side_px,
        cx_px=cx * side_px - left_px - 0.5,
        cy_px=cy * side_px - top_px - 0.5,
        source="file",
    )


def _shortening(distorted: float, lens: list[float]) -> float:
    """How much nearer to the axis a lens shows a point that appears at this tangent (Brown-Conrady, rational)."""
    k1, k2, k3, k4, k5, k6 = lens
    true, ratio = distorted, 1.0
    for _ in range(50):  # converges quickly: the ratio changes slowly
        r2 = true * true
        ratio = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        true = distorted / ratio
    return 1 - ratio
