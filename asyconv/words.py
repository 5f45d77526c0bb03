"""Numbers in the words of a sentence."""


def counted(count: int, what: str) -> str:
    """How many of something there are, as "1 recording" and "2 recordings"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def length_in_words(seconds: float) -> str:
    """A length of time to a tenth of the unit that fits it."""
    unit_s, unit = (3600, "h") if seconds >= 3600 else (60, "min") if seconds >= 60 else (1, "s")
    return f"{round(seconds / unit_s, 1):g} {unit}"
