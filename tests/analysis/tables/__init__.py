"""Tests of `asyconv.analysis.tables`."""
