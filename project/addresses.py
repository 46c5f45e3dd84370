"""Addresses in the settings, checked. What refuses one never repeats it: it may hold a secret."""

import os
import re
import ssl
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from django.core.exceptions import ImproperlyConfigured

from extender.network.proxies import authorities

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
BUCKET_FORMS = {
    "S3_BUCKET": (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "our-clips"),
    "S3_PREFIX": (r"[\w-][\w.-]*(/[\w-][\w.-]*)*", "extender/clips"),
    "S3_REGION": (r"[a-z0-9-]+", "eu-central-1"),
}


def origin(name: str, value: str) -> str:
    """The origin (scheme, host, port) that setting `name` holds; https, or http on loopback; "" stays ""."""
    found = address(name, value)
    if urlsplit(found).path:
        raise ImproperlyConfigured(f"{name} must be an origin such as https://example.org, without a path.")
    return found


def site(name: str, value: str) -> str:
    """The address of a whole site that setting `name` holds: an origin, or a path of one such as /extender."""
    found = address(name, value)
    if not re.fullmatch("(/[A-Za-z0-9_-]+)*", urlsplit(found).path):
        raise ImproperlyConfigured(f"{name} must be like https://example.org or https://example.org/extender.")
    return found


def address(name: str, value: str) -> str:
    """The address that setting `name` holds, like an origin, with or without a path; no slash at its end."""
    value = value.strip().rstrip("/")
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} must be an address such as https://example.org.")
    if "%" in parts.netloc:
        raise ImproperlyConfigured(f"{name} must have no % in its host: only this machine would know what it means.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ImproperlyConfigured(f"{name} must start with https:// (plain http is for loopback alone).")
    return value.replace(f"//{parts.netloc}", f"//{host_of(value)}{f':{parts.port}' if parts.port else ''}")


def host_of(address: str) -> str:
    """The host of `address` as browsers name it: in lower case; an IPv6 one in its short form, and in brackets."""
    host = urlsplit(address).hostname or ""
    return f"[{ip_address(host).compressed}]" if ":" in host else host


def refuse_bad_way_out() -> None:
    """Checks what the environment says of the way to the outside: HTTPS_PROXY (or ALL_PROXY), REQUESTS_CA_BUNDLE."""
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all") or "http://none"
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise ImproperlyConfigured(
            "HTTPS_PROXY (or ALL_PROXY) must be like http://proxy.example.org:3128; not SOCKS."
        )
    bundle = authorities()
    if isinstance(bundle, str):
        _refuse_bad_bundle(Path(bundle))


def _refuse_bad_bundle(bundle: Path) -> None:
    try:
        ssl.create_default_context(
            cafile=None if bundle.is_dir() else bundle, capath=bundle if bundle.is_dir() else None
        )
    except OSError as error:
        raise ImproperlyConfigured("REQUESTS_CA_BUNDLE must name a file of certificates.") from error


def bucket(name: str, prefix: str, endpoint: str, region: str) -> dict[str, str]:
    """The S3 bucket that the settings S3_* name, as options of `storages.backends.s3.S3Storage`; {} where none does.

    Its key is none of our settings: boto3 finds it by itself, in AWS_ACCESS_KEY_ID or as the machine's role.
    """
    given = {"S3_BUCKET": name, "S3_PREFIX": prefix, "S3_ENDPOINT": endpoint, "S3_REGION": region}
    if not any(given.values()):
        return {}
    _refuse_bad_bucket(given)
    return {
        "bucket_name": name,
        "location": prefix,
        "region_name": region or "us-east-1",
        "endpoint_url": origin("S3_ENDPOINT", endpoint) or f"https://s3.{region}.amazonaws.com",
        # Amazon wants the bucket in the host's name; few others have a certificate for that.
        "addressing_style": "path" if endpoint else "virtual",
    }


def _refuse_bad_bucket(given: dict[str, str]) -> None:
    for setting, (form, example) in BUCKET_FORMS.items():
        if given[setting] and not re.fullmatch(form, given[setting], re.ASCII):
            raise ImproperlyConfigured(f"{setting} must look like {example}.")
    if not given["S3_BUCKET"]:
        raise ImproperlyConfigured("S3_BUCKET is missing: another setting of S3 has a value.")
    if not (given["S3_ENDPOINT"] or given["S3_REGION"]):
        raise ImproperlyConfigured("S3_REGION is missing: S3_BUCKET needs it, or S3_ENDPOINT, or both.")
    if bool(os.environ.get("AWS_ACCESS_KEY_ID")) != bool(os.environ.get("AWS_SECRET_ACCESS_KEY")):
        raise ImproperlyConfigured(
            "AWS_ACCESS_KEY_ID needs AWS_SECRET_ACCESS_KEY beside it, and the other way round."
        )
    if not (find_spec("storages") and find_spec("boto3")):
        raise ImproperlyConfigured("S3_BUCKET needs more than is installed: pip install -r .pins/s3.txt.")


def bucket_origin(options: dict[str, str]) -> str:
    """Where browsers fetch from the bucket `options`."""
    endpoint = options["endpoint_url"]
    if options["addressing_style"] == "path":
        return endpoint
    return endpoint.replace("://", f"://{options['bucket_name']}.", 1)
