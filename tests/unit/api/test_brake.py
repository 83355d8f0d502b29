"""The brake on passwords, on a clock of its own."""

import pytest

from api import brake
from api.brake import Brake, wait_after


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 0), (4, 0), (5, 2), (6, 4), (7, 8), (10, 60), (10_000, 60)]
)
def test_the_wait_doubles_up_to_a_minute(tries: int, seconds: float) -> None:
    assert wait_after(tries) == seconds


def test_five_tries_then_a_wait_that_ends() -> None:
    clock = Clock()
    held = Brake(clock)
    assert [held.try_now("wang", "10.0.0.1") for _ in range(5)] == [0] * 5
    assert held.try_now("wang", "10.0.0.1") == 2
    assert held.try_now("wang", "10.0.0.2") == 0, "another address"
    assert held.try_now("zhang", "10.0.0.1") == 0, "another name"
    clock.now += 2
    assert held.try_now("wang", "10.0.0.1") == 0
    assert held.try_now("wang", "10.0.0.1") == 4


def test_asking_while_waiting_does_not_make_the_wait_longer() -> None:
    clock = Clock()
    held = Brake(clock)
    for _ in range(5):
        held.try_now("wang", "a")
    for _ in range(50):
        assert held.try_now("wang", "a") == 2
    clock.now += 2
    assert held.try_now("wang", "a") == 0


def test_the_right_password_and_time_both_forget() -> None:
    clock = Clock()
    held = Brake(clock)
    for _ in range(5):
        held.try_now("wang", "a")
        held.try_now("zhang", "a")
    held.was_right("wang", "a")
    assert held.try_now("wang", "a") == 0
    clock.now += brake.FORGOTTEN_AFTER + 1
    assert [held.try_now("zhang", "a") for _ in range(5)] == [0] * 5


def test_it_remembers_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brake, "REMEMBERED", 3)
    held = Brake(Clock())
    for _ in range(5):
        held.try_now("wang", "a")
    for name in ("b", "c", "d"):
        held.try_now(name, "a")
    assert held.try_now("wang", "a") == 0, "the one not seen for longest is forgotten"
