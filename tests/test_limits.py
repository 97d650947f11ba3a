from __future__ import annotations

import pytest

from server.limits import Rate, TokenBucket, TokenBuckets

RATE = Rate(burst=2, per_second=0.5)


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(RATE, 100.0)
    assert [bucket.take(100.0) for _ in range(4)] == [0, 0, 2, 2]
    assert bucket.take(101.0) == 1
    assert bucket.take(102.0) == 0
    assert [bucket.take(1000.0) for _ in range(3)] == [0, 0, 2]


def test_what_is_given_back_can_be_taken_again_and_is_never_more_than_a_burst() -> None:
    bucket = TokenBucket(RATE, 0.0)
    assert [bucket.take(0.0), bucket.take(0.0)] == [0, 0]
    bucket.give_back()
    assert [bucket.take(0.0), bucket.take(0.0)] == [0, 2]
    for _ in range(9):
        bucket.give_back()
    assert [bucket.take(0.0) for _ in range(3)] == [0, 0, 2]


def test_each_key_has_its_own_bucket() -> None:
    buckets = TokenBuckets(RATE, 10)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 2]
    assert buckets.take("b", 0.0) == 0
    buckets.give_back("a")
    buckets.give_back("nobody's")
    assert buckets.take("a", 0.0) == 0
    assert len(buckets) == 2


@pytest.mark.parametrize("flood", [3, 1000])
def test_the_key_not_used_for_longest_is_forgotten(flood: int) -> None:
    buckets = TokenBuckets(RATE, 3)
    for key in ("used up", "old", "used up", "used up"):
        buckets.take(key, 0.0)
    for number in range(flood):
        buckets.take(number, 0.0)
        assert buckets.take("used up", 0.0) > 0
        assert len(buckets) <= 3
