"""What a reader sees of an infant's report, and a short recording to report."""

from html.parser import HTMLParser
from typing import Any

from asyconv.tracks import Tracks
from tests.helpers.closed_form import make_tracks, shake


class Page(HTMLParser):
    """Tags in order, attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its attributes."""
        self.tags.append(tag)
        self.attributes += attrs
        self.hidden = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        """Show text again."""
        self.hidden = False

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        self.text += "" if self.hidden else data


def tracks(**meta: Any) -> Tracks:
    return make_tracks(90, motion={"right_wrist": shake(20, 1.0)}, noise_mm=0.2, **meta)
