"""Tests, and the helpers they share (imported as ``tests.<helper>``)."""
