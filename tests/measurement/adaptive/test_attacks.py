"""The published attacks, reproduced: what asking often gains under each way of answering."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchserver.core.errors import BadInput
from benchserver.measurement.adaptive import attacks
from benchserver.measurement.scores import expected_best_of


def shown(name: str, *, tasks: int, guesses: int, runs: int) -> tuple[float, float]:
    """(mean loss of the attack, its Monte-Carlo error) over ``runs`` seeds."""
    found = [
        attacks.boosting(
            tasks=tasks,
            guesses=guesses,
            release=attacks.release(name, np.random.default_rng([seed, 1])),
            generator=np.random.default_rng(seed),
        )
        for seed in range(runs)
    ]
    return float(np.mean(found)), float(np.std(found, ddof=1)) / math.sqrt(runs)


@pytest.mark.parametrize(
    ("name", "guesses", "published", "again", "sd"),
    [
        ("exact", 400, 0.42745, 0.4298, 0.005),
        ("rounded", 400, 0.45065, 0.4547, 0.005),
        ("ladder", 400, 0.48425, 0.48425, 0.008),
        ("exact", 100, 0.46695, 0.4647, 0.005),
        ("rounded", 100, 0.4753, 0.4771, 0.005),
        ("ladder", 100, 0.49035, 0.4886, 0.008),
    ],
)
def test_the_authors_results_come_out_again(
    name: str, guesses: int, published: float, again: float, sd: float
) -> None:
    """Both printed figures are means of five runs; each lies within the stated scatter of ours."""
    mean, _ = shown(name, tasks=4000, guesses=guesses, runs=40)
    assert mean == pytest.approx(published, abs=sd)
    assert mean == pytest.approx(again, abs=sd)


@pytest.mark.parametrize(
    ("name", "guesses", "printed"),
    [("exact", 200, 0.291), ("ladder", 200, 0.439), ("exact", 50, 0.391), ("ladder", 50, 0.451)],
)
def test_at_the_size_of_our_boards(name: str, guesses: int, printed: float) -> None:
    """The printed figures are means of five runs too, so theirs is most of the error."""
    mean, error = shown(name, tasks=200, guesses=guesses, runs=200)
    assert mean == pytest.approx(printed, abs=4 * error * math.sqrt(1 + 200 / 5) / 2)


def test_rounding_to_two_digits_hardly_helps() -> None:
    mean, error = shown("rounded", tasks=200, guesses=200, runs=200)
    assert mean == pytest.approx(0.304, abs=4 * error)


def boosting_expected(tasks: int, guesses: int) -> float:
    """Phi(-sqrt(k / (pi n))): the normal approximation for a board that answers exactly."""
    return 0.5 * math.erfc(math.sqrt(guesses / (math.pi * tasks)) / math.sqrt(2))


def test_the_closed_form_of_an_exact_board() -> None:
    assert boosting_expected(4000, 400) == pytest.approx(0.429199551311, abs=1e-9)
    assert boosting_expected(4000, 100) == pytest.approx(0.464459016761, abs=1e-9)
    mean, error = shown("exact", tasks=400, guesses=40, runs=300)
    assert mean == pytest.approx(boosting_expected(400, 40), abs=4 * error + 0.003)


def test_a_fixed_step_brakes_as_the_ladder_without_one_does() -> None:
    stepped, error = shown("stepped", tasks=200, guesses=200, runs=100)
    ladder, other = shown("ladder", tasks=200, guesses=200, runs=100)
    assert stepped == pytest.approx(ladder, abs=4 * math.hypot(error, other))
    assert stepped - 4 * error > boosting_expected(200, 200)


def test_a_holdout_that_is_rarely_looked_at_gains_the_attacker_little() -> None:
    guarded, _ = shown("thresholdout", tasks=200, guesses=200, runs=100)
    assert guarded > 0.45


def test_two_looks_gain_less_than_one_error() -> None:
    """The gate: what the shipped quota allows, answered in full precision."""
    mean, error = shown("exact", tasks=200, guesses=2, runs=400)
    assert 0.5 - mean + 4 * error < 0.5 / math.sqrt(200)


def test_the_best_of_many_equal_tries_is_lucky_by_the_known_amount() -> None:
    generator = np.random.default_rng(2)
    draws = generator.normal(0.6, 0.04, (2000, 27))
    gains = [attacks.best_of(row, truth=0.6, error=0.04) for row in draws.tolist()]
    error = float(np.std(gains)) / math.sqrt(2000)
    assert np.mean(gains) == pytest.approx(expected_best_of(27), abs=4 * error)


@pytest.mark.parametrize(
    ("tries", "step", "noise", "share"),
    [
        (100, 0, 0, 1.0),
        (20, 0, 0, 0.68),
        (100, 0.05, 0, 0.57),
        (300, 0.05, 0, 0.99),
        (300, 0.05, 0.01, 0.96),
    ],
)
def test_failing_on_purpose_tells_an_owner_its_own_verdicts(
    tries: int, step: float, noise: float, share: float
) -> None:
    """Rounding delays it, only fewer tries prevent it. The printed shares are of single runs."""
    found = []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        own = generator.integers(0, 2, 100).tolist()
        found.append(
            attacks.least_squares(own, tries=tries, generator=generator, step=step, noise=noise)
        )
    assert np.mean(found) == pytest.approx(share, abs=max(0.01, 2 * float(np.std(found))))


def test_what_cannot_be_is_refused() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(BadInput):
        attacks.boosting(tasks=1, guesses=1, release=attacks.exact(), generator=generator)
    with pytest.raises(BadInput):
        attacks.best_of([], truth=0.5, error=0.1)
    with pytest.raises(BadInput):
        attacks.least_squares([0, 2], tries=1, generator=generator)
