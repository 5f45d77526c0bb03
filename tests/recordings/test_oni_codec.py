"""The codecs of OpenNI recordings, by hand and by round trip."""

import struct
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyconv.recordings.oni_codec import PayloadError, decode, encode
from asyconv.recordings.opening import open_recording
from tests.helpers.oni_files import Depth, coded, depths, picture
from tests.helpers.real_data import shared_data


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        pytest.param(coded([7], 0, 0xE3, 0x6D), [7] * 8, id="three pairs, then half a byte"),
        pytest.param(coded([0, 5, 9], 1, 0x75, 0xE2, 0x6D), [5, 0, 5, 5, 5, 5, 5, 5], id="steps of -1 and +1"),
        pytest.param(coded([0, 5, 9], 0, 0xFF, 0xBF, 0xE3), [0, 5, 5, 5, 5, 5, 5, 5], id="escape, step"),
        pytest.param(coded([0, 5, 9], 0, 0xFF, 0x00, 0x02, 0xE3), [0] + [9] * 7, id="escape, absolute index"),
        pytest.param(coded([0, 5, 9], 0, 0x6F, 0x00, 0x02, 0x66, 0xE1, 0x6D), [0, 0] + [9] * 6, id="half byte, escape"),
        pytest.param(coded([3, 4], 0, 0x5D, 0xE3), [3] + [4] * 7, id="half byte before a run, as OpenNI ends frames"),
    ],
)
def test_payloads_written_by_hand_decode_to_their_pixels(payload: bytes, expected: list[int]) -> None:
    assert decode(payload, "16zT", 4, 2).reshape(-1).tolist() == expected


def test_16zp_steps_through_the_values_themselves() -> None:
    payload = struct.pack("<H", 1000) + bytes([0x57, 0xFF, 0x03, 0x20])
    assert decode(payload, "16zP", 2, 2).tolist() == [[1000, 1001], [1000, 800]]


def test_none_is_the_plain_pixels() -> None:
    depth = picture(1)
    assert np.array_equal(decode(depth.astype("<u2").tobytes(), "NONE", 8, 6), depth)


def test_the_encoder_writes_the_bytes_worked_out_by_hand() -> None:
    depth = np.array([[5, 0, 5, 5], [5, 5, 5, 9]], dtype=np.uint16)
    # indices 1 0 1 1 1 1 1 2: step 1 (7), step -1 (5), four equal (0xE2), step -1 (5) and a half byte left over
    assert encode(depth) == coded([0, 5, 9], 1, 0x75, 0xE2, 0x5D)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "table of 1 values"),
        (b"\x01", "table of 1 values"),
        (b"\x00\x00\x00\x00", "table of 1 values"),
        (struct.pack("<HH", 9, 1), "table of 9 values"),
        (struct.pack("<HH", 1, 7), "expected 6 bytes"),
        (coded([7], 1, 0xE3, 0x6D), "index below 1"),
        (coded([7], 0, 0x76), "index below 1"),
        (coded([7], 0, 0x65), "index below 1"),
        (coded([7], 0, 0xFF, 0x00, 0x01), "index below 1"),
        (coded([7], 0, 0xFF, 0x80), "index below 1"),
        (coded([7], 0, 0xE3), "expected 8 pixels, found 7"),
        (coded([7], 0, 0xE3, 0x66), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE3, 0x6D, 0x6D), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE4), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE3, 0xFF, 0xC0, 0xFF, 0xC0), "expected 8 pixels, found more"),
        (coded([7], 0, 0xE3, 0xFF), "the end of the payload"),
        (coded([7], 0, 0xE3, 0xFF, 0x00), "the end of the payload"),
        (coded([7], 0, 0xE2, 0x6F), "the end of the payload"),
    ],
)
def test_a_malformed_payload_is_refused(payload: bytes, reason: str) -> None:
    with pytest.raises(PayloadError, match=reason):
        decode(payload, "16zT", 4, 2)


@pytest.mark.parametrize(("codec", "payload"), [("NONE", bytes(15)), ("16zP", b"\x01"), ("Im8z", bytes(16))])
def test_malformed_payloads_of_the_other_codecs_are_refused(codec: str, payload: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(payload, codec, 4, 2)


smooth = st.integers(0, 65_535).flatmap(
    lambda base: arrays.arrays(
        np.int64, st.tuples(st.integers(1, 12), st.integers(1, 40)), elements=st.integers(-70, 70)
    ).map(lambda steps: np.clip(base + steps // 20 * steps, 0, 65_535).astype(np.uint16))
)


rough = arrays.arrays(np.uint16, st.tuples(st.integers(1, 9), st.integers(1, 70)))


@given(depth=st.one_of(smooth, rough))
def test_what_is_encoded_decodes_to_itself(depth: Depth) -> None:
    height_px, width_px = depth.shape
    assert np.array_equal(decode(encode(depth), "16zT", width_px, height_px), depth)


@given(depth=st.one_of(smooth, rough), data=st.data())
def test_a_changed_payload_gives_a_picture_or_an_error_and_nothing_else(depth: Depth, data: st.DataObject) -> None:
    payload = bytearray(encode(depth))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    height_px, width_px = depth.shape
    for codec in ("16zT", "16zP"):
        try:
            assert decode(bytes(payload[:cut]), codec, width_px, height_px).shape == depth.shape
        except PayloadError:
            continue


def test_absolute_indices_reach_the_15_bits_of_an_escape() -> None:
    values = np.arange(32_768, dtype=np.uint16) * 2
    depth = np.concatenate([values[::2], values[1::2][::-1]]).reshape(256, 128)
    assert np.array_equal(decode(encode(depth), "16zT", 128, 256), depth)


def test_a_frame_of_too_many_distinct_depths_is_refused() -> None:
    depth = np.arange(32_769, dtype=np.uint16).reshape(1, -1)
    with pytest.raises(PayloadError, match=r"at most 32768 depths in a picture of an .oni file, found 32769"):
        encode(depth)


def test_the_encoder_takes_views_and_refuses_other_types() -> None:
    depth = picture(3, (10, 12))[::2, ::3]
    assert np.array_equal(decode(encode(depth), "16zT", 4, 5), depth)
    for wrong in (depth.astype(np.int32), depth.reshape(-1), depth[:0]):
        with pytest.raises(PayloadError, match="expected uint16"):
            encode(wrong)  # type: ignore[arg-type]


def test_the_real_frames_encode_as_small_as_the_recorder_made_them_and_back(tmp_path: Path) -> None:
    frames = depths(open_recording(shared_data("openni_oni") / "openni2_depth_only_finalised.oni"))
    payload = encode(frames[0])
    assert len(payload) == 105_410  # the recorder's own size of frame 1
    assert all(np.array_equal(decode(encode(depth), "16zT", 640, 480), depth) for depth in frames)
