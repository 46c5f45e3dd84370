"""Addresses in the settings, taken apart. What refuses one never repeats it: it may hold a secret."""

from importlib.util import find_spec
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
BUCKET_FORM = "s3://KEY:SECRET@bucket?region=...&endpoint=https://..., with / + @ : in the secret percent-encoded"


def origin(name: str, value: str) -> str:
    """The origin (scheme, host, port) that setting `name` holds; https, or http on loopback; "" stays ""."""
    value = value.strip().rstrip("/")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise ImproperlyConfigured(f"{name} must be an origin such as https://example.org, without a path.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ImproperlyConfigured(f"{name} must start with https:// (plain http is for loopback alone).")
    return value


def bucket(name: str, value: str) -> dict[str, str | None]:
    """The S3 bucket that setting `name` holds, as options of `storages.backends.s3.S3Storage`; {} for "".

    Without KEY:SECRET the machine's own credentials count (AWS_ACCESS_KEY_ID, a role). A path begins all names.
    """
    if not value.strip():
        return {}
    try:
        parts = urlsplit(value.strip())
        # A secret that is not encoded runs into the host and the port.
        well_formed = parts.scheme == "s3" and parts.hostname and parts.port is None and not parts.fragment
        asked = {key: values[-1] for key, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    except ValueError:
        well_formed, asked = False, {}
    if not well_formed or bool(parts.username) != bool(parts.password):
        raise ImproperlyConfigured(f"{name} must look like {BUCKET_FORM}.")
    if not {*asked} <= {"region", "endpoint"} or not asked:
        raise ImproperlyConfigured(
            f"{name} needs region, endpoint or both after its question mark, and nothing else."
        )
    if not (find_spec("storages") and find_spec("boto3")):
        raise ImproperlyConfigured(f"{name} needs what the extra s3 installs: pip install -e '.[s3]'.")
    endpoint = origin(f"The endpoint in {name}", asked.get("endpoint", ""))
    return {
        "bucket_name": parts.hostname,
        "location": parts.path.strip("/"),
        "access_key": unquote(parts.username or "") or None,
        "secret_key": unquote(parts.password or "") or None,
        # A token in the environment belongs to the key there, not to ours.
        **({"security_token": None} if parts.username else {}),
        "region_name": asked.get("region", "us-east-1"),
        "endpoint_url": endpoint or f"https://s3.{asked['region']}.amazonaws.com",
        # Amazon wants the bucket in the host's name; few others have a certificate for that.
        "addressing_style": "path" if endpoint else "virtual",
    }


def bucket_origin(options: dict[str, str | None]) -> str:
    """Where browsers fetch from the bucket `options`."""
    endpoint = str(options["endpoint_url"])
    if options["addressing_style"] == "path":
        return endpoint
    return endpoint.replace("://", f"://{options['bucket_name']}.", 1)
