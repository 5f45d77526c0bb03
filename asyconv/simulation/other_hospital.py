"""A simulated hospital unlike any of a training: what `asyconv adapt` is shown on.

One draw of a committed seed fixes the hospital: its camera, higher and more tilted than most of a training and with
more noise and holes; a cloth that covers one joint of every infant; the direction in which its beds stand. Its infants
have longer limbs than those of a training.
"""

from typing import Final

import numpy as np

from asyconv.simulation.scene import Condition
from asyconv.simulation.seeds import HOSPITAL_SEED
from asyconv.skeleton import JOINTS

CAMERAS: Final = ("kinect_v1", "realsense_d4xx", "femto")
COVERED: Final = ("right_knee", "left_knee", "right_elbow", "left_elbow")


def other_hospital(seed: int, number: int) -> Condition:
    """Condition of infant `number` of `seed` in the hospital."""
    hospital = np.random.default_rng(HOSPITAL_SEED)
    infant = np.random.default_rng([HOSPITAL_SEED, seed, number])
    height_mm, tilt_deg = hospital.uniform(820.0, 980.0), hospital.choice([-1.0, 1.0]) * hospital.uniform(18.0, 30.0)
    bed_deg = hospital.choice([-1.0, 1.0]) * hospital.uniform(35.0, 50.0)
    return Condition(
        varied=True,
        occluded=False,
        camera=str(hospital.choice(CAMERAS)),
        noise=float(hospital.uniform(1.5, 2.5)),
        holes=float(hospital.uniform(4.0, 10.0)),
        limbs=float(hospital.uniform(1.15, 1.3)),
        covered=(JOINTS.index(str(hospital.choice(COVERED))),),
        distance_mm=float(height_mm + infant.normal(0.0, 15.0)),
        tilt_deg=float(tilt_deg + infant.normal(0.0, 1.5)),
        turn_deg=float(bed_deg + infant.normal(0.0, 8.0)),
        lying="supine" if infant.random() < 0.7 else "half-turned",
    )
