"""What the networks see of held-out clips: the whole picture, or the part of it round each infant."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from asyconv.errors import InputError
from asyconv.evaluation.held_out import HeldOutClips
from asyconv.evaluation.predictions import Predictions, predict
from asyconv.labels.clip_set import ClipSet, joined
from asyconv.pose.geometry import MapGeometry
from asyconv.pose.infant_crop import infant_crop
from asyconv.pose.model_file import Model

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SeenClips:
    """Clips on the networks' map; `whole` and `seen` say how the picture of each clip lies on the map and on theirs."""

    clips: ClipSet
    whole: tuple[MapGeometry, ...] = ()
    seen: tuple[MapGeometry, ...] = ()

    def on_the_whole(self, predictions: Predictions) -> Predictions:
        """Return predictions on the networks' map as such on the map of the whole picture."""
        if not self.seen:
            return predictions
        places = zip(predictions.xy_map, self.seen, self.whole, strict=True)
        return dataclasses.replace(
            predictions, xy_map=np.stack([whole.to_map(seen.to_px(xy)) for xy, seen, whole in places])
        )


def seen_by(model: Model, data: HeldOutClips, xy_map: Array | None = None) -> SeenClips:
    """Clips as `model` sees them: one that crops finds the infant in the whole picture first, as in a recording.

    Joints `xy_map` that are known already take the place of those it would find.
    """
    if not model.settings.crop_to_infant:
        return SeenClips(data.clips)
    if not data.pictures:
        raise InputError(
            f"{data.what}: expected the pictures, of which {model.name} sees the part round the infant, found whole "
            "ones on the map only; `asyconv validate` measures it on labels"
        )
    return seen_round(data, predict(model, data.clips).xy_map if xy_map is None else xy_map)


def seen_round(data: HeldOutClips, xy_map: Array) -> SeenClips:
    """Clips in a crop round the joints [n, 3, 12, 2] of each infant, on the map of the whole picture; NaN = unknown."""
    sets, whole, seen = [], [], []
    for number, picture in enumerate(data.pictures):
        mine = data.infant == number
        crop = infant_crop(xy_map[mine], picture.geometry)
        sets.append(picture.clips_in(crop))
        whole += [picture.geometry] * int(mine.sum())
        seen += [dataclasses.replace(picture.geometry, crop=crop)] * int(mine.sum())
    return SeenClips(joined(sets), tuple(whole), tuple(seen))
