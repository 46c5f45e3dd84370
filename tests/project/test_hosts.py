"""Whoever asks by a name that is none of ours: a line for them, a line in the log, and no traceback."""

import pytest

HOSTS = ["10.0.0.7", "no_host", "a b", "x" * 300, "[::1", "evil.example\n", "extender.example:x", "é"]


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_is_not_ours_is_400_in_a_line(client, settings, log, host):
    settings.ALLOWED_HOSTS = ["extender.example"]
    for address in ("/login/", "/", "/static/none.css", "/webhooks/apiframe/x/", "/nowhere"):
        answer = client.get(address, headers={"host": host})
        assert answer.status_code == 400
        assert answer.content.count(b"\n") == 1
    written = log.getvalue()
    assert written.count("asked for by another name") == 5
    assert "Traceback" not in written
    assert len(written) < 5 * 500
