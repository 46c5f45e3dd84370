"""Who comes, as far as an address says it."""

import re
from ipaddress import ip_address, ip_network

from django.conf import settings

# Whoever has IPv6 has as many addresses as these begin.
IPV6_PREFIX = 64
# 203.0.113.7:51234, [2001:db8::1]:443, [2001:db8::1]
WITH_PORT = re.compile(r"^(?:\[(.*)\]|([^:]*))(?::\d+)?$")


def address_of(peer: str, forwarded: str) -> str | None:
    """Whose request it is: behind https, whom our own proxy saw and wrote down last in X-Forwarded-For."""
    return _address(forwarded.rpartition(",")[2] if settings.HTTPS else "") or _address(peer)


def network_of(address: str) -> str:
    """What counts as one address: of IPv6, a /64."""
    return str(ip_network((address, IPV6_PREFIX), strict=False)) if ":" in address else address


def _address(text: str) -> str | None:
    """The IP address in `text` without the port, the brackets and the zone that some write with it; else None."""
    bare = WITH_PORT.sub(r"\1\2", text.strip()).partition("%")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    # The same, as a socket for both protocols writes it.
    return str(getattr(found, "ipv4_mapped", None) or found)
