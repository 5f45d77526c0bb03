"""Play an .oni file with the OpenNI 2 library and print one line a frame: number, time, SHA-256 of the pixels.

Run as a child process with a time limit: the library blocks for ever on a read past the last frame.
"""

import ctypes
import hashlib
import sys

DEPTH_SENSOR = 3
PLAYBACK_SPEED, PLAYBACK_REPEAT = 100, 101
MIRRORING = 7
API_VERSION = 2002


class OniFrame(ctypes.Structure):
    """The head of the library's frame."""

    _fields_ = (
        ("data_size", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("sensor", ctypes.c_int),
        ("timestamp_us", ctypes.c_uint64),
        ("number", ctypes.c_int),
        ("width_px", ctypes.c_int),
        ("height_px", ctypes.c_int),
    )


def play(library: str, path: str, frames: int) -> None:
    """Print the mirror setting, then `frames` frames."""
    oni = ctypes.CDLL(library)
    oni.oniStreamReadFrame.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.POINTER(OniFrame))]
    device, stream = ctypes.c_void_p(), ctypes.c_void_p()

    def done(status: int) -> None:
        if status != 0:
            raise SystemExit(f"OpenNI 2 returned {status}")

    done(oni.oniInitialize(API_VERSION))
    done(oni.oniDeviceOpen(path.encode(), ctypes.byref(device)))
    done(oni.oniDeviceCreateStream(device, DEPTH_SENSOR, ctypes.byref(stream)))
    repeat, as_fast_as_read = ctypes.c_int(0), ctypes.c_float(-1)  # at its own speed it drops frames
    done(oni.oniDeviceSetProperty(device, PLAYBACK_REPEAT, ctypes.byref(repeat), 4))
    done(oni.oniDeviceSetProperty(device, PLAYBACK_SPEED, ctypes.byref(as_fast_as_read), 4))
    mirrored, size = ctypes.c_int(), ctypes.c_int(4)
    done(oni.oniStreamGetProperty(stream, MIRRORING, ctypes.byref(mirrored), ctypes.byref(size)))
    print(mirrored.value)
    done(oni.oniStreamStart(stream))
    for _ in range(frames):
        frame = ctypes.POINTER(OniFrame)()
        done(oni.oniStreamReadFrame(stream, ctypes.byref(frame)))
        head = frame.contents
        pixels = ctypes.string_at(head.data, head.data_size)
        print(head.number, head.timestamp_us, hashlib.sha256(pixels).hexdigest(), flush=True)


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2], int(sys.argv[3]))
