"""The part of the picture round the infant, which the networks see: infants are about as large in every recording.

A camera 900 mm away, or a small infant, leaves most of the map to the mattress. In the crop the infant has more pixels
of the map. It changes only where the infant leaves it, so that joints do not jump with it.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from asyconv.pose.geometry import MAP_HEIGHT, MAP_WIDTH, Crop, MapGeometry

SPAN: Final = 1.35
"""How much larger the crop is than the rectangle round all joints: room for movement that was not looked at."""
CLOSER: Final = 1.35
"""How much larger infants usually are in their crop than in the whole picture; set by hand."""
LEAST: Final = 0.35
"""The smallest crop, as a share of the picture."""
OUTERMOST_PCT: Final = 1.0
POINTS_MIN: Final = 24
FIRST_S: Final = 2.0
EVERY_S: Final = 10.0
"""The crop is looked over at 2 s and every 10 s, by the joints found since the time before."""
ROOM: Final = 1.1
TOO_LARGE: Final = 1.5
"""A crop is kept while a rectangle so many times as large as that round all joints lies in it, and it is at most so
many times as large as it would be now."""

Array = npt.NDArray[np.float64]


def infant_crop(
    xy_map: npt.ArrayLike, geometry: MapGeometry, span: float = SPAN, shift: tuple[float, float] = (0.0, 0.0)
) -> Crop | None:
    """The part of the picture round joints `xy_map` [..., 2], places on the map of the whole picture; NaN = not found.

    It is `span` times as large as the rectangle round them, in the shape of the map, and moved by `shift` of its size.
    None = the whole picture: too few joints to tell, an infant who fills it, or a picture hardly larger than the map.
    """
    points = np.asarray(xy_map, np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < POINTS_MIN:
        return None
    size = np.array([MAP_WIDTH, MAP_HEIGHT])
    low, high = np.percentile(points, [OUTERMOST_PCT, 100 - OUTERMOST_PCT], axis=0)
    share = max(span * float(((high - low) / size).max()), LEAST, 1 / geometry.scale_px)
    if share >= 1:
        return None
    middle = (low + high) / 2 + np.array(shift) * share * size
    corners = geometry.to_px(np.stack([middle - share * size / 2, middle + share * size / 2]))
    picture = np.array([geometry.width_px, geometry.height_px])
    sides = np.minimum(np.ceil(np.ptp(corners, axis=0)), picture).astype(int)
    if sides.max() < MAP_WIDTH or sides.min() < MAP_HEIGHT:
        return None
    first = np.clip(np.round(corners.mean(axis=0) + 0.5 - sides / 2), 0, picture - sides).astype(int)
    return Crop(int(first[0]), int(first[1]), int(sides[0]), int(sides[1]))


class CropFollower:
    """The crop of a recording as time goes on: the whole picture at first, then what the infant was seen in.

    One that does not follow stays with the whole picture.
    """

    def __init__(self, geometry: MapGeometry, *, follows: bool) -> None:
        self._whole, self._follows = geometry, follows
        self._crop: Crop | None = None
        self.geometry = geometry
        """Of the networks' map, now."""
        self.changes: list[tuple[float, Crop]] = []
        """Time of each change, and what the networks see from then on."""
        self._found: list[Array] = []
        self._epoch = 0

    def is_due(self, time_s: float) -> bool:
        """Whether `follow` has to be called before the frame at this time is predicted."""
        return self._follows and _epoch(time_s) != self._epoch

    def found(self, xy_px: Array) -> None:
        """Take the joints of a frame [12, 2], native px, NaN = not found."""
        if self._follows:
            self._found.append(xy_px)

    def follow(self, time_s: float) -> None:
        """Look the crop over; from `time_s` on the networks see the new one."""
        self._epoch = _epoch(time_s)
        xy_map = self._whole.to_map(np.stack(self._found)) if self._found else np.empty((0, 2))
        self._found.clear()
        wanted = infant_crop(xy_map, self._whole)
        if not self._fits(infant_crop(xy_map, self._whole, ROOM), wanted):
            self._crop = wanted
            self.geometry = replace(self._whole, crop=wanted)
            self.changes.append((time_s, wanted or Crop(0, 0, self._whole.width_px, self._whole.height_px)))

    def _fits(self, least: Crop | None, wanted: Crop | None) -> bool:
        """Whether the present crop holds `least` and is not too large for `wanted`."""
        now = self._crop
        if now is None or least is None or wanted is None:
            return now is wanted
        left, top = least.left_px >= now.left_px, least.top_px >= now.top_px
        right = least.left_px + least.width_px <= now.left_px + now.width_px
        bottom = least.top_px + least.height_px <= now.top_px + now.height_px
        return left and top and right and bottom and now.width_px <= TOO_LARGE * wanted.width_px


def _epoch(time_s: float) -> int:
    return 0 if time_s < FIRST_S else 1 + int((time_s - FIRST_S) // EVERY_S)
