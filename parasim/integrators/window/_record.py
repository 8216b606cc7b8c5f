"""What is written down of a window."""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float, Int


class WindowRecord(NamedTuple):
    """What was done in a window, and why.

    Attributes:
        parallel: whether Newton's method delivered all of it.
        reason: why it was tried so; a number of `REASONS`.
        fell_back: whether it began in parallel, and the rest was stepped through.
        parallel_steps: how many of its steps Newton's method delivered.
        iterations: of Newton's method.
        gain: how many times as fast as stepping it was expected to be; NaN if that was not asked.
        predicted_iterations: how many iterations it was expected to take in parallel; NaN likewise.
        cost: what it is reckoned to have taken, in sequential steps: N if it was stepped through.
            What measuring growth takes is not in it.
        wasted: how much of that pieces took beyond what stepping over what they delivered would
            have taken, in sequential steps. Beside an accelerator both count what going there from
            the host's CPU takes, and back some time.
        update: the certificate, the largest last Newton update (or transported rounding error, if
            that is larger) in units of the tolerance; 0 for a window that was stepped through.
        growth_rate: finite-time Lyapunov growth, in nats per unit of time; NaN if not measured.
        exponent: the running estimate of the largest Lyapunov exponent after the window, in nats
            per unit of time, from the growth rates of the last ten windows or so that were
            measured; NaN before the first.
        exponent_error: its standard error, as if windows were independent; infinite before there
            are two.
        finite: whether the state at the end is.
    """

    parallel: Bool[Array, ""]
    reason: Int[Array, ""]
    fell_back: Bool[Array, ""]
    parallel_steps: Int[Array, ""]
    iterations: Int[Array, ""]
    gain: Float[Array, ""]
    predicted_iterations: Float[Array, ""]
    cost: Float[Array, ""]
    wasted: Float[Array, ""]
    update: Float[Array, ""]
    growth_rate: Float[Array, ""]
    exponent: Float[Array, ""]
    exponent_error: Float[Array, ""]
    finite: Bool[Array, ""]
