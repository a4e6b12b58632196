# frozen_string_literal: true

require 'tasker_core/types/value_object'

module TaskerCore
  module Types
    # How a template names a handler.
    class HandlerDefinition < ValueObject
      attribute :callable, String
      attribute :handler_method, String, default: nil
      attribute :resolver, String, default: nil
      attribute :initialization, Hash, default: -> { {} }

      # From a template's +handler+ object; its key +method+ is the +handler_method+.
      def self.from_hash(hash)
        members = hash.to_h.transform_keys(&:to_sym)
        new(callable: members[:callable].to_s, handler_method: members[:handler_method] || members[:method],
            resolver: members[:resolver], initialization: members[:initialization] || {})
      end

      def effective_method = (handler_method.to_s.empty? ? 'call' : handler_method).to_sym
      def uses_method_dispatch? = effective_method != :call
      def has_resolver_hint? = !resolver.to_s.empty?
    end

    # A step of a template, as far as a worker reads it.
    class StepDefinition < ValueObject
      attribute :name, String
      attribute :description, String, default: nil
      attribute :handler, HandlerDefinition, default: nil
      attribute :dependencies, Array, default: -> { [] }
      attribute :retry, Hash, default: -> { {} }
      attribute :timeout_seconds, Numeric, default: nil
      attribute :publishes_events, Array, default: -> { [] }
    end

    # A template, as far as a worker reads it.
    class TaskTemplate < ValueObject
      attribute :name, String
      attribute :namespace, String, default: 'default'
      attribute :version, String, default: '1.0.0'
      attribute :description, String, default: nil
      attribute :steps, Array, default: -> { [] }
      attribute :file_path, String, default: nil

      # Every callable that its steps name, each once.
      def handlers = steps.filter_map { |step| step.handler&.callable }.uniq
    end

    # What creates a task.
    class TaskRequest < ValueObject
      attribute :name, String
      attribute :namespace, String, default: 'default'
      attribute :version, String, default: '1.0.0'
      attribute :context, Hash, default: -> { {} }
      attribute :initiator, String, default: 'tasker-core-ruby'
      attribute :source_system, String, default: 'tasker-core'
      attribute :reason, String, default: 'Task requested'
      attribute :tags, Array, default: -> { [] }
      attribute :priority, Integer, default: nil
      attribute :correlation_id, String, default: nil
      attribute :parent_correlation_id, String, default: nil
      attribute :idempotency_key, String, default: nil
    end

    # How a step ended, for subscribers in this process.
    class StepCompletion < ValueObject
      attribute :step_uuid, String
      attribute :task_uuid, String
      attribute :step_name, String
      attribute :status, String
      attribute :result, default: nil
      attribute :error, default: nil
      attribute :metadata, Hash, default: -> { {} }
      attribute :execution_time_ms, Integer, default: 0

      def completed? = status == 'completed'
      def failed? = status == 'failed'
    end

    # The values of a step's +type+.
    module StepTypes
      STANDARD = 'standard'
      DECISION = 'decision'
      BATCHABLE = 'batchable'
      BATCH_WORKER = 'batch_worker'
      DEFERRED_CONVERGENCE = 'deferred_convergence'
      ALL = [STANDARD, DECISION, BATCHABLE, BATCH_WORKER, DEFERRED_CONVERGENCE].freeze

      module_function

      def valid?(text) = ALL.include?(text)
    end
  end
end
