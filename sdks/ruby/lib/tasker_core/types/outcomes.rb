# frozen_string_literal: true

require 'tasker_core/types/value_object'

module TaskerCore
  module Types
    # The outcome of a decision step.
    class DecisionPointOutcome < ValueObject
      CREATE_STEPS = 'create_steps'
      NO_BRANCHES = 'no_branches'

      attribute :type, ->(value) { [CREATE_STEPS, NO_BRANCHES].include?(value) }
      attribute :step_names, Array, default: -> { [] }

      class << self
        def no_branches = new(type: NO_BRANCHES)

        # Raises StructError for an empty list and for names that are no strings.
        def create_steps(names) = new(type: CREATE_STEPS, step_names: names)

        # Nil when the hash is no decision outcome. Keys may be strings or symbols.
        def from_hash(hash)
          return nil unless hash.respond_to?(:to_h)

          members = hash.to_h.transform_keys(&:to_sym)
          new(type: members[:type].to_s, step_names: members[:step_names] || [])
        rescue TypeError
          nil
        end
      end

      def initialize(**given)
        super
        return unless type == CREATE_STEPS
        return if step_names.any? && step_names.all? { |name| name.is_a?(String) && !name.empty? }

        Types.refuse("step_names is #{step_names.inspect}: name at least one step, as strings")
      end

      def requires_step_creation? = type == CREATE_STEPS
      def to_h = requires_step_creation? ? { type:, step_names: } : { type: }
    end

    # The outcome of a batch analyzer.
    class BatchProcessingOutcome < ValueObject
      CREATE_BATCHES = 'create_batches'
      NO_BATCHES = 'no_batches'

      attribute :type, ->(value) { [CREATE_BATCHES, NO_BATCHES].include?(value) }
      attribute :worker_template_name, String, default: nil
      attribute :worker_count, Integer, default: 0
      attribute :cursor_configs, Array, default: -> { [] }
      attribute :total_items, Integer, default: 0

      class << self
        def no_batches = new(type: NO_BATCHES)

        # Raises StructError for no cursors at all.
        def create_batches(cursor_configs:, total_items:, worker_template_name: nil, worker_count: nil)
          Types.refuse('cursor_configs is empty: use no_batches when there is nothing to do') if cursor_configs.empty?
          new(type: CREATE_BATCHES, worker_template_name:, cursor_configs:,
              worker_count: worker_count || cursor_configs.size, total_items:)
        end

        # Nil when the hash is no batch outcome. Keys may be strings or symbols.
        def from_hash(hash)
          hash.respond_to?(:to_h) ? super : nil
        rescue TypeError
          nil
        end
      end

      def requires_batch_creation? = type == CREATE_BATCHES

      def to_h
        return { 'type' => type } unless requires_batch_creation?

        named = worker_template_name ? { 'worker_template_name' => worker_template_name } : {}
        { 'type' => type, **named, 'worker_count' => worker_count, 'cursor_configs' => cursor_configs,
          'total_items' => total_items }
      end
    end
  end
end
