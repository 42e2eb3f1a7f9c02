"""The simulated clock, in seconds since a run began."""

CLOCK_DIGITS = 6  # behind the point: what sums of floats add to these is no time


def round_clock(seconds: float) -> float:
    """A time on the clock, in as many digits as it has."""
    return round(seconds, CLOCK_DIGITS)
