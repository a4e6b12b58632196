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
    {{ name|pascal_case }}Handler as Handler,
)


def test_a_task_is_processed():
    handler = Handler()
    result = handler.call(step_context(input={"order_id": 1}))

    assert result.is_success
    assert result.result == {
        "processed": True,
        "handler": "{{ name|snake_case }}",
    }


def test_input_that_is_no_object_fails_for_good():
    context = step_context()
    context.input_data = None
    handler = Handler()
    result = handler.call(context)

    assert not result.is_success
    assert (result.error_type, result.retryable) == ("validation_error", False)


def test_the_worker_sends_a_completed_step():
    sent = run_step(Handler, input={"order_id": 1})

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
            return self.failure(
                "the input has no id", "validation_error", retryable=False
            )

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
    {{ name|pascal_case }}Handler as Handler,
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

        monkeypatch.setattr(Handler, "get", get)
        return calls

    return answer


def send(**data):
    return run_step(Handler, input=data)


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
            return self.failure(
                "total_rows is negative", "validation_error", retryable=False
            )

        # No rows give the outcome "no batches".
        outcome = self.create_batch_outcome(
            total_items=total_rows, batch_size=BATCH_SIZE
        )
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

Aggregator = {{ name|pascal_case }}AggregatorHandler
Analyzer = {{ name|pascal_case }}AnalyzerHandler
BatchProcessor = {{ name|pascal_case }}BatchProcessorHandler

ANALYZER = "analyze_{{ name|snake_case }}"
WORKER = "process_{{ name|snake_case }}_batch"


def test_rows_are_divided_without_gap():
    sent = run_step(
        Analyzer,
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
    sent = run_step(Analyzer, input={"total_rows": 0})

    assert sent["status"] == "completed"
    assert sent["result"]["batch_processing_outcome"] == {"type": "no_batches"}


def test_a_negative_number_of_rows_is_permanent():
    sent = run_step(Analyzer, input={"total_rows": -1})

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
        BatchProcessor,
        step_inputs=worker_inputs(100, 150),
    )

    assert sent["status"] == "completed"
    assert sent["result"] == {"rows_processed": 50}


def test_a_no_op_worker_succeeds_without_work():
    sent = run_step(
        BatchProcessor,
        step_inputs=worker_inputs(0, 0, is_no_op=True),
    )

    assert sent["status"] == "completed"
    assert sent["result"]["no_op"] is True


def test_the_aggregator_sums_up():
    sent = run_step(
        Aggregator,
        dependencies={
            ANALYZER: {"batch_processing_outcome": {"type": "create_batches"}},
            f"{WORKER}_001": {"rows_processed": 100},
            f"{WORKER}_002": {"rows_processed": 50},
        },
    )

    assert sent["result"] == {"total_rows": 150, "worker_count": 2}


def test_the_aggregator_reports_that_there_was_nothing():
    sent = run_step(
        Aggregator,
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
    {{ name|pascal_case }}Handler as Handler,
)


def send(route):
    return run_step(Handler, input={"route": route})


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
"tasker-contrib-rails/step_handler/handler.rb.stencil": #"""
# frozen_string_literal: true

require 'tasker_core'

{% if module_name|has_scope %}{% for outer in module_name|outer_scopes %}module {{ outer }}; end
{% endfor %}
{% endif %}module {{ module_name }}
  # Step handler {{ name|snake_case }}.
  class {{ name|pascal_case }}Handler < TaskerCore::StepHandler::Base
    VERSION = '1.0.0'

    def handler_name
      '{{ name|snake_case }}'
    end

    def call(context)
      # Data that the task was created with.
      input = context.context
      return failure(message: 'the input is no object', error_type: 'ValidationError') unless input.is_a?(Hash)

      # Results of earlier steps:
      # previous = context.get_dependency_result('previous_step_name')

      success(result: { processed: true, handler: '{{ name|snake_case }}' })
    end
  end
end

"""#,
"tasker-contrib-rails/step_handler/spec.rb.stencil": #"""
# frozen_string_literal: true

require_relative '../{{ name|snake_case }}_handler'

RSpec.describe {{ module_name }}::{{ name|pascal_case }}Handler do
  def context(input)
    TaskerCore::Types::StepContext.new(
      {
        task: { task: { context: input } },
        workflow_step: { name: 'step', attempts: 0, max_attempts: 3, inputs: {} },
        dependency_results: {},
        step_definition: { name: 'step', handler: { callable: 'handler', initialization: {} } }
      }
    )
  end

  it 'processes a task' do
    result = described_class.new.call(context({ 'order_id' => 1 }))

    expect(result.success?).to be(true)
    expect(result.result).to eq({ processed: true, handler: '{{ name|snake_case }}' })
  end

  it 'fails for good when the input is no object' do
    given = context({})
    allow(given).to receive(:context).and_return(nil)
    result = described_class.new.call(given)

    expect(result.success?).to be(false)
    expect([result.error_type, result.retryable]).to eq(['ValidationError', false])
  end

  it 'is called by its name' do
    expect(described_class.new.handler_name).to eq('{{ name|snake_case }}')
  end
end

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
"tasker-contrib-rails/step_handler_api/handler.rb.stencil": #"""
# frozen_string_literal: true

require 'erb'
require 'tasker_core'

{% if module_name|has_scope %}{% for outer in module_name|outer_scopes %}module {{ outer }}; end
{% endfor %}
{% endif %}module {{ module_name }}
  # Step handler {{ name|snake_case }}: one request to an HTTP API.
  class {{ name|pascal_case }}Handler < TaskerCore::StepHandler::Api
    VERSION = '1.0.0'

    base_url {{ base_url|ruby_string }}
    default_timeout 30

    def handler_name
      '{{ name|snake_case }}'
    end

    def call(context)
      id = context.get_input('id')
      return failure(message: 'the input has no id', error_type: 'ValidationError') if id.nil?

      response = api_get("/resources/#{ERB::Util.url_encode(id.to_s)}")
      response.ok? ? api_success(response) : api_failure(response)
    rescue Faraday::ConnectionFailed => e
      connection_error(e, 'fetching the resource')
    rescue Faraday::TimeoutError => e
      timeout_error(e, 'fetching the resource')
    end
  end
end

"""#,
"tasker-contrib-rails/step_handler_api/spec.rb.stencil": #"""
# frozen_string_literal: true

require 'faraday'
require_relative '../{{ name|snake_case }}_handler'

RSpec.describe {{ module_name }}::{{ name|pascal_case }}Handler do
  def context(input)
    TaskerCore::Types::StepContext.new(
      {
        task: { task: { context: input } },
        workflow_step: { name: 'step', attempts: 0, max_attempts: 3, inputs: {} },
        dependency_results: {},
        step_definition: { name: 'step', handler: { callable: 'handler', initialization: {} } }
      }
    )
  end

  # The API is a list of answers in this process.
  let(:api) { Faraday::Adapter::Test::Stubs.new }
  let(:handler) do
    stubs = api
    described_class.new.tap do |made|
      made.configure_connection { |faraday| faraday.adapter(:test, stubs) }
    end
  end

  def send_step(input)
    handler.call(context(input))
  end

  it 'returns the body' do
    api.get('/resources/7') { [200, { 'Content-Type' => 'application/json' }, '{"id":7}'] }
    result = send_step({ 'id' => 7 })

    expect(result.success?).to be(true)
    expect(result.result['id']).to eq(7)
  end

  it 'gives up when there is no such resource' do
    api.get('/resources/7') { [404, {}, '{"error":"gone"}'] }
    result = send_step({ 'id' => 7 })

    expect([result.success?, result.retryable]).to eq([false, false])
    expect(result.metadata[:http_error_type]).to eq('not_found')
  end

  it 'tries an overloaded API again later' do
    api.get('/resources/7') { [503, { 'Retry-After' => '12' }, ''] }
    result = send_step({ 'id' => 7 })

    expect([result.success?, result.retryable]).to eq([false, true])
    expect(result.metadata[:retry_after_seconds]).to eq(12)
  end

  it 'tries again when the connection breaks' do
    api.get('/resources/7') { raise Faraday::ConnectionFailed, 'refused' }

    expect(send_step({ 'id' => 7 }).retryable).to be(true)
  end

  it 'tries again when the answer takes too long' do
    api.get('/resources/7') { raise Faraday::TimeoutError, 'too slow' }

    expect(send_step({ 'id' => 7 }).retryable).to be(true)
  end

  it 'wants an id' do
    result = send_step({})

    expect([result.error_type, result.retryable]).to eq(['ValidationError', false])
  end
