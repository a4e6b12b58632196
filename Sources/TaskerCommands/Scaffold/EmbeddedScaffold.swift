// swift-format-ignore-file
// Written by scripts/embed-scaffold from templates/scaffold; change the files there and run it again.

/// The built-in plugins: content by path below templates/scaffold.
enum EmbeddedScaffold {
    static let files: [String: String] = [
"tasker-contrib-python/step_handler/handler.py.stencil": #"""
"""Step handler {{ name|snake_case }} of {{ module_name }}."""

from tasker_core import StepContext, StepHandler, StepHandlerResult


class {{ name|pascal_case }}Handler(StepHandler):
    handler_name = "{{ name|snake_case }}"
    handler_version = "1.0.0"

    def call(self, context: StepContext) -> StepHandlerResult:
        # Data that the task was created with.
        input_data = context.input_data
        if not isinstance(input_data, dict):
            return StepHandlerResult.failure(
                "the task's input is no object", "validation_error", retryable=False
            )

        # Results of earlier steps:
        # previous = context.get_dependency_result("previous_step_name")

        result = {
            "processed": True,
            "handler": "{{ name|snake_case }}",
        }

        return StepHandlerResult.success(result=result)

"""#,
"tasker-contrib-python/step_handler/template.toml": #"""
name = "step_handler"
description = "Step handler for any business logic"
next = "Test it:  python -m pytest\nServe it: python -m tasker_core.worker {{ name|snake_case }}_handler --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[outputs]]
template = "handler.py.stencil"
filename = "{{ name|snake_case }}_handler.py"

[[outputs]]
template = "test.py.stencil"
filename = "test_{{ name|snake_case }}_handler.py"
subdir = "tests"

"""#,
"tasker-contrib-python/step_handler/test.py.stencil": #"""
"""Tests of the step handler {{ name|snake_case }}."""

from tasker_core.testing import run_step, step_context

from {{ name|snake_case }}_handler import (
    {{ name|pascal_case }}Handler,
)


def test_a_task_is_processed():
    handler = {{ name|pascal_case }}Handler()
    result = handler.call(step_context(input={"order_id": 1}))

    assert result.is_success
    assert result.result == {
        "processed": True,
        "handler": "{{ name|snake_case }}",
    }


def test_input_that_is_no_object_fails_for_good():
    context = step_context()
    context.input_data = None
    handler = {{ name|pascal_case }}Handler()
    result = handler.call(context)

    assert not result.is_success
    assert (result.error_type, result.retryable) == ("validation_error", False)


def test_the_worker_sends_a_completed_step():
    sent = run_step({{ name|pascal_case }}Handler, input={"order_id": 1})

    assert sent["status"] == "completed"
    assert sent["result"]["processed"] is True

"""#,
"tasker-contrib-python/step_handler_api/handler.py.stencil": #"""
"""Step handler {{ name|snake_case }} of {{ module_name }}: one request to an HTTP API."""

from urllib.parse import quote

import httpx
from tasker_core import StepContext, StepHandlerResult
from tasker_core.step_handler import StepHandler
from tasker_core.step_handler.mixins import APIMixin


class {{ name|pascal_case }}Handler(APIMixin, StepHandler):
    handler_name = "{{ name|snake_case }}"
    handler_version = "1.0.0"
    base_url = {{ base_url|python_string }}
    default_timeout = 30.0

    def call(self, context: StepContext) -> StepHandlerResult:
        resource_id = context.get_input("id")
        if resource_id is None:
            return self.failure("the input has no id", "validation_error", retryable=False)

        try:
            response = self.get(f"/resources/{quote(str(resource_id), safe='')}")
        except httpx.ConnectError as error:
            return self.connection_error(error, "fetching the resource")
        except httpx.TimeoutException as error:
            return self.timeout_error(error, "fetching the resource")

        if response.ok:
            return self.api_success(response)
        return self.api_failure(response)

"""#,
"tasker-contrib-python/step_handler_api/template.toml": #"""
name = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"
next = "Test it:  python -m pytest\nServe it: python -m tasker_core.worker {{ name|snake_case }}_handler --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[parameters]]
name = "base_url"
description = "Address of the API"
required = false
default = "https://api.example.com"
kind = "url"

[[outputs]]
template = "handler.py.stencil"
filename = "{{ name|snake_case }}_handler.py"

[[outputs]]
template = "test.py.stencil"
filename = "test_{{ name|snake_case }}_handler.py"
subdir = "tests"

"""#,
"tasker-contrib-python/step_handler_api/test.py.stencil": #"""
"""Tests of the step handler {{ name|snake_case }}; the API is a function in this file."""

import httpx
import pytest
from tasker_core.step_handler.mixins.api import ApiResponse
from tasker_core.testing import run_step

from {{ name|snake_case }}_handler import (
    {{ name|pascal_case }}Handler,
)


@pytest.fixture
def api(monkeypatch):
    """Answers every request with what the test puts in."""
    calls = []

    def answer(status, body, headers=None):
        def get(self, path, **_):
            calls.append(path)
            if isinstance(status, Exception):
                raise status
            return ApiResponse(httpx.Response(status, json=body, headers=headers))

        monkeypatch.setattr(
            {{ name|pascal_case }}Handler,
            "get",
            get,
        )
        return calls

    return answer


def send(**data):
    return run_step({{ name|pascal_case }}Handler, input=data)


def test_the_body_is_the_result(api):
    calls = api(200, {"id": 7, "name": "seven"})
    sent = send(id=7)

    assert sent["status"] == "completed"
    assert sent["result"] == {"id": 7, "name": "seven"}
    assert calls == ["/resources/7"]


def test_an_id_cannot_leave_its_path(api):
    calls = api(200, {})
    send(id="../admin")

    assert calls == ["/resources/..%2Fadmin"]


def test_not_found_is_permanent(api):
    api(404, {"error": "no such resource"})
    error = send(id=7)["error"]

    assert (error["error_type"], error["retryable"]) == ("not_found", False)


def test_an_overloaded_api_is_tried_again_later(api):
    api(503, {}, {"Retry-After": "12"})
    error = send(id=7)["error"]

    assert error["retryable"] is True
    assert error["retry_after_seconds"] == 12


@pytest.mark.parametrize(
    ("raised", "error_type"),
    [
        (httpx.ConnectError("refused"), "connection_error"),
        (httpx.ReadTimeout("too slow"), "timeout"),
    ],
)
def test_a_broken_connection_is_tried_again(api, raised, error_type):
    api(raised, None)
    error = send(id=7)["error"]

    assert (error["error_type"], error["retryable"]) == (error_type, True)


def test_a_missing_id_is_permanent():
    error = send()["error"]

    assert (error["error_type"], error["retryable"]) == ("validation_error", False)

"""#,
"tasker-contrib-python/step_handler_batchable/handler.py.stencil": #"""
"""Batch handlers {{ name|snake_case }} of {{ module_name }}: analyzer, batch worker, aggregator."""

from tasker_core import StepContext, StepHandlerResult
from tasker_core.batch_processing import Batchable, BatchAggregationScenario
from tasker_core.step_handler import StepHandler

BATCH_SIZE = 100


class {{ name|pascal_case }}AnalyzerHandler(StepHandler, Batchable):
    """Divides the work into ranges of rows."""

    handler_name = "analyze_{{ name|snake_case }}"
    handler_version = "1.0.0"

    def call(self, context: StepContext) -> StepHandlerResult:
        total_rows = int(context.get_input_or("total_rows", 0))
        if total_rows < 0:
            return self.failure("total_rows is negative", "validation_error", retryable=False)

        # No rows give the outcome "no batches".
        outcome = self.create_batch_outcome(total_items=total_rows, batch_size=BATCH_SIZE)
        return self.batch_analyzer_success(outcome)


class {{ name|pascal_case }}BatchProcessorHandler(StepHandler, Batchable):
    """Works on one range."""

    handler_name = "process_{{ name|snake_case }}_batch"
    handler_version = "1.0.0"

    def call(self, context: StepContext) -> StepHandlerResult:
        no_op = self.handle_no_op_worker(context)
        if no_op is not None:
            return no_op

        batch_context = self.get_batch_worker_context(context)
        cursor = batch_context.cursor

        # Rows from start_cursor up to, not including, end_cursor.
        rows_processed = cursor.end_cursor - cursor.start_cursor

        return self.batch_worker_success(
            batch_context,
            result={"rows_processed": rows_processed},
        )


class {{ name|pascal_case }}AggregatorHandler(StepHandler, Batchable):
    """Sums up what the batch workers did."""

    handler_name = "aggregate_{{ name|snake_case }}_results"
    handler_version = "1.0.0"

    def call(self, context: StepContext) -> StepHandlerResult:
        scenario = BatchAggregationScenario.detect(
            context.dependency_results,
            "analyze_{{ name|snake_case }}",
            "process_{{ name|snake_case }}_batch_",
        )
        if scenario.is_no_batches:
            return self.success({"total_rows": 0, "skipped": True})

        total = sum(r.get("rows_processed", 0) for r in scenario.batch_results.values())
        return self.success(
            {
                "total_rows": total,
                "worker_count": scenario.worker_count,
            }
        )

"""#,
"tasker-contrib-python/step_handler_batchable/template.toml": #"""
name = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"
next = "Test it:  python -m pytest\nServe it: python -m tasker_core.worker {{ name|snake_case }}_handler --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[outputs]]
template = "handler.py.stencil"
filename = "{{ name|snake_case }}_handler.py"

[[outputs]]
template = "test.py.stencil"
filename = "test_{{ name|snake_case }}_handler.py"
subdir = "tests"

"""#,
"tasker-contrib-python/step_handler_batchable/test.py.stencil": #"""
"""Tests of the batch handlers {{ name|snake_case }}."""

from tasker_core.testing import run_step

from {{ name|snake_case }}_handler import (
    {{ name|pascal_case }}AggregatorHandler,
    {{ name|pascal_case }}AnalyzerHandler,
    {{ name|pascal_case }}BatchProcessorHandler,
)

ANALYZER = "analyze_{{ name|snake_case }}"
WORKER = "process_{{ name|snake_case }}_batch"


def test_rows_are_divided_without_gap():
    sent = run_step(
        {{ name|pascal_case }}AnalyzerHandler,
        input={"total_rows": 250},
        worker_template_names=[WORKER],
    )

    assert sent["status"] == "completed"
    outcome = sent["result"]["batch_processing_outcome"]
    assert outcome["type"] == "create_batches"
    assert outcome["worker_template_name"] == WORKER
    ranges = [(c["start_cursor"], c["end_cursor"]) for c in outcome["cursor_configs"]]
    assert ranges == [(0, 100), (100, 200), (200, 250)]


def test_no_rows_make_no_batches():
    sent = run_step({{ name|pascal_case }}AnalyzerHandler, input={"total_rows": 0})

    assert sent["status"] == "completed"
    assert sent["result"]["batch_processing_outcome"] == {"type": "no_batches"}


def test_a_negative_number_of_rows_is_permanent():
    sent = run_step({{ name|pascal_case }}AnalyzerHandler, input={"total_rows": -1})

    assert sent["error"]["error_type"] == "validation_error"
    assert sent["error"]["retryable"] is False


def worker_inputs(start, end, is_no_op=False):
    return {
        "cursor": {
            "batch_id": "001",
            "start_cursor": start,
            "end_cursor": end,
            "batch_size": end - start,
        },
        "batch_metadata": {"cursor_field": "id", "failure_strategy": "fail_fast"},
        "is_no_op": is_no_op,
    }


def test_a_worker_processes_its_range():
    sent = run_step(
        {{ name|pascal_case }}BatchProcessorHandler,
        step_inputs=worker_inputs(100, 150),
    )

    assert sent["status"] == "completed"
    assert sent["result"] == {"rows_processed": 50}


def test_a_no_op_worker_succeeds_without_work():
    sent = run_step(
        {{ name|pascal_case }}BatchProcessorHandler,
        step_inputs=worker_inputs(0, 0, is_no_op=True),
    )

    assert sent["status"] == "completed"
    assert sent["result"]["no_op"] is True


def test_the_aggregator_sums_up():
    sent = run_step(
        {{ name|pascal_case }}AggregatorHandler,
        dependencies={
            ANALYZER: {"batch_processing_outcome": {"type": "create_batches"}},
            f"{WORKER}_001": {"rows_processed": 100},
            f"{WORKER}_002": {"rows_processed": 50},
        },
    )

    assert sent["result"] == {"total_rows": 150, "worker_count": 2}


def test_the_aggregator_reports_that_there_was_nothing():
    sent = run_step(
        {{ name|pascal_case }}AggregatorHandler,
        dependencies={ANALYZER: {"batch_processing_outcome": {"type": "no_batches"}}},
    )

    assert sent["result"] == {"total_rows": 0, "skipped": True}

"""#,
"tasker-contrib-python/step_handler_decision/handler.py.stencil": #"""
"""Decision handler {{ name|snake_case }} of {{ module_name }}: selects the steps that follow."""

from tasker_core import StepContext, StepHandlerResult
from tasker_core.step_handler import StepHandler
from tasker_core.step_handler.mixins import DecisionMixin


class {{ name|pascal_case }}Handler(DecisionMixin, StepHandler):
    handler_name = "{{ name|snake_case }}"
    handler_version = "1.0.0"

    def call(self, context: StepContext) -> StepHandlerResult:
        # Names of steps must be those of the task template.
        route = context.get_input("route")

        if route == "premium":
            return self.decision_success(
                ["validate_premium", "process_premium"],
                routing_context={"route": route},
            )
        if route == "review":
            return self.decision_success(
                ["manual_review", "approval_gate"],
                routing_context={"route": route},
            )
        if route == "standard":
            return self.decision_success(
                ["standard_processing"],
                routing_context={"route": route},
            )
        if route == "none":
            return self.skip_branches("nothing to do")
        return self.decision_failure(f"no route for {route!r}")

"""#,
"tasker-contrib-python/step_handler_decision/template.toml": #"""
name = "step_handler_decision"
description = "Decision handler that selects the next steps"
next = "Test it:  python -m pytest\nServe it: python -m tasker_core.worker {{ name|snake_case }}_handler --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[outputs]]
template = "handler.py.stencil"
filename = "{{ name|snake_case }}_handler.py"

[[outputs]]
template = "test.py.stencil"
filename = "test_{{ name|snake_case }}_handler.py"
subdir = "tests"

"""#,
"tasker-contrib-python/step_handler_decision/test.py.stencil": #"""
"""Tests of the decision handler {{ name|snake_case }}."""

import pytest
from tasker_core.testing import run_step

from {{ name|snake_case }}_handler import (
    {{ name|pascal_case }}Handler,
)


def send(route):
    return run_step({{ name|pascal_case }}Handler, input={"route": route})


@pytest.mark.parametrize(
    ("route", "steps"),
    [
        ("premium", ["validate_premium", "process_premium"]),
        ("review", ["manual_review", "approval_gate"]),
        ("standard", ["standard_processing"]),
    ],
)
def test_each_route_has_its_steps(route, steps):
    sent = send(route)

    assert sent["status"] == "completed"
    assert sent["result"] == {
        "decision_point_outcome": {"type": "create_steps", "step_names": steps},
        "routing_context": {"route": route},
    }


def test_no_branch_may_follow():
    sent = send("none")

    assert sent["status"] == "completed"
    assert sent["result"] == {
        "decision_point_outcome": {"type": "no_branches"},
        "reason": "nothing to do",
    }


def test_an_unknown_route_is_permanent():
    sent = send("elsewhere")

    assert sent["status"] == "failed"
    assert sent["error"]["retryable"] is False

"""#,
"tasker-contrib-python/task_template/task.yaml.stencil": #"""
name: {{ name|snake_case|yaml_string }}
{% if dialect == "seed" %}namespace{% else %}namespace_name{% endif %}: {{ namespace|yaml_string }}
version: "{{ version }}"
description: "{{ name|snake_case|replace("_", " ") }} workflow"

{% if dialect == "seed" %}step_templates{% else %}steps{% endif %}:
  - name: {{ name|snake_case }}_step_1
    description: "First step of {{ name|snake_case }}"
    handler:
      callable: {{ handler_callable|yaml_string }}
      initialization: {}
    {% if dialect == "seed" %}depends_on_step_name{% else %}dependencies{% endif %}: []
    retry:
      max_attempts: 3
{%- if dialect == "seed" %}
      backoff_strategy: exponential
      backoff_base_seconds: 1
      max_backoff_seconds: 30
{%- else %}
      backoff: exponential
      backoff_base_ms: 1000
      max_backoff_ms: 30000
{%- endif %}
    timeout_seconds: 30

"""#,
"tasker-contrib-python/task_template/template.toml": #"""
name = "task_template"
description = "Task template with one step"
next = "Check it: tasker-ctl template validate {{ name|snake_case }}.yaml\nRegister it: tasker-ctl template register {{ name|snake_case }}.yaml"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "namespace"
description = "Namespace of the task"
required = false
default = "default"
kind = "namespace"

[[parameters]]
name = "handler_callable"
description = "Name of the handler that runs the step"
required = false
default = "{{ name|pascal_case }}Handler"

[[parameters]]
name = "dialect"
description = "Spelling of the keys"
required = false
default = "package"
values = ["package", "seed"]

[[parameters]]
name = "version"
description = "Version of the task template"
required = false
default = "1.0.0"
kind = "version"

[[outputs]]
template = "task.yaml.stencil"
filename = "{{ name|snake_case }}.yaml"

"""#,
"tasker-contrib-python/tasker-plugin.toml": #"""
[plugin]
name = "tasker-contrib-python"
description = "Step handlers in Python, with pytest tests"
version = "0.1.0"
language = "python"

[[templates]]
name = "step_handler"
path = "step_handler"
description = "Step handler for any business logic"

[[templates]]
name = "step_handler_api"
path = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"

[[templates]]
name = "step_handler_decision"
path = "step_handler_decision"
description = "Decision handler that selects the next steps"

[[templates]]
name = "step_handler_batchable"
path = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"

[[templates]]
name = "task_template"
path = "task_template"
description = "Task template with one step"

"""#,
"tasker-contrib-rails/step_handler/template.toml": #"""
name = "step_handler"
description = "Step handler for any business logic"
next = "Test it:  rspec\nServe it: tasker-worker -r {{ name|snake_case }}_handler.rb --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[outputs]]
template = "handler.rb.stencil"
filename = "{{ name|snake_case }}_handler.rb"

[[outputs]]
template = "spec.rb.stencil"
filename = "{{ name|snake_case }}_handler_spec.rb"
subdir = "spec"

"""#,
"tasker-contrib-rails/step_handler_api/template.toml": #"""
name = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"
next = "Test it:  rspec\nServe it: tasker-worker -r {{ name|snake_case }}_handler.rb --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[parameters]]
name = "base_url"
description = "Address of the API"
required = false
default = "https://api.example.com"
kind = "url"

[[outputs]]
template = "handler.rb.stencil"
filename = "{{ name|snake_case }}_handler.rb"

[[outputs]]
template = "spec.rb.stencil"
filename = "{{ name|snake_case }}_handler_spec.rb"
subdir = "spec"

"""#,
"tasker-contrib-rails/step_handler_batchable/template.toml": #"""
name = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"
next = "Test it:  rspec\nServe it: tasker-worker -r {{ name|snake_case }}_handler.rb --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[outputs]]
template = "handler.rb.stencil"
filename = "{{ name|snake_case }}_handler.rb"

[[outputs]]
template = "spec.rb.stencil"
filename = "{{ name|snake_case }}_handler_spec.rb"
subdir = "spec"

"""#,
"tasker-contrib-rails/step_handler_decision/template.toml": #"""
name = "step_handler_decision"
description = "Decision handler that selects the next steps"
next = "Test it:  rspec\nServe it: tasker-worker -r {{ name|snake_case }}_handler.rb --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[outputs]]
template = "handler.rb.stencil"
filename = "{{ name|snake_case }}_handler.rb"

[[outputs]]
template = "spec.rb.stencil"
filename = "{{ name|snake_case }}_handler_spec.rb"
subdir = "spec"

"""#,
"tasker-contrib-rails/task_template/task.yaml.stencil": #"""
name: {{ name|snake_case|yaml_string }}
{% if dialect == "seed" %}namespace{% else %}namespace_name{% endif %}: {{ namespace|yaml_string }}
version: "{{ version }}"
description: "{{ name|snake_case|replace("_", " ") }} workflow"

{% if dialect == "seed" %}step_templates{% else %}steps{% endif %}:
  - name: {{ name|snake_case }}_step_1
    description: "First step of {{ name|snake_case }}"
    handler:
      callable: {{ handler_callable|yaml_string }}
      initialization: {}
    {% if dialect == "seed" %}depends_on_step_name{% else %}dependencies{% endif %}: []
    retry:
      max_attempts: 3
{%- if dialect == "seed" %}
      backoff_strategy: exponential
      backoff_base_seconds: 1
      max_backoff_seconds: 30
{%- else %}
      backoff: exponential
      backoff_base_ms: 1000
      max_backoff_ms: 30000
{%- endif %}
    timeout_seconds: 30

"""#,
"tasker-contrib-rails/task_template/template.toml": #"""
name = "task_template"
description = "Task template with one step"
next = "Check it: tasker-ctl template validate {{ name|snake_case }}.yaml\nRegister it: tasker-ctl template register {{ name|snake_case }}.yaml"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "namespace"
description = "Namespace of the task"
required = false
default = "default"
kind = "namespace"

[[parameters]]
name = "handler_callable"
description = "Name of the handler that runs the step"
required = false
default = "{{ name|pascal_case }}Handler"

[[parameters]]
name = "dialect"
description = "Spelling of the keys"
required = false
default = "package"
values = ["package", "seed"]

[[parameters]]
name = "version"
description = "Version of the task template"
required = false
default = "1.0.0"
kind = "version"

[[outputs]]
template = "task.yaml.stencil"
filename = "{{ name|snake_case }}.yaml"

"""#,
"tasker-contrib-rails/tasker-plugin.toml": #"""
[plugin]
name = "tasker-contrib-rails"
description = "Step handlers in Ruby, with RSpec tests"
version = "0.1.0"
language = "ruby"
framework = "rails"

[[templates]]
name = "step_handler"
path = "step_handler"
description = "Step handler for any business logic"

[[templates]]
name = "step_handler_api"
path = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"

[[templates]]
name = "step_handler_decision"
path = "step_handler_decision"
description = "Decision handler that selects the next steps"

[[templates]]
name = "step_handler_batchable"
path = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"

[[templates]]
name = "task_template"
path = "task_template"
description = "Task template with one step"

"""#,
"tasker-contrib-rust/step_handler/template.toml": #"""
name = "step_handler"
description = "Step handler for any business logic"
next = "Where lib.rs was there already, add to it: pub mod {{ name|snake_case }};\nand register the handler in main.rs.\nTest it:  cargo test --offline\nServe it: tasker-ctl worker exec --namespace NAMESPACE --handler {{ name|snake_case }} -- target/debug/{{ module_name }}"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Name of the crate"
required = false
default = "handlers"
kind = "module"

[[outputs]]
template = "handler.rs.stencil"
filename = "{{ name|snake_case }}.rs"

[[outputs]]
template = "test.rs.stencil"
filename = "{{ name|snake_case }}_test.rs"
subdir = "tests"

[[outputs]]
template = "Cargo.toml.stencil"
filename = "Cargo.toml"
only_when_absent = true

[[outputs]]
template = "lib.rs.stencil"
filename = "lib.rs"
only_when_absent = true

[[outputs]]
template = "main.rs.stencil"
filename = "main.rs"
only_when_absent = true

[[outputs]]
template = "tasker_stdio.rs.stencil"
filename = "tasker_stdio.rs"
only_when_absent = true

"""#,
"tasker-contrib-rust/task_template/task.yaml.stencil": #"""
name: {{ name|snake_case|yaml_string }}
{% if dialect == "seed" %}namespace{% else %}namespace_name{% endif %}: {{ namespace|yaml_string }}
version: "{{ version }}"
description: "{{ name|snake_case|replace("_", " ") }} workflow"

{% if dialect == "seed" %}step_templates{% else %}steps{% endif %}:
  - name: {{ name|snake_case }}_step_1
    description: "First step of {{ name|snake_case }}"
    handler:
      callable: {{ handler_callable|yaml_string }}
      initialization: {}
    {% if dialect == "seed" %}depends_on_step_name{% else %}dependencies{% endif %}: []
    retry:
      max_attempts: 3
{%- if dialect == "seed" %}
      backoff_strategy: exponential
      backoff_base_seconds: 1
      max_backoff_seconds: 30
{%- else %}
      backoff: exponential
      backoff_base_ms: 1000
      max_backoff_ms: 30000
{%- endif %}
    timeout_seconds: 30

"""#,
"tasker-contrib-rust/task_template/template.toml": #"""
name = "task_template"
description = "Task template with one step"
next = "Check it: tasker-ctl template validate {{ name|snake_case }}.yaml\nRegister it: tasker-ctl template register {{ name|snake_case }}.yaml"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "namespace"
description = "Namespace of the task"
required = false
default = "default"
kind = "namespace"

[[parameters]]
name = "handler_callable"
description = "Name of the handler that runs the step"
required = false
default = "{{ name|pascal_case }}Handler"

[[parameters]]
name = "dialect"
description = "Spelling of the keys"
required = false
default = "package"
values = ["package", "seed"]

[[parameters]]
name = "version"
description = "Version of the task template"
required = false
default = "1.0.0"
kind = "version"

[[outputs]]
template = "task.yaml.stencil"
filename = "{{ name|snake_case }}.yaml"

"""#,
"tasker-contrib-rust/tasker-plugin.toml": #"""
[plugin]
name = "tasker-contrib-rust"
description = "Step handlers in Rust: a std-only crate that speaks the stdio worker protocol"
version = "0.1.0"
language = "rust"

[[templates]]
name = "step_handler"
path = "step_handler"
description = "Step handler for any business logic"

[[templates]]
name = "task_template"
path = "task_template"
description = "Task template with one step"

"""#,
"tasker-contrib-swift/step_handler/template.toml": #"""
name = "step_handler"
description = "Step handler for any business logic"
next = "Test it:  swift test\nServe it: register the handler with a Worker of TaskerWorker"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[parameters]]
name = "sdk"
description = "Package URL or path of the Swift SDK"
required = false
default = "https://github.com/tasker-systems/tasker"

[[outputs]]
template = "Handler.swift.stencil"
filename = "{{ name|pascal_case }}Handler.swift"
subdir = "Sources/{{ module_name }}"

[[outputs]]
template = "Tests.swift.stencil"
filename = "{{ name|pascal_case }}HandlerTests.swift"
subdir = "Tests/{{ module_name }}Tests"

[[outputs]]
template = "Package.swift.stencil"
filename = "Package.swift"
only_when_absent = true

"""#,
"tasker-contrib-swift/step_handler_api/template.toml": #"""
name = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"
next = "Test it:  swift test\nServe it: register the handler with a Worker of TaskerWorker"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[parameters]]
name = "base_url"
description = "Address of the API"
required = false
default = "https://api.example.com"
kind = "url"

