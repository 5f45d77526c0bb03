"""Exceptions that mean: the input is at fault, not the program; and the sentence for what is not installed."""

from typing import Final

NO_TORCH: Final = (
    "expected PyTorch, found none: pip install 'asyconv[torch]' (what works on tracks and tables needs none)"
)


class InputError(ValueError):
    """Bad input from the user, in one sentence: the file, the frame, what was expected and what was found.

    A batch notes the sentence for the recording and goes on with the next; the command line prints it without
    a traceback. Anything else that is raised is a defect of the program.
    """


class Stopped(Exception):
    """The work has stopped before its end, nothing is lost, and the same command goes on with it."""
