"""An interpreter in which some packages cannot be imported, as if they were not installed."""

_PROGRAM = """
import sys


class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (blocked by the test)", name=name)


sys.meta_path.insert(0, Blocked())
"""


def without(*packages: str) -> str:
    """First lines of a program that must do without `packages`.

    An entry None in ``sys.modules`` would do the same, but libraries that look there for optional packages stumble
    over it.
    """
    return _PROGRAM.format(names=packages)
