"""What the whole desk weighs: the proportional memory (PSS) of every process of a running `switchboard up`.

    python bench/memory.py             starts a desk in a temporary folder, sends it 50 mails, and weighs it
    python bench/memory.py --pid PID   weighs one that runs

PSS counts a shared page once, divided among those that share it, so that the sum is what the machine really gives.
Linux only: it reads /proc/PID/smaps_rollup.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from email.message import EmailMessage
from pathlib import Path

GOAL_MIB = 300
PROJECT = Path(__file__).resolve().parent.parent


def tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(below for child in children for below in tree(int(child)))]


def weigh(pid: int) -> dict[str, int]:
    """Kilobytes by kind: Pss, Private (Pss that nobody shares), Rss."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kinds = {name: int(size) for name, size in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
    return {"Pss": kinds["Pss"], "Private": kinds["Private_Clean"] + kinds["Private_Dirty"], "Rss": kinds["Rss"]}


def table(pid: int) -> int:
    """Print one line a process, return the sum in kilobytes."""
    total = 0
    print(f"{'process':<24} {'PSS':>8} {'private':>8} {'RSS':>8}  MiB")
    for one in tree(pid):
        try:
            sizes = weigh(one)
        except (FileNotFoundError, ProcessLookupError):
            continue  # the reader of one mail lives for one mail
        total += sizes["Pss"]
        print(f"{name(one):<24} " + " ".join(f"{sizes[k] / 1024:8.1f}" for k in sizes))
    print(f"{'all':<24} {total / 1024:8.1f}   goal {GOAL_MIB}")
    return total


def name(pid: int) -> str:
    return f"{Path(f'/proc/{pid}/comm').read_text().strip()} {pid}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def send_mails(port: int, count: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        for number in range(count):
            letter = EmailMessage()
            letter["From"], letter["To"] = f"customer{number}@customer.net", "support@localhost"
            letter["Subject"], letter["Message-ID"] = f"Payment {number} failed", f"<{number}@customer.net>"
            letter.set_content("My payment failed, please look at order 12345678.\n" * 40)
            server.send_message(letter)


def measure() -> int:
    with tempfile.TemporaryDirectory() as folder:
        port, live, smtp = free_port(), free_port(), free_port()
        given = {"DATA_DIR": folder, "PORT": str(port), "LIVE_PORT": str(live), "SMTP_LISTEN": f"127.0.0.1:{smtp}"}
        log = Path(folder) / "log"
        with log.open("w") as output:
            desk = subprocess.Popen(
                [sys.executable, "-m", "router.cli", "up"],
                cwd=PROJECT,
                env={**os.environ, **given},
                stdout=output,
                stderr=output,
            )
        try:
            while "is ready." not in log.read_text():
                if desk.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.1)
            send_mails(smtp, 50)
            for _ in range(20):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read()
            time.sleep(10)
            return table(desk.pid)
        finally:
            desk.send_signal(signal.SIGTERM)
            desk.wait(15)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pid", type=int)
    chosen = parser.parse_args().pid
    kilobytes = table(chosen) if chosen else measure()
    sys.exit(0 if kilobytes <= GOAL_MIB * 1024 else 1)
