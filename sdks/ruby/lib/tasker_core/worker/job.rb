# frozen_string_literal: true

require 'tasker_core/worker/run_control'

module TaskerCore
  module Worker
    # One message as the broker handed it over. +epoch+ numbers the connection; an older one is never acked.
    Delivery = Struct.new(:epoch, :tag, :queue, :body, :redelivered, :delivery_count, :message_id, :reply_to, :headers,
                          :properties, :consumer, keyword_init: true) do
      def initialize(redelivered: false, headers: {}, properties: {}, **members)
        super
      end
    end

    # One message to publish, +mandatory+ and with a confirm. +purpose+ decides what a confirm, a return or a nack
    # means: :answer, :dead_letter, :detach, :heartbeat, :fetch or :worker.
    class Publication
      attr_reader :purpose, :routing_key, :body, :type, :exchange, :correlation_id, :reply_to, :headers, :persistent,
                  :properties, :job
      attr_accessor :message_id, :in_flight, :retry_at, :returned

      def initialize(purpose, routing_key, body, type, exchange: '', message_id: nil, correlation_id: nil,
                     reply_to: nil, headers: nil, persistent: true, properties: nil, job: nil)
        @purpose = purpose
        @routing_key = routing_key
        @body = body
        @type = type
        @exchange = exchange
        @message_id = message_id
        @correlation_id = correlation_id
        @reply_to = reply_to
        @headers = headers
        @persistent = persistent
        @properties = properties
        @job = job
        @in_flight = false
        @retry_at = nil
        @returned = false
      end
    end

    # A dispatch this process holds. Its state is one of
    #
    # * :waiting - delivered, no slot yet
    # * :fetching - has a slot, asks for dependency results that did not fit into the message
    # * :running - the handler runs in a slot
    # * :parked - not started, and the connection of its delivery is gone
    # * :answered - an answer is kept until the broker has confirmed it
    class Job
      # Moments on the monotonic clock; nil = not set.
      MOMENTS = %i[full_at parked_until heartbeat_at timeout_at ack_at fetch_at].freeze

      attr_reader :key, :message, :deliveries, :pending, :fetch_seen
      attr_accessor :state, :has_slot, :control, :sequence, :started_wall, :detaching, :fetch_after, :answer, *MOMENTS

      def initialize(key, message, delivery, state)
        @key = key
        @message = message
        @state = state
        # Usually one. A second copy on the same living connection is acked together with the first.
        @deliveries = [delivery]
        @has_slot = false
        @pending = []
        @sequence = 0
        @fetch_seen = {}
      end

      # Whether no delivery of the dispatch is held any more.
      def detached? = deliveries.empty?

      # The earliest moment at which this job wants attention.
      def next_due
        due = Float::INFINITY
        due = full_at if full_at && full_at < due
        due = parked_until if parked_until && parked_until < due
        due = heartbeat_at if heartbeat_at && heartbeat_at < due
        due = timeout_at if timeout_at && timeout_at < due
        due = ack_at if ack_at && ack_at < due
        due = fetch_at if fetch_at && fetch_at < due
        pending.each { |publication| due = publication.retry_at if publication.retry_at && publication.retry_at < due }
        due
      end
    end
  end
end
