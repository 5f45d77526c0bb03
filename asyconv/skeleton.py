"""The infant's skeleton: 12 joints, 8 connections, 4 limbs, in the order of the babyPose annotation files.

The annotation files say ``hand`` for the wrist and ``foot`` for the ankle; left and right are the infant's own.
Maps are stacked as 12 joints, then 8 connections. Source: PMC7551984 and the annotation program's file order.
"""

from typing import Final

JOINTS: Final = (
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
)
"""Joint names by index."""

CONNECTIONS: Final = ((0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8), (9, 10), (10, 11))
"""Joint pairs that one bone joins; there is no trunk, shoulder-shoulder or hip-hip connection."""

LIMBS: Final = {
    "right_arm": (2, 1, 0),
    "left_arm": (3, 4, 5),
    "right_leg": (8, 7, 6),
    "left_leg": (9, 10, 11),
}
"""Joint indices of each limb from root over middle to endpoint."""

LIMB_CONNECTIONS: Final = {"right_arm": (1, 0), "left_arm": (2, 3), "right_leg": (5, 4), "left_leg": (6, 7)}
"""Connection indices of each limb from root to endpoint."""

FLIP: Final = (5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6)
"""Joint that each joint becomes when the picture is mirrored (a rotation exchanges nothing)."""

N_JOINTS: Final = len(JOINTS)
N_CONNECTIONS: Final = len(CONNECTIONS)

HEADS: Final = ("down", "up", "left", "right")
"""Where the infant's head lies in the unmirrored native picture."""
