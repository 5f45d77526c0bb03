"""The folders and files of results."""

from pathlib import Path


def folders(out: Path) -> list[Path]:
    return sorted(path for path in out.iterdir() if path.is_dir() and not path.name.startswith("."))


def files(folder: Path) -> dict[str, bytes]:
    """Contents of everything below, but for the records of the runs."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not {".audit", ".log"} & set(Path(name).parts)}
