# frozen_string_literal: true

require 'cgi'
require 'uri'

module TaskerCore
  module Worker
    module Amqp
      # An +amqp://+ or +amqps://+ URL.
      class Address
        attr_reader :host, :port, :user, :password, :vhost, :query

        # Raises ArgumentError for what is no AMQP URL.
        def initialize(url)
          uri = URI.parse(url)
          raise ArgumentError, 'the scheme is not amqp or amqps' unless %w[amqp amqps].include?(uri.scheme)
          raise ArgumentError, 'the port is 0' if uri.port&.zero?

          @tls = uri.scheme == 'amqps'
          @host = uri.host.to_s.empty? ? 'localhost' : uri.host
          @port = uri.port || (@tls ? 5671 : 5672)
          @user = decode(uri.user || 'guest')
          @password = decode(uri.password || 'guest')
          # An empty path is the default virtual host, as RabbitMQ's own tools read it.
          path = uri.path.to_s.delete_prefix('/')
          @vhost = path.empty? ? '/' : decode(path)
          @query = CGI.parse(uri.query.to_s).transform_values(&:last)
        rescue URI::Error => e
          raise ArgumentError, e.message
        end

        def tls? = @tls
        def to_s = "#{tls? ? 'amqps' : 'amqp'}://#{user}@#{host}:#{port}/#{vhost}"
        def heartbeat = Integer(query['heartbeat'] || 20, exception: false) || 20

        # What Bunny::Session takes.
        def bunny_options
          options = { host:, port:, user:, pass: password, vhost:, heartbeat:,
                      tls: tls? }
          return options unless tls?

          options.merge({ verify_peer: query['verify'] != 'verify_none', tls_ca_certificates: query['cacertfile'],
                          tls_cert: query['certfile'], tls_key: query['keyfile'],
                          tls_silence_warnings: true }.compact)
        end

        private

        def decode(text) = URI.decode_www_form_component(text.gsub('+', '%2B'))
      end
    end
  end
end
