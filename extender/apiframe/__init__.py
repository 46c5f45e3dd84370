"""APIFRAME, the remote service that renders: its errors, its words, its wire. Knows no model of ours."""

from extender.apiframe.client import Account, Client
from extender.apiframe.errors import (
    ApiframeError,
    BadKey,
    Busy,
    NoCredits,
    NotFound,
    NotSent,
    NotUploaded,
    Refused,
    Standing,
    Unknown,
    Unsendable,
)
from extender.apiframe.finding import MAX_ID, likely_id_in
from extender.apiframe.payloads import TaskUpdate, parse_task
from extender.apiframe.reading import read

__all__ = [
    "MAX_ID",
    "Account",
    "ApiframeError",
    "BadKey",
    "Busy",
    "Client",
    "NoCredits",
    "NotFound",
    "NotSent",
    "NotUploaded",
    "Refused",
    "Standing",
    "TaskUpdate",
    "Unknown",
    "Unsendable",
    "likely_id_in",
    "parse_task",
    "read",
]
