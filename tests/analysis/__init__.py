"""Tests of `asyconv.analysis`."""
