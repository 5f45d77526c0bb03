"""Tests of `asyconv.kernels`."""
