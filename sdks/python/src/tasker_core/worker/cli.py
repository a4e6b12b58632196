"""``python -m tasker_core.worker MODULE...``"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time

from tasker_core._version import __version__
from tasker_core.exceptions import WorkerBootstrapError
from tasker_core.handler import HandlerRegistry
from tasker_core.template_discovery import HandlerDiscovery
from tasker_core.worker.amqp import AmqpWorker
from tasker_core.worker.loading import load_directory, load_handlers
from tasker_core.worker.settings import WorkerSettings, read_settings
from tasker_core.worker.signals import SignalThread
from tasker_core.worker.stdio import StdioWorker, claim_stdin, claim_stdout

logger = logging.getLogger("tasker_core.worker")

EXIT_USAGE = 2
#: Seconds for threads that handlers have started, once everything is answered.
EXIT_PATIENCE = 3.0
_MAIN = threading.main_thread()
_EXAMPLE = """example:
  python -m tasker_core.worker app.handlers --namespace ecommerce --slots 10

Settings that have no flag come from the environment: TASKER_QUEUE_PREFIX, TASKER_QUEUE_TYPE, TASKER_GRACE_SECONDS.
SIGTERM or Ctrl-C lets running steps finish; a second one exits at once. SIGUSR1 logs a line about the state.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a worker until it is told to stop; returns the exit code."""
    options = _parser().parse_args(arguments)
    streams = (claim_stdin(), claim_stdout()) if options.transport == "stdio" else None
    try:
        settings = read_settings(
            amqp_url=options.amqp,
            namespaces=_comma_list(options.namespace),
            queues=_comma_list(options.queue),
            slots=options.slots,
            worker_id=options.worker_id,
            any_handler=options.any_handler,
            log_level=options.log_level,
            template_namespaces=_template_namespaces(),
        )
        _configure_logging(settings.log_level)
        registry = HandlerRegistry.instance()
        _load(options.modules, registry, options.any_handler)
    except WorkerBootstrapError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    code = StdioWorker(settings, registry, *streams).run() if streams else _serve(settings, registry)
    threading.Thread(target=_insist, args=(code,), name="tasker-exit", daemon=True).start()
    return code


def _insist(code: int) -> None:
    """Threads that handlers have left behind must not keep the process from ending."""
    time.sleep(EXIT_PATIENCE)
    left = [thread.name for thread in threading.enumerate() if not thread.daemon and thread is not _MAIN]
    print(f"threads of handlers still run ({', '.join(left)}); ending without them", file=sys.stderr)  # noqa: T201
    sys.stderr.flush()
    os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tasker-worker-python",
        description="Run the step handlers of Python modules.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="module or package with handlers: app.handlers")
    parser.add_argument("--namespace", action="append", default=[], help="namespace to serve (comma list)")
    parser.add_argument("--queue", action="append", default=[], help="queue of this fleet (default: the namespace)")
    parser.add_argument("--slots", "--concurrency", dest="slots", help="steps run at the same time (default: 10)")
    parser.add_argument("--amqp", metavar="URL", help="broker (default: TASKER_AMQP_URL or localhost)")
    parser.add_argument("--transport", choices=("amqp", "stdio"), default="amqp", help="stdio: one JSON line per step")
    parser.add_argument("--worker-id", help="beginning of the worker's id")
    parser.add_argument(
        "--any-handler", action="store_true", help="take steps of any callable: resolvers import what is not listed"
    )
    parser.add_argument("--log-level", help="trace, debug, info, warn or error")
    parser.add_argument("--version", action="version", version=f"tasker-sdk {__version__}")
    return parser


def _comma_list(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _template_namespaces() -> list[str]:
    """Only templates that were named count: those of a directory that happens to be near are somebody else's."""
    if not os.environ.get("TASKER_TEMPLATE_PATH"):
        return []
    return list(HandlerDiscovery.discover_handlers_by_namespace())


def _load(modules: list[str], registry: HandlerRegistry, any_handler: bool) -> None:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    directory = os.environ.get("PYTHON_HANDLER_PATH")
    if directory:
        load_directory(directory, registry)
    load_handlers(modules, registry)
    if os.environ.get("TASKER_TEMPLATE_PATH"):
        registry.bootstrap_handlers()
    if not modules and not directory and not any_handler and registry.handler_count() == 0:
        raise WorkerBootstrapError(
            "no handlers: name a module, for example `python -m tasker_core.worker app.handlers`, or set "
            "PYTHON_HANDLER_PATH to a directory of modules"
        )


class _UtcFormatter(logging.Formatter):
    converter = time.gmtime  # type: ignore[assignment]
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"


def _configure_logging(level: str) -> None:
    """Lines on stderr. A root logger that the user's modules have set up already is left alone."""
    number = {"trace": logging.DEBUG, "warn": logging.WARNING}.get(level) or getattr(logging, level.upper())
    own = logging.getLogger("tasker_core")
    own.setLevel(number)
    # pika reports each failed attempt with a traceback; the worker says the same in one line.
    logging.getLogger("pika").setLevel(logging.DEBUG if level == "trace" else logging.CRITICAL)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_UtcFormatter("%(asctime)s %(levelname)s %(message)s"))
    own.addHandler(handler)
    own.propagate = False


def _serve(settings: WorkerSettings, registry: HandlerRegistry) -> int:
    worker = AmqpWorker(settings, registry)
    logger.info("worker %s: %d handlers, broker %s", worker.worker_id, registry.handler_count(), settings.shown_url)
    stopping = False

    def on_signal(number: int) -> None:
        nonlocal stopping
        if number == signal.SIGUSR1:
            worker.log_status()
            return
        if stopping:
            os._exit(128 + number)
        stopping = True
        worker.drain(signal.Signals(number).name)

    with SignalThread((signal.SIGTERM, signal.SIGINT, signal.SIGUSR1), on_signal):
        worker.start()
        code = worker.wait()
    if worker.refusal is not None:
        print(f"error: {worker.refusal}", file=sys.stderr)  # noqa: T201
    if worker.handlers_left_running:
        # Their threads, and executors they may have made, would keep the interpreter from ending.
        sys.stderr.flush()
        os._exit(code or 0)
    return code or 0
