"""How often one caller may ask."""

import pytest

from app.core.rates import Rates


class TestRates:
    def test_a_burst_then_a_steady_rate(self):
        now = [0.0]
        rates = Rates(10, 5, lambda: now[0])
        assert [rates.allows("a") for _ in range(6)] == [True] * 5 + [False]
        assert rates.seconds_until_next("a") == pytest.approx(0.1)
        now[0] = 0.1
        assert rates.allows("a")
        assert rates.allows("b")
        assert rates.header_pairs("b") == (
            (b"ratelimit-policy", b'"caller";q=5;w=1'),
            (b"ratelimit", b'"caller";r=4;t=1'),
        )

    def test_no_bound_tells_nothing(self):
        rates = Rates(0, 5)
        assert all(rates.allows("a") for _ in range(100))
        assert (rates.header_pairs("a"), rates.seconds_until_next("a")) == ((), 0.0)

    def test_many_callers_are_forgotten_rather_than_kept_for_ever(self):
        rates = Rates(10, 5, lambda: 0.0)
        for number in range(50_001):
            rates.allows(str(number))
        assert len(rates) <= 50_000

    def test_whoever_is_short_is_not_forgotten_for_newcomers(self, monkeypatch):
        monkeypatch.setattr("app.core.rates._MOST_CALLERS", 100)
        now = [0.0]
        rates = Rates(1, 5, lambda: now[0])
        for _ in range(5):
            assert rates.allows("short")
        for number in range(99):
            rates.allows(f"early-{number}")
        now[0] = 2.0  # the others' buckets are full again by now
        for number in range(90):
            rates.allows(f"late-{number}")
        assert len(rates) == 100
        assert not all(rates.allows("short") for _ in range(4))
        assert rates.has_left("nobody")
