"""The calls that APIFRAME does not have: the ledger, the options, the originals. No key is needed."""

from collections.abc import Callable
from typing import Any

from extender.sandbox import answers, ledger
from extender.sandbox.answers import Answer
from extender.sandbox.service import Service


def answer(service: Service, method: str, path: str, body: dict[str, Any] | None) -> Answer:
    match method, path:
        case "GET", "/_sandbox/ledger":
            return answers.of(200, ledger.as_json(service.database))
        case "GET", "/_sandbox/originals":
            listed = [{"task_id": task.task_id, "prompt": task.prompt} for task in service.store.originals()]
            return answers.of(200, listed)
        case "GET", "/_sandbox/options":
            return answers.of(200, service.options.as_json())
        case "POST", "/_sandbox/options":
            return _taken(service, service.change, body)
        case "POST", "/_sandbox/answers":
            return _taken(service, service.dictate, body)
        case "POST", "/_sandbox/reset":
            service.reset()
            return answers.of(200, service.options.as_json())
        case _:
            return answers.refused(404, "Not found")


def _taken(service: Service, take: Callable[[Any], None], body: dict[str, Any] | None) -> Answer:
    try:
        take(body)
    except ValueError as error:
        return answers.refused(400, str(error))
    return answers.of(200, service.options.as_json())
