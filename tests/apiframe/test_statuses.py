"""What the words of a refusal mean, where its status says less."""

import pytest

from extender.apiframe.exchange import Answer
from extender.apiframe.statuses import in_truth


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("Unauthorized.", 401),
        ("API key not found", 401),
        ("Your API key has been revoked", 401),
        ("You don't have enough credits", 402),
        ("You don’t have any credits left", 402),
        ("0 credits remaining", 402),
        ("Insufficient account balance", 402),
        ("Your balance is too low", 402),
        ("Your subscription has expired", 402),
        ("Too many concurrent generations", 429),
        ("You have reached the maximum number of parallel jobs", 429),
        ("Monthly limit reached", 429),
        ("Quota exceeded", 429),
        ("The queue is full, try again later", 429),
        ("This video has reached the maximum number of extensions", 400),
        ("Unauthorized: this video is not yours", 400),
        ("The prompt exceeds the limit of 2000 characters", 400),
        ("The parent is not found", 400),
        ("No image at that address", 400),
    ],
)
def test_the_words_of_a_refusal_tell_what_is_true_of_the_account(words, status):
    answer = Answer(400, {}, b"")
    assert in_truth(answer, {"errors": [{"msg": words}]}).status == status