[[parameters]]
name = "sdk"
description = "Package URL or path of the Swift SDK"
required = false
default = "https://github.com/tasker-systems/tasker"

[[outputs]]
template = "Handler.swift.stencil"
filename = "{{ name|pascal_case }}Handler.swift"
subdir = "Sources/{{ module_name }}"

[[outputs]]
template = "Tests.swift.stencil"
filename = "{{ name|pascal_case }}HandlerTests.swift"
subdir = "Tests/{{ module_name }}Tests"

[[outputs]]
template = "Package.swift.stencil"
filename = "Package.swift"
only_when_absent = true

"""#,
"tasker-contrib-swift/step_handler_batchable/template.toml": #"""
name = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"
next = "Test it:  swift test\nServe it: register the handler with a Worker of TaskerWorker"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[parameters]]
name = "sdk"
description = "Package URL or path of the Swift SDK"
required = false
default = "https://github.com/tasker-systems/tasker"

[[outputs]]
template = "Handler.swift.stencil"
filename = "{{ name|pascal_case }}Handler.swift"
subdir = "Sources/{{ module_name }}"

[[outputs]]
template = "Tests.swift.stencil"
filename = "{{ name|pascal_case }}HandlerTests.swift"
subdir = "Tests/{{ module_name }}Tests"

