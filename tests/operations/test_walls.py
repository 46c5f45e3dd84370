"""A machine that cannot shut in what reads strangers' files says so once, and works."""

from django.core.checks import run_checks

from extender.operations.worker import Worker
from extender.video import cell


def told() -> list[str]:
    return [found.msg for found in run_checks(include_deployment_checks=True) if found.id == "operations.W001"]


def test_missing_walls_are_told_of(db, monkeypatch, log):
    assert bool(told()) == bool(cell.missing())
    monkeypatch.setattr(cell, "missing", lambda: ["landlock", "seccomp"])
    sentence = "This machine has no landlock and seccomp: what reads strangers’ files is not wholly shut in."
    assert told() == [sentence]
    worker = Worker()
    worker.stop()
    worker.run()
    assert log.getvalue().count(sentence) == 1
