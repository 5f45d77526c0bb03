"""Tracks as files of other programs, and joints of other trackers as tracks: one file a format."""
