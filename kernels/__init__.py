"""Tensor operations: what each means in plain torch, and faster ways to run it.

Nothing here has heard of infants, files or joints.
"""

from asyconv.kernels.cascade import asymmetric_cascade, asymmetric_cascade_heads

__all__ = ["asymmetric_cascade", "asymmetric_cascade_heads"]
