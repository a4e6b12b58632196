# frozen_string_literal: true

require 'tasker_core/worker/amqp/trust'
require 'uri'

module TaskerCore
  module Worker
    module Amqp
      # +amqp[s]://user:password@host:port/vhost?parameter=value+, with the parameters that RabbitMQ documents.
      class Address
        HEARTBEAT_SECONDS = 20
        CONNECT_SECONDS = 10.0
        PARAMETERS = %w[cacertfile certfile keyfile verify auth_mechanism heartbeat connection_timeout].freeze

        attr_reader :host, :port, :user, :password, :vhost, :mechanism, :trust, :heartbeat, :connect_seconds

        # Raises ArgumentError for what is no AMQP URL; the message never holds the password.
        def initialize(url)
          uri = parsed(url)
          @tls = uri.scheme.casecmp?('amqps')
          @host = uri.hostname.to_s.empty? ? 'localhost' : uri.hostname
          @port = uri.port || (@tls ? 5671 : 5672)
          raise ArgumentError, 'port 0 cannot be connected to' if @port.zero?

          @user, @password = uri.user ? [decode(uri.user), decode(uri.password.to_s)] : %w[guest guest]
          # An empty path is the default virtual host, as RabbitMQ's own tools read it.
          path = uri.path.to_s.delete_prefix('/')
          raise ArgumentError, "its virtual host contains '/': write %2F instead" if path.include?('/')

          @vhost = path.empty? ? '/' : decode(path)
          read_parameters(uri.query.to_s)
        end

        def tls? = @tls

        # Without password and parameters.
        def to_s
          shown = host.include?(':') ? "[#{host}]" : host
          "#{tls? ? 'amqps' : 'amqp'}://#{encode(user)}@#{shown}:#{port}/#{encode(vhost)}"
        end

        def inspect = "#<#{self.class} #{self}>"

        # What the person who starts the worker should know.
        def warnings
          found = []
          found << "parameters of the AMQP URL are not known and ignored: #{@ignored.join(', ')}" if @ignored.any?
          if tls? && !trust.verify_peer?
            found << 'verify=verify_none: anybody can pretend to be the broker and read what is sent'
          end
          found
        end

        # What Bunny::Session takes.
        def bunny_options
          { host:, port:, user:, pass: password, vhost:, heartbeat:, connection_timeout: connect_seconds,
            auth_mechanism: mechanism.upcase, tls: tls?, verify_peer: trust.verify_peer?, tls_silence_warnings: true }
        end

        private

        def parsed(url)
          uri = URI.parse(url)
          unless %w[amqp amqps].include?(uri.scheme.to_s.downcase)
            raise ArgumentError, 'it does not start with amqp:// or amqps://'
          end
          raise ArgumentError, "it contains '#': write %23 when it belongs to a name or the password" if uri.fragment

          uri
        rescue URI::Error
          raise ArgumentError, 'it is not a URL (a name or password with other characters than letters and digits ' \
                               'has to be percent-encoded)'
        end

        def read_parameters(query)
          given = query.split('&').reject(&:empty?).to_h do |part|
            name, value = part.split('=', 2)
            [decode(name), decode(value.to_s)]
          end
          @ignored = given.keys - PARAMETERS
          @mechanism = one_of(given, 'auth_mechanism', %w[plain external], &:downcase)
          verify = one_of(given, 'verify', %w[verify_peer verify_none])
          if given.key?('certfile') != given.key?('keyfile')
            raise ArgumentError, 'certfile and keyfile belong together and one is missing'
          end

          @trust = Trust.new(authorities: given['cacertfile'], certificate: given['certfile'], key: given['keyfile'],
                             verify_peer: verify == 'verify_peer')
          @heartbeat = number(given, 'heartbeat', 0..65_535) || HEARTBEAT_SECONDS
          timeout = number(given, 'connection_timeout', 1..3_600_000)
          @connect_seconds = timeout ? timeout / 1000.0 : CONNECT_SECONDS
        end

        def one_of(given, name, allowed)
          value = given.fetch(name, allowed.first)
          normal = block_given? ? yield(value) : value
          return normal if allowed.include?(normal)

          raise ArgumentError, "#{name} is '#{value}', neither #{allowed.join(' nor ')}"
        end

        def number(given, name, range)
          return nil unless given.key?(name)

          value = Integer(given[name], 10, exception: false)
          return value if range.cover?(value)

          raise ArgumentError, "#{name} is '#{given[name]}', not a whole number from #{range.min} to #{range.max}"
        end

        def encode(text) = URI.encode_www_form_component(text).gsub('+', '%20')

        def decode(text)
          URI.decode_www_form_component(text.gsub('+', '%2B'))
        rescue ArgumentError
          raise ArgumentError, 'it has a wrong percent escape (a % itself is written %25)'
        end
      end
    end
  end
end
