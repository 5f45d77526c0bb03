"""Joints of one clip from a model as ONNX, with numpy and onnxruntime alone; docs/onnx.md says each step in words.

    python onnx_joints.py compact.onnx clip.npy > joints.csv

clip.npy holds three depth pictures [3, H, W] in mm, 0 = no depth, 1/6 s apart, the head at the bottom, not mirrored.
"""

import json
import sys

import numpy as np
import onnxruntime

HEIGHT, WIDTH, NEAR, REACH, BORDER = 96, 128, 3, 3.5, 2.0


def to_map(depth_mm):
    """Mean of the valid pixels whose centres fall into each pixel of the map; and native pixels per map pixel."""
    height, width = depth_mm.shape
    scale = max(width / WIDTH, height / HEIGHT)
    row, column = (
        np.floor((np.arange(n) - (n - 1) / 2) / scale + (m - 1) / 2 + 0.5 - 1e-9).astype(int)
        for n, m in ((height, HEIGHT), (width, WIDTH))
    )
    cell = (row[:, None] * WIDTH + column).ravel()
    total = np.bincount(cell, depth_mm.ravel(), HEIGHT * WIDTH)
    count = np.bincount(cell, depth_mm.ravel() > 0, HEIGHT * WIDTH)
    return (total / np.maximum(count, 1)).reshape(HEIGHT, WIDTH), scale


def normalise(depth_mm, settings):
    """Subtract the mean depth near the bed of each picture, scale, clamp; no depth is 0."""
    mean = np.zeros((len(depth_mm), 1, 1))
    for number, picture in enumerate(depth_mm):
        depths, middle = picture[picture > 0], picture[24:72, 32:96]
        middle = np.sort(middle[middle > 0])
        if settings["mean_within_mm"] and len(middle):
            depths = depths[abs(depths - middle[(len(middle) - 1) // 2]) <= settings["mean_within_mm"]]
        mean[number] = depths.mean() if len(depths) else 0
    scaled = np.clip((depth_mm - mean) / settings["depth_scale_mm"], -settings["depth_limit"], settings["depth_limit"])
    return np.where(depth_mm > 0, scaled, 0).astype(np.float32)


def near(pixels):
    """Pixels up to 3 px from one of `pixels`, in a square."""
    padded = np.pad(pixels, NEAR)
    return np.lib.stride_tricks.sliding_window_view(padded, (2 * NEAR + 1, 2 * NEAR + 1)).any(axis=(2, 3))


def centre(picture, x, y):
    """Mean shift from a peak to the centre of the positive values in a square window with a soft edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for _ in range(20):
        reach_x, reach_y = min(REACH, x + 0.5, WIDTH - 0.5 - x), min(REACH, y + 0.5, HEIGHT - 0.5 - y)
        weight = np.clip(reach_x - abs(columns - x), 0, 1) * np.clip(reach_y - abs(rows - y), 0, 1) * picture.clip(0)
        if weight.sum() <= 0:
            break
        step_x, step_y = (((weight * (grid - at)).sum() / weight.sum()) for grid, at in ((columns, x), (rows, y)))
        x, y = x + step_x, y + step_y
        if abs(step_x) + abs(step_y) < 1e-3:
            break
    return np.array([x, y])


def joints(session, clip_mm):
    """Yield frame, joint, x and y in native pixels and confidence of every joint that is found in the three frames."""
    facts = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    settings = facts["settings"]
    maps, scale = zip(*(to_map(picture) for picture in clip_mm), strict=True)
    depth = normalise(np.stack(maps), settings)[None, None]
    probability, confidence = (values[0] for values in session.run(["probability", "confidence"], {"depth": depth}))
    for frame in range(3):
        for j, joint in enumerate(facts["joints"]):
            seen = probability[j, frame]
            picture = np.where(near(seen > 0.3 * seen.max()), confidence[j, frame], 0)
            y, x = np.unravel_index(picture.argmax(), picture.shape)
            if seen.max() < settings["presence_thresholds"][j] or picture[y, x] < settings["joint_threshold"]:
                continue  # not in the picture, or not to be placed: missing
            at = centre(picture, float(x), float(y))
            if (at < BORDER).any() or (at > [WIDTH - 1 - BORDER, HEIGHT - 1 - BORDER]).any():
                continue  # partly outside
            score = np.sqrt(picture[y, x] * seen.max())
            at = at - settings["position_bias_map"][frame][j]
            height, width = clip_mm[frame].shape
            x_px, y_px = (at - [(WIDTH - 1) / 2, (HEIGHT - 1) / 2]) * scale[frame] + [(width - 1) / 2, (height - 1) / 2]
            yield frame, joint, x_px, y_px, np.interp(score, *zip(*settings["confidence_knots"], strict=True))


if __name__ == "__main__":
    network = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    print("frame,joint,x_px,y_px,confidence")
    for found in joints(network, np.load(sys.argv[2]).astype(float)):
        print("{},{},{:.2f},{:.2f},{:.3f}".format(*found))
