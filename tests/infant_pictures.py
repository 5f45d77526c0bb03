"""Make the pictures of simulated infants in docs/: ``python -m tests.infant_pictures docs``.

``infants.png`` has the first 24 infants that `asyconv simulate --seed 24` draws, ``conditions.png`` one infant under
each of 24 conditions of `asyconv evaluate`. All infants are simulated; the first frame of each is shown.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from asyconv.evaluation.conditions import CONDITIONS
from asyconv.pose.depth_pictures import false_colours, range_of
from asyconv.recordings.stream import Frame
from asyconv.simulation.frames import frames_of
from asyconv.simulation.scene import VARIED_INFANT, Condition, make_infant

SEED, COUNT, COLUMNS = 24, 24, 6
TILE_PX = (232, 174)
COLOURS = 96

Picture = npt.NDArray[np.uint8]


def tile(number: int, condition: Condition, name: str) -> Picture:
    """First frame of an infant in false colours (BGR) with a name."""
    infant = make_infant(SEED, number, np.zeros(1), condition=condition)
    frame = Frame(1, 0.0, next(frames_of(infant))[1])
    picture = cv2.resize(false_colours(frame, *range_of(frame.depth)), TILE_PX, interpolation=cv2.INTER_AREA)
    cv2.putText(picture, name, (5, TILE_PX[1] - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (255, 255, 255), 1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def write_grid(tiles: list[Picture], path: Path) -> None:
    """Tiles in rows of `COLUMNS`, as a PNG of few colours."""
    rows = [np.hstack(tiles[first : first + COLUMNS]) for first in range(0, len(tiles), COLUMNS)]
    picture = Image.fromarray(np.vstack(rows)[..., ::-1].copy())
    picture.quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_grid([tile(number, VARIED_INFANT, str(number)) for number in range(COUNT)], folder / "infants.png")
    write_grid([tile(0, condition, name) for name, condition in CONDITIONS.items()], folder / "conditions.png")
