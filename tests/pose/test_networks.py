"""Both networks: counts by arithmetic, one layout, and folded equal to unfolded."""

from typing import cast

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from asyconv.pose.networks import AsymmetricRegression, Block, Convolution, Detection, Regression3d, folded

NETWORKS = [(Detection, 1), (AsymmetricRegression, 21), (Regression3d, 21)]


def small(network: type[nn.Module], seed: int = 0) -> nn.Module:
    """Build a network of a quarter width whose batch normalisations have seen data and do something."""
    torch.manual_seed(seed)
    model = network(0.25)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm1d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.2)
            layer.running_mean = torch.randn(layer.num_features) * 0.2
            layer.running_var = torch.rand(layer.num_features) * 1.5 + 0.5
    return model


def convolutions(model: nn.Module) -> list[Convolution]:
    return [c for c in model.modules() if isinstance(c, Convolution)]


def oracle(model: nn.Module, x: Tensor) -> Tensor:
    """Run the network in plain 3-D torch, layout [B, C, T, H, W], unfolded, in evaluation mode."""

    def layer(c: Convolution, x: Tensor) -> Tensor:
        if c.weight.shape[2:] == (1, 2, 2):
            op = F.conv_transpose3d if c.transposed else F.conv3d
            x = op(x, c.weight, c.bias, stride=(1, 2, 2))
        else:
            x = F.conv3d(x, c.weight, c.bias, padding=[k // 2 for k in c.weight.shape[2:]])
        if c.norm is None:
            return x
        n = c.norm
        return F.relu(F.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias, eps=n.eps))

    def block(b: Block, x: Tensor, *skip: Tensor) -> Tensor:
        branches = []
        for branch in (b.joints, b.connections):
            resample, convolve = cast(list[Convolution], list(branch))
            branches.append(layer(convolve, layer(resample, x)))
        return layer(b.common, torch.cat([*branches, *skip], 1))

    if isinstance(model, Detection):
        down2 = block(model.down2, block(model.down1, layer(model.stem, x)))
        down3 = block(model.down3, down2)
        x = block(model.up1, block(model.down4, down3), down3)
        return layer(model.output, block(model.up4, block(model.up3, block(model.up2, x, down2))))
    for c in convolutions(model):
        x = layer(c, x)
    return x


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
def test_equals_plain_3d_torch_folded_or_not(
    network: type[nn.Module], channels: int, size: tuple[int, ...], device: str
) -> None:
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
def test_one_layout_and_input_untouched(network: type[nn.Module], channels: int) -> None:
    x = torch.randn(2, channels, 3, 16, 16).contiguous(memory_format=torch.channels_last_3d)
    before = x.clone()
    model = small(network)
    assert model(x).is_contiguous(memory_format=torch.channels_last_3d)
    with torch.no_grad():
        folded(model)(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize(("network", "channels"), NETWORKS)
def test_training_reaches_every_parameter_and_fits_one_clip(network: type[nn.Module], channels: int) -> None:
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
