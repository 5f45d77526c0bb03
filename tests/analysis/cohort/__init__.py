"""Tests of `asyconv.analysis.cohort`."""
