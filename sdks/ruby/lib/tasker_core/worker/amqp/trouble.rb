# frozen_string_literal: true

require 'openssl'
require 'tasker_core/worker/amqp/trust'

module TaskerCore
  module Worker
    module Amqp
      # The connection or its channel is gone.
      class Lost < StandardError; end

      # The broker refuses for a reason that waiting does not change; the message names the remedy.
      class Refusal < StandardError; end

      # The broker closed the channel.
      class ChannelClosed < Lost
        attr_reader :code, :text

        def initialize(code, text)
          super("RabbitMQ closed a channel: #{code} #{text}")
          @code = code
          @text = text
        end
      end

      # Errors of sockets and of Bunny in words for people.
      module Trouble
        NO_AMQP = 'whatever answers there does not speak AMQP 0-9-1, or wants TLS (amqps://)'

        module_function

        # One short phrase.
        def describe(error)
          causes = causes_of(error)
          system = causes.reverse.find { |cause| cause.is_a?(SystemCallError) }
          return system.message.split(' - ').first.downcase if system

          tls = causes.reverse.find { |cause| cause.is_a?(OpenSSL::SSL::SSLError) }
          return describe_tls(tls.message) if tls
          return 'the broker closed the connection during the login' if causes.any? { |cause| login_ended?(cause) }
          return NO_AMQP if causes.any? { |cause| foreign?(cause) }
          return 'no answer in time' if causes.any? { |cause| cause.is_a?(Timeout::Error) }
          return 'the stream ended' if causes.any? { |cause| stream_ended?(cause) }

          last = causes.last
          text = last.message.to_s.lines.first.to_s.strip
          text.empty? ? last.class.name : text
        end

        def describe_tls(text)
          refused = text[/certificate verify failed \((.*)\)/, 1] || text[/hostname .* does not match.*/]
          if refused
            return "the certificate is refused: #{refused}; cacertfile in the URL names the authorities to trust"
          end

          alert = text[/alert ([a-z ]+)/, 1]
          hint = text.include?('certificate') ? '; certfile and keyfile in the URL name the client certificate' : ''
          return "the broker ended TLS: #{alert}#{hint}" if alert
          return 'TLS failed: whatever answers there does not speak TLS' if text.include?('wrong version number')

          "TLS failed: #{text.split('error: ').last}#{hint}"
        end

        # What to tell when the broker does not let us in, or nil when it is only away.
        def credentials_refusal(error, address)
          where = "RabbitMQ at #{address.host}:#{address.port}"
          causes = causes_of(error)
          trust = causes.find { |cause| cause.is_a?(TrustError) }
          return Refusal.new("#{trust.message}; correct the AMQP URL in --amqp or TASKER_AMQP_URL") if trust

          if causes.any? { |cause| cause.is_a?(Bunny::AuthenticationFailureError) }
            return certificate_refusal(where) if address.mechanism == 'external'

            return Refusal.new("#{where} refused user '#{address.user}': wrong user or password, or guest from " \
                               'another host. Correct the URL in --amqp or TASKER_AMQP_URL.')
          end
          return nil unless causes.any? { |cause| cause.is_a?(Bunny::NotAllowedError) }

          Refusal.new("#{where} does not let user '#{address.user}' use the virtual host '#{address.vhost}': it does " \
                      'not exist or the user has no permission. Correct the URL in --amqp or TASKER_AMQP_URL (the ' \
                      'vhost / is written %2F), or create it with rabbitmqctl add_vhost and set_permissions.')
        end

        def certificate_refusal(where)
          Refusal.new("#{where} refused the client certificate: it has no user of that name. Correct certfile in the " \
                      'URL in --amqp or TASKER_AMQP_URL, or create the user (rabbitmqctl add_user).')
        end

        # What to tell when a request of the setup was refused, or nil when starting over may help.
        def setup_refusal(closed, step)
          text = "RabbitMQ refused to #{step}: #{closed.text}."
          case closed.code
          when 403
            Refusal.new("#{text} Give the user the permissions configure, write and read (rabbitmqctl " \
                        'set_permissions), or use another user in TASKER_AMQP_URL.')
          when 406
            Refusal.new("#{text} It exists with other arguments. Set TASKER_QUEUE_TYPE to its type if that is the " \
                        'difference, or delete it once it is empty (rabbitmqctl delete_queue), or use another ' \
                        'TASKER_QUEUE_PREFIX.')
          end
        end

        def causes_of(error)
          found = []
          while error && !found.include?(error)
            found << error
            error = error.cause || (error.respond_to?(:cause_exception) ? error.cause_exception : nil)
          end
          found
        end

        def login_refusal(address, offered)
          Refusal.new("RabbitMQ at #{address.host}:#{address.port} does not offer the login '#{address.mechanism}' " \
                      "(it offers #{offered.join(', ')}). Correct auth_mechanism in the URL in --amqp or " \
                      'TASKER_AMQP_URL, or switch it on at the broker (external: rabbitmq_auth_mechanism_ssl).')
        end

        def login_ended?(error) = error.is_a?(Bunny::PossibleAuthenticationFailureError)

        # Bytes that are no frames.
        def foreign?(error)
          [AMQ::Protocol::FrameTypeError, Bunny::BadLengthError, Bunny::NoFinalOctetError].any? { error.is_a?(_1) }
        end

        def stream_ended?(error)
          error.is_a?(AMQ::Protocol::EmptyResponseError) || error.is_a?(EOFError) || error.is_a?(IOError)
        end
      end
    end
  end
end
