"""Exceptions that mean: the input is at fault, not the program; and sentences for what is not there."""

from typing import Final

NO_TORCH: Final = (
    "expected PyTorch, found none: pip install 'asyconv[torch]' (what works on tracks and tables needs none)"
)


def why_unreadable(error: Exception) -> str:
    """What was found in the place of a file that was expected; the end of a sentence."""
    if isinstance(error, FileNotFoundError):
        return "found no such file"
    if isinstance(error, IsADirectoryError):
        return "found a folder"
    if isinstance(error, UnicodeDecodeError):
        return "found letters of another coding; save it as UTF-8"
    return f"but it cannot be read ({getattr(error, 'strerror', None) or error})"


class InputError(ValueError):
    """Bad input from the user, in one sentence: the file, the frame, what was expected and what was found.

    A batch notes the sentence for the recording and goes on with the next; the command line prints it without
    a traceback. Anything else that is raised is a defect of the program.
    """


class Stopped(Exception):
    """The work has stopped before its end, nothing is lost, and the same command goes on with it."""
