"""Tests of `asyconv.analysis.tables.tables`."""
