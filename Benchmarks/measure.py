"""What a process costs: its processor time from start to end, and what its memory and time are on the way."""
import json
import os
import subprocess
import time

LIMIT = 30


class Failure(Exception):
    """A contestant that did not do its work."""


class Server:
    """The benchmark server, for as long as the block lasts: a new one has new ports, so that none is still waiting."""

    def __init__(self, tools):
        self.tools = tools

    def __enter__(self):
        command = [self.tools / "server", self.tools / "cert.pem", self.tools / "key.pem"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = dict(zip(("ws", "wss"), self.process.stdout.readline().split()))
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def url(self, scheme, target):
        return f"{scheme}://127.0.0.1:{self.ports[scheme]}/{target}"


def environment(deflate):
    variables = {name: value for name, value in os.environ.items() if name != "DEFLATE"}
    return variables | ({"DEFLATE": "1"} if deflate else {})


def run(command, deflate=False):
    """Runs a contestant; returns its processor time in seconds and what it printed."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(deflate),
    )
    alarm = _Alarm(process)
    output = process.stdout.read()
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    alarm.cancel()
    if status != 0:
        raise Failure(f"{command[0]} {command[1]}: status {status}: {complaint.decode(errors='replace')[-300:]}")
    return usage.ru_utime + usage.ru_stime, output.decode()


class _Alarm:
    """Ends a process that hangs."""

    def __init__(self, process):
        import threading

        self.timer = threading.Timer(LIMIT, process.kill)
        self.timer.daemon = True
        self.timer.start()

    def cancel(self):
        self.timer.cancel()


def answer(output):
    return json.loads(output.strip().splitlines()[-1])


def cost(program, words, url, count, deflate=False):
    """The processor time of one run with `count` messages, checked to have handled them all."""
    seconds, output = run([*program, *words(count), url(count)], deflate)
    if answer(output)["msgs"] != count:
        raise Failure(f"{program[0]}: {output.strip()} instead of {count} messages")
    return seconds


def per_message(contestants, words, url, most, starts, seconds, deflate=False):
    """Processor time per message of each contestant: (time of N messages - time of 1) / (N - 1), in seconds.

    N is chosen for each so that a run takes about `seconds`. The starts of the contestants take turns. Returns, for each,
    all its results sorted, or the failure.
    """
    results = {name: [] for name in contestants}
    plan = {}
    for name, program in contestants.items():
        try:
            ones = min(cost(program, words, url, 1, deflate) for _ in range(3))
            plan[name] = (program, ones, _enough(program, words, url, most, ones, seconds, deflate))
        except Failure as failure:
            results[name] = failure
    for _ in range(starts):
        for name, (program, ones, count) in plan.items():
            results[name].append((cost(program, words, url, count, deflate) - ones) / (count - 1))
    return {name: result if isinstance(result, Failure) else sorted(result) for name, result in results.items()}


def _enough(program, words, url, most, ones, seconds, deflate):
    """How many messages take about `seconds`, or as long as a start, which is what makes the noise; found by runs that
    grow until they stand out of it."""
    seconds = max(seconds, ones)
    trial = min(most, 100)
    while True:
        used = cost(program, words, url, trial, deflate) - ones
        if used >= seconds / 2 or trial == most:
            return max(2, min(most, int(trial * seconds / max(used, seconds / 100))))
        trial = min(most, trial * 8)


class Held:
    """A client that prints lines and holds connections."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
            env=environment(False),
        )
        self.alarm = _Alarm(self.process)

    def expect(self, word):
        line = self.process.stdout.readline()
        if not line.startswith(word):
            raise Failure(f"expected {word!r}, got {line!r}")
        return line

    def resident(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as rollup:
            for line in rollup:
                if line.startswith("Rss:"):
                    return int(line.split()[1]) * 1024
        raise Failure("no resident size")

    def seconds(self):
        """Processor time so far: the clock of another process, as clock_getcpuclockid(3) numbers it."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.alarm.cancel()
