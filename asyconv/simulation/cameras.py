"""Depth cameras other than that of calm infants, and what their drivers do to a picture.

Structured light is `render.sense` with another base line and noise. Stereo matches windows, so that what is near grows
fatter, and loses whole patches where there is no texture. Time of flight mixes the two sides of an edge, and in a
corner light comes back by longer ways. All pictures have the focal length of the default camera and whole millimetres.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from asyconv.jit import compiled
from asyconv.simulation.render import GOLDEN, LATTICE_PX, bell, mix, noise_lattice, sense

Depth = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Camera:
    """One kind of sensor.

    Attributes
    ----------
    kind : "structured", "stereo" or "time of flight".
    near_mm : nothing nearer is seen.
    baseline_mm, noise_px : of structured light and stereo; noise is of the disparity.
    noise_mm : of time of flight at 600 mm; it grows with the square of the distance.
    hole_rate : share of single pixels that are lost.
    """

    kind: str
    near_mm: float
    baseline_mm: float = 75.0
    noise_px: float = 0.085
    noise_mm: float = 0.0
    hole_rate: float = 0.003


CAMERAS: Final = {
    "astra": Camera("structured", 300.0),
    "kinect_v1": Camera("structured", 400.0, noise_px=0.12, hole_rate=0.006),
    "realsense_d4xx": Camera("stereo", 200.0, baseline_mm=50.0, noise_px=0.09, hole_rate=0.002),
    "realsense_l515": Camera("time of flight", 250.0, noise_mm=1.2, hole_rate=0.002),
    "azure_kinect": Camera("time of flight", 250.0, noise_mm=1.8, hole_rate=0.001),
    "femto": Camera("time of flight", 200.0, noise_mm=2.4, hole_rate=0.004),
}
_SHARES: Final = {
    "astra": 0.4, "kinect_v1": 0.12, "realsense_d4xx": 0.16, "realsense_l515": 0.1, "azure_kinect": 0.14, "femto": 0.08,
}  # fmt: skip


@dataclass(frozen=True)
class Sensor:
    """The camera over one infant, and what its driver does.

    Attributes
    ----------
    noise, holes : how many times the camera's noise and holes.
    multipath : how much farther a corner seems, as a share of its depth below its surroundings.
    flying : share of the pixels at an edge that lie between its two sides.
    patches : share of a stereo picture that is lost in patches.
    smoothed : a median filter of 5 pixels.
    filled : holes take the depth of the pixel to their left.
    halved : every second pixel of every second row stands for four.
    step_mm : depths are rounded down to multiples of it.
    """

    camera: Camera
    noise: float
    holes: float
    multipath: float
    flying: float
    patches: float
    smoothed: bool
    filled: bool
    halved: bool
    step_mm: int


def sample_sensor(rng: np.random.Generator, name: str | None, noise: float, holes: float) -> Sensor:
    """A camera, the stated one or any, with the noise and the holes times so many."""
    drawn = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
    return Sensor(
        camera=CAMERAS[name or drawn],
        noise=noise * float(np.exp(rng.normal(0.0, 0.35))),
        holes=holes * float(np.exp(rng.normal(0.0, 0.7))),
        multipath=float(rng.uniform(0.0, 0.15)),
        flying=float(rng.uniform(0.2, 0.9)),
        patches=float(rng.uniform(0.0, 0.05)),
        smoothed=bool(rng.random() < 0.2),
        filled=bool(rng.random() < 0.2),
        halved=bool(rng.random() < 0.15),
        step_mm=int(rng.choice([1, 2, 4, 8], p=[0.82, 0.08, 0.06, 0.04])),
    )


def picture(sensor: Sensor, z_mm: npt.NDArray[np.float32], key: Any, focal_px: float) -> Depth:
    """What the sensor reports of the true depth `z_mm` [H, W]; all chance comes from the frame's `key`."""
    camera = sensor.camera
    out: Depth = np.empty(z_mm.shape, np.uint16)
    hole_rate = camera.hole_rate * sensor.holes
    if camera.kind == "time of flight":
        longer = _longer_ways(z_mm) * np.float32(sensor.multipath)
        noise_mm = camera.noise_mm * sensor.noise
        _time_of_flight(z_mm, longer, key, noise_mm, hole_rate, sensor.flying, camera.near_mm, out)
    else:
        seen = cv2.erode(z_mm, np.ones((5, 7), np.uint8)) if camera.kind == "stereo" else z_mm
        sense(seen, key, focal_px * camera.baseline_mm, camera.noise_px * sensor.noise, hole_rate, camera.near_mm, out)
    if camera.kind == "stereo" and sensor.patches:
        rng = np.random.default_rng(int(key))
        coarse = rng.random((out.shape[0] // 20, out.shape[1] // 20), np.float32)
        out[cv2.resize(coarse, out.shape[::-1], interpolation=cv2.INTER_CUBIC) > 1.0 - sensor.patches] = 0
    return _driver(sensor, out)


def _driver(sensor: Sensor, out: Depth) -> Depth:
    if sensor.smoothed:
        out = np.asarray(cv2.medianBlur(out, 5), np.uint16)
    if sensor.filled:
        _fill_from_the_left(out)
    if sensor.halved:
        out = np.repeat(np.repeat(out[::2, ::2], 2, axis=0), 2, axis=1)
    if sensor.step_mm > 1:
        out -= out % np.uint16(sensor.step_mm)
    return out


def _longer_ways(z_mm: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How deep each pixel lies below its surroundings, mm."""
    height, width = z_mm.shape
    coarse = cv2.resize(z_mm, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    around = cv2.resize(cv2.GaussianBlur(coarse, (0, 0), 4.0), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(z_mm - around, 0.0, 60.0), np.float32)


@compiled
def _fill_from_the_left(out: Any) -> None:
    height, width = out.shape
    for y in range(height):
        for x in range(1, width):
            if out[y, x] == 0:
                out[y, x] = out[y, x - 1]


@partial(compiled, fastmath=True)
def _time_of_flight(
    z_mm: Any, longer_mm: Any, key: Any, noise_mm: float, hole_rate: float, flying: float, near_mm: float, out: Any
) -> None:
    """Noise that is partly alike in neighbours, and at an edge a mixture of its sides or nothing."""
    height, width = z_mm.shape
    base = mix(np.uint64(key))
    lattice = noise_lattice(height, width, base)
    base = mix(base + np.uint64(1))
    for y in range(height):
        up, down = max(y - 1, 0), min(y + 1, height - 1)
        row = (y + LATTICE_PX // 2) // LATTICE_PX
        for x in range(width):
            bits = mix(base + GOLDEN * np.uint64(y * width + x))
            left, right = z_mm[y, max(x - 1, 0)], z_mm[y, min(x + 1, width - 1)]
            near = min(min(left, right), min(z_mm[up, x], z_mm[down, x]))
            far = max(max(left, right), max(z_mm[up, x], z_mm[down, x]))
            z = z_mm[y, x]
            chance = float(mix(bits) >> np.uint64(40)) / 16777216.0
            lost = hole_rate
            if far - near > 15.0:
                lost += 0.25
                if chance > 1.0 - 0.75 * flying:
                    share = float((bits >> np.uint64(20)) & np.uint64(1023)) / 1023.0
                    z = near + share * (far - near)
            if chance < lost or z < near_mm:
                out[y, x] = 0
                continue
            spread = noise_mm * (z / 600.0) ** 2
            z += longer_mm[y, x] + spread * (0.6 * lattice[row, (x + LATTICE_PX // 2) // LATTICE_PX] + 0.6 * bell(bits))
            out[y, x] = np.uint16(min(z + 0.5, 10000.0))
