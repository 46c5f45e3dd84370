"""What may be kept of a body in the record: cut to size, and without what must not be read there."""

import json
import re
from typing import Any

# At any depth, in any spelling: our webhook's address and secret, and the key, should APIFRAME repeat them.
# Names have a most length: one without an end would be read anew from each word in it.
SECRETS = re.compile(
    r"""((?:webhook|authorization|api[_-]?key)[\w-]{0,64}[\\"']*\s*[:=]\s*)([\\]*["'](?:[^"\\]|\\.)*|[^\s,;&}<]+)""",
    re.I,
)
OUR_ADDRESS = re.compile(r"""(/webhooks/apiframe\\?/)[^/\s"'\\]+""")
KEPT_BYTES = 2048


def kept_of(text: str, *secrets: str) -> str:
    """The first 2 KiB of `text`: without `secrets`, our webhook's address, what is named like a secret, and NUL."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    text = OUR_ADDRESS.sub(r"\1…", SECRETS.sub(r'\1"…', text))
    text = storable(text.replace("\\u0000", ""))
    # Cut last: of half a secret nobody could tell what it is.
    return text.encode()[:KEPT_BYTES].decode("utf-8", "ignore")


def written(body: Any, *secrets: str) -> str:
    """A part of what was read, as text for the record; "" where it is too deep to be written."""
    try:
        return kept_of(json.dumps(body, ensure_ascii=False), *secrets)
    except RecursionError:
        return ""


def storable(text: str) -> str:
    """`text` without what no database stores: NUL, and halves of characters that were cut in two."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
