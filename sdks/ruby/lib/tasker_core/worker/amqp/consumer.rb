# frozen_string_literal: true

require 'tasker_core/worker/amqp/connection'
require 'tasker_core/worker/job'

module TaskerCore
  module Worker
    module Amqp
      # The connection that consumes: step queues with one prefetch of +slots+ each, and the worker's own queue for
      # cancel notices and fetched pages. Everything but +setup+ and sending runs on the core's thread.
      class Consumer < Connection
        # Longer than a message needs from the queue's process to ours on a loaded machine.
        QUIET_SECONDS = 0.1
        PROTOCOL = AMQ::Protocol
        CHANNEL = Link::CHANNEL
        CONTROL_TAG = 'tasker-control'

        attr_reader :control_queue, :wake_at

        def initialize(core, address, name, topology, queues, slots)
          super(core, address, name)
          @topology = topology
          @queues = queues
          @slots = slots
          @tag_number = 0
          reset
        end

        def role = 'consumer'

        def setup(link)
          declare_dead_letters(link)
          @queues.each { |queue| declare(link, @topology.steps(queue), @topology.step_arguments) }
          open_own_queue(link)
          step('set the prefetch') { link.request(PROTOCOL::Basic::Qos.encode(CHANNEL, 0, @slots, false)) }
        end

        def went_up = @core.consumer_up(live_epoch)

        def went_down
          reset
          @core.consumer_down
        end

        def carry_out(link, order)
          kind, epoch, frames = order
          link.write(frames) if kind == :frames && epoch == @epoch
        end

        # One consumer per step queue; +consuming+ follows when the broker has accepted all.
        def start_consuming
          if @stopping_at
            # Not cancelled yet: the consumers simply stay.
            end_stopping
            @core.consuming
            return
          end
          @unanswered_consumes += @queues.size
          @queues.each do |queue|
            name = @topology.steps(queue)
            tag = "tasker-#{@tag_number += 1}"
            @tags[tag] = name
            @names[tag] = name
            @unacked[tag] = {}
            put(PROTOCOL::Basic::Consume.encode(CHANNEL, name, tag, false, false, false, false, nil))
          end
        end

        # Cancel all; +consumers_cancelled+ follows.
        #
        # A quorum queue assigns messages to a consumer before they reach the channel, and those on their way when the
        # consumer is cancelled come back later as *redelivered* although nobody saw them. So acks are held back, which
        # dries the flow up, and the cancel follows when all credit is used or nothing has come for a moment.
        def stop_consuming
          return if @stopping_at || @tags.empty?

          @heard = false
          @stopping_at = @wake_at = monotonic + QUIET_SECONDS
          cancel_when_dry
        end

        # What is due; call it no later than +wake_at+.
        def tick(now)
          return if @stopping_at.nil? || now < @stopping_at
          return cancel unless @heard

          @heard = false
          @stopping_at = @wake_at = now + QUIET_SECONDS
        end

        # Acknowledge one delivery of the living connection.
        def ack(delivery)
          return if delivery.epoch != live_epoch
          return @held_acks << delivery if @stopping_at

          unacked = @unacked[delivery.consumer]
          if unacked
            unacked.delete(delivery.tag)
            @unacked.delete(delivery.consumer) if unacked.empty? && !@tags.key?(delivery.consumer)
          end
          put(PROTOCOL::Basic::Ack.encode(CHANNEL, delivery.tag, false))
        end

        # -- On Bunny's thread

        def method_arrived(method)
          number = @epoch
          case method
          when PROTOCOL::Basic::Cancel then lost(Lost.new('the broker cancelled a consumer: was its queue deleted?'))
          when PROTOCOL::Basic::CancelOk then @core.post { cancelled if number == live_epoch }
          when PROTOCOL::Basic::ConsumeOk
            # Nobody waits for that of the worker's own queue: a failure closes the channel.
            @core.post { accepted if number == live_epoch } unless method.consumer_tag == CONTROL_TAG
          end
        end

        def content_arrived(method, properties, body)
          return unless method.is_a?(PROTOCOL::Basic::Deliver)

          number = @epoch
          if method.consumer_tag == CONTROL_TAG
            @core.post { @core.control(body) }
          else
            @core.post { receive(number, method, properties, body) if number == live_epoch }
          end
        end

        private

        def reset
          @tags = {}
          @names = {}
          @unacked = {}
          @held_acks = []
          @stopping_at = nil
          @wake_at = Float::INFINITY
          @heard = false
          @unanswered_cancels = @unanswered_consumes = 0
        end

        def declare_dead_letters(link)
          dead = @topology.dead
          declare_exchange(link, dead)
          declare(link, dead, @topology.dead_arguments)
          step("bind queue #{dead}") { link.request(PROTOCOL::Queue::Bind.encode(CHANNEL, dead, dead, '', false, {})) }
        end

        def open_own_queue(link)
          declare_exchange(link, @topology.control)
          own = step("declare the worker's own queue") do
            link.request(PROTOCOL::Queue::Declare.encode(CHANNEL, '', false, false, true, true, false, {})).queue
          end
          step("bind the worker's own queue") do
            link.request(PROTOCOL::Queue::Bind.encode(CHANNEL, own, @topology.control, '', false, {}))
          end
          link.write(PROTOCOL::Basic::Consume.encode(CHANNEL, own, CONTROL_TAG, false, true, true, false, nil))
          @control_queue = own.dup.force_encoding(Encoding::UTF_8)
        end

        def declare_exchange(link, name)
          step("declare exchange #{name}") do
            link.request(PROTOCOL::Exchange::Declare.encode(CHANNEL, name, 'fanout', false, true, false, false, false,
                                                            {}))
          end
        end

        def declare(link, name, arguments)
          step("declare queue #{name}") do
            link.request(PROTOCOL::Queue::Declare.encode(CHANNEL, name, false, true, false, false, false, arguments))
          end
        end

        def put(frame) = @orders << [:frames, live_epoch, frame]

        def accepted
          @unanswered_consumes -= 1
          @core.consuming if @unanswered_consumes.zero?
        end

        def cancelled
          @unanswered_cancels -= 1
          @core.consumers_cancelled if @unanswered_cancels.zero?
        end

        def cancel_when_dry
          cancel if @tags.keys.all? { |tag| @unacked[tag].size >= @slots }
        end

        def cancel
          tags = @tags.keys
          @tags = {}
          @unanswered_cancels += tags.size
          tags.each { |tag| put(PROTOCOL::Basic::Cancel.encode(CHANNEL, tag, false)) }
          end_stopping
        end

        def end_stopping
          @stopping_at = nil
          @wake_at = Float::INFINITY
          held = @held_acks
          @held_acks = []
          held.each { |delivery| ack(delivery) }
        end

        def receive(number, method, properties, body)
          tag = method.consumer_tag
          @unacked[tag][method.delivery_tag] = true if @unacked.key?(tag)
          @core.delivered(delivery_of(number, method, properties || {}, body))
          return if @stopping_at.nil?

          @heard = true
          cancel_when_dry
        end

        def delivery_of(number, method, properties, body)
          headers = text_of(properties[:headers] || {})
          count = headers['x-delivery-count']
          Delivery.new(
            epoch: number, tag: method.delivery_tag, queue: @names[method.consumer_tag], body:,
            redelivered: method.redelivered, delivery_count: count.is_a?(Integer) ? count : nil,
            message_id: text_of(properties[:message_id]), reply_to: text_of(properties[:reply_to]), headers:,
            properties:, consumer: method.consumer_tag
          )
        end

        # Bunny gives bytes.
        def text_of(value)
          case value
          when String then value.dup.force_encoding(Encoding::UTF_8).then { |text| text.valid_encoding? ? text : value }
          when Hash then value.to_h { |key, member| [text_of(key), text_of(member)] }
          when Array then value.map { |member| text_of(member) }
          else value
          end
        end

        def monotonic = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
