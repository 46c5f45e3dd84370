"""What the sandbox has counted."""

from tests.sandbox_process import Sandbox


def submits(sandbox: Sandbox) -> int:
    """How many paid requests have come, those of originals too."""
    return sandbox.ledger()["totals"]["submits"]


def bills(sandbox: Sandbox) -> int:
    """What extensions were billed for; the original that a test starts from aside."""
    return sum(bill["task_type"] == "imagine-video-extend" for bill in sandbox.ledger()["bills"])


def fetches(sandbox: Sandbox) -> list[dict]:
    """The questions how tasks stand, in their order."""
    return [request for request in sandbox.ledger()["requests"] if request["path"].startswith("/fetch")]
