"""curl --parallel. PEER URL N CONCURRENCY h1|h2; $CAFILE is trusted. At most 300 at once: more curl does not do."""
import os
import re
import subprocess
import sys
import time


def main(template, count, concurrency, version):
    command = ["curl", "--disable", "--silent", "--show-error", "--noproxy", "*", "--parallel"]
    command += ["--parallel-max", str(concurrency)]
    # Over HTTP/2 it is to wait for the first connection, which has room for more.
    command += ["--http1.1", "--parallel-immediate"] if version == "h1" else ["--http2"]
    if template.startswith("https:"):
        command += ["--cacert", os.environ["CAFILE"]]
    # Contents go to standard output, one line about each transfer to standard error.
    command += ["--write-out", "%{stderr}%{response_code} %{http_version}\\n"]
    began = time.monotonic()
    result = subprocess.run(
        [*command, template.replace("{id}", f"[0-{count - 1}]")], stdin=subprocess.DEVNULL, capture_output=True
    )
    elapsed = time.monotonic() - began
    numbers = {int(number) for number in re.findall(rb'\{"id": ?(\d+)\}', result.stdout)}
    # Its progress meter, which nothing turns off, may stand before a line.
    versions = re.findall(rb"\b200 ([0-9.]+)$", result.stderr, re.MULTILINE)
    good = min(len(numbers & set(range(count))), len(versions))
    over_http2 = versions.count(b"2")
    if good < count:
        sys.stderr.write(result.stderr.decode(errors="replace")[-300:])
    print(f'{{"ok":{good},"err":{count - good},"elapsed":{elapsed},"h2":{over_http2}}}')


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
