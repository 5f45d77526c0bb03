"""Tests of `asyconv.analysis.series.limbs`."""
