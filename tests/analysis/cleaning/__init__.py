"""Tests of `asyconv.analysis.cleaning`."""
