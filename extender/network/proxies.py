"""The way out that the environment prescribes, read as `requests` reads it."""

import os

from requests.utils import get_environ_proxies


def proxies_for(url: str) -> dict[str, str]:
    """The proxies that HTTPS_PROXY (or ALL_PROXY) and NO_PROXY name for `url`; only an https address has any.

    Plain http is for loopback alone: a proxy would read the key.
    """
    return get_environ_proxies(url) if url.startswith("https:") else {}


def authorities() -> str | bool:
    """The file or directory of those who may vouch for a server (REQUESTS_CA_BUNDLE), or True: the usual ones."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
