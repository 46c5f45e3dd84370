"""Why a file cannot be had, in short sentences about "it": no address and no token is in them."""

import requests
from urllib3.exceptions import LocationValueError, ReadTimeoutError


class Unavailable(Exception):
    """It cannot be had from its server now; later it may."""


class Gone(Unavailable):
    """Its server has it no more at this address: a fresh address may help, waiting does not."""


class Barred(Unavailable):
    """Its server, or the network, keeps this server out: a browser may have it, and later this server too."""


class Refused(Unavailable):
    """Its address leads, or was redirected, where nothing may be fetched."""


class TooLarge(Unavailable):
    """It is larger than the limit."""


LEADS_ELSEWHERE = "Its address leads where nothing may be fetched."
# With these it may say that a signed address has expired.
SAYS_WHY = (400, 403)
_SPELT_BADLY = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    LocationValueError,
    UnicodeError,
)


def explained(error: Exception) -> Unavailable:
    """What an error of the libraries means, before the first byte."""
    if isinstance(error, Unavailable):
        return error
    if isinstance(error, _SPELT_BADLY):
        return Refused(LEADS_ELSEWHERE)
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable("Its server has no valid certificate.")
    if isinstance(error, requests.exceptions.ProxyError):
        return Unavailable("This network's proxy, or its server, cannot be reached.")
    if isinstance(error, requests.exceptions.ReadTimeout | ReadTimeoutError):
        return Unavailable("Its server stalled.")
    if isinstance(error, requests.exceptions.InvalidHeader | ValueError):
        return Unavailable("Its server's answer makes no sense.")
    return Unavailable("Its server cannot be reached.")


def of_status(status: int, body: bytes) -> Unavailable:
    """What an answer other than 200 means. `body`: its beginning, in which stores such as S3 say why."""
    if status in (404, 410, 451):
        return Gone("Its server no longer has it.")
    if status == 401 or (status in SAYS_WHY and b"xpired" in body):
        return Gone("Its address has expired.")
    if status == 403:
        return Barred("Its host refuses this server for now.")
    return Unavailable(f"Its server answered {status}.")
