# frozen_string_literal: true

require 'tasker_core/values'

module TaskerCore
  # What a step message tells, with readers.
  module Models
    # Results of earlier steps by name.
    class DependencyResultsWrapper
      def initialize(results = {})
        @results = Values.wrap(results || {})
      end

      # The stored entry, nil when there is none.
      def get_result(step) = @results[step.to_s]

      # What the step returned: an entry with the key +result+ is unwrapped, exactly once.
      def get_results(step)
        entry = get_result(step)
        entry.is_a?(Hash) && entry.key?('result') ? entry['result'] : entry
      end
      alias [] get_result

      def keys = @results.keys
      def key?(step) = @results.key?(step.to_s)
      alias include? key?
      def each_key(&) = @results.each_key(&)
      def empty? = @results.empty?
      def size = @results.size
      def to_h = @results.to_h
    end

    # The task of a step.
    class TaskWrapper
      attr_reader :task_uuid, :context, :namespace_name, :task_name, :task_version, :correlation_id,
                  :parent_correlation_id

      # Both <tt>{task: {task: {…}}}</tt> and <tt>{task: {…}}</tt> are read.
      def initialize(data)
        data = Values.wrap(data || {})
        inner = data['task'].is_a?(Hash) ? data['task'] : data
        @task_uuid = inner['task_uuid'] || inner['uuid']
        @context = inner['context'].is_a?(Hash) ? inner['context'] : Values.new
        @namespace_name = data['namespace_name'] || inner['namespace_name'] || inner['namespace']
        @task_name = data['task_name'] || inner['task_name'] || inner['name']
        @task_version = data['task_version'] || inner['task_version'] || inner['version']
        @correlation_id = inner['correlation_id'] || data['correlation_id']
        @parent_correlation_id = inner['parent_correlation_id'] || data['parent_correlation_id']
      end
    end

    # The step itself. +attempts+ is how many have ended before this one.
    class WorkflowStepWrapper
      attr_reader :workflow_step_uuid, :task_uuid, :name, :template_step_name, :named_step_uuid, :retryable,
                  :max_attempts, :in_process, :processed, :processed_at, :attempts, :last_attempted_at,
                  :backoff_request_seconds, :inputs, :results, :checkpoint, :created_at, :updated_at

      DEFAULTS = { 'retryable' => true, 'max_attempts' => 3, 'in_process' => false, 'processed' => false,
                   'attempts' => 0 }.freeze
      MEMBERS = %w[workflow_step_uuid task_uuid name template_step_name named_step_uuid retryable max_attempts
                   in_process processed processed_at attempts last_attempted_at backoff_request_seconds results
                   checkpoint created_at updated_at].freeze

      def initialize(data)
        data = Values.wrap(data || {})
        MEMBERS.each do |name|
          value = data[name]
          instance_variable_set("@#{name}", value.nil? ? DEFAULTS[name] : value)
        end
        @template_step_name ||= @name
        @inputs = data['inputs'].is_a?(Hash) ? data['inputs'] : Values.new
      end
    end

    # How a template names the handler.
    class HandlerWrapper
      attr_reader :callable, :initialization, :handler_method, :resolver

      def initialize(data)
        data = Values.wrap(data || {})
        @callable = data['callable']
        @initialization = data['initialization'].is_a?(Hash) ? data['initialization'] : Values.new
        @handler_method = data['handler_method'] || data['method']
        @resolver = data['resolver']
      end
    end

    # What the template says about the step. +timeout_seconds+ may be nil.
    class StepDefinitionWrapper
      attr_reader :name, :description, :handler, :dependencies, :retry, :timeout_seconds, :publishes_events

      def initialize(data)
        data = Values.wrap(data || {})
        @name = data['name']
        @description = data['description']
        @handler = HandlerWrapper.new(data['handler'])
        @dependencies = data['dependencies'] || []
        @retry = data['retry'] || Values.new
        @timeout_seconds = data['timeout_seconds']
        @publishes_events = data['publishes_events'] || []
      end
    end

    # All of the above.
    class TaskSequenceStepWrapper
      attr_reader :task, :workflow_step, :dependency_results, :step_definition

      def initialize(data)
        data = Values.wrap(data || {})
        @task = TaskWrapper.new(data['task'])
        @workflow_step = WorkflowStepWrapper.new(data['workflow_step'])
        @dependency_results = DependencyResultsWrapper.new(data['dependency_results'])
        @step_definition = StepDefinitionWrapper.new(data['step_definition'])
      end

      def get_task_field(key) = task.context[key]
      def get_dependency_result(step) = dependency_results.get_results(step)
      alias get_results get_dependency_result
    end
  end
end
