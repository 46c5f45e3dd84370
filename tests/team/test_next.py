"""Whatever stands in `next`, a sign-in or a choice of theme leads nowhere else."""

from itertools import product
from urllib.parse import urljoin, urlsplit

PASSWORD = "a long enough one"
ELSEWHERE = "evil.example"
# How browsers can be told to leave: what stands before the other's name, and after it.
BEFORE = [
    *("http://", "https://", "HTTPS://", "//", "///", "////", "/////", "https:", "https:/", "http:///", "ftp://"),
    *("\\\\", "\\/", "/\\", "/\\/", "\\/\\/", "/\\\\", "//\\", "https:\\\\", "https:/\\"),
    *(
        "/\t/",
        "\t//",
        " //",
        "\n//",
        "/\n/",
        "/\r/",
        "\0//",
        "ht\ntps://",
        "\x01//",
        "\u3000//",
        "/\u200b/",
        "\uff0f\uff0f",
    ),
    *("//testserver@", "https://testserver@", "//testserver:x@", "//testserver%40", "//testserver\\@"),
    *("%2f%2f", "/%2f", "/%5c", "%5c%5c", "/%09/", "/%0a/", "//%00", "/..//", "/.//", "/x/..//", "?next=//", "#//"),
    *(
        "javascript:alert(1)//",
        "java\nscript:alert(1)//",
        "data:text/html,",
        "vbscript:",
        "blob:https://",
        "file:///",
    ),
]
TRICKS = [f"{before}{ELSEWHERE}{after}" for before, after in product(BEFORE, ("", "/tasks/"))]


def leads_away(address: str, page: str) -> bool:
    """Whether a browser on `page` would leave us. It drops tabs and line ends, and reads a back slash as a slash."""
    as_read = "".join(letter for letter in address.strip("".join(map(chr, range(33)))) if letter not in "\t\r\n")
    parts = urlsplit(urljoin(f"http://testserver{page}", as_read.replace("\\", "/")))
    return parts.scheme != "http" or parts.netloc != "testserver"


def test_there_are_a_hundred_and_a_browser_would_follow_many():
    assert len(set(TRICKS)) >= 100
    assert sum(leads_away(trick, "/login/") for trick in TRICKS) > 50


def test_no_next_leads_elsewhere(web, guest, member):
    form = {"username": "mira", "password": PASSWORD}
    found = []
    for trick in TRICKS:
        came = [web.get("/login/", {"next": trick}), web.post("/theme/", {"theme": "dark", "next": trick})]
        if trick.endswith(ELSEWHERE):
            guest.cookies.clear()
            came += [guest.post("/login/", form | {"next": trick}), guest.post("/logout/", {"next": trick})]
        found += [(trick, answer["Location"]) for answer in came if leads_away(answer["Location"], "/login/")]
    assert found == []
