"""Which stream of a video holds depth: by its title, by elimination, or as the user says."""

from typing import Any, Final

from asyconv.errors import InputError
from asyconv.recordings.not_depth import kind_of

DEPTH_FORMATS: Final = ("gray16le", "gray16be", "gray12le", "gray12be")


def depth_stream(container: Any, name: str, wanted: str | None, *, lossy: bool = False) -> Any:
    """Return the stream that is wanted; else the one titled depth, else the only one that might be depth.

    With `lossy` it is one of 8 bits, without one of 12 or 16.
    """
    streams = [stream for stream in container.streams.video if stream.codec_context is not None]
    gray = [stream for stream in streams if (stream.codec_context.pix_fmt in DEPTH_FORMATS) is not lossy]
    if wanted is not None:
        candidates = [stream for stream in streams if wanted.lower() in (_title(stream).lower(), str(stream.index))]
        expected = f"one stream {wanted!r} of {'8-bit video' if lossy else '16-bit gray'} (--stream)"
    else:
        exactly = [stream for stream in streams if _title(stream).upper() == "DEPTH"]
        named = [stream for stream in gray if "depth" in _title(stream).lower()]
        others = [stream for stream in gray if kind_of(_title(stream)) is None]
        candidates = exactly or named or others
        expected = "an 8-bit video, as stated with --lossy" if lossy else "a 16-bit gray depth stream"
    if len(candidates) == 1 and candidates[0] in gray:
        return candidates[0]
    if len(candidates) > 1:
        which = " and ".join(f"{stream.index} ({_title(stream) or 'without a title'})" for stream in candidates)
        raise InputError(f"{name}: expected one depth stream, found the streams {which}; choose one with --stream")
    described = ", ".join(_described(stream) for stream in streams) or "no video"
    hint = "" if lossy or len(gray) == len(streams) else "; --lossy reads a depth video of 8 bits"
    raise InputError(f"{name}: expected {expected}, found {described}{hint}")


def others(container: Any, chosen: Any) -> list[str]:
    """Describe every stream of a video but the one that was chosen."""
    streams = [stream for stream in container.streams if stream.index != chosen.index and stream.type != "attachment"]
    return [
        f"{stream.type} stream {_described(stream) if stream.type == 'video' else _title(stream)}".rstrip()
        for stream in streams
    ]


def _title(stream: Any) -> str:
    return str(stream.metadata.get("title", "")).strip()


def _described(stream: Any) -> str:
    kind = getattr(stream.codec_context, "pix_fmt", None) or "one that cannot be read"
    return f"{kind} ({_title(stream)})" if _title(stream) else kind
