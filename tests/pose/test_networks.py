"""Both networks: counts by arithmetic, one layout, and folded equal to unfolded."""

import functools
from collections.abc import Callable
from typing import cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from asyconv.pose.networks import AsymmetricRegression, Detection, Regression3d, folded
from asyconv.training.growing import load_grown
from tests.helpers.networks import convolutions, oracle, small

deep_detection = functools.partial(Detection, deep=True)
Make = Callable[..., nn.Module]
NETWORKS = [(Detection, 1), (deep_detection, 1), (AsymmetricRegression, 21), (Regression3d, 21)]


@pytest.mark.parametrize(
    ("network", "parameters", "weights"),
    [
        (Detection, 31_168_980, 31_142_848),
        (AsymmetricRegression, 1_310_612, 1_303_488),
        (Regression3d, 2_985_236, 2_982_336),
    ],
)
def test_parameter_counts_of_the_paper(network: type[nn.Module], parameters: int, weights: int) -> None:
    with torch.device("meta"):
        model = network()
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert sum(c.weight.numel() for c in convolutions(model)) == weights


def test_asymmetric_reduction_is_56_percent_not_66() -> None:
    with torch.device("meta"):
        ours, full = (sum(p.numel() for p in n().parameters()) for n in (AsymmetricRegression, Regression3d))
    assert 1 - ours / full == pytest.approx(0.561, abs=5e-4)


def test_layers_of_table_1() -> None:
    with torch.device("meta"):
        layers = convolutions(AsymmetricRegression())
    kernels = [tuple(c.weight.shape[2:]) for c in layers]
    assert kernels == [(1, 3, 1), (1, 1, 3), (3, 1, 1)] * 4 + [(1, 1, 1)] * 2
    assert [c.weight.shape[1] for c in layers] == [21, 64, 64, 64, 128, 128, 128] + [256] * 7
    assert [c.activate for c in layers] == [True] * 13 + [False]


@pytest.mark.parametrize(("network", "channels"), NETWORKS)
@pytest.mark.parametrize("size", [(1, 3, 16, 32), (2, 3, 32, 16), (2, 1, 16, 16)])
def test_equals_plain_3d_torch_folded_or_not(network: Make, channels: int, size: tuple[int, ...], device: str) -> None:
    model = small(network).eval().to(device)
    x = torch.randn(size[0], channels, *size[1:]).to(device)
    with torch.no_grad():
        truth = oracle(model, x)
        # up to 14 layers, each within 1e-5 of the largest value
        atol = 2e-5 * float(truth.abs().max())
        torch.testing.assert_close(model(x), truth, rtol=1e-4, atol=atol)
        torch.testing.assert_close(folded(model)(x), truth, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("network", [AsymmetricRegression, Regression3d])
def test_regression_takes_odd_sizes_and_sees_nine_pixels(network: type[nn.Module]) -> None:
    model = small(network).eval()
    x = torch.randn(1, 21, 3, 13, 17)
    with torch.no_grad():
        y = model(x)
        x[:, :, 0, 6, 8] += 1
        changed = (model(x) != y).any(1).any(1)[0].nonzero()
    assert y.shape == (1, 20, 3, 13, 17)
    assert changed.amin(0).tolist() == [2, 4]
    assert changed.amax(0).tolist() == [10, 12]


def test_regression_on_a_crop_is_the_same_function_inside() -> None:
    model = small(AsymmetricRegression).eval()
    x = torch.randn(1, 21, 3, 40, 40)
    with torch.no_grad():
        whole, crop = model(x), model(x[..., 8:32, 8:32])
    torch.testing.assert_close(crop[..., 4:-4, 4:-4], whole[..., 12:28, 12:28], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("network", "channels"), NETWORKS)
def test_one_layout_and_input_untouched(network: Make, channels: int) -> None:
    x = torch.randn(2, channels, 3, 16, 16).contiguous(memory_format=torch.channels_last_3d)
    before = x.clone()
    model = small(network)
    assert model(x).is_contiguous(memory_format=torch.channels_last_3d)
    with torch.no_grad():
        folded(model)(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize(("network", "channels"), NETWORKS)
def test_training_reaches_every_parameter_and_fits_one_clip(network: Make, channels: int) -> None:
    model = small(network)
    x = torch.randn(2, channels, 3, 16, 16)
    target = (torch.randn(2, 20, 3, 16, 16) > 1).float()
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        loss = F.mse_loss(model(x), target)
        loss.backward()
        assert all(p.grad is not None for p in model.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_detection_starts_at_one_percent() -> None:
    torch.manual_seed(0)
    probability = torch.sigmoid(Detection(0.25)(torch.randn(2, 1, 3, 32, 32)))
    assert 0.002 < probability.mean() < 0.05


def test_a_deep_detection_network_begins_as_the_smaller_one_that_it_grew_from() -> None:
    smaller = cast(Detection, small(Detection)).eval()
    torch.manual_seed(1)
    deep = Detection(0.25, deep=True)
    load_grown(deep, smaller)
    x = torch.randn(2, 1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(deep.eval()(x), smaller(x), rtol=1e-5, atol=1e-5)
    (deep(x) - 1.0).square().mean().backward()
    grads = {name: cast(Tensor, parameter.grad) for name, parameter in deep.named_parameters()}
    assert grads["up4.common.weight"][:, 16:].abs().max() > 0
    assert all(grads[f"refine{level}.second.weight"].abs().max() > 0 for level in (1, 2, 4))


def test_a_deep_detection_network_multiplies_one_and_a_half_times_as_often() -> None:
    counts = []
    for deep in (False, True):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            Detection(0.25, deep=deep).eval()(torch.zeros(1, 1, 3, 96, 128))
        counts.append(counter.get_total_flops())
    assert counts[1] / counts[0] == pytest.approx(1.52, abs=0.01)


def test_folding_leaves_the_model_alone() -> None:
    model = small(AsymmetricRegression)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    inference = folded(model)
    assert model.training
    assert not any(p.requires_grad for p in inference.parameters())
    assert not any(isinstance(m, nn.BatchNorm1d) for m in inference.modules())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def test_wrong_shapes_are_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"multiples of 16, found \(1, 1, 3, 90, 128\)"):
        Detection(0.25)(torch.zeros(1, 1, 3, 90, 128))
    with pytest.raises(ValueError, match=r"\[B, 21, T, H, W\], found \(1, 20, 3, 9, 9\)"):
        AsymmetricRegression(0.25)(torch.zeros(1, 20, 3, 9, 9))
