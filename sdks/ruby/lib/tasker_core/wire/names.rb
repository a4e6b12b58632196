# frozen_string_literal: true

module TaskerCore
  module Wire
    PROTOCOL = '1.0'

    TYPE_RESULT = 'tasker.step.result.v1'
    TYPE_HEARTBEAT = 'tasker.step.heartbeat.v1'
    TYPE_FETCH = 'tasker.step.fetch.v1'
    TYPE_HELLO = 'tasker.worker.hello.v1'
    TYPE_WORKER_HEARTBEAT = 'tasker.worker.heartbeat.v1'
    TYPE_BYE = 'tasker.worker.bye.v1'

    # Names of queues and exchanges, and the arguments every declaration must use, for one prefix and queue type.
    class Topology
      QUEUE = %r{\A[A-Za-z0-9_.:@/#-]{1,128}\z}
      PREFIX = /\A[a-z][a-z0-9_-]{0,31}\z/

      # Whether +name+ may stand after <tt><prefix>.steps.</tt>.
      def self.queue_name?(name) = name.is_a?(String) && QUEUE.match?(name)

      # Whether +name+ may begin every queue and exchange.
      def self.prefix?(name) = name.is_a?(String) && PREFIX.match?(name)

      attr_reader :prefix, :queue_type

      def initialize(prefix = 'tasker', queue_type = 'quorum')
        @prefix = prefix
        @queue_type = queue_type
        freeze
      end

      def steps(queue) = "#{prefix}.steps.#{queue}"
      def workers = "#{prefix}.workers"
      def control = "#{prefix}.control"
      def dead = "#{prefix}.dead"

      def step_arguments
        arguments = { 'x-queue-type' => queue_type, 'x-dead-letter-exchange' => dead }
        # A classic queue refuses the limit.
        arguments['x-delivery-limit'] = 20 if queue_type == 'quorum'
        arguments
      end

      def dead_arguments = { 'x-queue-type' => queue_type, 'x-max-length' => 100_000 }
    end
  end
end
