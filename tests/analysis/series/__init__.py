"""Tests of `asyconv.analysis.series`."""