[[outputs]]
template = "Package.swift.stencil"
filename = "Package.swift"
only_when_absent = true

"""#,
"tasker-contrib-swift/step_handler_decision/template.toml": #"""
name = "step_handler_decision"
description = "Decision handler that selects the next steps"
next = "Test it:  swift test\nServe it: register the handler with a Worker of TaskerWorker"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "Handlers"
kind = "module"

[[parameters]]
name = "sdk"
description = "Package URL or path of the Swift SDK"
required = false
default = "https://github.com/tasker-systems/tasker"

[[outputs]]
template = "Handler.swift.stencil"
filename = "{{ name|pascal_case }}Handler.swift"
subdir = "Sources/{{ module_name }}"

[[outputs]]
template = "Tests.swift.stencil"
filename = "{{ name|pascal_case }}HandlerTests.swift"
subdir = "Tests/{{ module_name }}Tests"

[[outputs]]
template = "Package.swift.stencil"
filename = "Package.swift"
only_when_absent = true

"""#,
"tasker-contrib-swift/task_template/task.yaml.stencil": #"""
name: {{ name|snake_case|yaml_string }}
{% if dialect == "seed" %}namespace{% else %}namespace_name{% endif %}: {{ namespace|yaml_string }}
version: "{{ version }}"
description: "{{ name|snake_case|replace("_", " ") }} workflow"