end

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
"tasker-contrib-rails/step_handler_batchable/handler.rb.stencil": #"""
# frozen_string_literal: true

require 'tasker_core'

{% if module_name|has_scope %}{% for outer in module_name|outer_scopes %}module {{ outer }}; end
{% endfor %}
{% endif %}module {{ module_name }}
  # Divides the work into ranges of rows.
  class {{ name|pascal_case }}AnalyzerHandler < TaskerCore::StepHandler::Batchable
    VERSION = '1.0.0'
    BATCH_SIZE = 100

    def handler_name
      'analyze_{{ name|snake_case }}'
    end

    def call(context)
      total_rows = context.get_input_or('total_rows', 0).to_i
      return failure(message: 'total_rows is negative', error_type: 'ValidationError') if total_rows.negative?
      return no_batches_outcome(reason: 'empty_dataset') if total_rows.zero?

      ranges = create_cursor_ranges(total_rows, BATCH_SIZE)
      create_batches_outcome(cursor_configs: ranges, total_items: total_rows)
    end
  end

  # Works on one range.
  class {{ name|pascal_case }}BatchProcessorHandler < TaskerCore::StepHandler::Batchable
    VERSION = '1.0.0'

    def handler_name
      'process_{{ name|snake_case }}_batch'
    end

    def call(context)
      batch = get_batch_context(context)
      no_op = handle_no_op_worker(batch)
      return no_op if no_op

      # Rows from start_cursor up to, not including, end_cursor.
      rows_processed = batch.end_cursor - batch.start_cursor

      batch_worker_success(batch, result: { rows_processed: rows_processed })
    end
  end

  # Sums up what the batch workers did.
  class {{ name|pascal_case }}AggregatorHandler < TaskerCore::StepHandler::Batchable
    VERSION = '1.0.0'

    def handler_name
      'aggregate_{{ name|snake_case }}_results'
    end

    def call(context)
      scenario = detect_aggregation_scenario(
        context.dependency_results,
        'analyze_{{ name|snake_case }}',
        'process_{{ name|snake_case }}_batch_'
      )
      return success(result: { total_rows: 0, skipped: true }) if scenario.no_batches?

      total = scenario.batch_results.values.sum { |result| result['rows_processed'] || 0 }
      success(result: { total_rows: total, worker_count: scenario.worker_count })
    end
  end
end

"""#,
"tasker-contrib-rails/step_handler_batchable/spec.rb.stencil": #"""
# frozen_string_literal: true

require_relative '../{{ name|snake_case }}_handler'

RSpec.describe {{ module_name }} do
  def context(input: {}, inputs: {}, dependencies: {})
    results = dependencies.transform_values { |value| { status: 'completed', result: value } }
    TaskerCore::Types::StepContext.new(
      {
        task: { task: { context: input } },
        workflow_step: { name: 'step', attempts: 0, max_attempts: 3, inputs: inputs },
        dependency_results: results,
        step_definition: { name: 'step', handler: { callable: 'handler', initialization: {} } }
      }
    )
  end

  let(:analyzer) { {{ module_name }}::{{ name|pascal_case }}AnalyzerHandler.new }
  let(:processor) { {{ module_name }}::{{ name|pascal_case }}BatchProcessorHandler.new }
  let(:aggregator) { {{ module_name }}::{{ name|pascal_case }}AggregatorHandler.new }

  def worker_inputs(first, last, no_op: false)
    {
      cursor: { batch_id: '001', start_cursor: first, end_cursor: last, batch_size: last - first },
      batch_metadata: { cursor_field: 'id', failure_strategy: 'fail_fast' },
      is_no_op: no_op
    }
  end

  it 'divides rows without a gap' do
    outcome = analyzer.call(context(input: { total_rows: 250 })).result['batch_processing_outcome']
    outcome = outcome.transform_keys(&:to_s)
    ranges = outcome['cursor_configs'].map { |cursor| cursor.values_at('start_cursor', 'end_cursor') }

    expect(outcome['type']).to eq('create_batches')
    expect(ranges).to eq([[0, 100], [100, 200], [200, 250]])
  end

  it 'makes no batches of no rows' do
    outcome = analyzer.call(context(input: { total_rows: 0 })).result['batch_processing_outcome']

    expect(outcome.transform_keys(&:to_s)).to eq({ 'type' => 'no_batches' })
  end

  it 'refuses a negative number of rows' do
    result = analyzer.call(context(input: { total_rows: -1 }))

    expect([result.success?, result.error_type, result.retryable]).to eq([false, 'ValidationError', false])
  end

  it 'processes its range' do
    result = processor.call(context(inputs: worker_inputs(100, 150)))

    expect(result.result).to eq({ rows_processed: 50 })
  end

  it 'succeeds without work when there is none' do
    result = processor.call(context(inputs: worker_inputs(0, 0, no_op: true)))

    expect(result.success?).to be(true)
    expect(result.result['no_op']).to be(true)
  end

  it 'sums up' do
    result = aggregator.call(
      context(
        dependencies: {
          'analyze_{{ name|snake_case }}' => { batch_processing_outcome: { type: 'create_batches' } },
          'process_{{ name|snake_case }}_batch_001' => { rows_processed: 100 },
          'process_{{ name|snake_case }}_batch_002' => { rows_processed: 50 }
        }
      )
    )

    expect(result.result).to eq({ total_rows: 150, worker_count: 2 })
  end

  it 'reports that there was nothing' do
    result = aggregator.call(
      context(
        dependencies: {
          'analyze_{{ name|snake_case }}' => { batch_processing_outcome: { type: 'no_batches' } }
        }
      )
    )

    expect(result.result).to eq({ total_rows: 0, skipped: true })
  end
end

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
"tasker-contrib-rails/step_handler_decision/handler.rb.stencil": #"""
# frozen_string_literal: true

require 'tasker_core'

{% if module_name|has_scope %}{% for outer in module_name|outer_scopes %}module {{ outer }}; end
{% endfor %}
{% endif %}module {{ module_name }}
  # Decision handler {{ name|snake_case }}: selects the steps that follow.
  class {{ name|pascal_case }}Handler < TaskerCore::StepHandler::Decision
    VERSION = '1.0.0'

    def handler_name
      '{{ name|snake_case }}'
    end

    def call(context)
      # Names of steps must be those of the task template.
      route = context.get_input('route')

      case route
      when 'premium' then follow(%w[validate_premium process_premium], route)
      when 'review' then follow(%w[manual_review approval_gate], route)
      when 'standard' then follow(%w[standard_processing], route)
      when 'none' then skip_branches(reason: 'nothing to do')
      else decision_failure(message: "no route for #{route.inspect}")
      end
    end

    private

    def follow(steps, route)
      decision_success(steps: steps, routing_context: { route: route })
    end
  end
end

"""#,
"tasker-contrib-rails/step_handler_decision/spec.rb.stencil": #"""
# frozen_string_literal: true

require_relative '../{{ name|snake_case }}_handler'

