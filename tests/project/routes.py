"""Every address of ours: who is let in, and what each method is answered.

A row a name of the URLconf. What it says of GET holds for HEAD; whatever it does not name is refused by 405. Where
nobody needs to be signed in, it says so; everywhere else who is not is led to the sign-in, whatever the method.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.urls import URLResolver

# Who comes: signed in, or by a link. Whoever is signed in holds the guest's link too; who is off is the owner,
# deactivated, with the session and the link of before.
OWNER, OTHER, STAFF, ROOT = SIGNED_IN = ("owner", "other", "staff", "superuser")
GUEST, REVOKED, OFF, ANONYMOUS = SIGNED_OUT = ("guest", "revoked", "off", "anonymous")
EVERYBODY = SIGNED_IN + SIGNED_OUT

PAGE = "private, no-cache"
# Nothing of a guest's page may be kept, for its link may be closed.
NEVER = "max-age=0, no-cache, no-store, must-revalidate, private"
FILE, STREAM = "private, max-age=604800, immutable", "private"


class Audience(NamedTuple):
    """Who is let in, what the others are answered, and whether it is open to who is not signed in."""

    of: tuple[str, ...]
    others: dict[str, int] = {}
    is_open: bool = False

    def refuses(self, who: str) -> int:
        """What somebody is answered who is not let in."""
        return self.others.get(who, 302 if who in SIGNED_OUT and not self.is_open else 404)


MEMBERS = Audience(SIGNED_IN)
OWN = Audience((OWNER,))
TEAM = Audience((STAFF, ROOT))
SUPERUSER = Audience((ROOT,), {STAFF: 403})
LINK = Audience((*SIGNED_IN, GUEST), is_open=True)
ANYBODY = Audience(EVERYBODY, is_open=True)
DOOR = Audience(SIGNED_OUT, dict.fromkeys(SIGNED_IN, 302), is_open=True)
# Django's admin leads to the one door whoever is no staff.
BACK_ROOM = Audience((STAFF, ROOT), dict.fromkeys((OWNER, OTHER), 302))
RECORDS = Audience((ROOT,), {STAFF: 403, OWNER: 302, OTHER: 302})
NOBODY = Audience((), RECORDS.others | {ROOT: 403})


class Route(NamedTuple):
    """A row of the table: the statuses of who is let in; None where the method is refused."""

    who: Audience
    get: int | None = None
    post: int | None = None
    # Whether a POST by whoever is let in changes a row. Nothing else ever does.
    changes: bool = True
    # For how long a browser may keep what GET brings.
    kept: str = PAGE
    # Takes forms without a token: no page of ours sends them.
    from_machines: bool = False
    options: int | None = None

    def status(self, who: str, method: str) -> int:
        """What `who` is answered by `method`."""
        if who in SIGNED_OUT and not self.who.is_open:
            return self.who.refuses(who)
        taken = {"GET": self.get, "HEAD": self.get, "POST": self.post, "OPTIONS": self.options}.get(method)
        if taken is None:
            return 405
        return taken if who in self.who.of else self.who.refuses(who)


# The database of a test answers no other connection.
HEALTH = Route(ANYBODY, 503, options=503)

ROUTES = {
    # team
    "login": Route(DOOR, 200, 200, kept=NEVER),
    "logout": Route(MEMBERS, None, 302),
    "theme": Route(MEMBERS, None, 302, changes=False),
    "password_change": Route(MEMBERS, 200, 302),
    "password_change_done": Route(MEMBERS, 200),
    # workspace
    "home": Route(MEMBERS, 302),
    "begin": Route(MEMBERS, 200),
    "new_video": Route(MEMBERS, 302, 302),
    "new_pictures": Route(MEMBERS, 302, 302),
    "preview": Route(OWN, 200, kept="private, max-age=86400, immutable"),
    "history": Route(MEMBERS, 200),
    "pulse": Route(MEMBERS, None, 286, changes=False),
    "cancel_waiting": Route(MEMBERS, None, 302),
    "bar": Route(MEMBERS, 200),
    "new": Route(MEMBERS, 200, 302),
    "look_up": Route(MEMBERS, 302, 200, changes=False),
    "task": Route(OWN, 200),
    "status": Route(OWN, 200),
    "copies": Route(OWN, 200),
    "extend": Route(OWN, 302, 302),
    "again": Route(OWN, None, 302),
    "check": Route(OWN, None, 302),
    "cancel": Route(OWN, None, 302),
    "adopt": Route(OWN, None, 200, changes=False),
    "events": Route(OWN, 200),
    "pick": Route(OWN, None, 302),
    # lineage
    "tree": Route(OWN, 200),
    "tree_news": Route(OWN, 200),
    "film": Route(OWN, 200),
    # sharing
    "share": Route(OWN, None, 302),
    "revoke": Route(OWN, None, 302),
    "undo": Route(OWN, None, 302),
    "open_links": Route(TEAM, 200),
    "close_link": Route(TEAM, None, 302),
    "guest": Route(LINK, 200, kept=NEVER),
    "guest_status": Route(LINK, 200, kept=NEVER),
    "guest_copies": Route(LINK, 200, kept=NEVER),
    # archive
    "export": Route(OWN, 302, 302),
    "export_download": Route(OWN, 200),
    "export_cancel": Route(OWN, None, 302),
    "download_all": Route(OWN, 200, kept=STREAM),
    "download": Route(OWN, 200, kept=FILE),
    "frame": Route(OWN, 400, 400, changes=False),
    "film_for_editors": Route(OWN, 200, kept=STREAM),
    **{f"{kind}": Route(OWN, 200, kept=FILE) for kind in ("clip", "poster", "thumbnail", "storyboard")},
    **{f"guest_{kind}": Route(LINK, 200) for kind in ("clip", "poster", "thumbnail", "storyboard")},
    # A video is kept as a video alone.
    **{kind: Route(Audience(()), 404) for kind in ("jpeg", "png", "webp")},
    **{f"guest_{kind}": Route(Audience((), is_open=True), 404) for kind in ("jpeg", "png", "webp")},
    # tasks
    "webhook": Route(ANYBODY, None, 401, from_machines=True),
    "webhook_without_slash": Route(ANYBODY, None, 401, from_machines=True),
    # operations
    "team": Route(TEAM, 200),
    "archive": Route(TEAM, 200),
    "copy_now": Route(TEAM, None, 302),
    "no_result": Route(TEAM, 200),
    "check_all": Route(TEAM, None, 302),
    "try_now": Route(TEAM, None, 302),
    "members": Route(TEAM, 200),
    "new_member": Route(TEAM, 200, 200, kept=NEVER),
    "account": Route(TEAM, 200),
    "new_password": Route(TEAM, None, 200),
    "rank": Route(SUPERUSER, None, 302),
    "deactivate": Route(TEAM, None, 302),
    "reactivate": Route(TEAM, None, 302),
    "hand_over": Route(TEAM, None, 302),
    "anonymise": Route(TEAM, None, 302),
    "csp_reports": Route(ANYBODY, None, 204, changes=False, from_machines=True),
    "healthz": Route(ANYBODY, 200, options=200),
    "readyz": HEALTH,
    "workz": HEALTH,
    # Without METRICS_TOKEN there is nothing.
    "metrics": Route(Audience((), is_open=True), 404),
}


def records(model: str, **more: Route) -> dict[str, Route]:
    """The rows of a model in the admin: to be read by superusers, and changed by nobody, but for `more`."""
    path = model.replace("_", "/")
    rows = {
        "changelist": Route(RECORDS, 200, 200, changes=False, kept=NEVER),
        "history": Route(RECORDS, 200, 200, changes=False, kept=NEVER),
        "change": Route(RECORDS, 200, 403, changes=False, kept=NEVER),
        "add": Route(NOBODY, 403, 403),
        "delete": Route(NOBODY, 403, 403),
    }
    named = {f"admin:{model}_{name}": row for name, row in (rows | more).items()}
    # An old address, which leads to the new one.
    return named | {f"/admin/{path}/{{object_id}}/": Route(BACK_ROOM, 302, 302, changes=False, kept=NEVER)}


FORM = Route(RECORDS, 200, 200, changes=False, kept=NEVER)
ADMIN = {
    "admin:index": Route(BACK_ROOM, 200, 200, changes=False, kept=NEVER),
    "admin:login": Route(Audience(SIGNED_OUT, is_open=True), 302, 302, changes=False),
    "admin:logout": Route(BACK_ROOM, 405, 302),
    "admin:password_change": Route(BACK_ROOM, 302, 302, changes=False),
    "admin:password_change_done": Route(BACK_ROOM, 200, 405),
    "admin:autocomplete": Route(BACK_ROOM, 403, 405),
    "admin:jsi18n": Route(BACK_ROOM, 200, 405),
    "admin:app_list": Route(Audience((ROOT,), {OWNER: 302, OTHER: 302}), 200, 200, changes=False, kept=NEVER),
    "/admin/{url}": Route(Audience((), dict.fromkeys((OWNER, OTHER), 302)), 404, 404),
    "admin:auth_user_password_change": FORM,
    **records("team_member", add=FORM, change=FORM),
    **records("tasks_task"),
    **records("tasks_event"),
    **records("sharing_share"),
    **records("tasks_clip"),
    **records("exports_export"),
    **records("tasks_gate"),
    **records("operations_heartbeat"),
}


def addresses(resolver: URLResolver, space: str = "", before: str = "/") -> Iterator[tuple[str, str]]:
    """Each address by its name, or by itself where it has none, with fields where its arguments are to stand."""
    for pattern in resolver.url_patterns:
        route = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", re.sub(r"<\w+:", "<", str(pattern.pattern)))
        route = before + route.strip("^$").replace("<", "{").replace(">", "}")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, f"{pattern.namespace}:" if pattern.namespace else space, route)
        else:
            yield (f"{space}{pattern.name}" if pattern.name else route), route
