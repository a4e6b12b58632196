# frozen_string_literal: true

require 'json'
require 'securerandom'

# Step messages as an orchestrator writes them.
module Messages
  module_function

  # A complete +step.execute+; keywords replace members, hashes for parts of it are merged.
  def execute(callable = 'echo', context = {}, **changes)
    message = {
      'protocol' => '1.0', 'kind' => 'step.execute', 'dispatch_id' => SecureRandom.uuid,
      'reply_to' => 'tasker.results.0',
      'task' => {
        'uuid' => SecureRandom.uuid, 'name' => 'order_processing', 'namespace' => 'default', 'version' => '1.0.0',
        'correlation_id' => SecureRandom.uuid, 'parent_correlation_id' => nil, 'context' => context,
        'initiator' => 'api', 'source_system' => 'shop', 'tags' => [], 'priority' => 0,
        'requested_at' => '2026-01-02T03:04:05.678Z'
      },
      'step' => {
        'uuid' => SecureRandom.uuid, 'name' => 'validate_order', 'template_step_name' => 'validate_order',
        'type' => 'standard', 'attempt' => 1, 'max_attempts' => 3, 'retryable' => true, 'timeout_ms' => 30_000,
        'inputs' => {}, 'checkpoint' => nil, 'backoff_request_seconds' => nil, 'last_attempted_at' => nil
      },
      'handler' => { 'callable' => callable, 'method' => nil, 'resolver' => nil, 'initialization' => {} },
      'step_definition' => { 'description' => '', 'dependencies' => [], 'publishes_events' => [],
                             'worker_template_names' => [] },
      'dependency_results' => {},
      'limits' => { 'max_result_bytes' => 1_048_576, 'heartbeat_interval_ms' => 20_000, 'ack_deadline_ms' => 600_000 }
    }
    changes.each do |key, value|
      key = key.to_s
      merged = %w[task step handler limits step_definition].include?(key) && value.is_a?(Hash)
      message[key] = merged ? message[key].merge(value.transform_keys(&:to_s)) : value
    end
    message
  end

  def body(message) = JSON.generate(message)

  # The same read by the SDK.
  def parsed(...) = TaskerCore::Wire::Execute.parse(body(execute(...)))

  def writer
    TaskerCore::Wire::MessageWriter.new(
      TaskerCore::Wire::WorkerIdentity.new(id: 'w-1', sdk: 'tasker-ruby/test', hostname: 'host')
    )
  end

  # What a worker would send for a message, as decoded JSON.
  def answer_to(message, registry, control: TaskerCore::Worker::RunControl.new)
    sent = nil
    runner = TaskerCore::Worker::StepRunner.new(registry, writer)
    runner.execute(TaskerCore::Wire::Execute.parse(body(message)), control) { |answer| sent = answer.body }
    TaskerCore::Wire::Codec.decode(sent)
  end

  # A registry with one handler class made of a block, under the name +handler+.
  def registry_with(base = TaskerCore::StepHandler::Base, &)
    handler = Class.new(base) { define_method(:call, &) }
    TaskerCore::Registry::HandlerRegistry.new.tap { |registry| registry.register_handler('handler', handler) }
  end
end