RSpec.describe {{ module_name }}::{{ name|pascal_case }}Handler do
  def context(input)
    TaskerCore::Types::StepContext.new(
      {
        task: { task: { context: input } },
        workflow_step: { name: 'step', attempts: 0, max_attempts: 3, inputs: {} },
        dependency_results: {},
        step_definition: { name: 'step', handler: { callable: 'handler', initialization: {} } }
      }
    )
  end

  def send_step(route)
    described_class.new.call(context({ 'route' => route }))
  end

  {
    'premium' => %w[validate_premium process_premium],
    'review' => %w[manual_review approval_gate],
    'standard' => %w[standard_processing]
  }.each do |route, steps|
    it "follows the route #{route}" do
      expect(send_step(route).result).to eq(
        {
          decision_point_outcome: { type: 'create_steps', step_names: steps },
          routing_context: { route: route }
        }
      )
    end
  end

  it 'may select nothing' do
    expect(send_step('none').result).to eq(
      { decision_point_outcome: { type: 'no_branches' }, reason: 'nothing to do' }
    )
  end

  it 'fails for good on an unknown route' do
    result = send_step('elsewhere')

    expect([result.success?, result.retryable]).to eq([false, false])
  end
end

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
"tasker-contrib-rust/step_handler/Cargo.toml.stencil": #"""
[package]
name = "{{ module_name }}"
version = "0.1.0"
edition = "2021"
rust-version = "1.65"

[lib]
name = "{{ module_name }}"
path = "lib.rs"

[[bin]]
name = "{{ module_name }}"
path = "main.rs"
# The library has the same name.
doc = false

"""#,
"tasker-contrib-rust/step_handler/handler.rs.stencil": #"""
//! Step handler {{ name|snake_case }}.

use crate::tasker_stdio::{Json, StepContext, StepHandler, StepResult};

pub struct {{ name|pascal_case }}Handler;

impl StepHandler for {{ name|pascal_case }}Handler {
    fn name(&self) -> &str {
        "{{ name|snake_case }}"
    }

    fn class_name(&self) -> &str {
        "{{ name|pascal_case }}Handler"
    }

    fn call(&self, context: &StepContext) -> StepResult {
        // Data that the task was created with.
        let input = context.input();
        if !input.is_object() {
            return StepResult::failure("the task's input is no object", "validation_error", false);
        }

        // Results of earlier steps:
        // let previous = context.dependency_result("previous_step_name");

        StepResult::Success(Json::object([
            ("processed", Json::from(true)),
            ("handler", Json::from("{{ name|snake_case }}")),
        ]))
    }
}

"""#,
"tasker-contrib-rust/step_handler/lib.rs.stencil": #"""
//! Step handlers of {{ module_name }}.

// The worker protocol.
pub mod tasker_stdio;

// One line for each handler.
pub mod {{ name|snake_case }};

"""#,
"tasker-contrib-rust/step_handler/main.rs.stencil": #"""
//! Serves the handlers over standard input and output.

use std::io;

use {{ module_name }}::tasker_stdio::{serve, StepHandler};

use {{ module_name }}::{{ name|snake_case }}::{{ name|pascal_case }}Handler;

fn main() -> io::Result<()> {
    let handlers: [&dyn StepHandler; 1] = [&{{ name|pascal_case }}Handler];
    serve(&handlers, io::stdin().lock(), io::stdout().lock())
}

"""#,
"tasker-contrib-rust/step_handler/tasker_stdio.rs.stencil": #"""
{% raw %}//! Tasker's worker protocol over standard input and output, with the standard library only.
//!
//! One JSON message per line: `step.execute` comes in, `step.result` goes out. `tasker-ctl worker exec` hosts such a
//! program on the broker.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::Instant;

/// A JSON value; members of objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one JSON text. The error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Json, String> {
        let mut parser = Parser {
            bytes: text.as_bytes(),
            index: 0,
        };
        let value = parser.value(0)?;
        parser.skip_space();
        if parser.index < parser.bytes.len() {
            return Err(parser.failure("nothing may follow"));
        }
        Ok(value)
    }

    /// An object of the members given.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(
            members
                .into_iter()
                .map(|(k, v)| (k.to_string(), v))
                .collect(),
        )
    }

    /// The member of that name; `None` when this is no object or has none.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Json::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Json::Int(number) => Some(*number as f64),
            Json::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub fn is_object(&self) -> bool {
        matches!(self, Json::Object(_))
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_string())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Json {
        Json::Int(number)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Int(number) => write!(f, "{number}"),
            // JSON has no word for NaN and infinities.
            Json::Float(number) if !number.is_finite() => f.write_str("null"),
            Json::Float(number) => write!(f, "{number:?}"),
            Json::Text(text) => write_text(f, text),
            Json::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        f.write_str(",")?;
                    }
                    write_text(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            c if (c as u32) < 0x20 => write!(f, "\\u{:04x}", c as u32)?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

struct Parser<'a> {
    bytes: &'a [u8],
    index: usize,
}

impl Parser<'_> {
    fn failure(&self, message: &str) -> String {
        format!("{message} at byte {}", self.index)
    }

    fn skip_space(&mut self) {
        while matches!(
            self.bytes.get(self.index),
            Some(b' ' | b'\t' | b'\n' | b'\r')
        ) {
            self.index += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.index) == Some(&byte);
        if found {
            self.index += 1;
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > 128 {
            return Err(self.failure("values are nested too deep"));
        }
        self.skip_space();
        match self.bytes.get(self.index) {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.text()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.failure("a value is missing")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        if self.bytes[self.index..].starts_with(word.as_bytes()) {
            self.index += word.len();
            return Ok(value);
        }
        Err(self.failure("no such word"))
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.index;
        while matches!(
            self.bytes.get(self.index),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.index += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.index]).unwrap_or_default();
        if let Ok(number) = text.parse::<i64>() {
            return Ok(Json::Int(number));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Json::Float(number)),
            _ => Err(self.failure("no such number")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        self.index += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.failure("',' or ']' is missing"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.index += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            if self.bytes.get(self.index) != Some(&b'"') {
                return Err(self.failure("a name is missing"));
            }
            let name = self.text()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.failure("':' is missing"));
            }
            members.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.failure("',' or '}' is missing"));
            }
        }
    }

    fn text(&mut self) -> Result<String, String> {
        self.index += 1;
        let mut bytes = Vec::new();
        loop {
            let Some(&byte) = self.bytes.get(self.index) else {
                return Err(self.failure("the closing quote is missing"));
            };
            self.index += 1;
            match byte {
                b'"' => {
                    return String::from_utf8(bytes).map_err(|_| self.failure("no UTF-8"));
                }
                b'\\' => {
                    let character = self.escape()?;
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                0..=0x1f => return Err(self.failure("a control character")),
                other => bytes.push(other),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let Some(&byte) = self.bytes.get(self.index) else {
            return Err(self.failure("the closing quote is missing"));
        };
        self.index += 1;
        match byte {
            b'"' | b'\\' | b'/' => Ok(byte as char),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => {
                let high = self.hex()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return char::from_u32(high).ok_or_else(|| self.failure("half a character"));
                }
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(self.failure("half a character"));
                }
                let low = self.hex()?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Err(self.failure("half a character"));
                }
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                char::from_u32(code).ok_or_else(|| self.failure("no such character"))
            }
            _ => Err(self.failure("no such escape")),
        }
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.bytes.get(self.index..self.index + 4);
        let code = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.index += 4;
        code.ok_or_else(|| self.failure("four hexadecimal digits are missing"))
    }
}

/// What a handler is given.
pub struct StepContext {
    message: Json,
}

impl StepContext {
    /// A context of a whole `step.execute` message.
    pub fn new(message: Json) -> StepContext {
        StepContext { message }
    }

    /// A context for tests: the task's input and nothing else.
    pub fn from_input(input: Json) -> StepContext {
        StepContext::new(Json::object([("task", Json::object([("context", input)]))]))
    }

