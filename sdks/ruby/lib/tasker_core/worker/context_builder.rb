# frozen_string_literal: true

require 'tasker_core/types/step_context'
require 'tasker_core/wire/trace'

module TaskerCore
  module Worker
    # From a +step.execute+ to the context a handler sees (logical step event of the SDK contract).
    module ContextBuilder
      module_function

      # +control+ is nil for a step that nobody can cancel.
      def build(message, handler_name: nil, control: nil)
        event = step_event(message)
        Types::StepContext.new(event, handler_name: handler_name || message.callable, event:, control:)
      end

      # The event as a hash with string keys.
      def step_event(message)
        trace = Wire::TraceParent.parse(message.trace_headers['traceparent'])
        {
          'event_id' => message.dispatch_id, 'task_uuid' => message.task_uuid, 'step_uuid' => message.step_uuid,
          'correlation_id' => message.correlation_id,
          'parent_correlation_id' => message.task['parent_correlation_id'],
          'trace_id' => trace&.trace_id, 'span_id' => trace&.parent_id,
          'task' => task(message), 'workflow_step' => workflow_step(message),
          'dependency_results' => with_success(message.dependency_results),
          'step_definition' => step_definition(message)
        }
      end

      def task(message)
        { 'task' => message.task.merge('task_uuid' => message.task_uuid), 'task_name' => message.task['name'],
          'task_version' => message.task['version'], 'namespace_name' => message.task['namespace'] }
      end

      def workflow_step(message)
        message.step.merge(
          'workflow_step_uuid' => message.step_uuid, 'task_uuid' => message.task_uuid,
          'max_attempts' => message.max_attempts, 'attempts' => message.attempt - 1,
          'in_process' => true, 'processed' => false, 'results' => nil
        )
      end

      def step_definition(message)
        message.step_definition.merge(
          'name' => message.step['template_step_name'] || message.step_name, 'handler' => message.handler,
          'retry' => { 'retryable' => message.retryable?, 'max_attempts' => message.max_attempts },
          'timeout_seconds' => message.timeout
        )
      end

      def with_success(results)
        results.transform_values do |entry|
          entry.is_a?(Hash) ? entry.merge('success' => entry['status'] != 'failed') : entry
        end
      end
    end
  end
end
