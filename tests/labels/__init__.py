"""Tests of `asyconv.labels`."""
