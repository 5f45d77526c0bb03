"""What a page of HTML holds, and what its reader sees."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags with their attributes, the pieces of text that a reader sees, and those of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or style."""
        self.inside = ""

    def handle_data(self, data: str) -> None:
        """Note the text."""
        if self.inside != "style":
            (self.scripts if self.inside == "script" else self.pieces).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]

    def count(self, tag: str) -> int:
        """How many such tags there are."""
        return len(self.all(tag))

    @property
    def attributes(self) -> list[tuple[str, str | None]]:
        """Every attribute of every tag."""
        return [pair for _, attrs in self.tags for pair in attrs.items()]

    @property
    def headings(self) -> list[int]:
        """Levels of the headings, in order."""
        return [int(tag[1]) for tag, _ in self.tags if tag in ("h1", "h2", "h3", "h4", "h5", "h6")]

    @property
    def text(self) -> str:
        """All text as it stands."""
        return "".join(self.pieces)

    @property
    def words(self) -> str:
        """All text in one line, with a space from piece to piece."""
        return " ".join(" ".join(self.pieces).split())
