"""Inputs of `process`: all recordings in files and folders, each once, and a folder for results apart from them."""

import os
from pathlib import Path

from asyconv.cli.messages import complain
from asyconv.errors import InputError


def recordings_of(inputs: tuple[Path, ...], results: Path) -> list[Path]:
    """Return all recordings, each once; a file that is only named like a recording is returned too and refused later.

    Folders that were not searched are named on the terminal.
    """
    from asyconv.recordings.finding import search

    sources: dict[str, Path] = {}
    for given in inputs:
        _refuse_results_among(given, results)
        try:
            below = search(given)
        except InputError:  # nothing there: refused, with the reason, when its turn comes
            sources.setdefault(os.path.realpath(given), given)
            continue
        for folder, why in below.passed_over.items():
            complain(f"{folder}: this folder was not searched for recordings: {why}")
        for source in sorted([*below.recordings, *below.promised]) or [given]:
            sources.setdefault(os.path.realpath(source), source)
    return list(sources.values())


def refuse_results_of_recordings(results: Path) -> None:
    """Refuse a folder for results that holds recordings: the mark that RESULTS gets would hide them from later runs."""
    from asyconv.recordings.finding import find_recordings

    if results.is_dir() and (recordings := find_recordings(results)):
        raise InputError(
            f"{results}: expected a folder for results alone, found the recording {recordings[0].name} in it"
        )


def _refuse_results_among(given: Path, results: Path) -> None:
    place, source = Path(os.path.realpath(results)), Path(os.path.realpath(given))
    if source.is_relative_to(place) or (source.is_dir() and place.is_relative_to(source)):
        raise InputError(f"{results}: expected a folder for results apart from the input {given}, found one inside it")
