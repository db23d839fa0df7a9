"""The checks of `make test-systemd`: runs as root inside the container, prints a numbered line for each check, and goes
on after one that failed, with what was seen. Every wait is for a condition, with a limit that a slow machine keeps."""

import glob
import json
import os
import subprocess
import sys
import time

FEEDS = 20
PATIENCE = 60
RECORDS = "/var/lib/hawser/feeds.jsonl"
SERVED = "/run/feed.jsonl"
CONFIGURATION = "/etc/hawser/hawser.yaml"
SECRET = "swordfish-in-a-header"
failures = 0
count = 0


def run(*command, good=True):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0 or not good, f"{' '.join(command)}: {done.returncode}: {done.stdout[-1500:]}"
    return done.stdout


def show(name, unit="hawser"):
    return run("systemctl", "show", "-p", name, "--value", unit).strip()


def wait_for(what, condition, limit=PATIENCE):
    end = time.monotonic() + limit
    while True:
        seen = condition()
        if seen:
            return seen
        assert time.monotonic() < end, f"not within {limit} s: {what}; seen: {seen!r}; status: {show('StatusText')!r}"
        time.sleep(0.1)


def check(function):
    global count, failures
    count += 1
    began = time.monotonic()
    sentence = function.__doc__.strip()
    try:
        function()
        print(f"{count:3}  ok      {time.monotonic() - began:5.1f} s  {sentence}", flush=True)
    except Exception as error:  # one bad check must not hide the others
        failures += 1
        print(f"{count:3}  FAILED  {time.monotonic() - began:5.1f} s  {sentence}\n     {error!r}", flush=True)