    fn member(&self, path: &[&str]) -> &Json {
        path.iter()
            .try_fold(&self.message, |value, name| value.get(name))
            .unwrap_or(&Json::Null)
    }

    /// The data that the task was created with.
    pub fn input(&self) -> &Json {
        self.member(&["task", "context"])
    }

    /// `handler.initialization` of the task template.
    pub fn config(&self) -> &Json {
        self.member(&["handler", "initialization"])
    }

    /// What an earlier step returned; `None` when it did not run.
    pub fn dependency_result(&self, step: &str) -> Option<&Json> {
        let entry = self.member(&["dependency_results"]).get(step)?;
        match entry.get("result").unwrap_or(entry) {
            Json::Null => None,
            result => Some(result),
        }
    }

    /// What the steps returned whose names begin so: the batches of a batch worker, in their order.
    pub fn dependency_results(&self, prefix: &str) -> Vec<&Json> {
        let Json::Object(members) = self.member(&["dependency_results"]) else {
            return Vec::new();
        };
        members
            .iter()
            .filter(|(name, _)| name.starts_with(prefix))
            .filter_map(|(name, _)| self.dependency_result(name))
            .collect()
    }

    /// The method that the task template asks for; `call` when it names none.
    pub fn method(&self) -> &str {
        self.member(&["handler", "method"])
            .as_str()
            .unwrap_or("call")
    }

