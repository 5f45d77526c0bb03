"""Movement from tracks: clean, series, measures, tables, report. Nothing here imports torch."""