{% if dialect == "seed" %}step_templates{% else %}steps{% endif %}:
  - name: {{ name|snake_case }}_step_1
    description: "First step of {{ name|snake_case }}"
    handler:
      callable: {{ handler_callable|yaml_string }}
      initialization: {}
    {% if dialect == "seed" %}depends_on_step_name{% else %}dependencies{% endif %}: []
    retry:
      max_attempts: 3
{%- if dialect == "seed" %}
      backoff_strategy: exponential
      backoff_base_seconds: 1
      max_backoff_seconds: 30
{%- else %}
      backoff: exponential
      backoff_base_ms: 1000
      max_backoff_ms: 30000
{%- endif %}
    timeout_seconds: 30

"""#,
"tasker-contrib-swift/task_template/template.toml": #"""
name = "task_template"
description = "Task template with one step"
next = "Check it: tasker-ctl template validate {{ name|snake_case }}.yaml\nRegister it: tasker-ctl template register {{ name|snake_case }}.yaml"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "namespace"
description = "Namespace of the task"
required = false
default = "default"
kind = "namespace"

[[parameters]]
name = "handler_callable"
description = "Name of the handler that runs the step"
required = false
default = "{{ name|pascal_case }}Handler"

[[parameters]]
name = "dialect"
description = "Spelling of the keys"
required = false
default = "package"
values = ["package", "seed"]

