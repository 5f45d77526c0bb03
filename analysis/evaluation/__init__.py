"""The analysis on simulated recordings, beside the truth: gain, noise, agreement, jitter and interval coverage."""
