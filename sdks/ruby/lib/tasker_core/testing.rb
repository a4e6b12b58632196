# frozen_string_literal: true

require 'securerandom'
require 'tasker_core'
require 'tasker_core/wire/execute'
require 'tasker_core/worker/step_runner'

module TaskerCore
  # Test kit: a context from plain values, and a handler run the way the worker runs it. No broker. Include it, or call
  # the functions on the module.
  module Testing
    # What the worker would see of a running step: cancel it with +cancel!+, look at +progress+.
    class StepProbe < Worker::RunControl
      def cancel! = request_stop('cancelled')
    end

    module_function

    # A complete +step.execute+ message; +dependencies+ are results of earlier steps by name.
    def step_message(callable = 'handler', input: {}, dependencies: {}, config: {}, step_inputs: {}, method: nil,
                     name: 'step', attempt: 1, max_attempts: 3, checkpoint: nil, publishes_events: [],
                     worker_template_names: [], timeout_ms: 30_000, max_result_bytes: 1_048_576)
      {
        'protocol' => '1.0', 'kind' => 'step.execute', 'dispatch_id' => SecureRandom.uuid,
        'reply_to' => 'tasker.results.0',
        'task' => Testing.task_of_message(input),
        'step' => {
          'uuid' => SecureRandom.uuid, 'name' => name, 'template_step_name' => name, 'type' => 'standard',
          'attempt' => attempt, 'max_attempts' => max_attempts, 'retryable' => true, 'timeout_ms' => timeout_ms,
          'inputs' => step_inputs, 'checkpoint' => checkpoint, 'backoff_request_seconds' => nil,
          'last_attempted_at' => nil
        },
        'handler' => { 'callable' => callable, 'method' => method, 'resolver' => nil, 'initialization' => config },
        'step_definition' => { 'description' => '', 'dependencies' => dependencies.keys.map(&:to_s),
                               'publishes_events' => publishes_events,
                               'worker_template_names' => worker_template_names },
        'dependency_results' => Testing.wrapped(dependencies),
        'limits' => { 'max_result_bytes' => max_result_bytes, 'heartbeat_interval_ms' => 20_000,
                      'ack_deadline_ms' => 600_000 }
      }
    end

    # A context from plain values; +dependencies+ are results of earlier steps by name, not wrapped.
    def step_context(input: {}, dependencies: {}, config: {}, step_inputs: {}, retry_count: 0, max_retries: 3,
                     checkpoint: nil, handler_name: 'handler', task_uuid: SecureRandom.uuid, probe: nil)
      Types::StepContext.new(
        { 'task' => { 'task' => { 'task_uuid' => task_uuid, 'context' => input,
                                  'correlation_id' => SecureRandom.uuid },
                      'task_name' => 'task', 'namespace_name' => 'default' },
          'workflow_step' => { 'workflow_step_uuid' => SecureRandom.uuid, 'task_uuid' => task_uuid, 'name' => 'step',
                               'attempts' => retry_count, 'max_attempts' => max_retries, 'inputs' => step_inputs,
                               'checkpoint' => checkpoint },
          'dependency_results' => Testing.wrapped(dependencies),
          'step_definition' => { 'name' => 'step',
                                 'handler' => { 'callable' => handler_name, 'initialization' => config } } },
        handler_name:, control: probe
      )
    end

    # Call a handler (class or instance); exceptions come through. +values+ are those of +step_context+ when no context
    # is given.
    def call_handler(handler, context = nil, method: :call, **values)
      context ||= step_context(**values)
      instance = handler
      instance = handler.new(config: context.step_config) if handler.is_a?(Class)
      instance.public_send(method, context)
    end

    # Run a handler exactly as a worker does, exceptions included; gives the +step.result+ message it would send.
    # +values+ are those of +step_message+. Everything goes through JSON, so what cannot be sent shows here.
    def run_step(handler, probe: StepProbe.new, **values)
      registry = Registry::HandlerRegistry.new
      registry.register_handler('handler', handler)
      body = Wire::Codec.encode(step_message('handler', **values), depth: 66)
      writer = Wire::MessageWriter.new(Wire::WorkerIdentity.new(id: 'test', sdk: 'tasker-ruby/test',
                                                                hostname: 'localhost'))
      sent = nil
      Worker::StepRunner.new(registry, writer).execute(Wire::Execute.parse(body), probe) { |answer| sent = answer.body }
      Wire::Codec.decode(sent)
    end

    # -- For the functions above

    def task_of_message(input)
      { 'uuid' => SecureRandom.uuid, 'name' => 'task', 'namespace' => 'default', 'version' => '1.0.0',
        'correlation_id' => SecureRandom.uuid, 'parent_correlation_id' => nil, 'context' => input,
        'initiator' => 'test', 'source_system' => 'test', 'tags' => [], 'priority' => 0,
        'requested_at' => '2026-01-01T00:00:00.000Z' }
    end

    def wrapped(results)
      results.to_h { |name, value| [name.to_s, { 'status' => 'completed', 'result' => value, 'metadata' => {} }] }
    end
  end
end
