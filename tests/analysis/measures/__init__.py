"""Tests of `asyconv.analysis.measures`."""
