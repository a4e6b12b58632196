# frozen_string_literal: true

require 'bunny'
require 'tasker_core/worker/amqp/trouble'
require 'timeout'

module TaskerCore
  module Worker
    module Amqp
      # Bunny's connection: socket, TLS, handshake, heartbeats, the thread that reads. What arrives on our channel goes
      # straight to +receiver+ (+method_arrived+, +content_arrived+, +closed_by_broker+), because Bunny's own channels
      #
      # * drop deliveries that arrive while a consumer is being cancelled, which would come back later as redelivered
      # * wait for confirms by blocking, and for all of them
      # * let a thread wait for the answer to a request although the connection is gone
      class Session < Bunny::Session
        # Bunny raises into the thread that made the session; here it only reports.
        class Reporter
          def initialize(receiver)
            @receiver = receiver
          end

          def raise(error = nil, *) = @receiver.failed(error)
        end

        def initialize(address, properties, receiver)
          @receiver = receiver
          @address = address
          super(address.bunny_options.merge(
            properties:, automatically_recover: false, recover_from_connection_close: false, continuation_timeout: 5000,
            write_timeout: 60, log_file: File::NULL, logger: ::Logger.new(nil),
            session_error_handler: Reporter.new(receiver)
          ))
        end

        # Bunny does not limit the time of a TLS handshake.
        def start
          return super unless @address.tls?

          Timeout.timeout(@address.connect_seconds + 5, Lost, 'no answer in time') { super }
        end

        # Bunny tries what it is told; the broker would only hang up.
        def open_connection
          return super if server_authentication_mechanisms.include?(@mechanism)

          raise Trouble.login_refusal(@address, server_authentication_mechanisms)
        end

        def handle_frame(channel, method)
          return @receiver.method_arrived(method) unless channel.zero?

          @receiver.closed_by_broker(method) if method.is_a?(AMQ::Protocol::Connection::Close)
          super
        end

        def handle_frameset(_channel, frames)
          @receiver.content_arrived(*frames)
        end

        # Write frames together: each write is a system call.
        def write(frames)
          transport.write(Array(frames).map(&:encode).join)
          signal_activity!
        end

        protected

        # Also for the transports that Bunny makes later.
        def initialize_transport
          super
          @transport.configure_tls_context { |context| @address.trust.apply(context) }
        end
      end
    end
  end
end
