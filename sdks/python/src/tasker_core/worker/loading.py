"""Importing the modules that hold handlers, with errors a person can act on."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path

from tasker_core.exceptions import WorkerBootstrapError
from tasker_core.handler import HandlerRegistry


def load_handlers(modules: list[str], registry: HandlerRegistry) -> None:
    """Import each module or package and register what it defines.

    Raises :class:`WorkerBootstrapError` when a module cannot be imported or none of them holds a handler.
    """
    for module in modules:
        try:
            registry.discover_handlers(module)
        except (Exception, SystemExit) as error:
            raise WorkerBootstrapError(_import_problem(module, error)) from error
    if modules and registry.handler_count() == 0:
        raise WorkerBootstrapError(
            f"no handlers in {', '.join(modules)}: define a class that derives from tasker_core.StepHandler and has a "
            "handler_name, at the top level of the module"
        )


def load_directory(path: str, registry: HandlerRegistry) -> None:
    """Import a directory as a package of its own name (``PYTHON_HANDLER_PATH``)."""
    directory = Path(path).resolve()
    if not directory.is_dir():
        raise WorkerBootstrapError(f"PYTHON_HANDLER_PATH is {path!r}: there is no such directory")
    for place in (str(directory), str(directory.parent)):
        if place not in sys.path:
            sys.path.insert(0, place)
    importlib.invalidate_caches()
    load_handlers([directory.name], registry)


def _import_problem(module: str, error: Exception | SystemExit) -> str:
    if isinstance(error, SystemExit):
        what = f"it calls sys.exit({'' if error.code is None else repr(error.code)})"
        return f'{module} cannot be imported: {what}; put that under `if __name__ == "__main__":`{_place(error)}'
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        if module == error.name or module.startswith(error.name + "."):
            return (
                f"there is no module {module!r}: start the worker in the directory that contains it, or put that "
                "directory on PYTHONPATH (a module is written app.handlers, not app/handlers.py)"
            )
        return f"{module} needs the module {error.name!r}, which is not installed{_place(error)}"
    text = " ".join(str(error).split()) or "no message"
    return f"{module} cannot be imported: {type(error).__name__}: {text}{_place(error)}"


def _place(error: BaseException) -> str:
    """The last line of the user's own code that was involved."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    own = str(Path(__file__).resolve().parent.parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith((own, "<frozen")) and "importlib" not in frame.filename:
            return f" ({frame.filename}, line {frame.lineno})"
    return ""
