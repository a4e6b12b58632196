"""Signals are heard whatever the main thread waits for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from tasker_core.worker.signals import SignalThread

FORKED = """
import os, signal, sys
from tasker_core.worker.signals import SignalThread

heard = []
with SignalThread((signal.SIGTERM,), heard.append):
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(7)
    status = os.waitpid(child, 0)[1]
print(os.waitstatus_to_exitcode(status), heard)
"""


def test_a_signal_that_hits_another_thread_does_not_wait_for_the_main_thread() -> None:
    heard: list[int] = []
    arrived = threading.Event()
    leave = threading.Event()

    def on_signal(number: int) -> None:
        heard.append(number)
        arrived.set()

    bystander = threading.Thread(target=leave.wait, daemon=True)
    bystander.start()
    before = signal.getsignal(signal.SIGUSR2)
    with SignalThread((signal.SIGUSR2,), on_signal):
        assert bystander.ident is not None
        signal.pthread_kill(bystander.ident, signal.SIGUSR2)
        assert arrived.wait(60)
    leave.set()
    assert heard == [signal.SIGUSR2]
    assert signal.getsignal(signal.SIGUSR2) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_other_signals_are_not_passed_on() -> None:
    heard: list[int] = []
    others: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: others.append(number))
    try:
        with SignalThread((signal.SIGUSR2,), heard.append):
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (heard, others) == ([], [signal.SIGUSR1])


def test_a_forked_process_keeps_its_signals_to_itself() -> None:
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    run = subprocess.run([sys.executable, "-c", FORKED], env=environment, capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr) == (f"{-signal.SIGTERM} []\n", "")
