"""Which addresses may be fetched: how they are spelt, and where on the network they lead.

Browsers, `urllib` and the system's resolver read an odd address each in their own way, and where two of them differ a
guard is walked around. So an address has to be spelt plainly, or it is none.
"""

import re
import string
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+{_LABEL}", re.ASCII | re.IGNORECASE)
# Names that nobody on the public internet has (RFC 6761, 6762, 8375).
_INSIDE = ("localhost", "local", "internal", "arpa")
# Whoever ends in a number is read as an IPv4 address by browsers and resolvers: 127.1, 0x7f.1, 1.2.3.0177.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)

_GLOBAL_UNICAST = ip_network("2000::/3")
# Global by their registration, yet inside: they carry another address, or a cloud answers its own machines there.
_LEADS_INSIDE = (
    ip_network("100.64.0.0/10"),  # shared by carriers
    ip_network("168.63.129.16/32"),  # Azure's own services
    ip_network("192.0.0.0/24"),
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("2001::/23"),  # Teredo, ORCHID, benchmarks
    ip_network("2001:db8::/32"),
    ip_network("2002::/16"),  # 6to4
    ip_network("3fff::/20"),  # documentation
)
# A network without the old protocol reaches its numbers by these: where they lead is the number that they carry.
_NAT64 = ip_network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def origin_of(url: str) -> str:
    """The scheme, host and port of `url`, as they are spelt there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def may_be_fetched(url: str, excepted_origin: str | None = None) -> bool:
    """Whether `url` is plainly spelt https to a public name or number, or of `excepted_origin` to the letter.

    A name is not looked up: where it leads is known only to whoever connects.
    """
    try:
        parts = urlsplit(url)
        if not url.isprintable() or " " in url or "\\" in url or "@" in parts.netloc or parts.port == 0:
            return False
        if excepted_origin and origin_of(url) == excepted_origin:
            return True
        # Lower case makes an ordinary k of the Kelvin sign, and the resolver folds others of its kind.
        return parts.scheme == "https" and parts.netloc.isascii() and _is_public_host(parts)
    except ValueError:
        return False


def _is_public_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        return is_public(host)
    name = host.removesuffix(".")
    last = name.rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        return is_public(host)
    return bool(_NAME.fullmatch(name)) and last not in _INSIDE


def target_of(url: str) -> str:
    """What is asked of the server of `url`, with every byte as it was written: a signature may be of just these."""
    after_host = re.sub(r"^[^:]*://[^/?#]*", "", url).partition("#")[0]
    path = after_host if after_host.startswith("/") else f"/{after_host}"
    return quote(path, safe=string.printable)


def is_public(text: str) -> bool:
    """Whether the number `text` ("8.8.8.8", "2606:4700::1") belongs to one host of the public internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if address in _NAT64:
        address = ip_address(int(address) & 0xFFFFFFFF)
    if address.is_multicast or address.is_reserved or any(address in network for network in _LEADS_INSIDE):
        return False
    return address.is_global and (isinstance(address, IPv4Address) or _is_plain(address))


def _is_plain(address: IPv6Address) -> bool:
    """Not one that carries a number of the old protocol, or the name of an interface."""
    interface = int(address) >> 32 & 0xFFFFFFFF
    return address in _GLOBAL_UNICAST and address.scope_id is None and interface not in _ISATAP
