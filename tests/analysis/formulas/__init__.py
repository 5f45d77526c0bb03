"""Tests of `asyconv.analysis.formulas`."""
