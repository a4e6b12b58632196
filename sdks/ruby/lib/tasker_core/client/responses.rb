# frozen_string_literal: true

require 'tasker_core/types/value_object'

module TaskerCore
  module Types
    # What the orchestrator answers. Missing members become defaults, unknown ones are ignored: both sides may be newer.
    class ClientResponse < ValueObject
      # From decoded JSON; null members keep their defaults.
      def self.read(hash)
        new(**hash.transform_keys(&:to_sym).slice(*attribute_names).compact)
      end

      def self.texts(*names) = names.each { |name| attribute(name, String, default: nil) }
      def self.counts(*names) = names.each { |name| attribute(name, Integer, default: 0) }
    end

    # A task.
    class ClientTaskResponse < ClientResponse
      texts :task_uuid, :name, :namespace, :version, :status, :created_at, :updated_at, :completed_at, :initiator,
            :source_system, :reason, :correlation_id, :parent_correlation_id, :execution_status, :recommended_action,
            :health_status
      attribute :context, default: -> { {} }
      attribute :priority, Integer, default: nil
      attribute :tags, Array, default: -> { [] }
      counts :total_steps, :pending_steps, :in_progress_steps, :completed_steps, :failed_steps, :ready_steps
      attribute :completion_percentage, Numeric, default: 0.0
      attribute :steps, Array, default: -> { [] }
    end

    # Where a list stands.
    class ClientPagination < ClientResponse
      attribute :page, Integer, default: 1
      counts :per_page, :total_count, :total_pages
      attribute :has_next, [true, false], default: false
      attribute :has_previous, [true, false], default: false
    end

    # Tasks with their pagination.
    class ClientTaskListResponse < ClientResponse
      attribute :tasks, Array, default: -> { [] }
      attribute :pagination, ClientPagination, default: -> { ClientPagination.new }

      def self.read(hash)
        new(tasks: (hash['tasks'] || []).map { |task| ClientTaskResponse.read(task) },
            pagination: ClientPagination.read(hash['pagination'] || {}))
      end
    end

    # A step of a task.
    class ClientStepResponse < ClientResponse
      texts :step_uuid, :task_uuid, :name, :created_at, :updated_at, :completed_at, :current_state, :last_failure_at,
            :next_retry_at, :last_attempted_at
      attribute :results, default: nil
      counts :attempts, :max_attempts, :total_parents, :completed_parents
      attribute :dependencies_satisfied, [true, false], default: false
      attribute :retry_eligible, [true, false], default: false
      attribute :ready_for_execution, [true, false], default: false
    end

    # One received result or manual action.
    class ClientStepAuditResponse < ClientResponse
      texts :audit_uuid, :workflow_step_uuid, :transition_uuid, :task_uuid, :recorded_at, :worker_uuid, :correlation_id,
            :step_name, :from_state, :to_state
      attribute :success, [true, false], default: false
      attribute :execution_time_ms, Integer, default: nil
      attribute :result, default: nil
    end

    # Whether the orchestrator answers.
    class ClientHealthResponse < ClientResponse
      texts :status, :timestamp
    end
  end
end
