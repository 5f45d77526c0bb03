"""Files of other trackers with a few values exchanged are read or refused in a sentence; nothing else is raised."""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from asyconv.errors import InputError
from asyconv.exchange.formats import EXPORTS, IMPORTS
from asyconv.exchange.joint_names import COCO_17, columns_of
from asyconv.exchange.people import choose
from asyconv.exchange.poses import Stated, to_tracks
from asyconv.skeleton import JOINTS
from tests.helpers.exported import example

ODD = ("null", "[]", "{}", "1e400", "-1", '"x"', "NaN", "", ",", "9" * 21, "0", "true", "[[1]]", "\xff", "1e30")


def exported(name: str) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        path = folder / f"{name}{EXPORTS[name].endings[0]}"
        EXPORTS[name].function("write")(example(), path)
        lines = path.read_text().splitlines(keepends=True)
        return "".join(lines[:9])

    return write


def alphapose(folder: Path) -> str:
    points = [value for k in range(len(COCO_17)) for value in (100 + 9 * k, 200, 0.8)]
    return json.dumps([{"image_id": f"{k}.jpg", "keypoints": points, "idx": 1.0} for k in range(4)])


def mediapipe(folder: Path) -> str:
    return json.dumps([[{"x": 0.3 + k / 99, "y": 0.2, "visibility": 0.7} for k in range(33)] for _ in range(4)])


def sleap(folder: Path) -> str:
    names = [f"{joint}.{what}" for joint in JOINTS for what in ("x", "y", "score")]
    rows = [["infant", str(2 * k), "0.9", *["150", "200", "0.8"] * len(JOINTS)] for k in range(4)]
    return "".join(",".join(row) + "\n" for row in [["track", "frame_idx", "instance.score", *names], *rows])


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("deeplabcut", exported("deeplabcut")),
        ("anipose", exported("anipose")),
        ("coco", exported("coco")),
        ("alphapose", alphapose),
        ("mediapipe", mediapipe),
        ("sleap", sleap),
    ],
)
def test_odd_values(tmp_path: Path, name: str, make: Callable[[Path], str]) -> None:
    text, rng = make(tmp_path), random.Random(name)
    spans = [found.span() for found in re.finditer(r'[-\w.]+|"[^"]*"|\[[^\[\]]*\]', text)]
    sentences: list[str] = []
    path, outcomes = tmp_path / "mutated.csv", {"read": 0, "refused": 0}
    for _ in range(60):
        start, end = rng.choice(spans)
        path.write_text(text[:start] + rng.choice(ODD) + text[end:], encoding="latin-1")
        try:
            poses = IMPORTS[name].function("read")(path)
            columns = columns_of(poses.names, None, path)
            poses, _ = choose(poses, list(columns.values()), None, path)
            to_tracks(poses, columns, name, "rec-1", Stated(30.0, (640, 480)), path)
            outcomes["read"] += 1
        except InputError as error:
            sentences.append(str(error))
            outcomes["refused"] += 1
    assert all(str(path) in sentence for sentence in sentences)
    assert min(outcomes.values()) > 0
