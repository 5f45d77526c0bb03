"""Tensor operations: what each means in plain torch, and faster ways to run it.

Nothing here has heard of infants, files or joints.
"""
