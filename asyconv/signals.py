"""The signals that stop a process."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

AGAIN_S: Final = 0.1


@contextmanager
def first_raises(numbers: tuple[int, ...], error: Callable[[int], BaseException]) -> Iterator[None]:
    """Let the first of these signals raise ``error(number)``, and those after it not disturb what cleans up.

    Python drops what a handler raises while it runs inside a finalizer or a callback of a C library, both common while
    Numba compiles. The signal is then sent again.
    """
    before = {n: handler for n in numbers if (handler := signal.getsignal(n)) != signal.SIG_IGN}
    hook, raised = sys.unraisablehook, [BaseException()]

    def listen() -> None:
        for n in before:
            signal.signal(n, stop)

    def stop(number: int, frame: object) -> None:
        for n in before:
            signal.signal(n, signal.SIG_IGN)
        raised[0] = error(number)
        raise raised[0]

    def dropped(what: Any) -> None:
        if what.exc_value is not raised[0]:
            hook(what)
            return
        listen()
        threading.Timer(AGAIN_S, signal.raise_signal, [next(iter(before))]).start()

    sys.unraisablehook = dropped
    listen()
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for n, handler in before.items():
            if signal.getsignal(n) is stop:  # after a stop they stay ignored, until the process has ended
                signal.signal(n, handler)
