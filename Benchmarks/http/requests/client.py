"""requests: so many threads with a session each and one queue. PEER URL N CONCURRENCY h1; $CAFILE is trusted."""
import os
import queue
import sys
import threading
import time

import requests


def work(template, numbers, results):
    good = bad = 0
    with requests.Session() as session:
        session.trust_env = False
        session.verify = os.environ.get("CAFILE", True)
        while True:
            try:
                number = numbers.get_nowait()
            except queue.Empty:
                break
            try:
                response = session.get(template.replace("{id}", str(number)))
                right = response.status_code == 200 and response.json() == {"id": number}
            except requests.RequestException:
                right = False
            good, bad = good + right, bad + (not right)
    results.append((good, bad))


def main(template, count, concurrency, version):
    if version != "h1":
        sys.exit("requests has no HTTP/2")
    numbers, results = queue.SimpleQueue(), []
    for number in range(count):
        numbers.put(number)
    threads = [threading.Thread(target=work, args=(template, numbers, results)) for _ in range(concurrency)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - began
    good, bad = (sum(column) for column in zip(*results))
    print(f'{{"ok":{good},"err":{bad},"elapsed":{elapsed},"h2":0}}')


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