    /// From 1.
    pub fn attempt(&self) -> i64 {
        self.member(&["step", "attempt"]).as_i64().unwrap_or(1)
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
pub enum StepResult {
    Success(Json),
    Failure {
        message: String,
        error_type: String,
        /// Whether another attempt can help.
        retryable: bool,
    },
}

impl StepResult {
    pub fn failure(message: &str, error_type: &str, retryable: bool) -> StepResult {
        StepResult::Failure {
            message: message.to_string(),
            error_type: error_type.to_string(),
            retryable,
        }
    }
}

/// Business logic of one step.
pub trait StepHandler {
    /// The name that task templates call it by.
    fn name(&self) -> &str;
    /// Its type's name, which task templates may use too.
    fn class_name(&self) -> &str;
    fn version(&self) -> &str {
        "1.0.0"
    }
    fn call(&self, context: &StepContext) -> StepResult;
}

/// Answers every message of `input` until it ends.
pub fn serve(
    handlers: &[&dyn StepHandler],
    input: impl BufRead,
    mut output: impl Write,
) -> io::Result<()> {
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        writeln!(output, "{}", answer(handlers, &line))?;
        output.flush()?;
    }
    Ok(())
}

/// The `step.result` for one line.
pub fn answer(handlers: &[&dyn StepHandler], line: &str) -> Json {
    let started = Instant::now();
    let message = match Json::parse(line) {
        Ok(message) => message,
        Err(reason) => {
            let text = format!("the message is no JSON: {reason}");
            return abandoned(&Json::Null, &text, "invalid_message");
        }
    };
    let context = StepContext::new(message);
    let callable = context
        .member(&["handler", "callable"])
        .as_str()
        .unwrap_or_default();
    let Some(handler) = handlers
        .iter()
        .find(|handler| handler.name() == callable || handler.class_name() == callable)
    else {
        let text = format!("this program has no handler '{callable}'");
        return abandoned(&context.message, &text, "handler_not_found");
    };
    // A panic of a handler must not take the worker with it.
    let result = catch_unwind(AssertUnwindSafe(|| handler.call(&context)))
        .unwrap_or_else(|_| StepResult::failure("the handler panicked", "handler_error", true));
    let mut members = head(&context.message);
    match result {
        StepResult::Success(value) => {
            members.push(("status".to_string(), Json::from("completed")));
            members.push(("result".to_string(), value));
        }
        StepResult::Failure {
            message,
            error_type,
            retryable,
        } => {
            members.push(("status".to_string(), Json::from("failed")));
            members.push(("error".to_string(), error(&message, &error_type, retryable)));
        }
    }
    let metadata = Json::object([("handler_version", Json::from(handler.version()))]);
    members.push(("metadata".to_string(), metadata));
    let milliseconds = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    members.push(("execution_time_ms".to_string(), Json::Int(milliseconds)));
    Json::Object(members)
}

fn head(message: &Json) -> Vec<(String, Json)> {
    let find = |path: &[&str]| {
        path.iter()
            .try_fold(message, |value, name| value.get(name))
            .cloned()
            .unwrap_or(Json::Null)
    };
    vec![
        ("protocol".to_string(), Json::from("1.0")),
        ("kind".to_string(), Json::from("step.result")),
        ("dispatch_id".to_string(), find(&["dispatch_id"])),
        ("task_uuid".to_string(), find(&["task", "uuid"])),
        ("step_uuid".to_string(), find(&["step", "uuid"])),
    ]
}

fn error(message: &str, error_type: &str, retryable: bool) -> Json {
    Json::object([
        ("message", Json::from(message)),
        ("error_type", Json::from(error_type)),
        ("retryable", Json::from(retryable)),
    ])
}

fn abandoned(message: &Json, text: &str, error_type: &str) -> Json {
    let mut members = head(message);
    members.push(("status".to_string(), Json::from("abandoned")));
    members.push(("error".to_string(), error(text, error_type, true)));
    Json::Object(members)
}
{% endraw %}
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
"tasker-contrib-rust/step_handler/test.rs.stencil": #"""
//! Tests of the step handler {{ name|snake_case }}.

use {{ module_name }}::tasker_stdio::{answer, Json, StepContext, StepHandler, StepResult};

use {{ module_name }}::{{ name|snake_case }}::{{ name|pascal_case }}Handler as Handler;

fn sent(callable: &str, input: &str) -> Json {
    let line = format!(
        r#"{% raw %}{{"kind":"step.execute","dispatch_id":"d1","task":{{"uuid":"t1","context":{input}}},"step":{{"uuid":"s1","attempt":1}},"handler":{{"callable":"{callable}"}}}}{% endraw %}"#
    );
    answer(&[&Handler], &line)
}

#[test]
fn a_task_is_processed() {
    let input = Json::object([("order_id", Json::from(1))]);
    let result = Handler.call(&StepContext::from_input(input));

    let expected = Json::object([
        ("processed", Json::from(true)),
        ("handler", Json::from("{{ name|snake_case }}")),
    ]);
    assert_eq!(result, StepResult::Success(expected));
}

#[test]
fn input_that_is_no_object_fails_for_good() {
    let result = Handler.call(&StepContext::from_input(Json::Null));

    assert_eq!(
        result,
        StepResult::failure("the task's input is no object", "validation_error", false)
    );
}

#[test]
fn both_names_are_answered() {
    for callable in [Handler.name(), Handler.class_name()] {
        let message = sent(callable, r#"{"order_id":1}"#);
        assert_eq!(message.get("status"), Some(&Json::from("completed")));
        assert_eq!(message.get("dispatch_id"), Some(&Json::from("d1")));
    }
}

#[test]
fn another_name_is_abandoned() {
    let message = sent("somebody_else", "{}");
    assert_eq!(message.get("status"), Some(&Json::from("abandoned")));
}

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
"tasker-contrib-swift/step_handler/Handler.swift.stencil": #"""
import TaskerWorker

/// Step handler {{ name|snake_case }}.
public struct {{ name|pascal_case }}Handler: StepHandler {
    public static let handlerName = "{{ name|snake_case }}"
    public static let handlerVersion = "1.0.0"

    public init() {}

    public func call(_ context: StepContext) async throws -> StepResult {
        // Data that the task was created with.
        let input = context.input
        guard case .object = input else {
            throw StepError.validation("the task's input is no object")
        }

        // Results of earlier steps:
        // let previous: JSONValue? = try context.result(of: "previous_step_name")

        return .success([
            "processed": true,
            "handler": "{{ name|snake_case }}",
        ])
    }
}

"""#,
"tasker-contrib-swift/step_handler/Package.swift.stencil": #"""
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "{{ module_name }}",
    platforms: [.macOS(.v15)],
    products: [.library(name: "{{ module_name }}", targets: ["{{ module_name }}"])],
    dependencies: [
        {% if sdk|is_url %}.package(url: {{ sdk|swift_string }}, branch: "main"){% else %}.package(name: "tasker", path: {{ sdk|swift_string }}){% endif %}
    ],
    targets: [
        .target(
            name: "{{ module_name }}",
            dependencies: [
                .product(name: "TaskerWorker", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
                // For handlers of an HTTP API; it brings TLS, so leave it out where there are none.
                .product(name: "TaskerWorkerHTTP", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
        .testTarget(
            name: "{{ module_name }}Tests",
            dependencies: [
                "{{ module_name }}",
                .product(name: "TaskerTestKit", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
    ]
)

"""#,
"tasker-contrib-swift/step_handler/Tests.swift.stencil": #"""
import TaskerTestKit
import Testing

@testable import {{ module_name }}

struct {{ name|pascal_case }}HandlerTests {
    let handler = {{ name|pascal_case }}Handler()

    @Test func aTaskIsProcessed() async {
        let outcome = await TestKit.run(handler, .test(input: ["order_id": 1]))

        #expect(outcome.payload == ["processed": true, "handler": "{{ name|snake_case }}"])
    }

    @Test func inputThatIsNoObjectFailsForGood() async {
        let outcome = await TestKit.run(handler, .test(input: nil))

        #expect(outcome.failure?.errorType == "validation_error")
        #expect(outcome.failure?.isRetryable == false)
    }

    @Test func itIsCalledByItsName() {
        #expect(type(of: handler).handlerName == "{{ name|snake_case }}")
    }
}

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
default = "../tasker"

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
"tasker-contrib-swift/step_handler_api/Handler.swift.stencil": #"""
import Foundation
import TaskerWorker
import TaskerWorkerHTTP

/// Step handler {{ name|snake_case }}: one request to an HTTP API.
public struct {{ name|pascal_case }}Handler: APIHandler {
    public static let handlerName = "{{ name|snake_case }}"
    public static let handlerVersion = "1.0.0"

    public let baseURL = {{ base_url|swift_string }}
    public let defaultTimeout = Duration.seconds(30)
    /// What a test puts in place of the network.
    var transport: (@Sendable (String) async throws -> APIResponse)?

    public init() {}

    public func call(_ context: StepContext) async throws -> StepResult {
        let id = try context.input("id", default: JSONValue.null)
        guard id != .null else { throw StepError.validation("the input has no id") }

        do {
            let response = try await fetch("/resources/\(segment(id.stringValue ?? id.canonicalText))")
            return response.isOK ? apiSuccess(response) : apiFailure(response)
        } catch let error as APITimeoutError {
            return timeoutError(error, while: "fetching the resource")
        } catch let error as APIConnectionError {
            return connectionError(error, while: "fetching the resource")
        }
    }

    /// One part of a path: an id must not lead elsewhere.
    private func segment(_ text: String) -> String {
        let allowed = CharacterSet.alphanumerics.union(["-", "_", "."])
        return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
    }

    private func fetch(_ path: String) async throws -> APIResponse {
        if let transport { return try await transport(path) }
        return try await get(path)
    }
}

"""#,
"tasker-contrib-swift/step_handler_api/Package.swift.stencil": #"""
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "{{ module_name }}",
    platforms: [.macOS(.v15)],
    products: [.library(name: "{{ module_name }}", targets: ["{{ module_name }}"])],
    dependencies: [
        {% if sdk|is_url %}.package(url: {{ sdk|swift_string }}, branch: "main"){% else %}.package(name: "tasker", path: {{ sdk|swift_string }}){% endif %}
    ],
    targets: [
        .target(
            name: "{{ module_name }}",
            dependencies: [
                .product(name: "TaskerWorker", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
                // For handlers of an HTTP API; it brings TLS, so leave it out where there are none.
                .product(name: "TaskerWorkerHTTP", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
        .testTarget(
            name: "{{ module_name }}Tests",
            dependencies: [
                "{{ module_name }}",
                .product(name: "TaskerTestKit", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
    ]
)

"""#,
"tasker-contrib-swift/step_handler_api/Tests.swift.stencil": #"""
import TaskerTestKit
import TaskerWorkerHTTP
import Testing

@testable import {{ module_name }}

struct {{ name|pascal_case }}HandlerTests {
    private func send(
        _ input: JSONValue = ["id": 7], _ answer: @escaping @Sendable (String) throws -> APIResponse
    ) async -> TestOutcome {
        var handler = {{ name|pascal_case }}Handler()
        handler.transport = { try answer($0) }
        return await TestKit.run(handler, .test(input: input))
    }

    @Test func theBodyIsTheResult() async {
        let outcome = await send { path in
            #expect(path == "/resources/7")
            return APIResponse(statusCode: 200, body: ["id": 7, "name": "seven"])
        }

        #expect(outcome.payload == ["id": 7, "name": "seven"])
    }

    @Test func anIdCannotLeaveItsPath() async {
        let outcome = await send(["id": "../admin"]) { path in
            #expect(path == "/resources/..%2Fadmin")
            return APIResponse(statusCode: 200)
        }

        #expect(outcome.isSuccess)
    }

    @Test func notFoundIsPermanent() async {
        let outcome = await send { _ in APIResponse(statusCode: 404, body: ["error": "no such resource"]) }

        #expect(outcome.failure?.errorType == "not_found")
        #expect(outcome.failure?.isRetryable == false)
    }

    @Test func anOverloadedAPIIsTriedAgainLater() async {
        let outcome = await send { _ in APIResponse(statusCode: 503, headers: ["Retry-After": "12"]) }

        #expect(outcome.failure?.isRetryable == true)
        #expect(outcome.failure?.retryAfterSeconds == 12)
    }

    @Test func aBrokenConnectionIsTriedAgain() async {
        struct Refused: Error {}
        let outcome = await send { _ in throw Refused() }

        #expect(outcome.failure?.isRetryable == true)
    }

    @Test func aMissingIdIsPermanent() async {
        let outcome = await send([:]) { _ in APIResponse(statusCode: 200) }

        #expect(outcome.failure?.errorType == "validation_error")
        #expect(outcome.failure?.isRetryable == false)
    }
}

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
default = "../tasker"

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
"tasker-contrib-swift/step_handler_batchable/Handler.swift.stencil": #"""
import TaskerWorker

/// Divides the work into ranges of rows.
public struct {{ name|pascal_case }}AnalyzerHandler: BatchableHandler {
    public static let handlerName = "analyze_{{ name|snake_case }}"
    public static let handlerVersion = "1.0.0"
    static let batchSize: Int64 = 100

    public init() {}

    public func call(_ context: StepContext) async throws -> StepResult {
        let totalRows: Int64 = try context.input("total_rows", default: 0)
        guard totalRows >= 0 else { throw StepError.validation("total_rows is negative") }

        // No rows give the outcome "no batches".
        return batches(total: totalRows, size: Self.batchSize)
    }
}

/// Works on one range.
public struct {{ name|pascal_case }}BatchProcessorHandler: BatchableHandler {
    public static let handlerName = "process_{{ name|snake_case }}_batch"
    public static let handlerVersion = "1.0.0"

    public init() {}

    public func call(_ context: StepContext) async throws -> StepResult {
        guard let batch = batch(from: context) else { throw StepError.validation("the step has no batch") }
        if batch.isNoOp { return noOp(batch) }

        // Rows from the start cursor up to, not including, the end cursor.
        return batchSuccess(batch, ["rows_processed": .integer(batch.cursor.batchSize)])
    }
}

/// Sums up what the batch workers did.
public struct {{ name|pascal_case }}AggregatorHandler: BatchableHandler {
    public static let handlerName = "aggregate_{{ name|snake_case }}_results"
    public static let handlerVersion = "1.0.0"

    public init() {}

    public func call(_ context: StepContext) async throws -> StepResult {
        let scenario = try BatchAggregationScenario.detect(
            context, analyzer: "analyze_{{ name|snake_case }}", workers: "process_{{ name|snake_case }}_batch_")
        guard !scenario.isNoBatches else { return success(["total_rows": 0, "skipped": true]) }

        let total = scenario.batchResults.values.reduce(Int64(0)) { $0 + ($1["rows_processed"]?.integerValue ?? 0) }
        return success(["total_rows": .integer(total), "worker_count": .number(scenario.workerCount)])
    }
}

"""#,
"tasker-contrib-swift/step_handler_batchable/Package.swift.stencil": #"""
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "{{ module_name }}",
    platforms: [.macOS(.v15)],
    products: [.library(name: "{{ module_name }}", targets: ["{{ module_name }}"])],
    dependencies: [
        {% if sdk|is_url %}.package(url: {{ sdk|swift_string }}, branch: "main"){% else %}.package(name: "tasker", path: {{ sdk|swift_string }}){% endif %}
    ],
    targets: [
        .target(
            name: "{{ module_name }}",
            dependencies: [
                .product(name: "TaskerWorker", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
                // For handlers of an HTTP API; it brings TLS, so leave it out where there are none.
                .product(name: "TaskerWorkerHTTP", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
        .testTarget(
            name: "{{ module_name }}Tests",
            dependencies: [
                "{{ module_name }}",
                .product(name: "TaskerTestKit", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
    ]
)

"""#,
"tasker-contrib-swift/step_handler_batchable/Tests.swift.stencil": #"""
import TaskerTestKit
import Testing

@testable import {{ module_name }}

struct {{ name|pascal_case }}HandlerTests {
    private let analyzerName = "analyze_{{ name|snake_case }}"
    private let workerName = "process_{{ name|snake_case }}_batch"

    @Test func rowsAreDividedWithoutAGap() async {
        let outcome = await TestKit.run({{ name|pascal_case }}AnalyzerHandler(), .test(input: ["total_rows": 250]))

        let made = outcome.payload?["batch_processing_outcome"]
        let ranges = made?["cursor_configs"]?.arrayValue?.map {
            [$0["start_cursor"]?.integerValue, $0["end_cursor"]?.integerValue]
        }
        #expect(made?["type"] == "create_batches")
        #expect(ranges == [[0, 100], [100, 200], [200, 250]])
    }

    @Test func noRowsMakeNoBatches() async {
        let outcome = await TestKit.run({{ name|pascal_case }}AnalyzerHandler(), .test(input: ["total_rows": 0]))

        #expect(outcome.payload?["batch_processing_outcome"] == ["type": "no_batches"])
    }

    @Test func aNegativeNumberOfRowsIsPermanent() async {
        let outcome = await TestKit.run({{ name|pascal_case }}AnalyzerHandler(), .test(input: ["total_rows": -1]))

        #expect(outcome.failure?.errorType == "validation_error")
        #expect(outcome.failure?.isRetryable == false)
    }

    @Test func aWorkerProcessesItsRange() async {
        let context = StepContext.test(stepInputs: StepContext.batch(100..<150))
        let outcome = await TestKit.run({{ name|pascal_case }}BatchProcessorHandler(), context)

        #expect(outcome.payload == ["rows_processed": 50])
    }

    @Test func aNoOpWorkerSucceedsWithoutWork() async {
        let context = StepContext.test(stepInputs: StepContext.batch(0..<0))
        let outcome = await TestKit.run({{ name|pascal_case }}BatchProcessorHandler(), context)

        #expect(outcome.payload?["no_op"] == true)
    }

    @Test func theAggregatorSumsUp() async {
        let context = StepContext.test(dependencies: [
            analyzerName: ["batch_processing_outcome": ["type": "create_batches"]],
            workerName + "_001": ["rows_processed": 100],
            workerName + "_002": ["rows_processed": 50],
        ])
        let outcome = await TestKit.run({{ name|pascal_case }}AggregatorHandler(), context)

        #expect(outcome.payload == ["total_rows": 150, "worker_count": 2])
    }

    @Test func theAggregatorReportsThatThereWasNothing() async {
        let context = StepContext.test(dependencies: [
            analyzerName: ["batch_processing_outcome": ["type": "no_batches"]]
        ])
        let outcome = await TestKit.run({{ name|pascal_case }}AggregatorHandler(), context)

        #expect(outcome.payload == ["total_rows": 0, "skipped": true])
    }
}

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
default = "../tasker"

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
"tasker-contrib-swift/step_handler_decision/Handler.swift.stencil": #"""
import TaskerWorker

/// Decision handler {{ name|snake_case }}: selects the steps that follow.
public struct {{ name|pascal_case }}Handler: DecisionHandler {
    public static let handlerName = "{{ name|snake_case }}"
    public static let handlerVersion = "1.0.0"

    public init() {}

    public func call(_ context: StepContext) async throws -> StepResult {
        // Names of steps must be those of the task template.
        let route: String = try context.input("route", default: "")
        switch route {
        case "premium":
            return decide(["validate_premium", "process_premium"], routingContext: ["route": .string(route)])
        case "review":
            return decide(["manual_review", "approval_gate"], routingContext: ["route": .string(route)])
        case "standard":
            return decide(["standard_processing"], routingContext: ["route": .string(route)])
        case "none":
            return skipBranches("nothing to do")
        default:
            return decisionFailure("no route for '\(route)'")
        }
    }
}

"""#,
"tasker-contrib-swift/step_handler_decision/Package.swift.stencil": #"""
// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "{{ module_name }}",
    platforms: [.macOS(.v15)],
    products: [.library(name: "{{ module_name }}", targets: ["{{ module_name }}"])],
    dependencies: [
        {% if sdk|is_url %}.package(url: {{ sdk|swift_string }}, branch: "main"){% else %}.package(name: "tasker", path: {{ sdk|swift_string }}){% endif %}
    ],
    targets: [
        .target(
            name: "{{ module_name }}",
            dependencies: [
                .product(name: "TaskerWorker", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
                // For handlers of an HTTP API; it brings TLS, so leave it out where there are none.
                .product(name: "TaskerWorkerHTTP", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
        .testTarget(
            name: "{{ module_name }}Tests",
            dependencies: [
                "{{ module_name }}",
                .product(name: "TaskerTestKit", package: "{% if sdk|is_url %}{{ sdk|package_identity }}{% else %}tasker{% endif %}"),
            ]),
    ]
)

"""#,
"tasker-contrib-swift/step_handler_decision/Tests.swift.stencil": #"""
import TaskerTestKit
import Testing

@testable import {{ module_name }}

struct {{ name|pascal_case }}HandlerTests {
    private func send(_ route: String) async -> TestOutcome {
        await TestKit.run({{ name|pascal_case }}Handler(), .test(input: ["route": .string(route)]))
    }

    @Test(arguments: [
        ("premium", ["validate_premium", "process_premium"]),
        ("review", ["manual_review", "approval_gate"]),
        ("standard", ["standard_processing"]),
    ])
    func eachRouteHasItsSteps(route: String, steps: [String]) async {
        let outcome = await send(route)

        let expected: JSONValue = [
            "decision_point_outcome": ["type": "create_steps", "step_names": .array(steps.map { .string($0) })],
            "routing_context": ["route": .string(route)],
        ]
        #expect(outcome.payload == expected)
    }

    @Test func noBranchMayFollow() async {
        let outcome = await send("none")

        let expected: JSONValue = ["decision_point_outcome": ["type": "no_branches"], "reason": "nothing to do"]
        #expect(outcome.payload == expected)
    }

    @Test func anUnknownRouteIsPermanent() async {
        let outcome = await send("elsewhere")

        #expect(!outcome.isSuccess)
        #expect(outcome.failure?.isRetryable == false)
    }
}

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
default = "../tasker"

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
"tasker-contrib-typescript/step_handler/handler.ts.stencil": #"""
/** Step handler {{ name|snake_case }} of {{ module_name }}. */
import { StepHandler, type StepContext, type StepHandlerResult } from '@tasker-systems/tasker';

export class {{ name|pascal_case }}Handler extends StepHandler {
  static handlerName = '{{ name|snake_case }}';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    // Data that the task was created with.
    const inputData: unknown = context.inputData;
    if (typeof inputData !== 'object' || inputData === null) {
      return this.failure('the input is no object', 'validation_error', false);
    }

    // Results of earlier steps:
    // const previous = context.getDependencyResult('previous_step_name');

    return this.success({
      processed: true,
      handler: '{{ name|snake_case }}',
    });
  }
}

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
"tasker-contrib-typescript/step_handler/test.ts.stencil": #"""
// @ts-ignore: its types are in @types/node, which the handlers do not need.
import assert from 'node:assert/strict';
// @ts-ignore: the same, or the types of the test framework.
import { test } from '{% if test_framework == "node" %}node:test{% elif test_framework == "vitest" %}vitest{% else %}bun:test{% endif %}';
import { StepContext, type StepEvent } from '@tasker-systems/tasker';
import { {{ name|pascal_case }}Handler as Handler } from '../{{ name|kebab_case }}-handler.js';

function context(inputData: Record<string, unknown>): StepContext {
  return new StepContext({
    event: {} as unknown as StepEvent,
    taskUuid: 't1',
    stepUuid: 's1',
    correlationId: 'c1',
    handlerName: 'handler',
    inputData,
    dependencyResults: {},
    stepConfig: {},
    stepInputs: {},
    retryCount: 0,
    maxRetries: 3,
  });
}

test('a task is processed', async () => {
  const result = await new Handler().call(context({ order_id: 1 }));

  assert.equal(result.success, true);
  assert.deepEqual(result.result, { processed: true, handler: '{{ name|snake_case }}' });
});

test('input that is no object fails for good', async () => {
  const given = { inputData: null } as unknown as StepContext;
  const result = await new Handler().call(given);

  assert.equal(result.success, false);
  assert.equal(result.errorType, 'validation_error');
  assert.equal(result.retryable, false);
});

test('it is called by its name', () => {
  assert.equal(Handler.handlerName, '{{ name|snake_case }}');
});

"""#,
"tasker-contrib-typescript/step_handler_api/handler.ts.stencil": #"""
/** Step handler {{ name|snake_case }} of {{ module_name }}: one request to an HTTP API. */
import { ApiHandler, type StepContext, type StepHandlerResult } from '@tasker-systems/tasker';

export class {{ name|pascal_case }}Handler extends ApiHandler {
  static handlerName = '{{ name|snake_case }}';
  static handlerVersion = '1.0.0';
  static baseUrl = {{ base_url|typescript_string }};
  static defaultTimeout = 30_000;

  async call(context: StepContext): Promise<StepHandlerResult> {
    const id = context.getInput<string | number>('id');
    if (id === undefined || id === null) {
      return this.failure('the input has no id', 'validation_error', false);
    }

    try {
      const response = await this.get(`/resources/${encodeURIComponent(String(id))}`);
      return response.ok ? this.apiSuccess(response) : this.apiFailure(response);
    } catch (error) {
      const failure = error as Error;
      if (failure.name === 'AbortError' || failure.name === 'TimeoutError') {
        return this.timeoutError(failure, 'fetching the resource');
      }
      return this.connectionError(failure, 'fetching the resource');
    }
  }
}

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
"tasker-contrib-typescript/step_handler_api/test.ts.stencil": #"""
// @ts-ignore: its types are in @types/node, which the handlers do not need.
import assert from 'node:assert/strict';
// @ts-ignore: the same, or the types of the test framework.
import { test } from '{% if test_framework == "node" %}node:test{% elif test_framework == "vitest" %}vitest{% else %}bun:test{% endif %}';
import { StepContext, type StepEvent } from '@tasker-systems/tasker';
import { {{ name|pascal_case }}Handler as Handler } from '../{{ name|kebab_case }}-handler.js';

function context(inputData: Record<string, unknown>): StepContext {
  return new StepContext({
    event: {} as unknown as StepEvent,
    taskUuid: 't1',
    stepUuid: 's1',
    correlationId: 'c1',
    handlerName: 'handler',
    inputData,
    dependencyResults: {},
    stepConfig: {},
    stepInputs: {},
    retryCount: 0,
    maxRetries: 3,
  });
}

/** Puts a function in place of the network and runs the handler. */
async function send(inputData: Record<string, unknown>, answer: (url: string) => Response) {
  const network = globalThis.fetch;
  globalThis.fetch = (async (url: unknown) => answer(String(url))) as typeof fetch;
  try {
    return await new Handler().call(context(inputData));
  } finally {
    globalThis.fetch = network;
  }
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

test('the body is the result', async () => {
  const urls: string[] = [];
  const result = await send({ id: 7 }, (url) => {
    urls.push(url);
    return json(200, { id: 7, name: 'seven' });
  });

  assert.equal(result.success, true);
  assert.deepEqual(result.result, { id: 7, name: 'seven' });
  assert.deepEqual(urls, [{{ base_url|typescript_string }} + '/resources/7']);
});

test('not found is permanent', async () => {
  const result = await send({ id: 7 }, () => json(404, { error: 'no such resource' }));

  assert.equal(result.errorType, 'not_found');
  assert.equal(result.retryable, false);
});

test('an overloaded API is tried again later', async () => {
  const result = await send({ id: 7 }, () => json(503, {}, { 'Retry-After': '12' }));

  assert.equal(result.retryable, true);
  assert.equal(result.metadata['retry_after_seconds'], 12);
});

test('a broken connection is tried again', async () => {
  const result = await send({ id: 7 }, () => {
    throw new TypeError('fetch failed');
  });

  assert.equal(result.errorType, 'connection_error');
  assert.equal(result.retryable, true);
});

test('a missing id is permanent', async () => {
  const result = await send({}, () => json(200, {}));

  assert.equal(result.errorType, 'validation_error');
  assert.equal(result.retryable, false);
});

"""#,
"tasker-contrib-typescript/step_handler_batchable/handler.ts.stencil": #"""
/** Batch handlers {{ name|snake_case }} of {{ module_name }}: analyzer, batch worker, aggregator. */
import {
  BatchableStepHandler,
  type StepContext,
  type StepHandlerResult,
} from '@tasker-systems/tasker';

const BATCH_SIZE = 100;

/** Divides the work into ranges of rows. */
export class {{ name|pascal_case }}AnalyzerHandler extends BatchableStepHandler {
  static handlerName = 'analyze_{{ name|snake_case }}';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const totalRows = Number(context.getInputOr<number>('total_rows', 0));
    if (totalRows < 0) {
      return this.failure('total_rows is negative', 'validation_error', false);
    }

    // No rows give the outcome "no batches".
    return this.batchAnalyzerSuccess(this.createBatchOutcome(totalRows, BATCH_SIZE));
  }
}

/** Works on one range. */
export class {{ name|pascal_case }}BatchProcessorHandler extends BatchableStepHandler {
  static handlerName = 'process_{{ name|snake_case }}_batch';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const noOp = this.handleNoOpWorker(context);
    if (noOp) return noOp;

    const batch = this.getBatchContext(context);
    if (!batch) return this.failure('the step has no batch', 'validation_error', false);

    // Rows from startCursor up to, not including, endCursor.
    const rowsProcessed = Number(batch.endCursor) - Number(batch.startCursor);

    return this.batchWorkerSuccess(batch, { result: { rows_processed: rowsProcessed } });
  }
}

/** Sums up what the batch workers did. */
export class {{ name|pascal_case }}AggregatorHandler extends BatchableStepHandler {
  static handlerName = 'aggregate_{{ name|snake_case }}_results';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const scenario = this.detectAggregationScenario(
      context.dependencyResults,
      'analyze_{{ name|snake_case }}',
      'process_{{ name|snake_case }}_batch_',
    );
    if (scenario.isNoBatches) return this.success({ total_rows: 0, skipped: true });

    let total = 0;
    for (const result of Object.values(scenario.batchResults)) {
      total += Number((result as { rows_processed?: number }).rows_processed ?? 0);
    }
    return this.success({ total_rows: total, worker_count: scenario.workerCount });
  }
}

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
"tasker-contrib-typescript/step_handler_batchable/test.ts.stencil": #"""
// @ts-ignore: its types are in @types/node, which the handlers do not need.
import assert from 'node:assert/strict';
// @ts-ignore: the same, or the types of the test framework.
import { test } from '{% if test_framework == "node" %}node:test{% elif test_framework == "vitest" %}vitest{% else %}bun:test{% endif %}';
import { StepContext, type StepEvent } from '@tasker-systems/tasker';
import {
  {{ name|pascal_case }}AggregatorHandler as Aggregator,
  {{ name|pascal_case }}AnalyzerHandler as Analyzer,
  {{ name|pascal_case }}BatchProcessorHandler as BatchProcessor,
} from '../{{ name|kebab_case }}-handler.js';

const ANALYZER = 'analyze_{{ name|snake_case }}';
const WORKER = 'process_{{ name|snake_case }}_batch';

type Values = Record<string, unknown>;

function context(inputData: Values, stepInputs: Values = {}, results: Values = {}): StepContext {
  const dependencyResults: Values = {};
  for (const [name, result] of Object.entries(results)) {
    dependencyResults[name] = { status: 'completed', success: true, result };
  }
  return new StepContext({
    event: {} as unknown as StepEvent,
    taskUuid: 't1',
    stepUuid: 's1',
    correlationId: 'c1',
    handlerName: 'handler',
    inputData,
    dependencyResults,
    stepConfig: {},
    stepInputs,
    retryCount: 0,
    maxRetries: 3,
  });
}

function workerInputs(start: number, end: number, isNoOp = false): Values {
  return {
    cursor: { batch_id: '001', start_cursor: start, end_cursor: end, batch_size: end - start },
    batch_metadata: { cursor_field: 'id', failure_strategy: 'fail_fast' },
    is_no_op: isNoOp,
  };
}

interface Outcome {
  type: string;
  cursor_configs?: { start_cursor: number; end_cursor: number }[];
}

test('rows are divided without a gap', async () => {
  const sent = await new Analyzer().call(context({ total_rows: 250 }));
  const outcome = sent.result?.['batch_processing_outcome'] as unknown as Outcome;

  assert.equal(outcome.type, 'create_batches');
  assert.deepEqual(
    outcome.cursor_configs?.map((cursor) => [cursor.start_cursor, cursor.end_cursor]),
    [[0, 100], [100, 200], [200, 250]],
  );
});

test('no rows make no batches', async () => {
  const sent = await new Analyzer().call(context({ total_rows: 0 }));
  const outcome = sent.result?.['batch_processing_outcome'] as unknown as Outcome;

  assert.equal(outcome.type, 'no_batches');
});

test('a negative number of rows is permanent', async () => {
  const sent = await new Analyzer().call(context({ total_rows: -1 }));

  assert.equal(sent.errorType, 'validation_error');
  assert.equal(sent.retryable, false);
});

test('a worker processes its range', async () => {
  const sent = await new BatchProcessor().call(context({}, workerInputs(100, 150)));

  assert.equal(sent.success, true);
  assert.deepEqual(sent.result, { rows_processed: 50 });
});

test('a no-op worker succeeds without work', async () => {
  const sent = await new BatchProcessor().call(context({}, workerInputs(0, 0, true)));

  assert.equal(sent.success, true);
  assert.equal(sent.result?.['no_op'], true);
});

test('the aggregator sums up', async () => {
  const sent = await new Aggregator().call(
    context({}, {}, {
      [ANALYZER]: { batch_processing_outcome: { type: 'create_batches' } },
      [`${WORKER}_001`]: { rows_processed: 100 },
      [`${WORKER}_002`]: { rows_processed: 50 },
    }),
  );

  assert.deepEqual(sent.result, { total_rows: 150, worker_count: 2 });
});

test('the aggregator reports that there was nothing', async () => {
  const sent = await new Aggregator().call(
    context({}, {}, { [ANALYZER]: { batch_processing_outcome: { type: 'no_batches' } } }),
  );

  assert.deepEqual(sent.result, { total_rows: 0, skipped: true });
});

"""#,
"tasker-contrib-typescript/step_handler_decision/handler.ts.stencil": #"""
/** Decision handler {{ name|snake_case }} of {{ module_name }}: selects the steps that follow. */
import { DecisionHandler, type StepContext, type StepHandlerResult } from '@tasker-systems/tasker';

export class {{ name|pascal_case }}Handler extends DecisionHandler {
  static handlerName = '{{ name|snake_case }}';
  static handlerVersion = '1.0.0';

  async call(context: StepContext): Promise<StepHandlerResult> {
    // Names of steps must be those of the task template.
    const route = context.getInput<string>('route');

    switch (route) {
      case 'premium':
        return this.decisionSuccess(['validate_premium', 'process_premium'], { route });
      case 'review':
        return this.decisionSuccess(['manual_review', 'approval_gate'], { route });
      case 'standard':
        return this.decisionSuccess(['standard_processing'], { route });
      case 'none':
        return this.skipBranches('nothing to do');
      default:
        return this.decisionFailure(`no route for ${JSON.stringify(route)}`);
    }
  }
}

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
"tasker-contrib-typescript/step_handler_decision/test.ts.stencil": #"""
// @ts-ignore: its types are in @types/node, which the handlers do not need.
import assert from 'node:assert/strict';
// @ts-ignore: the same, or the types of the test framework.
import { test } from '{% if test_framework == "node" %}node:test{% elif test_framework == "vitest" %}vitest{% else %}bun:test{% endif %}';
import { StepContext, type StepEvent } from '@tasker-systems/tasker';
import { {{ name|pascal_case }}Handler as Handler } from '../{{ name|kebab_case }}-handler.js';

function context(inputData: Record<string, unknown>): StepContext {
  return new StepContext({
    event: {} as unknown as StepEvent,
    taskUuid: 't1',
    stepUuid: 's1',
    correlationId: 'c1',
    handlerName: 'handler',
    inputData,
    dependencyResults: {},
    stepConfig: {},
    stepInputs: {},
    retryCount: 0,
    maxRetries: 3,
  });
}

const ROUTES: Record<string, string[]> = {
  premium: ['validate_premium', 'process_premium'],
  review: ['manual_review', 'approval_gate'],
  standard: ['standard_processing'],
};

for (const [route, steps] of Object.entries(ROUTES)) {
  test(`the route ${route} has its steps`, async () => {
    const result = await new Handler().call(context({ route }));

    assert.equal(result.success, true);
    assert.deepEqual(result.result, {
      decision_point_outcome: { type: 'create_steps', step_names: steps },
      routing_context: { route },
    });
  });
}

test('no branch may follow', async () => {
  const result = await new Handler().call(context({ route: 'none' }));

  assert.deepEqual(result.result, {
    decision_point_outcome: { type: 'no_branches' },
    reason: 'nothing to do',
  });
});

test('an unknown route is permanent', async () => {
  const result = await new Handler().call(context({ route: 'elsewhere' }));

  assert.equal(result.success, false);
  assert.equal(result.retryable, false);
});

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
