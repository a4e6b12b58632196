# frozen_string_literal: true

require 'tasker_core/models'

module TaskerCore
  # Splitting large work into batches that run in parallel.
  module BatchProcessing
    # The share of one batch worker.
    class BatchWorkerContext
      # The cursor with symbol keys, read with strings as well.
      class Cursor < Hash
        def self.from(hash) = new.update(hash.to_h.transform_keys(&:to_sym))

        def [](key) = super(key.to_sym)
        def fetch(key, ...) = super(key.to_sym, ...)
        def key?(key) = super(key.to_sym)
        def dig(key, *path) = path.empty? ? self[key] : self[key]&.dig(*path)
      end

      attr_reader :cursor, :batch_metadata, :is_no_op, :checkpoint

      # From the +workflow_step+ of a batch worker. Raises ArgumentError when its cursor cannot be used.
      def self.from_step_data(workflow_step) = new(workflow_step)

      def initialize(workflow_step)
        inputs = Values.wrap((workflow_step.respond_to?(:inputs) ? workflow_step.inputs : nil) || {})
        @is_no_op = inputs['is_no_op'] == true
        @cursor = Cursor.from(inputs['cursor'].is_a?(Hash) ? inputs['cursor'].to_h : {})
        @batch_metadata = inputs['batch_metadata'].is_a?(Hash) ? inputs['batch_metadata'] : Values.new
        @checkpoint = workflow_step.respond_to?(:checkpoint) ? Values.wrap(workflow_step.checkpoint) : nil
        validate unless no_op?
      end

      def no_op? = is_no_op
      def batch_id = cursor[:batch_id] || 'unknown'

      # Integers; strings and objects as they were stored.
      def start_cursor = cursor[:start_cursor].nil? ? 0 : cursor[:start_cursor]
      def end_cursor = cursor[:end_cursor].nil? ? 0 : cursor[:end_cursor]
      def batch_size = cursor[:batch_size]

      def checkpoint_cursor = checkpoint && checkpoint['cursor']
      def checkpoint_items_processed = (checkpoint && checkpoint['items_processed']) || 0
      def accumulated_results = checkpoint && checkpoint['accumulated_results']
      def has_checkpoint? = !checkpoint.nil?

      private

      def validate
        raise ArgumentError, 'Missing cursor configuration' if cursor.empty?

        raise ArgumentError, 'Missing batch_id' if cursor[:batch_id].to_s.empty?
        raise ArgumentError, 'Missing start_cursor' if cursor[:start_cursor].nil?
        raise ArgumentError, 'Missing end_cursor' if cursor[:end_cursor].nil?

        validate_range(cursor[:start_cursor], cursor[:end_cursor])
      end

      def validate_range(first, last)
        if first.is_a?(Integer) != last.is_a?(Integer)
          raise ArgumentError, "Mixed cursor types not allowed: start=#{first.class}, end=#{last.class}"
        end
        return unless first.is_a?(Integer)

        raise ArgumentError, "start_cursor must be non-negative, got #{first}" if first.negative?
        raise ArgumentError, "end_cursor must be non-negative, got #{last}" if last.negative?
        raise ArgumentError, "start_cursor (#{first}) must be <= end_cursor (#{last})" if first > last

        TaskerCore::Logger.instance.warn("batch #{batch_id} has no items: #{first} to #{last}") if first == last
      end
    end
  end
end
