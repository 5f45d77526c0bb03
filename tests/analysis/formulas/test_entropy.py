"""Entropy: signals whose entropy and mobility are known, and a published program as oracle."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import norm

from asyconv.analysis.formulas.entropy import (
    hjorth_complexity,
    hjorth_mobility,
    multiscale_entropy,
    permutation_entropy,
    sample_entropy,
)

Floats = npt.NDArray[np.float64]


def white(n: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal(n)


def test_sample_entropy_of_white_noise() -> None:
    # the next sample is within r of another one with probability 2 Phi(r / sqrt 2) - 1, whatever came before
    x = white(6000)
    known = -np.log(2 * norm.cdf(0.2 / np.sqrt(2)) - 1)
    assert sample_entropy([x], 0.2 * x.std()) == pytest.approx(known, rel=0.03)


def test_sample_entropy_counts_by_hand() -> None:
    # templates of 2: (1,2) (2,1) (1,2) (2,1), of 3: 121 212 121 212; the last start is left out of both
    x = np.array([1.0, 2, 1, 2, 1, 2])
    assert sample_entropy([x], 0.1) == pytest.approx(0.0)
    # of the six templates of 2 four are (1,1): 12 ordered pairs; of those of 3 only (1,1,1) is there twice: 2
    y = np.array([1.0, 1, 1, 1, 9, 1, 1, 5])
    assert sample_entropy([y], 0.1) == pytest.approx(np.log(12 / 2))


def test_no_template_reaches_across_a_gap() -> None:
    x = white(600)
    whole, halves = sample_entropy([x], 0.4), sample_entropy([x[:300], x[300:]], 0.4)
    assert whole != halves
    assert halves == pytest.approx(whole, rel=0.1)
    assert np.isnan(sample_entropy([x[:2]], 0.4))


def test_permutation_entropy() -> None:
    assert permutation_entropy([np.arange(50.0)]) == pytest.approx(0.0)
    assert permutation_entropy([np.zeros(50)]) == pytest.approx(0.0)  # equal values keep their order: no jitter
    assert permutation_entropy([white(20_000)]) == pytest.approx(1.0, abs=0.001)
    up_and_down = np.tile([0.0, 1.0], 40)  # two patterns, equally often, of 24
    assert permutation_entropy([up_and_down[:-1]]) == pytest.approx(np.log(2) / np.log(24), rel=1e-6)


def test_hjorth_of_a_sine() -> None:
    # a sine's derivative is itself times its angular frequency
    t = np.arange(0, 20, 0.001)
    wave = [np.sin(2 * np.pi * 1.5 * t)]
    assert hjorth_mobility(wave, 1000.0) == pytest.approx(2 * np.pi * 1.5, rel=1e-3)
    assert hjorth_complexity(wave, 1000.0) == pytest.approx(1.0, rel=1e-3)
    assert np.isnan(hjorth_mobility([np.zeros(50)], 30.0))


@pytest.mark.parametrize(("hz", "known_1_s"), [(2.0, 12.6), (3.0, 18.8)])
def test_mobility_at_the_rate_of_the_samples_tells_2_hz_from_3_hz(hz: float, known_1_s: float) -> None:
    assert hjorth_mobility([np.sin(2 * np.pi * hz * np.arange(1800) / 30)], 30.0) == pytest.approx(known_1_s, rel=0.02)


def test_entropy_over_scales_falls_for_white_noise_and_not_for_a_random_walk() -> None:
    noise = white(3000)
    assert multiscale_entropy([noise]) < sample_entropy([noise]) - 0.3
    walk = np.cumsum(noise)
    assert multiscale_entropy([walk]) >= sample_entropy([walk])


@pytest.mark.parametrize("seed", [1, 2])
def test_against_antropy(seed: int) -> None:
    antropy = pytest.importorskip("antropy")
    x = np.cumsum(white(1500, seed)) + white(1500, seed + 10)
    assert sample_entropy([x], 0.2 * x.std()) == pytest.approx(antropy.sample_entropy(x, order=2), abs=1e-4)
    ours = permutation_entropy([x])
    assert ours == pytest.approx(antropy.perm_entropy(x, order=4, normalize=True), rel=1e-9)
    mobility, complexity = antropy.hjorth_params(x)
    assert hjorth_mobility([x], 1.0) == pytest.approx(mobility, rel=1e-2)  # theirs has the variances of N - 1
    assert hjorth_complexity([x], 1.0) == pytest.approx(complexity, rel=1e-2)