def lines(path):
    try:
        with open(path) as file:
            return [json.loads(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def journal(*arguments):
    run("journalctl", "--sync")
    return [json.loads(line) for line in run("journalctl", "-o", "json", "--all", *arguments).splitlines()]


def write_configuration(path, records, feeds, header=""):
    with open(path, "w") as file:
        file.write("subscriptions:\n")
        for number in range(feeds):
            file.write(f"  feed{number}:\n    url: ws://feed.test:9001/feed{number}\n    decode: json\n{header}")
        file.write(f"sinks:\n  archive:\n    file: {{path: {records}}}\n")


def served(event):
    """How many sessions began ("open") or ended ("close") since the server's log was emptied."""
    return sum(entry["event"] == event for entry in lines(SERVED))


def is_active(unit="hawser"):
    return show("ActiveState", unit) == "active"


def restart_by_watchdog(hold):
    """Stops the daemon by `hold`, and waits until systemd has put another in its place."""
    before, restarts = show("MainPID"), int(show("NRestarts"))
    held = hold(int(before))
    try:
        # WatchdogSec=10s, and TimeoutAbortSec, 20 s, for a process that cannot take its signal.
        wait_for("a restart", lambda: int(show("NRestarts")) > restarts and is_active(), 3 * PATIENCE)
    finally:
        if held:
            held.kill()
            held.wait()
    assert show("MainPID") != before
    said = run("journalctl", "-u", "hawser", "-b")
    assert "watchdog" in said.lower(), said[-800:]
    wait_for("a session of each feed", lambda: served("open") >= FEEDS)


@check
def fresh():
    "a fresh dpkg -i without subscriptions is started, ready and idle"
    run("dpkg", "-i", "/opt/hawser.deb")
    wait_for("active", is_active)
    assert show("SubState") == "running" and show("NRestarts") == "0", run("systemctl", "status", "hawser", good=False)
    assert show("UnitFileState") == "enabled", show("UnitFileState")


@check
def feeds():
    "20 subscriptions: their messages are in the file sink"
    run("systemd-run", "--unit=feed", "/usr/bin/python3", "/opt/server.py", SERVED)
    wait_for("the server", lambda: lines(SERVED))
    write_configuration(CONFIGURATION, RECORDS, FEEDS)
    run("systemctl", "restart", "hawser")
    names = lambda: {record["sub"] for record in lines(RECORDS) if "json" in record}
    wait_for("messages of each feed", lambda: len(names()) == FEEDS)


@check
def sandbox():
    "it runs as a dynamic user, without capabilities, under seccomp, with no new privileges"
    with open(f"/proc/{show('MainPID')}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    assert status["Uid"].split()[0] != "0" and int(status["CapBnd"], 16) == 0, status
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", status


@check
def exposure():
    "systemd-analyze security is at most 1.1 for both units"
    for unit in ("hawser.service", "hawser@two.service"):
        run("systemd-analyze", "security", "--threshold=11", "--no-pager", unit)


@check
def native_fields():
    "the journal has the native fields, and each opened session exactly once"
    opened = journal("-u", "hawser", "HAWSER_EVENT=subscription.opened", f"_PID={show('MainPID')}")
    assert sorted(entry["HAWSER_SUBSCRIPTION"] for entry in opened) == sorted(f"feed{n}" for n in range(FEEDS)), opened
    assert all(entry["PRIORITY"] == "6" and len(entry["MESSAGE_ID"]) == 32 for entry in opened), opened[0]
    assert all(entry["_TRANSPORT"] == "journal" for entry in opened), opened[0]


@check
def catalogue():
    "journalctl -x explains"
    said = run("journalctl", "-x", "-u", "hawser", "HAWSER_EVENT=daemon.ready")
    assert "Its sinks are open and its first dials are under way" in said, said[-800:]


@check
def status_text():
    "systemctl status says how the feeds are"
    wait_for("the number of open feeds", lambda: f"{FEEDS}/{FEEDS}" in show("StatusText"))
    assert show("StatusText") in run("systemctl", "status", "hawser", "--no-pager", good=False)


@check
def journald_restart():
    "journald restarted under load loses no line of the log"
    run("systemctl", "reset-failed", "systemd-journald", good=False)
    pid, before = show("MainPID"), len(lines(SERVED))
    # Lines are made by sessions that end: the server goes and comes while journald does.
    for _ in range(3):
        run("systemctl", "kill", "--signal=KILL", "feed")
        wait_for("the end of the server", lambda: not is_active("feed"))
        run("systemctl", "restart", "systemd-journald")
        run("systemctl", "reset-failed", "feed", good=False)
        run("systemd-run", "--unit=feed", "/usr/bin/python3", "/opt/server.py", SERVED)
        opens = lambda: sum(entry["event"] == "open" for entry in lines(SERVED)[before:])
        wait_for("every feed again", lambda: opens() >= FEEDS, 2 * PATIENCE)
        before = len(lines(SERVED))
    # The file sink has a mark for each session, and is not the journal: the two must agree.
    marks = lambda name: sum(r.get("mark") == name and r["run"] == this_run for r in lines(RECORDS))
    this_run = journal("-u", "hawser", "HAWSER_EVENT=daemon.starting", f"_PID={pid}")[0]["HAWSER_RUN"]
    logged = lambda name: len(journal("-u", "hawser", f"HAWSER_EVENT=subscription.{name}", f"_PID={pid}"))
    wait_for("as many marks as lines", lambda: marks("opened") == logged("opened") >= 4 * FEEDS)
    assert marks("closed") == logged("closed") == 3 * FEEDS, (marks("closed"), logged("closed"))


@check
def killed():
    "kill -9: systemd restarts it, and the file sink has a restart gap for each feed"
    os.truncate(SERVED, 0)
    gaps = lambda: sum(record.get("cause") == "restart" for record in lines(RECORDS))
    before, pid = gaps(), show("MainPID")
    run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "hawser")
    wait_for("another process", lambda: is_active() and show("MainPID") not in (pid, "0"))
    wait_for("gaps", lambda: gaps() == before + FEEDS)


@check
def stopped_process():
    "a process stopped by SIGSTOP is restarted by the watchdog"
    os.truncate(SERVED, 0)
    restart_by_watchdog(lambda pid: os.kill(pid, 19))


@check
def held_loop():
    "an event loop held by ptrace is restarted by the watchdog"

    def hold(pid):
        loops = [task for task in glob.glob(f"/proc/{pid}/task/*") if open(f"{task}/comm").read() == "hawser-loop-0\n"]
        assert len(loops) == 1, loops
        hold_it = ["python3", "/opt/hold-thread.py", os.path.basename(loops[0])]
        tracer = subprocess.Popen(hold_it, stdout=subprocess.PIPE)
        assert tracer.stdout.readline() == b"held\n"
        return tracer

    os.truncate(SERVED, 0)
    restart_by_watchdog(hold)


@check
def stop():
    "systemctl stop is done within the drain time plus 3 s, and every session is closed with 1001"
    os.truncate(SERVED, 0)
    run("systemctl", "restart", "hawser")
    # The sessions of the process before have ended, and as many are open.
    wait_for("open sessions", lambda: served("open") == served("close") == FEEDS)
    mark, began = len(lines(SERVED)), time.monotonic()
    run("systemctl", "stop", "hawser")
    took = time.monotonic() - began
    assert took <= 7 + 3, f"it took {took:.1f} s"
    assert show("Result") == "success", show("Result")
    codes = wait_for("closes", lambda: (c := [e["code"] for e in lines(SERVED)[mark:]]) and len(c) == FEEDS and c)
    assert codes == [1001] * FEEDS, codes


@check
def credential():
    "a secret of LoadCredential= reaches a header, and no line of the log"
    os.makedirs("/etc/hawser/credentials", mode=0o700)
    os.makedirs("/etc/systemd/system/hawser.service.d")
    with open("/etc/hawser/credentials/feed-token", "w") as file:
        file.write(SECRET)
    with open("/etc/systemd/system/hawser.service.d/credentials.conf", "w") as file:
        file.write("[Service]\nLoadCredential=feed-token:/etc/hawser/credentials/feed-token\n")
    header = '    headers: {Authorization: "Bearer ${credential:feed-token}"}\n'
    write_configuration(CONFIGURATION, RECORDS, FEEDS, header)
    run("systemctl", "daemon-reload")
    os.truncate(SERVED, 0)
    run("systemctl", "start", "hawser")
    wait_for("the header", lambda: sum(e.get("authorization") == f"Bearer {SECRET}" for e in lines(SERVED)) == FEEDS)
    assert SECRET not in run("journalctl", "-o", "export", "--all", "-u", "hawser")


# The checks of `hawser reload` belong here: the service runs, with FEEDS subscriptions and its credential.


@check
def second_instance():
    "hawser@two runs beside it, with a configuration and directories of its own"
    write_configuration("/etc/hawser/two.yaml", "/var/lib/hawser-two/feeds.jsonl", 1)
    run("systemctl", "start", "hawser@two")
    wait_for("its records", lambda: any("json" in r for r in lines("/var/lib/hawser-two/feeds.jsonl")))
    assert is_active() and is_active("hawser@two")


@check
def upgrade():
    "an upgrade restarts the running services, and keeps the configuration that was changed"
    before = show("MainPID"), show("MainPID", "hawser@two")
    with open(CONFIGURATION) as file:
        configuration = file.read()
    run("dpkg", "--force-confold", "-i", "/opt/hawser.deb")
    wait_for("active", lambda: is_active() and is_active("hawser@two"))
    after = show("MainPID"), show("MainPID", "hawser@two")
    assert before[0] != after[0] and before[1] != after[1], (before, after)
    with open(CONFIGURATION) as file:
        assert file.read() == configuration


@check
def remove():
    "remove stops every instance, and keeps configuration and records"
    run("dpkg", "--remove", "hawser")
    assert not run("pgrep", "-x", "hawser", good=False), run("ps", "ax")
    assert os.path.exists(CONFIGURATION) and os.path.exists("/var/lib/private/hawser/feeds.jsonl")


@check
def purge():
    "purge removes the shipped configuration and all state"
    run("dpkg", "--purge", "hawser")
    left = glob.glob("/var/lib/hawser*") + glob.glob("/var/lib/private/hawser*") + glob.glob(CONFIGURATION + "*")
    assert not left, left


print(f"{count - failures} of {count} checks passed")
sys.exit(1 if failures else 0)
