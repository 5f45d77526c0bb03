"""Tests of `asyconv.analysis.measures.registry`."""
