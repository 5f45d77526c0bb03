"""What the analysis does to known truth: gain, noise, agreement, jitter and interval coverage."""
