"""Inputs of `process`: each recording once, results apart from them, and the file that tells which is which."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from asyconv.cli.messages import complain
from asyconv.errors import InputError

if TYPE_CHECKING:
    from asyconv.night.one_recording import Outcome


def recordings_of(inputs: tuple[Path, ...], results: Path, *, join: bool) -> list[Path]:
    """Return all recordings, each once; a file that is only named like a recording is returned too and refused later.

    Files that follow each other are one recording; with `join`, whatever lies between them. Folders that were not
    searched are named on the terminal, and what lies beside the depth is counted there.
    """
    from asyconv.recordings.finding import search
    from asyconv.recordings.joining import joined

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
        for kind, count in sorted(below.aside.items()):
            complain(f"{count} videos beside the depth were left aside: {kind}")
        for source in sorted([*below.recordings, *below.promised]) or [given]:
            sources.setdefault(os.path.realpath(source), source)
    return joined(sources.values(), force=join)


def refuse_as_results(results: Path) -> None:
    """Refuse a folder for results that is the result of one recording, or holds recordings.

    The mark that RESULTS gets would hide them from later runs.
    """
    from asyconv.recordings.finding import find_recordings

    _refuse_single_result(results)

    if results.is_dir() and (recordings := find_recordings(results)):
        raise InputError(
            f"{results}: expected a folder for results alone, found the recording {recordings[0].name} in it"
        )


def refuse_no_results(results: Path) -> None:
    """Refuse what is no folder of results that a run has begun."""
    from asyconv.night.audit import AUDIT
    from asyconv.night.claims import CLAIMS
    from asyconv.night.results import manifests

    _refuse_single_result(results)
    if not results.is_dir():
        raise InputError(f"{results}: expected a folder of results, found {'a file' if results.exists() else 'none'}")
    if not ((results / CLAIMS).is_dir() or (results / AUDIT).is_dir() or manifests(results)):
        raise InputError(f"{results}: expected a folder of results, found another folder")


def _refuse_single_result(results: Path) -> None:
    from asyconv.night.results import read_manifest

    place = results.resolve()
    if read_manifest(place.parent, place.name):
        raise InputError(
            f"{results}: expected a folder of results, found the result of one recording; name {place.parent}"
        )


def refuse_names_among_results(names: Path | None, results: Path) -> None:
    """Refuse a file for the names of the sources that lies in RESULTS."""
    if names is not None and names.resolve().is_relative_to(results.resolve()):
        raise InputError(f"{names}: expected a place outside RESULTS for the names of the sources (--names)")


def _refuse_results_among(given: Path, results: Path) -> None:
    place, source = Path(os.path.realpath(results)), Path(os.path.realpath(given))
    if source.is_relative_to(place) or (source.is_dir() and place.is_relative_to(source)):
        raise InputError(f"{results}: expected a folder for results apart from the input {given}, found one inside it")


def write_names(inputs: tuple[Path, ...], names: Path | None, outcomes: "list[Outcome]") -> None:
    """Write the file that tells which pseudonym is which source: where the user says, else beside the input."""
    from asyconv.night.source_names import add_names, default_place

    pairs = [(str(outcome.recording_id), str(outcome.source)) for outcome in outcomes if outcome.folder]
    for given in inputs if names is None else inputs[:1]:
        of_place = pairs if names else [(name, source) for name, source in pairs if _is_below(source, given)]
        if not of_place:
            continue
        try:
            place = names or default_place(given)
            add_names(place, of_place)
        except InputError as error:
            complain(f"{error}; give another with --names")


def _is_below(source: str, given: Path) -> bool:
    from asyconv.recordings.joining import first_part

    return first_part(Path(source)).resolve().is_relative_to(given.resolve())
