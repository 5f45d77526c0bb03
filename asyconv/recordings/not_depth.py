"""Words in the title of a stream, topic or folder that say that what it holds is no depth."""

import re
from typing import Final

WORDS: Final = {
    "amplitude", "brightness", "color", "colour", "confidence", "infra", "infrared", "intensity", "ir", "luminance",
    "nir", "reflectivity", "rgb", "thermal",
}  # fmt: skip


def kind_of(title: str) -> str | None:
    """The first such word in a title; None where there is none."""
    return next((word for word in re.split(r"[^a-z]+", title.lower()) if word in WORDS), None)
