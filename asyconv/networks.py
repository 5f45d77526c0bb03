"""The networks of the method; `asyconv.pose` holds them."""

from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d

__all__ = ["AsymmetricRegression", "Detection", "Regression3d"]
