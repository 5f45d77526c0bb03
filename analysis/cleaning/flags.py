"""Flags of a sample of a joint: one bit for each reason to change or reject it."""

from typing import Final

DROPPED, MISSING, LOW_CONFIDENCE, EXCLUDED, NO_DEPTH, DEPTH_REJECTED = 1, 2, 4, 8, 16, 32
OUTLIER, JUMP, FILLED, DEPTH_FILLED, SHORT_RUN = 64, 128, 256, 512, 1024
SWAPPED, SWAP_DOUBTFUL, BONE_LENGTH, TRUNK_DEPTH, UNSURE = 2048, 4096, 8192, 16384, 32768

FLAG_NAMES: Final = {
    DROPPED: "frame dropped by the recording, or a copy of the one before",
    MISSING: "joint not found",
    LOW_CONFIDENCE: "confidence below the gate",
    EXCLUDED: "inside an excluded event",
    NO_DEPTH: "no depth, so no millimetres",
    DEPTH_REJECTED: "depth implausible against its neighbours",
    OUTLIER: "position rejected as an outlier",
    JUMP: "position rejected as a jump",
    UNSURE: "joint unsure, or missing too often about this time",
    FILLED: "estimated between finds",
    DEPTH_FILLED: "millimetres estimated between finds",
    SHORT_RUN: "run too short to smooth; no speed",
    SWAPPED: "left and right were exchanged; given back to its side",
    SWAP_DOUBTFUL: "left and right changed here without a way back; left as it was",
    BONE_LENGTH: "bone too long or too short for the millimetres, or too long for the picture",
    TRUNK_DEPTH: "shoulder or hip whose own depth left the trunk; the trunk's was taken",
}
"""What each bit of a sample's flag means."""