[[parameters]]
name = "version"
description = "Version of the task template"
required = false
default = "1.0.0"
kind = "version"

[[outputs]]
template = "task.yaml.stencil"
filename = "{{ name|snake_case }}.yaml"

"""#,
"tasker-contrib-swift/tasker-plugin.toml": #"""
[plugin]
name = "tasker-contrib-swift"
description = "Step handlers in Swift, with swift-testing tests"
version = "0.1.0"
language = "swift"

[[templates]]
name = "step_handler"
path = "step_handler"
description = "Step handler for any business logic"

[[templates]]
name = "step_handler_api"
path = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"

[[templates]]
name = "step_handler_decision"
path = "step_handler_decision"
description = "Decision handler that selects the next steps"

[[templates]]
name = "step_handler_batchable"
path = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"

[[templates]]
name = "task_template"
path = "task_template"
description = "Task template with one step"

"""#,
"tasker-contrib-typescript/step_handler/template.toml": #"""
name = "step_handler"
description = "Step handler for any business logic"
next = "Test it:  tsc, then node --test (with @tasker-systems/tasker installed)\nServe it: tasker-worker PATH --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[parameters]]
name = "test_framework"
description = "What runs the test"
required = false
default = "node"
values = ["node", "vitest", "bun"]

[[outputs]]
template = "handler.ts.stencil"
filename = "{{ name|kebab_case }}-handler.ts"

