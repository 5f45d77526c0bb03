"""One person of several: by name, or the one that is large and stays in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from asyconv.errors import InputError
from asyconv.exchange.poses import Floats, Poses

NEAR: Final = 0.5
"""A person is the one of the frame before if its centre moved by less than this share of its size."""

RIVAL: Final = 0.5
"""A second person whose size, summed over its frames, is a larger share of the first one's is a rival."""

Found = Mapping[int, Sequence[tuple[str | None, Floats]]]
"""By frame, from 0: name (None where the file has none) and points [K, 3] (x, y, confidence) of each person."""


def poses_of(found: Found, names: tuple[str, ...], *, shares: bool = False) -> Poses:
    """Poses of what a file lists frame by frame; points without a place are NaN."""
    frame = np.array(sorted(found), np.int64)
    named = {name for people in found.values() for name, _ in people}
    known = sorted(str(name) for name in named) if named and None not in named else []
    slots = len(known) or max((len(people) for people in found.values()), default=0)
    values = np.full((max(1, slots), len(frame), len(names), 3), np.nan)
    for row, number in enumerate(frame.tolist()):
        for slot, (name, points) in enumerate(found[number]):
            values[known.index(str(name)) if known else slot, row] = points
    return Poses(names, frame, values[..., :2], values[..., 2], tuple(known), shares=shares)


def choose(poses: Poses, columns: Sequence[int], person: str | None, path: Path) -> tuple[Poses, list[str]]:
    """Poses of one person, and what the user should know about the choice; refused where it is not clear."""
    present = [k for k, of_one in enumerate(poses.points[:, :, columns]) if np.isfinite(of_one).all(axis=2).any()]
    if not present:
        raise InputError(f"{path}: expected the place of a joint in some frame, found none")
    if person is not None:
        if person not in poses.people:
            known = f"{', '.join(poses.people)} as" if poses.people else "no"
            raise InputError(f"{path}: expected {known} --person, found {person!r}")
        return _only(poses, poses.people.index(person)), []
    if len(present) == 1:
        return _only(poses, present[0]), []
    if poses.people:
        listed = ", ".join(poses.people[k] for k in present[:10])
        raise InputError(f"{path}: holds {len(present)} people ({listed}); --person says which one is the infant")
    return _followed(poses, columns, path)


def _only(poses: Poses, k: int) -> Poses:
    return replace(poses, points=poses.points[k : k + 1], confidence=poses.confidence[k : k + 1])


@dataclass
class _Chain:
    """One person from frame to frame: its place by row, where it was last, and how large it is."""

    centre: Floats
    size: float
    slots: dict[int, int] = field(default_factory=dict)
    total: float = 0.0


def _followed(poses: Poses, columns: Sequence[int], path: Path) -> tuple[Poses, list[str]]:
    chains: list[_Chain] = []
    points = poses.points[:, :, columns]
    for row in range(len(poses.frame)):
        people = {}
        for slot in range(len(points)):
            visible = points[slot, row][np.isfinite(points[slot, row]).all(axis=1)]
            if len(visible) > 1:
                people[slot] = (visible.mean(axis=0), float(np.linalg.norm(np.ptp(visible, axis=0))))
        moves = sorted(
            (float(np.linalg.norm(centre - chain.centre)) / max(chain.size, size, 1e-9), k, slot)
            for slot, (centre, size) in people.items()
            for k, chain in enumerate(chains)
        )
        for move, k, slot in moves:
            if move < NEAR and row not in chains[k].slots and slot in people:
                centre, size = people.pop(slot)
                chain = chains[k]
                chain.centre, chain.size = centre, max(0.9 * chain.size, size)
                chain.slots[row] = slot
                chain.total += size
        for slot, (centre, size) in people.items():
            chains.append(_Chain(centre, size, {row: slot}, size))
    if not chains:
        raise InputError(f"{path}: expected two joints of a person in some frame, found none")
    first, *others = sorted(chains, key=lambda chain: -chain.total)
    if others and others[0].total > RIVAL * first.total:
        raise InputError(
            f"{path}: holds several people, and two are about as large and as long in the picture; cut the others out "
            "of the video, or use a tracker that gives people names, and state --person"
        )
    one = np.full((1, *poses.points.shape[1:]), np.nan)
    confidence = np.full((1, *poses.confidence.shape[1:]), np.nan)
    for row, slot in first.slots.items():
        one[0, row], confidence[0, row] = poses.points[slot, row], poses.confidence[slot, row]
    sentence = (
        f"up to {len(points)} people in a frame: the largest that stays in place was followed, in {len(first.slots)} "
        f"of {len(poses.frame)} frames"
    )
    return replace(poses, points=one, confidence=confidence), [sentence]
