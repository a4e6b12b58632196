# frozen_string_literal: true

require 'tasker_core/worker/amqp/session'
require 'tasker_core/worker/amqp/trouble'
require 'tasker_core/worker/mailbox'

module TaskerCore
  module Worker
    module Amqp
      # One open connection with one channel. Requests are made from one thread; what the broker sends by itself goes to
      # +events+ (+method_arrived+, +content_arrived+, +lost+, +blocked+, +unblocked+) on Bunny's reading thread.
      class Link
        CHANNEL = 1
        REQUEST_SECONDS = 15
        UNASKED = [AMQ::Protocol::Basic::Ack, AMQ::Protocol::Basic::Nack, AMQ::Protocol::Basic::Cancel,
                   AMQ::Protocol::Basic::CancelOk, AMQ::Protocol::Basic::ConsumeOk].freeze

        def initialize(address, properties, events)
          @events = events
          @replies = Mailbox.new
          @mutex = Mutex.new
          @opener = Thread.current
          @session = Session.new(address, properties, self)
          @session.on_blocked { events.blocked }
          @session.on_unblocked { events.unblocked }
        end

        def frame_max = @session.frame_max

        # Connect and open the channel. Raises what Bunny and the socket raise, and Lost.
        def open
          @session.start
          raise @failure if @failure

          @opener = nil
          request(AMQ::Protocol::Channel::Open.encode(CHANNEL, ''))
        end

        # Send and wait for the answer. Raises Lost and ChannelClosed.
        def request(frame)
          write(frame)
          answer = @replies.pop(REQUEST_SECONDS)
          raise Lost, 'no answer in time' if answer.nil?
          raise answer if answer.is_a?(Exception)

          answer
        end

        # Send. A loss on the way is reported through +events+.
        def write(frames)
          @session.write(frames)
        rescue SystemCallError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Bunny::Exception => e
          failed(e)
        end

        # Close in order, so that what was written arrives.
        def close
          @closing = true
          @session.close
        rescue StandardError
          @session.transport&.close rescue nil # rubocop:disable Style/RescueModifier
        end

        # -- From Bunny

        def method_arrived(method)
          if method.is_a?(AMQ::Protocol::Channel::Close)
            write(AMQ::Protocol::Channel::CloseOk.encode(CHANNEL))
            failed(ChannelClosed.new(method.reply_code, method.reply_text.to_s.dup.force_encoding('UTF-8').scrub))
          elsif UNASKED.any? { |kind| method.is_a?(kind) }
            @events.method_arrived(method)
          else
            @replies << method
          end
        end

        def content_arrived(method, properties, body) = @events.content_arrived(method, properties, body)

        def closed_by_broker(method)
          failed(Lost.new("#{method.reply_code} #{method.reply_text.to_s.dup.force_encoding('UTF-8').scrub}"))
        end

        # Reported once: the first reason is the true one.
        def failed(error)
          error = Lost.new('the connection ended') unless error.is_a?(Exception)
          first = @mutex.synchronize { @failure.nil?.tap { @failure ||= error } }
          # While it is being opened, the thread that does so wants to know.
          Kernel.raise(error) if @opener.equal?(Thread.current)
          return if !first || @closing

          @replies << (error.is_a?(Lost) ? error : Lost.new(Trouble.describe(error)))
          @events.lost(error)
        end
      end
    end
  end
end
