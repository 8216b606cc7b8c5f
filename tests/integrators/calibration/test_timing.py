import pytest

from parasim.integrators.calibration._timing import seconds_per_turn, worth_timing


def program(call, turn, disturbed_by=0.0):
    """Return a program that takes its time by the book, or longer in two of three runs."""
    runs = iter(range(10**9))
    return lambda turns: call + turn * turns + disturbed_by * (next(runs) % 3)


@pytest.mark.parametrize("disturbed_by", [0.0, 0.01])
def test_neither_calls_nor_other_programs_of_the_machine_count(disturbed_by):
    turns = [2e-8, 3e-6, 0.07]
    programs = [program(5e-5, turn, disturbed_by) for turn in turns]
    assert seconds_per_turn(programs) == pytest.approx(turns, rel=1e-9)


def test_a_time_is_positive_even_where_noise_swallows_it():
    times = iter([1.0] * 5 + [1e-3, 0.5e-3] * 10**3)
    assert all(t > 0 for t in seconds_per_turn([lambda turns: next(times)]))


def test_what_would_take_too_long_is_left_out():
    programs = {steps: program(0.0, 1e-4 * steps) for steps in (64, 256, 1024, 4096)}
    assert list(worth_timing(programs)) == [64, 256, 1024]


def test_one_program_is_timed_however_long_it_takes():
    assert list(worth_timing({8: program(0.0, 60.0), 16: program(0.0, 120.0)})) == [8]
