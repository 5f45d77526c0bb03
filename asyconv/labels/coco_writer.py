"""Labels as COCO key points (JSON); what coco.py reads.

A visible joint has v = 2. A hidden one and one outside the picture have v = 0, because networks learn from labels that
a joint is not to be seen; the lists ``hidden`` and ``outside`` among an annotation's attributes tell the two apart. The
box is that of the visible joints, and the area is the box's.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from asyconv.coco_points import CATEGORY, annotation
from asyconv.skeleton import JOINTS


@dataclass(frozen=True)
class LabelledPicture:
    """A picture: its file and size, its labels in pixels [12, 2] (NaN = not visible), and which joints are hidden."""

    file_name: str
    width_px: int
    height_px: int
    xy_px: npt.NDArray[np.float64]
    hidden: tuple[str, ...] = field(default=())


def coco_text(pictures: Sequence[LabelledPicture]) -> str:
    """The pictures with their labels as one COCO file."""
    images = [
        {"id": number, "file_name": one.file_name, "width": one.width_px, "height": one.height_px}
        for number, one in enumerate(pictures, start=1)
    ]
    annotations = [_annotation(number, one) for number, one in enumerate(pictures, start=1)]
    content = {"images": images, "annotations": annotations, "categories": [CATEGORY | {"name": "infant"}]}
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _annotation(number: int, one: LabelledPicture) -> dict[str, Any]:
    visible = np.isfinite(one.xy_px[:, 0])
    outside = [joint for joint, seen in zip(JOINTS, visible, strict=True) if not seen and joint not in one.hidden]
    return annotation(number, one.xy_px) | {"attributes": {"hidden": list(one.hidden), "outside": outside}}
