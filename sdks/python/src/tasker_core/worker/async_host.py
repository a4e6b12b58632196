"""One event loop for every ``async`` handler of the process, so that they can share clients and pools."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable
from typing import Any

from tasker_core.worker.job import RunControl


class _Escaped(Exception):
    def __init__(self, original: BaseException) -> None:
        super().__init__()
        self.original = original


class AsyncHost:
    """Runs awaitables on a loop thread of its own, which is started with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, awaitable: Awaitable[Any], control: RunControl) -> Any:
        """Wait for the awaitable from a slot thread; a stop request cancels its task and its clean-up still runs."""
        loop = self._ensure()
        outcome: concurrent.futures.Future[Any] = concurrent.futures.Future()

        async def body() -> Any:
            try:
                return await awaitable
            except (SystemExit, KeyboardInterrupt) as error:
                # asyncio lets these two through, and the loop of all handlers would end.
                raise _Escaped(error) from error

        def settle(task: asyncio.Task[Any]) -> None:
            if task.cancelled():
                outcome.set_exception(asyncio.CancelledError())
                return
            error = task.exception()
            if error is not None:
                outcome.set_exception(error.original if isinstance(error, _Escaped) else error)
            else:
                outcome.set_result(task.result())

        def begin() -> None:
            task = loop.create_task(body())
            task.add_done_callback(settle)
            control.bind_stop(lambda: _cancel(loop, task))

        loop.call_soon_threadsafe(begin)
        return outcome.result()

    def _ensure(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._serve, args=(self._loop,), name="tasker-async", daemon=True).start()
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.close()

    def close(self) -> None:
        """Stop the loop; handlers that still run on it are abandoned."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    try:
        loop.call_soon_threadsafe(task.cancel)
    except RuntimeError:
        pass  # the loop has been closed: the worker is leaving
