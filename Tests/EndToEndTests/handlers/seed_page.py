"""The Python examples of the handler types page, executed verbatim, in page order and in one namespace."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

from tasker_core import StepContext, StepHandler, StepHandlerResult

PAGE = Path(__file__).resolve().parents[3] / "sdks/python/tests/fixtures/handler-types.txt"


def python_blocks(text: str) -> list[str]:
    """Runs of lines that begin with an import or a class and go on while they are blank, indented or the same."""
    blocks: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        starts = line.startswith(("from ", "import ", "class "))
        if starts or (inside and (not line.strip() or line.startswith(" "))):
            if not inside:
                blocks.append([])
            inside = True
            blocks[-1].append(line)
        else:
            inside = False
    return [source for source in ("\n".join(block) for block in blocks) if is_python(source)]


def is_python(source: str) -> bool:
    try:
        return bool(ast.parse(source).body)
    except SyntaxError:
        return False


for block in python_blocks(PAGE.read_text(encoding="utf-8")):
    exec(compile(block, str(PAGE), "exec"), sys.modules[__name__].__dict__)

# Where the page says https://api.example.com.
sys.modules[__name__].__dict__["FetchOrderHandler"].base_url = os.environ["SEED_API_URL"]


class ValidateOrderHandler(StepHandler):
    """Named by the page's template; the page does not show it."""

    handler_name = "ValidateOrderHandler"

    def call(self, context: StepContext) -> StepHandlerResult:
        return self.success({"valid": True})
