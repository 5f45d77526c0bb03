"""The device of the networks and the versions of packages, as results and measurements record them."""

import platform
from importlib.metadata import version


def device() -> str:
    """Name of the device that the networks run on."""
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def software(*packages: str) -> dict[str, str]:
    """Versions of Python and of `packages`."""
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