[[outputs]]
template = "test.ts.stencil"
filename = "{{ name|kebab_case }}-handler.test.ts"
subdir = "__tests__"

"""#,
"tasker-contrib-typescript/step_handler_api/template.toml": #"""
name = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"
next = "Test it:  tsc, then node --test (with @tasker-systems/tasker installed)\nServe it: tasker-worker PATH --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[parameters]]
name = "base_url"
description = "Address of the API"
required = false
default = "https://api.example.com"
kind = "url"

[[parameters]]
name = "test_framework"
description = "What runs the test"
required = false
default = "node"
values = ["node", "vitest", "bun"]

[[outputs]]
template = "handler.ts.stencil"
filename = "{{ name|kebab_case }}-handler.ts"

[[outputs]]
template = "test.ts.stencil"
filename = "{{ name|kebab_case }}-handler.test.ts"
subdir = "__tests__"

"""#,
"tasker-contrib-typescript/step_handler_batchable/template.toml": #"""
name = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"
next = "Test it:  tsc, then node --test (with @tasker-systems/tasker installed)\nServe it: tasker-worker PATH --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[parameters]]
name = "test_framework"
description = "What runs the test"
required = false
default = "node"
values = ["node", "vitest", "bun"]

[[outputs]]
template = "handler.ts.stencil"
filename = "{{ name|kebab_case }}-handler.ts"

