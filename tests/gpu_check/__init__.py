"""Everything that needs a GPU, in one run of less than ten minutes: ``make gpu-check``."""
