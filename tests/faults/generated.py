"""Proofs by generated examples."""

from hypothesis import HealthCheck, Phase, settings


def generated(examples: int) -> settings:
    """A generated proof of that many examples: quiet about time, the same on every machine."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=HealthCheck,
    )