[[outputs]]
template = "test.ts.stencil"
filename = "{{ name|kebab_case }}-handler.test.ts"
subdir = "__tests__"

"""#,
"tasker-contrib-typescript/step_handler_decision/template.toml": #"""
name = "step_handler_decision"
description = "Decision handler that selects the next steps"
next = "Test it:  tsc, then node --test (with @tasker-systems/tasker installed)\nServe it: tasker-worker PATH --namespace NAMESPACE"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "module_name"
description = "Module that the handler belongs to"
required = false
default = "handlers"
kind = "module"

[[parameters]]
name = "test_framework"
description = "What runs the test"
required = false
default = "node"
values = ["node", "vitest", "bun"]

[[outputs]]
template = "handler.ts.stencil"
filename = "{{ name|kebab_case }}-handler.ts"

[[outputs]]
template = "test.ts.stencil"
filename = "{{ name|kebab_case }}-handler.test.ts"
subdir = "__tests__"

"""#,
"tasker-contrib-typescript/task_template/task.yaml.stencil": #"""
name: {{ name|snake_case|yaml_string }}
{% if dialect == "seed" %}namespace{% else %}namespace_name{% endif %}: {{ namespace|yaml_string }}
version: "{{ version }}"
description: "{{ name|snake_case|replace("_", " ") }} workflow"

