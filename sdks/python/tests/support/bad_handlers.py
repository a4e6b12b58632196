"""Handlers that do what handlers should not."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

from tasker_core import StepContext, StepHandler


class Ends(StepHandler):
    """Calls ``sys.exit``."""

    handler_name = "ends"

    def call(self, context: StepContext) -> Any:
        sys.exit(context.get_input("code"))

    async def later(self, context: StepContext) -> Any:
        sys.exit(context.get_input("code"))

    async def interrupt(self, context: StepContext) -> Any:
        raise KeyboardInterrupt


class Forks(StepHandler):
    """The child comes out of the handler, too."""

    handler_name = "forks"

    def call(self, context: StepContext) -> Any:
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            return {"status": os.waitstatus_to_exitcode(status)}
        how = context.get_input("child")
        if how == "exit":
            sys.exit(7)
        if how == "raise":
            raise ValueError("in the child")
        return {"child": True}


class LeavesThread(StepHandler):
    """Starts a thread that never ends and is no daemon."""

    handler_name = "leaves_thread"

    def call(self, context: StepContext) -> Any:
        threading.Thread(target=time.sleep, args=(3600,), name="left-behind", daemon=False).start()
        return {"started": True}


class Hangs(StepHandler):
    """Never returns, and never looks at the flag."""

    handler_name = "hangs"

    def call(self, context: StepContext) -> Any:
        while True:
            time.sleep(3600)


class Junk(StepHandler):
    """Returns what is no result."""

    handler_name = "junk"

    def call(self, context: StepContext) -> Any:
        return {
            "text": "done",
            "list": [1, 2],
            "number": 7,
            "object": object(),
            "class": dict,
            "generator": (n for n in range(3)),
        }[context.get_input("kind")]


class Fine(StepHandler):
    handler_name = "fine"

    def call(self, context: StepContext) -> Any:
        return {"fine": True}
