"""Scripts as pages name them: each with the checksum without which browsers do not run it, its imports too."""

import base64
import hashlib
import posixpath
import re
from functools import cache
from itertools import chain
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
static: Any = staticfiles_storage  # as the settings name it

IMPORTED = re.compile(rb'\bfrom "(\.{1,2}/[^"]+)"')


@register.simple_tag(takes_context=True)
def module(context: Context, name: str) -> SafeString:
    """The script `name`, and what it imports: a browser asks for all of it at once, and none of it twice."""
    if settings.DEBUG:
        return format_html('<script type="module" src="{}"></script>', static.url(name))
    stored = static.stored_name(name)
    page: Any = context.render_context
    told = page.setdefault("modules", set())
    new = [imported for imported in _imports(stored) if imported not in told]
    told.update(new)
    return SafeString("".join([_module(stored), *map(_preload, new)]))


@register.simple_tag
def classic(name: str) -> SafeString:
    """The script `name` of somebody who writes no modules; it runs in its turn among them."""
    if settings.DEBUG:
        return format_html('<script defer src="{}"></script>', static.url(name))
    stored = static.stored_name(name)
    return format_html('<script defer src="{}" integrity="{}"></script>', _address(stored), _checksum(stored))


# By names that tell what is in them, so that nothing kept here grows old.


@cache
def _module(stored: str) -> SafeString:
    own = '<script type="module" src="{}" integrity="{}"></script>'
    return format_html(own, _address(stored), _checksum(stored))


@cache
def _preload(stored: str) -> SafeString:
    return format_html('<link rel="modulepreload" href="{}" integrity="{}">', _address(stored), _checksum(stored))


@cache
def _imports(stored: str) -> tuple[str, ...]:
    """What it imports, and what that does, each once."""
    folder = posixpath.dirname(stored)
    named = IMPORTED.findall(_content(stored))
    direct = [posixpath.normpath(posixpath.join(folder, path.decode())) for path in named]
    return tuple(dict.fromkeys(chain(direct, *(_imports(path) for path in direct))))


@cache
def _checksum(stored: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(_content(stored)).digest()).decode()}"


def _content(stored: str) -> bytes:
    with static.open(stored) as file:
        return bytes(file.read())


def _address(stored: str) -> str:
    return f"{static.base_url}{stored}"
