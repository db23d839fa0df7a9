"""The servers that the HTTP clients are measured against; each lives as long as its block."""
import os
import pathlib
import socket
import subprocess
import tempfile
import time

from measure import Failure

HERE = pathlib.Path(__file__).resolve().parent / "http" / "servers"


class Mock:
    """The aiohttp server of the headline."""

    def __init__(self, python):
        self.command = [python, HERE / "mock.py"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def url(self):
        return f"http://127.0.0.1:{self.port}/user/{{id}}"


class Nginx:
    """nginx with one worker: in clear and over TLS, each with and without a log of its connections."""

    PORTS = ("CLEAR", "TLS", "CLEAR_COUNTED", "TLS_COUNTED")

    def __init__(self, program, certificates):
        self.program = program
        self.certificates = certificates

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="hawser-nginx-")
        self.path = pathlib.Path(self.directory.name)
        for name in ("server.pem", "server.key"):
            (self.path / name).write_bytes((self.certificates / name).read_bytes())
        # nginx has no port 0, and one that was free a moment ago may be taken by now.
        for _ in range(5):
            if self._start():
                return self
        self.directory.cleanup()
        raise Failure(f"nginx does not start: {self.complaint}")

    def _start(self):
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in self.PORTS]
        self.ports = dict(zip(self.PORTS, (each.getsockname()[1] for each in sockets)))
        for each in sockets:
            each.close()
        text = (HERE / "nginx.conf.template").read_text().replace("@DIRECTORY@", str(self.path))
        for name, port in self.ports.items():
            text = text.replace(f"@{name}@", str(port))
        (self.path / "nginx.conf").write_text(text)
        words = [self.program, "-p", self.path, "-e", self.path / "error.log", "-c", self.path / "nginx.conf"]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.ports["TLS_COUNTED"])).close()
                return True
            except OSError:
                time.sleep(0.01)
        self.complaint = self.process.stderr.read().decode(errors="replace")
        return False

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.directory.cleanup()

    def url(self, tls, counted=False):
        port = self.ports[("TLS" if tls else "CLEAR") + ("_COUNTED" if counted else "")]
        return f"http{'s' if tls else ''}://127.0.0.1:{port}/user/{{id}}"

    def forget(self):
        """Begins to count connections anew."""
        os.truncate(self.path / "connections.log", 0)

    def connections(self, requests):
        """How many connections have brought so many requests since ``forget``, by the counting servers' log."""
        log, numbers, deadline = self.path / "connections.log", [], time.monotonic() + 5
        while len(numbers) < requests and time.monotonic() < deadline:
            # The last lines are written after the last answers.
            time.sleep(0.05)
            numbers = log.read_text().split()
        # wrk sends a few more than it counts.
        if len(numbers) < requests:
            raise Failure(f"nginx has seen {len(numbers)} requests instead of {requests}")
        return len(set(numbers))
