"""Tests of `asyconv.analysis.evaluation`."""
