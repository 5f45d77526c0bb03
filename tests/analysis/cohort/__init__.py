"""Tests of `asyconv.analysis.cohort.cohort`."""
