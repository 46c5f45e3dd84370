"""Whether the pictures of a film come evenly, and how many of them a second."""

EVEN = 0.05  # of a picture: nobody is that late where times are but rounded, as to whole milliseconds


def rate(seconds: list[float], declared: float | None) -> tuple[float, bool]:
    """Pictures a second, and whether each comes when it should by that; `seconds` are their moments, the first 0.

    It is what the file declares where the pictures agree, else their mean.
    """
    mean = (len(seconds) - 1) / seconds[-1]
    for candidate in filter(None, (declared, mean)):
        if all(abs(moment * candidate - number) < EVEN for number, moment in enumerate(seconds)):
            return candidate, True
    return mean, False
