"""Load a model by its name or from its file; `asyconv.pose` does the work."""

from asyconv.pose.model_file import Model, load_model

__all__ = ["Model", "load_model"]
