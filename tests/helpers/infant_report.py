"""A short recording to report."""

from typing import Any

from asyconv.tracks import Tracks
from tests.helpers.closed_form import make_tracks, shake


def tracks(**meta: Any) -> Tracks:
    return make_tracks(90, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2, **meta)
