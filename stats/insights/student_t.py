"""Quantiles of Student's t distribution."""

from statistics import NormalDist


def t_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t at a probability between 0 and 1.

    The Cornish-Fisher expansion around the normal quantile (Abramowitz and Stegun, Handbook of
    Mathematical Functions, 1964, 26.7.5): from five degrees of freedom on it is right to 0.5 %.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, 1))
