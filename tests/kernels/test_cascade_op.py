"""The cascade as an operation of torch: by hand, against conv3d, gradients, and what torch asks of an operation."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.kernels import asymmetric_cascade, asymmetric_cascade_heads, reference
from tests.helpers.cascades import KERNELS, SIZES, Arguments, draw

Tolerance = Callable[[object], dict[str, Any]]


@pytest.fixture(autouse=True)
def _exact_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of float32 in float32 on CUDA too, where cuDNN would take TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def truth(x: Tensor, weights: list[Tensor], biases: list[Tensor], *heads: list[Tensor]) -> Tensor:
    """Plain conv3d, layout [B, C, T, H, W]."""
    for weight, bias in zip(weights, biases, strict=True):
        x = F.relu(F.conv3d(x, weight, bias, padding=[k // 2 for k in weight.shape[2:]]))
    if heads:
        (first, last), (first_bias, last_bias) = heads
        x = F.conv3d(F.relu(F.conv3d(x, first, first_bias)), last, last_bias)
    return x


def flat(arguments: Arguments, *, heads: bool) -> list[Tensor]:
    x, *lists = arguments
    return [x, *(tensor for tensors in lists[: 4 if heads else 2] for tensor in tensors)]


def one_channel(*taps: tuple[float, float, float]) -> tuple[list[Tensor], list[Tensor]]:
    lines = (torch.tensor(t, dtype=torch.float32) for t in taps)
    weights = [line.view(1, 1, *kernel) for line, kernel in zip(lines, KERNELS, strict=True)]
    return weights, [torch.zeros(1) for _ in taps]


def test_impulse_by_hand(device: str) -> None:
    # an impulse becomes the three tap vectors, each reversed, as an outer product: 27 products of primes
    weights, biases = one_channel((2, 3, 5), (7, 11, 13), (17, 19, 23))
    x = torch.zeros(1, 1, 3, 5, 6)
    x[0, 0, 1, 2, 3] = 1
    y = asymmetric_cascade(x.to(device), [w.to(device) for w in weights], [b.to(device) for b in biases]).cpu()
    assert y.count_nonzero() == 27
    expected = torch.einsum("t,h,w->thw", *(torch.tensor(v) for v in ((23.0, 19, 17), (5.0, 3, 2), (13.0, 11, 7))))
    assert torch.equal(y[0, 0, :, 1:4, 2:5], expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_inference_without_the_operation_gives_the_same_to_the_last_bit(device: str, dtype: torch.dtype) -> None:
    arguments = draw((2, 4, 8, 3, 5, 7), dtype, device=device)
    ops = torch.ops.asyconv
    expected = ops.asymmetric_cascade(*arguments[:3]), ops.asymmetric_cascade_heads(*arguments)
    with torch.inference_mode():
        assert torch.equal(asymmetric_cascade(*arguments[:3]), expected[0])
        assert torch.equal(asymmetric_cascade_heads(*arguments), expected[1])


def test_bias_relu_and_heads_by_hand() -> None:
    # one voxel: relu(2*3 + 1) = 7, relu(7*1 - 10) = 0, relu(0*5 + 4) = 4; heads relu(4*2) = 8, 8*(1, -1) + 0.5
    weights, _ = one_channel((0, 3, 0), (0, 1, 0), (0, 5, 0))
    biases = [torch.tensor([b]) for b in (1.0, -10.0, 4.0)]
    x = torch.full((1, 1, 1, 1, 1), 2.0)
    assert asymmetric_cascade(x, weights, biases).item() == 4
    heads = [torch.full((1, 1, 1, 1, 1), 2.0), torch.tensor([1.0, -1.0]).view(2, 1, 1, 1, 1)]
    maps = asymmetric_cascade_heads(x, weights, biases, heads, [torch.zeros(1), torch.full((2,), 0.5)])
    assert maps.flatten().tolist() == [8.5, -7.5]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_equals_conv3d(size: tuple[int, ...], dtype: torch.dtype, device: str, tolerance: Tolerance) -> None:
    arguments = draw(size, dtype, device=device)
    y, maps = asymmetric_cascade(*arguments[:3]), asymmetric_cascade_heads(*arguments)
    assert y.dtype == maps.dtype == dtype
    assert y.is_contiguous(memory_format=torch.channels_last_3d)
    assert maps.is_contiguous()
    torch.testing.assert_close(y, truth(*arguments[:3]), **tolerance(dtype))
    torch.testing.assert_close(maps, truth(*arguments), **tolerance(dtype))


@pytest.mark.parametrize("dtype", reference.HALVES)
@pytest.mark.parametrize("x_dtype", [None, torch.float32])
def test_halves_round_once_a_stage(dtype: torch.dtype, x_dtype: torch.dtype | None) -> None:
    x, weights, biases, heads, head_biases = draw((2, 4, 8, 3, 5, 7), dtype)
    exact = x.float()
    if x_dtype:
        x = exact = x.float() + 1e-5  # rounded while it is read
    expected = exact.to(dtype).float()
    for weight, bias in zip(weights, biases, strict=True):
        expected = truth(expected, [weight.float()], [bias.float()]).to(dtype).float()
    y = asymmetric_cascade(x, weights, biases)
    assert y.dtype == dtype
    # another order of summing may turn a value to the neighbouring half
    assert ((y.float() - expected).abs() <= expected.abs() * torch.finfo(dtype).eps).all()
    maps = asymmetric_cascade_heads(x, weights, biases, heads, head_biases)
    assert maps.dtype == torch.float32


def test_halves_saturate_and_keep_what_is_not_a_number() -> None:
    weights, biases = ([t.half() for t in ts] for ts in one_channel((0, 1000, 0), (0, 1, 0), (0, 1, 0)))
    x = torch.tensor([100.0, -100.0, 1.0, float("nan")]).view(4, 1, 1, 1, 1).half()
    y = asymmetric_cascade(x, weights, biases).flatten().tolist()
    assert y[:3] == [65504, 0, 1000]
    assert math.isnan(y[3])


@pytest.mark.parametrize("layout", ["planar", "channels_last", "sliced", "transposed", "expanded"])
def test_any_memory_format(layout: str, device: str) -> None:
    x, weights, biases, *_ = draw((2, 4, 8, 3, 6, 7), torch.float32, device=device)
    expected = asymmetric_cascade(x, weights, biases)
    if layout == "channels_last":
        x = x.contiguous(memory_format=torch.channels_last_3d)
    elif layout == "sliced":
        x = F.pad(x, (1, 2, 1, 0))[..., 1:, 1:-2]
    elif layout == "transposed":
        x = x.transpose(-1, -2).contiguous().transpose(-1, -2)
    elif layout == "expanded":
        x = x[:1].expand(2, -1, -1, -1, -1)
        expected = expected[:1].expand(2, -1, -1, -1, -1)
    before = x.clone()
    y = asymmetric_cascade(x, weights, biases)
    assert y.is_contiguous(memory_format=torch.channels_last_3d)
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(x, before)


@pytest.mark.parametrize("heads", [False, True])
@pytest.mark.parametrize("size", [(1, 2, 3, 3, 2, 3), (2, 3, 2, 2, 3, 2)])
def test_gradcheck(size: tuple[int, ...], heads: bool) -> None:
    def call(x: Tensor, *p: Tensor) -> Tensor:
        if heads:
            return asymmetric_cascade_heads(x, p[:3], p[3:6], p[6:8], p[8:])
        return asymmetric_cascade(x, p[:3], p[3:])

    assert torch.autograd.gradcheck(call, flat(draw(size, grad=True), heads=heads))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("heads", [False, True])
def test_gradients_equal_conv3d(size: tuple[int, ...], heads: bool, device: str) -> None:
    arguments = draw(size, device=device, grad=True)
    ours = asymmetric_cascade_heads(*arguments) if heads else asymmetric_cascade(*arguments[:3])
    theirs = truth(*arguments) if heads else truth(*arguments[:3])
    weight = torch.randn(theirs.shape, dtype=theirs.dtype, device=device)
    inputs = flat(arguments, heads=heads)
    for found, expected in zip(
        torch.autograd.grad((ours * weight).sum(), inputs),
        torch.autograd.grad((theirs * weight).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, *reference.HALVES])
def test_gradients_come_in_the_dtypes_of_their_tensors(dtype: torch.dtype) -> None:
    x, weights, biases, *_ = draw((1, 3, 4, 3, 4, 5), torch.float32)
    for tensor in (x, *biases):
        tensor.requires_grad_()
    weights = [w.to(dtype).requires_grad_() for w in weights]
    asymmetric_cascade(x, weights, biases).float().sum().backward()
    for tensor in (x, *weights, *biases):
        assert tensor.grad is not None
        assert tensor.grad.dtype == tensor.dtype
        assert tensor.grad.count_nonzero() > 0


def test_only_needed_gradients_and_no_second_derivative() -> None:
    x, weights, biases, *_ = draw((1, 2, 3, 3, 3, 3))
    x.requires_grad_()
    (grad,) = torch.autograd.grad(asymmetric_cascade(x, weights, biases).sum(), x, create_graph=True)
    (expected,) = torch.autograd.grad(truth(x, weights, biases).sum(), x)
    torch.testing.assert_close(grad, expected)
    with pytest.raises(RuntimeError):
        grad.sum().backward()
    x.requires_grad_(False)
    weights[1].requires_grad_()
    asymmetric_cascade(x, weights, biases).sum().backward()
    assert weights[1].grad is not None


def test_backward_keeps_the_input_and_the_result_only() -> None:
    x, weights, biases, *_ = draw((1, 2, 3, 3, 4, 5), grad=True)
    kept: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        y = asymmetric_cascade(x, weights, biases)
    parameters = {t.data_ptr() for t in (*weights, *biases)}
    activations = {t.data_ptr() for t in kept} - parameters
    assert activations == {x.data_ptr(), y.data_ptr()}


@pytest.mark.parametrize("size", SIZES)
def test_opcheck(size: tuple[int, ...]) -> None:
    arguments = draw(size, torch.float32, grad=True)
    torch.library.opcheck(torch.ops.asyconv.asymmetric_cascade.default, arguments[:3])
    torch.library.opcheck(torch.ops.asyconv.asymmetric_cascade_heads.default, arguments)


def test_opcheck_of_halves_and_of_the_backward() -> None:
    x, weights, biases, *heads = draw((2, 4, 8, 3, 5, 7), torch.bfloat16)
    torch.library.opcheck(torch.ops.asyconv.asymmetric_cascade_heads.default, (x.float(), weights, biases, *heads))
    backward = torch.ops.asyconv.asymmetric_cascade_backward.default
    y = asymmetric_cascade(x, weights, biases)
    for needs in ((True, True), (True, False), (False, True)):
        torch.library.opcheck(backward, (torch.ones_like(y), x, weights, biases, y, *needs))


def test_compiles_whole_and_exports() -> None:
    arguments = draw((2, 4, 8, 3, 5, 7), torch.float32, grad=True)

    def double(*parts: Any) -> Tensor:
        return asymmetric_cascade(*parts) * 2

    compiled = torch.compile(double, fullgraph=True, backend="aot_eager")
    found = torch.autograd.grad(compiled(*arguments[:3]).sum(), arguments[0])
    expected = torch.autograd.grad(double(*arguments[:3]).sum(), arguments[0])
    torch.testing.assert_close(found, expected)

    class Whole(nn.Module):
        def forward(self, x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
            return asymmetric_cascade(x, weights, biases)

    detached = draw((2, 4, 8, 3, 5, 7), torch.float32)[:3]
    program = torch.export.export(Whole(), detached)
    assert [n for n in program.graph.nodes if n.target is torch.ops.asyconv.asymmetric_cascade.default]
    torch.testing.assert_close(program.module()(*detached), asymmetric_cascade(*detached))


def test_autocast_casts_the_weights_and_leaves_float64(device: str) -> None:
    arguments = draw((1, 3, 4, 3, 4, 5), torch.float32, device=device, grad=True)
    with torch.autocast(device, dtype=torch.bfloat16):
        y, maps = asymmetric_cascade(*arguments[:3]), asymmetric_cascade_heads(*arguments)
        assert asymmetric_cascade(*draw((1, 3, 4, 3, 4, 5), device=device)[:3]).dtype == torch.float64
    assert y.dtype == torch.bfloat16
    assert maps.dtype == torch.float32
    (grad,) = torch.autograd.grad(y.float().sum(), arguments[1][0])
    assert grad.dtype == torch.float32
    relative = (y.float() - truth(*arguments[:3])).norm() / truth(*arguments[:3]).norm()
    assert relative < 5e-3 * 3  # weights, input and three results rounded to 8 bits


def _wrong() -> dict[str, tuple[Callable[[Arguments], Any], type[Exception], str]]:
    def changed(index: int, step: int, change: Callable[[Tensor], Tensor]) -> Callable[[Arguments], Any]:
        def call(a: Arguments) -> Any:
            lists = [list(ts) for ts in a[1:]]
            lists[index][step] = change(lists[index][step])
            return asymmetric_cascade_heads(a[0], *lists)

        return call

    def plain(change: Callable[[Tensor, list[Tensor], list[Tensor]], Any]) -> Callable[[Arguments], Any]:
        return lambda a: asymmetric_cascade(*change(*a[:3]))

    value, kind = ValueError, TypeError
    return {
        "four axes": (
            plain(lambda x, w, b: (x[0], w, b)),
            value,
            r"x must be \[B, C_in, T, H, W\], found \(4, 3, 5, 7\)",
        ),
        "two weights": (plain(lambda x, w, b: (x, w[:2], b)), value, "3 weights and 3 biases, found 2 and 3"),
        "channels": (
            plain(lambda x, w, b: (x[:, :3], w, b)),
            value,
            r"weights\[0\] must be \(8, 3, 1, 3, 1\), found \(8, 4, 1, 3, 1\)",
        ),
        "order": (
            plain(lambda x, w, b: (x, [w[0], w[2], w[1]], b)),
            value,
            r"weights\[1\] must be \(8, 8, 1, 1, 3\), found \(8, 8, 3, 1, 1\)",
        ),
        "bias": (changed(1, 2, lambda t: t[:-1]), value, r"biases\[2\] must be \(8,\), found \(7,\)"),
        "head": (changed(2, 1, lambda t: t[:, :-1]), value, r"head_weights\[1\] must be \(5, 8, 1, 1, 1\), found"),
        "head bias": (changed(3, 1, lambda t: t[:-1]), value, r"head_biases\[1\] must be \(5,\), found \(4,\)"),
        "device": (changed(0, 1, lambda t: t.to("meta")), value, r"weights\[1\] must be on cpu like x, found meta"),
        "x dtype": (plain(lambda x, w, b: (x.half(), w, b)), kind, "x must be torch.float32 like the weights, found"),
        "no float": (
            plain(lambda x, w, b: (x.int(), [t.int() for t in w], b)),
            kind,
            "must be float64, float32, float16 or bfloat16, found torch.int32",
        ),
        "mixed": (changed(0, 2, Tensor.double), kind, r"weights\[2\] must be torch.float32, found torch.float64"),
        "bias dtype": (changed(1, 0, Tensor.double), kind, r"biases\[0\] must be torch.float32, found torch.float64"),
    }


@pytest.mark.parametrize("case", _wrong())
def test_wrong_input_is_refused_with_expected_and_found(case: str) -> None:
    call, error, message = _wrong()[case]
    arguments = draw((2, 4, 8, 3, 5, 7), torch.float32)
    with pytest.raises(error, match=message):
        call(arguments)
