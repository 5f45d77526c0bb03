"""Annotated data sets: sheets of labels, COCO key points, clips with labels, checks and splits."""
