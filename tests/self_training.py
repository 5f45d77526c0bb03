"""Which of its own joints is a model sure of, and are they right? ``python -m tests.self_training LABELS``.

Whether a model could learn from unlabelled recordings hangs on this: its sure joints would stand for labels. LABELS is
an annotated data set; its labels only tell which joints are right.
"""

import sys
from pathlib import Path

import numpy as np

from asyconv.evaluation.held_out import labelled_clips
from asyconv.evaluation.predictions import given_joints, predict
from asyconv.evaluation.reliability import confidence_of, right_joints
from asyconv.evaluation.seen_clips import seen_by
from asyconv.labels.annotations import read_annotated
from asyconv.pose.model_file import load_model

SURE, SURELY_ABSENT = 0.8, 0.6  # confidence; share of the presence from which on a joint is in the picture


def main(labels: Path) -> None:
    """Print the share of sure joints and clips, and how many of them are right."""
    model = load_model("compact")
    data = labelled_clips(read_annotated(labels))
    clips, seen = data.clips, seen_by(model, data)
    found = seen.on_the_whole(predict(model, seen.clips))
    given, confidence = given_joints(found), confidence_of(found.score, model.settings)
    right = right_joints(found.xy_map, clips.xy_map.astype(np.float64), clips.visible)
    for least in (0.5, 0.7, SURE, 0.9, 0.95):
        taken = given & (confidence >= least)
        share, of_them = 100 * taken.sum() / given.sum(), 100 * right[taken].mean()
        print(f"confidence {least:g} and more: {share:.1f} % of the joints found, {of_them:.1f} % of them are right")
    absent = ~given & (found.presence < SURELY_ABSENT * np.array(model.settings.presence_thresholds))
    sure = ((given & (confidence >= SURE)) | absent).mean(axis=(1, 2))
    agrees = np.where(given, right, ~clips.visible).mean(axis=(1, 2))
    surest = np.argsort(-sure, kind="stable")[: len(sure) // 3]
    print(f"{(sure == 1).sum()} of {len(sure)} clips are sure in every joint, {(sure >= 0.75).sum()} in three of four")
    those, everywhere = 100 * agrees[surest].mean(), 100 * agrees.mean()
    print(f"in the surest third of the clips {those:.1f} % are right, {everywhere:.1f} % in all clips")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