{% if dialect == "seed" %}step_templates{% else %}steps{% endif %}:
  - name: {{ name|snake_case }}_step_1
    description: "First step of {{ name|snake_case }}"
    handler:
      callable: {{ handler_callable|yaml_string }}
      initialization: {}
    {% if dialect == "seed" %}depends_on_step_name{% else %}dependencies{% endif %}: []
    retry:
      max_attempts: 3
{%- if dialect == "seed" %}
      backoff_strategy: exponential
      backoff_base_seconds: 1
      max_backoff_seconds: 30
{%- else %}
      backoff: exponential
      backoff_base_ms: 1000
      max_backoff_ms: 30000
{%- endif %}
    timeout_seconds: 30

"""#,
"tasker-contrib-typescript/task_template/template.toml": #"""
name = "task_template"
description = "Task template with one step"
next = "Check it: tasker-ctl template validate {{ name|snake_case }}.yaml\nRegister it: tasker-ctl template register {{ name|snake_case }}.yaml"

[[parameters]]
name = "name"
description = "Name in any spelling; a trailing Handler is dropped"
required = true
kind = "name"

[[parameters]]
name = "namespace"
description = "Namespace of the task"
required = false
default = "default"
kind = "namespace"

[[parameters]]
name = "handler_callable"
description = "Name of the handler that runs the step"
required = false
default = "{{ name|pascal_case }}Handler"

[[parameters]]
name = "dialect"
description = "Spelling of the keys"
required = false
default = "package"
values = ["package", "seed"]

[[parameters]]
name = "version"
description = "Version of the task template"
required = false
default = "1.0.0"
kind = "version"

[[outputs]]
template = "task.yaml.stencil"
filename = "{{ name|snake_case }}.yaml"

"""#,
"tasker-contrib-typescript/tasker-plugin.toml": #"""
[plugin]
name = "tasker-contrib-typescript"
description = "Step handlers in TypeScript, with node:test, vitest or bun tests"
version = "0.1.0"
language = "typescript"

[[templates]]
name = "step_handler"
path = "step_handler"
description = "Step handler for any business logic"

[[templates]]
name = "step_handler_api"
path = "step_handler_api"
description = "Step handler that calls an HTTP API, errors classified"

[[templates]]
name = "step_handler_decision"
path = "step_handler_decision"
description = "Decision handler that selects the next steps"

[[templates]]
name = "step_handler_batchable"
path = "step_handler_batchable"
description = "Analyzer, batch worker and aggregator for large data"

[[templates]]
name = "task_template"
path = "task_template"
description = "Task template with one step"

"""#,
    ]
}
