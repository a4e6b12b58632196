# frozen_string_literal: true

require 'tasker_core/errors'
require 'tasker_core/models'

module TaskerCore
  module Types
    # What a handler is given. Keys may be strings or symbols everywhere.
    class StepContext
      attr_reader :task, :workflow_step, :dependency_results, :step_definition, :handler_name

      # The logical step event as a hash, and ids of the trace; nil for a context made by hand.
      attr_reader :event

      # +step_data+ is a hash or a TaskSequenceStepWrapper. +control+ is how the worker asks a handler to stop.
      def initialize(step_data, handler_name: nil, event: nil, control: nil)
        data = step_data
        data = Models::TaskSequenceStepWrapper.new(data) unless data.is_a?(Models::TaskSequenceStepWrapper)
        @task = data.task
        @workflow_step = data.workflow_step
        @dependency_results = data.dependency_results
        @step_definition = data.step_definition
        @handler_name = handler_name || data.step_definition.handler.callable
        @event = event
        @control = control
      end

      def task_uuid = task.task_uuid
      def step_uuid = workflow_step.workflow_step_uuid
      def step_name = workflow_step.name
      def namespace_name = task.namespace_name
      def correlation_id = task.correlation_id
      def retryable? = workflow_step.retryable != false

      # The task's input.
      def context = task.context

      # The step's own input; holds the cursor of a batch worker.
      def input_data = workflow_step.inputs
      alias step_inputs input_data

      # The template's +handler.initialization+.
      def step_config = step_definition.handler.initialization
      def get_config(key) = step_config[key.to_s]

      def get_input(key) = context[key.to_s]
      alias get_task_field get_input

      # +default+ for an input that is missing or nil.
      def get_input_or(key, default = nil)
        value = get_input(key)
        value.nil? ? default : value
      end

      # What an earlier step returned, nil when it did not run.
      def get_dependency_result(step) = dependency_results.get_results(step)

      # A member of it, nil when any part of the path is missing.
      def get_dependency_field(step, *path)
        path.reduce(get_dependency_result(step)) do |value, key|
          case value
          when Hash then value[key.is_a?(Symbol) ? key.to_s : key]
          when Array then key.is_a?(Integer) ? value[key] : nil
          end
        end
      end

      # What all steps returned whose names begin with +prefix+, nil left out.
      def get_all_dependency_results(prefix)
        dependency_results.keys.select { |name| name.start_with?(prefix.to_s) }
                          .filter_map { |name| get_dependency_result(name) }
      end

      # How many attempts have ended before this one.
      def retry_count = workflow_step.attempts || 0
      def max_retries = workflow_step.max_attempts || 3
      def is_retry? = retry_count.positive?
      def is_last_retry? = retry_count >= max_retries - 1

      # The last accepted checkpoint, nil when there is none.
      def checkpoint = workflow_step.checkpoint.then { |value| value if value.is_a?(Hash) }
      def checkpoint_cursor = checkpoint && checkpoint['cursor']
      def checkpoint_items_processed = (checkpoint && checkpoint['items_processed']) || 0
      def accumulated_results = checkpoint && checkpoint['accumulated_results']
      def has_checkpoint? = !checkpoint.nil?

      # Whether the worker wants the handler to stop: the step was cancelled or ran past its time.
      def cancelled? = @control&.cancelled? || false

      # For loops: raises StepCancelledError when the worker wants the handler to stop.
      def raise_if_cancelled!
        raise Errors::StepCancelledError, 'the step was cancelled' if cancelled?
      end

      # Shown with the running step; sent with the next heartbeat. Raises ArgumentError for what is no number.
      def report_progress(done:, total: nil, message: nil)
        [done, total].compact.each do |number|
          next if number.is_a?(Integer) || (number.is_a?(Float) && number.finite?)

          raise ArgumentError, "progress is #{number.inspect}: use a number"
        end
        @control&.report_progress(done, total, message && Wire::Codec.safe_text(message, 1024))
      end
    end
  end
end
