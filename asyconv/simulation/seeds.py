"""The seeds of simulated infants."""

from typing import Final

TRAIN_SEED: Final = 20210001
TUNE_SEED: Final = 20210002
TEST_SEED: Final = 20210003
"""Infants of these seeds serve training, tuning with calibration, and test; they never mix."""

HOSPITAL_SEED: Final = 20210004
"""The hospital of `other_hospital`."""
