"""What happens once a result is confirmed: listeners of this process run here, so that none holds up the connection."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

logger = logging.getLogger("tasker_core.worker")


class AfterConfirm:
    """One thread, started with the first action."""

    def __init__(self) -> None:
        self._actions: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, action: Callable[[], None]) -> None:
        """Run it soon; called from one thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="tasker-confirmed", daemon=True)
            self._thread.start()
        self._actions.put(action)

    def close(self, timeout: float = 5.0) -> None:
        """Finish what is there; at most ``timeout`` seconds."""
        self._actions.put(None)
        if self._thread is not None:
            self._thread.join(timeout)

    def _serve(self) -> None:
        while (action := self._actions.get()) is not None:
            try:
                action()
            except Exception:
                logger.exception("what should follow a confirmed result has failed")
