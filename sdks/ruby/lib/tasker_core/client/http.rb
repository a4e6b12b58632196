# frozen_string_literal: true

require 'json'
require 'net/http'
require 'uri'
require 'tasker_core/errors'
require 'tasker_core/version'

module TaskerCore
  module Client
    # One request to the orchestrator's HTTP API.
    module Http
      DEFAULT_URL = 'http://localhost:8080'
      DEFAULT_TIMEOUT_MS = 30_000
      METHODS = { get: Net::HTTP::Get, post: Net::HTTP::Post, delete: Net::HTTP::Delete }.freeze

      module_function

      # The decoded body, nil for none. Raises PermanentError and ServerError.
      def call(operation, method, path, body: nil, query: nil)
        uri = URI.join("#{base_url.chomp('/')}/", path.delete_prefix('/'))
        uri.query = URI.encode_www_form(query) if query
        request = METHODS.fetch(method).new(uri)
        credentials.each { |name, value| request[name] = value }
        request['Accept'] = 'application/json'
        request['User-Agent'] = "tasker-ruby/#{VERSION}"
        if body
          request['Content-Type'] = 'application/json'
          request.body = JSON.generate(body)
        end
        read(operation, exchange(operation, uri, request))
      end

      def exchange(operation, uri, request)
        seconds = timeout
        Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https', open_timeout: seconds,
                                            read_timeout: seconds) { |http| http.request(request) }
      rescue SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError => e
        raise Errors::ServerError.new("the orchestrator at #{base_url} does not answer (#{e.message}): is it " \
                                      'running, and is TASKER_ORCHESTRATION_URL right?', operation:)
      end

      def read(operation, response)
        decoded = decode(response)
        status = response.code.to_i
        return decoded if (200..299).cover?(status)

        text = "HTTP #{status}: #{problem(decoded) || response.message}"
        if (400..499).cover?(status)
          code = decoded.is_a?(Hash) && decoded['code'].is_a?(String) ? decoded['code'] : "HTTP_#{status}"
          raise Errors::PermanentError.new(text, error_code: code, operation:, status_code: status)
        end
        raise Errors::ServerError.new(text, operation:, status_code: status)
      end

      def decode(response)
        text = response.body.to_s.dup.force_encoding(Encoding::UTF_8)
        text.empty? ? nil : JSON.parse(text)
      rescue JSON::ParserError
        text
      end

      # The text of an RFC 9457 problem, with the places that are wrong.
      def problem(body)
        return nil unless body.is_a?(Hash)

        error = body['error']
        text = body['detail'] || body['title'] || (error.is_a?(Hash) ? error['message'] : error)
        places = Array(body['errors']).filter_map do |entry|
          "#{entry['pointer']}: #{entry['message']}" if entry.is_a?(Hash) && entry['message']
        end
        all = [text, *places].compact
        all.empty? ? nil : all.join('; ')
      end

      def base_url = setting('TASKER_ORCHESTRATION_URL', 'ORCHESTRATION_URL') || DEFAULT_URL

      # In seconds.
      def timeout
        text = setting('TASKER_ORCHESTRATION_TIMEOUT_MS') || DEFAULT_TIMEOUT_MS
        milliseconds = Float(text.to_s, exception: false)
        unless milliseconds&.finite? && milliseconds&.positive?
          raise Errors::ConfigurationError,
                "TASKER_ORCHESTRATION_TIMEOUT_MS is '#{text}': use a positive number of milliseconds"
        end
        milliseconds / 1000
      end

      def credentials
        key = setting('TASKER_API_KEY')
        token = setting('TASKER_AUTH_TOKEN', 'TASKER_ORCHESTRATION_AUTH_TOKEN')
        { (setting('TASKER_API_KEY_HEADER') || 'X-API-Key') => key,
          'Authorization' => token && "Bearer #{token}" }.compact
      end

      def setting(*names) = names.map { |name| ENV.fetch(name, nil) }.find { |value| !value.to_s.empty? }
    end
  end
end
