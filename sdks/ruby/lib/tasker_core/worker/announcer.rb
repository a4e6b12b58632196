# frozen_string_literal: true

require 'tasker_core/wire/names'
require 'tasker_core/wire/outgoing'
require 'tasker_core/worker/job'

module TaskerCore
  module Worker
    # Hello, heartbeats and bye on the queue <tt><prefix>.workers</tt>: what the orchestrator routes by. Decides when to
    # announce; +publish+ sends, and outcomes come back like those of other publications.
    class Announcer
      HEARTBEAT_SECONDS = 15.0
      # The orchestrator declares the queue. While it is missing, a hello is dropped and a fresh one is tried.
      MISSING_PAUSE = 2.0
      NACKED_PAUSE = 0.5
      NEVER = Float::INFINITY

      attr_reader :wake_at

      # +members+ and +activity+ give parts of the messages, +wall+ the time in seconds since the epoch.
      def initialize(writer, workers_queue:, publish:, members:, activity:, wall:, on_ready:)
        @writer = writer
        @queue = workers_queue
        @publish = publish
        @members = members
        @activity = activity
        @wall = wall
        @on_ready = on_ready
        @started_at = Wire.timestamp(wall.call)
        @sequence = 0
        @connected = @announced = false
        @wake_at = NEVER
      end

      # Publisher and consumers are in place (again).
      def connected(now)
        @connected = true
        say_hello(now) if @leaving.nil?
      end

      # The publisher is gone; a bye that was on its way counts as said.
      def disconnected
        @connected = false
        @wake_at = NEVER
        said_bye if @leaving
      end

      # Handlers were registered after the start.
      def changed(now)
        say_hello(now) if @connected && @leaving.nil?
      end

      # Send what is due.
      def tick(now)
        return if !@connected || now < @wake_at
        return said_bye if @leaving
        return say_hello(now) unless @announced

        @wake_at = now + HEARTBEAT_SECONDS
        @sequence += 1
        send_out('worker.heartbeat', Wire::TYPE_WORKER_HEARTBEAT, { 'sequence' => @sequence }.merge(@activity.call))
      end

      # The last message; the block is called once it is confirmed, or cannot be within +patience+ seconds.
      def bye(reason, now, patience = 5.0, &done)
        @on_bye = done
        return said_bye unless @connected

        @wake_at = now + patience
        @leaving = send_out('worker.bye', Wire::TYPE_BYE, { 'reason' => reason })
      end

      def confirmed(publication, now)
        if publication.equal?(@leaving)
          said_bye
        elsif publication.equal?(@hello)
          @hello = nil
          @announced = true
          @wake_at = now + HEARTBEAT_SECONDS
          @on_ready.call
        end
      end

      # Returned (no such queue yet) or nacked: try again with fresh contents.
      def failed(publication, now, returned:)
        return said_bye if publication.equal?(@leaving)
        return if @leaving

        @announced = false
        @wake_at = now + (returned ? MISSING_PAUSE : NACKED_PAUSE)
      end

      private

      def say_hello(now)
        @announced = false
        @wake_at = now + HEARTBEAT_SECONDS
        @hello = send_out('worker.hello', Wire::TYPE_HELLO, {})
      end

      def said_bye
        @leaving = nil
        @wake_at = NEVER
        done = @on_bye
        @on_bye = nil
        done&.call
      end

      def send_out(kind, type, extra)
        members = @members.call.merge('started_at' => @started_at, 'pid' => Process.pid,
                                      'sent_at' => Wire.timestamp(@wall.call)).merge(extra)
        publication = Publication.new(:worker, @queue, @writer.worker_message(kind, members), type, persistent: false)
        @publish.call(publication)
        publication
      end
    end
  end
end
