"""Track a recording with a model; `asyconv.pose` does the work."""

from asyconv.pose.tracking import track

__all__ = ["track"]
