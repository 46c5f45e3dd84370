"""Real servers on loopback, for fixtures: gunicorn with a site of kept files, and nginx. And what S3 would check."""

import hashlib
import hmac
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from tests.paths import PROJECT
from tests.ports import free_port

START_SECONDS = 180
NGINX = """
daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {here}/nginx.pid; error_log {here}/error.log; {user}
events {{ worker_connections 8000; }}
http {{
    access_log off; client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;
    fastcgi_temp_path {here}/fastcgi; uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
    {servers}
}}
"""
# As it is written for those who deploy.
DEPLOYED = PROJECT / "docs" / "deploy" / "nginx.conf"


def find_nginx() -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class Server:
    """A process that listens at `port` of loopback until the end of its `with`."""

    def __init__(self, command: list[str], port: int, log: Path, **environment: str) -> None:
        self.port, self.log = port, log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                command, cwd=PROJECT, env={**os.environ, **environment}, stdout=file, stderr=file
            )
        ends = time.monotonic() + START_SECONDS
        with socket.socket() as probe:
            while probe.connect_ex(("127.0.0.1", port)):
                assert self.process.poll() is None, log.read_text()
                assert time.monotonic() < ends, log.read_text()
                time.sleep(0.05)

    # Of TLS, where that is what it speaks.
    certificate: Path | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http{'s' if self.certificate else ''}://{self.address}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)


def nginx(here: Path, locations: str) -> Server:
    """nginx with these locations; `here` is an empty directory of its own."""
    port = free_port()
    return _nginx(here, port, f"server {{ listen 127.0.0.1:{port}; {locations} }}")


def nginx_as_deployed(here: Path, behind: list[str], media_root: Path, port: int, path: str = "/") -> Server:
    """nginx with the file of docs/deploy, over TLS, before servers at the addresses `behind` that keep files."""
    certificate = make_certificate(here)
    own = {
        "location / {": f"location {path} {{",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "listen 443": f"listen 127.0.0.1:{port}",
        "server 127.0.0.1:8000;": " ".join(f"server {address};" for address in behind),
        "/etc/ssl/extender/fullchain.pem": str(certificate),
        "/etc/ssl/extender/privkey.pem": str(certificate),
        "/var/log/nginx/": f"{here}/",
        "/srv/extender/media": str(media_root),
    }
    # Not every machine has IPv6.
    config = re.sub(r"listen \[::\].*\n", "", DEPLOYED.read_text())
    for theirs, ours in own.items():
        assert theirs in config
        config = config.replace(theirs, ours)
    server = _nginx(here, port, config)
    server.certificate = certificate
    return server


def make_certificate(here: Path) -> Path:
    """A key, and the certificate with which it vouches for this machine, in one file."""
    here.mkdir(parents=True, exist_ok=True)
    both = here / "tls.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    command = ["openssl", "req", *kind, *names, "-keyout", here / "key.pem", "-out", here / "only.pem"]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text((here / "key.pem").read_text() + (here / "only.pem").read_text())
    return both


def _nginx(here: Path, port: int, servers: str) -> Server:
    here.mkdir(parents=True, exist_ok=True)
    # As root it would read files as somebody who cannot enter a test's directory.
    user = "user root;" if os.geteuid() == 0 else ""
    config = here / "nginx.conf"
    config.write_text(NGINX.format(here=here, user=user, servers=servers))
    command = [str(find_nginx()), "-p", str(here), "-c", str(config), "-e", str(here / "error.log")]
    return Server(command, port, here / "log")


def gunicorn(media_root: Path, log: Path, site: str = "tests.serving_site", **environment: str) -> Server:
    """Our own server, set up as in production, with one worker; kept files are its whole site, or `site` is."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", site, f"--bind=127.0.0.1:{port}", "--workers=1"]
    hidden = dict.fromkeys(("APIFRAME_API_KEY", "PUBLIC_URL", "S3_BUCKET", "X_ACCEL_PREFIX"), "")
    return Server(command, port, log, **{**hidden, "MEDIA_ROOT": str(media_root), **environment})


def worker_of(server: Server) -> int:
    """The process id of gunicorn's worker, which begins a moment after one can connect."""
    while not (found := workers_of(server)):
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.05)
    return found[0]


def workers_of(server: Server) -> list[int]:
    """The process ids of gunicorn's workers; that of one that ends as well."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return list(map(int, children.split()))


def cpu_seconds(pid: int) -> float:
    """How long the process has used a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_peak(pid: int) -> int:
    """The most bytes that the process ever held (VmHWM)."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def signed_for(address: str, method: str, secret: str) -> bool:
    """Whether S3 would take `address` by `method`: AWS's signature 4 for queries, reckoned anew."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    signature, moment, scope = query.pop("X-Amz-Signature"), query["X-Amz-Date"], query["X-Amz-Credential"]
    canonical = "&".join(f"{quote(key, safe='~')}={quote(query[key], safe='~')}" for key in sorted(query))
    asked = "\n".join([method, parts.path, canonical, f"host:{parts.netloc}", "", "host", "UNSIGNED-PAYLOAD"])
    scope = scope.split("/", 1)[1]
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(asked.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest() == signature


if __name__ == "__main__":
    sys.exit(find_nginx() is None)
