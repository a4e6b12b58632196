# frozen_string_literal: true

require 'json'
require 'tasker_core/errors'
require 'tasker_core/step_handler/api_response'

module TaskerCore
  module StepHandler
    # Roles that a handler can take on.
    module Mixins
      # HTTP calls whose answers are classified as success, retryable or permanent failure. Times are in seconds.
      module API
        DEFAULT_TIMEOUT = 30
        DEFAULT_OPEN_TIMEOUT = 10

        def self.included(base) = base.extend(ClassMethods)

        # Settings of all instances; +config+ of the template wins.
        module ClassMethods
          def base_url(url = nil) = api_setting(:@base_url, url)
          def default_timeout(seconds = nil) = api_setting(:@default_timeout, seconds)
          def default_headers(headers = nil) = api_setting(:@default_headers, headers)

          private

          def api_setting(name, value)
            instance_variable_set(name, value) unless value.nil?
            own = instance_variable_get(name)
            return own unless own.nil? && superclass.respond_to?(name.to_s.delete_prefix('@'))

            superclass.public_send(name.to_s.delete_prefix('@'))
          end
        end

        # The Faraday connection, made at first use.
        def connection
          @connection ||= build_connection
        end

        # Add middleware or an adapter: the block gets the Faraday builder.
        def configure_connection(&block)
          @connection = nil
          @connection_block = block
        end

        # -- Raising style: 2xx comes back, anything else is raised as a permanent or retryable error.

        def get(path, params: {}, headers: {}) = checked { api_get(path, params:, headers:) }
        def post(path, data: {}, headers: {}) = checked { api_post(path, data:, headers:) }
        def put(path, data: {}, headers: {}) = checked { api_put(path, data:, headers:) }
        def patch(path, data: {}, headers: {}) = checked { api_patch(path, data:, headers:) }
        def delete(path, params: {}, headers: {}) = checked { api_delete(path, params:, headers:) }

        # Upload a file as multipart/form-data.
        def api_upload_file(path, file_path, field_name: 'file', additional_fields: {})
          part = multipart_part(file_path)
          checked do
            ApiResponse.new(multipart_connection.post(path, additional_fields.merge(field_name => part)))
          end
        end

        # Follow a cursor in the answers. Yields each page (an ApiResponse); gives all pages.
        def api_paginated_request(path, method: :get, pagination_key: 'cursor', limit_key: 'limit', limit: nil,
                                  max_pages: 100, params: {}, headers: {}, &block)
          pages = []
          cursor = nil
          while pages.size < max_pages
            query = params.merge({ limit_key => limit, pagination_key => cursor }.compact)
            pages << checked { api_request(method, path, params: query, headers:) }
            block&.call(pages.last)
            cursor = next_cursor(pages.last.body, pagination_key)
            break if cursor.nil?
          end
          pages
        end

        # Gives a response of 2xx back and raises for any other.
        def process_response(response)
          response = ApiResponse.wrap(response)
          return response if response.ok?

          context = { status_code: response.status_code, response_body: response.body }
          if ApiResponse.retry?(response.status_code)
            raise Errors::RetryableError.new(response.error_message, retry_after: response.seconds_to_wait,
                                                                     context:)
          end
          raise Errors::PermanentError.new(response.error_message, error_code: "HTTP_#{response.status_code}",
                                                                   context:)
        end

        # -- Returning style: an ApiResponse for every status. Faraday's exceptions propagate.

        def api_get(path, params: {}, headers: {}, **options)
          api_request(:get, path, params:, headers:, **options)
        end

        def api_post(path, data: {}, headers: {}, **options)
          api_request(:post, path, data:, headers:, **options)
        end

        def api_put(path, data: {}, headers: {}, **options)
          api_request(:put, path, data:, headers:, **options)
        end

        def api_patch(path, data: {}, headers: {}, **options)
          api_request(:patch, path, data:, headers:, **options)
        end

        def api_delete(path, params: {}, headers: {}, **options)
          api_request(:delete, path, params:, headers:, **options)
        end

        # +data+ is sent as JSON unless it is a string.
        def api_request(method, path, params: {}, headers: {}, data: nil, timeout: nil)
          response = connection.run_request(method.to_sym, path, request_body(data), headers) do |request|
            request.params.update(params.transform_keys(&:to_s)) unless params.empty?
            request.options.timeout = timeout if timeout
            request.headers['Content-Type'] ||= 'application/json' unless data.nil?
          end
          ApiResponse.new(response)
        end

        # -- Results

        # The body of a response, or +data:+ with what is known about the call.
        def api_success(response = nil, data: nil, status: 200, headers: {}, execution_time_ms: nil, metadata: {})
          unless response.nil?
            response = ApiResponse.wrap(response)
            payload = response.body.is_a?(Hash) ? response.body : { 'data' => response.body }
            return success(result: payload, metadata: { status_code: response.status_code,
                                                        headers: response.headers }.merge(metadata))
          end
          result = { 'data' => data, 'status' => status, 'headers' => headers,
                     'execution_time_ms' => execution_time_ms }
          success(result:, metadata: { api_call: true }.merge(metadata))
        end

        # A failure classified by the status: 408, 429 and every 5xx are tried again.
        def api_failure(response = nil, message: nil, status: nil, error_type: nil, headers: {},
                        execution_time_ms: nil, metadata: {})
          return api_response_failure(ApiResponse.wrap(response), message, metadata) unless response.nil?

          retryable = !status.nil? && ApiResponse.retry?(status)
          wait = retry_after_header(headers)
          known = { api_call: true, status_code: status, headers:, execution_time_ms:,
                    http_error_type: status && ApiResponse.error_type(status), retry_after_seconds: wait }.compact
          failure(message: message || 'the API call failed', error_type: error_type || type_for(status),
                  error_code: status && "HTTP_#{status}", retryable:, metadata: known.merge(metadata))
        end

        # A retryable failure for a connection that could not be made or broke.
        def connection_error(error, context = nil)
          transport_failure('Connection error', 'connection_error', error, context)
        end

        # A retryable failure for an answer that took too long.
        def timeout_error(error, context = nil)
          transport_failure('Request timeout', 'timeout', error, context)
        end

        def capabilities = super + %w[http api]

        private

        def api_setting(name, default = nil)
          value = config[name]
          value = config[name.to_s] if value.nil?
          value.nil? ? default : value
        end

        def build_connection(&block)
          load_faraday
          options = { url: api_setting(:url, self.class.base_url),
                      headers: (self.class.default_headers || {}).merge(api_setting(:headers, {})),
                      params: api_setting(:params, {}), ssl: ssl_options }.compact
          Faraday.new(**options) do |faraday|
            faraday.options.timeout = api_setting(:timeout, self.class.default_timeout || DEFAULT_TIMEOUT)
            faraday.options.open_timeout = api_setting(:open_timeout, DEFAULT_OPEN_TIMEOUT)
            authenticate(faraday, api_setting(:auth, {}))
            block&.call(faraday)
            @connection_block&.call(faraday)
            faraday.adapter(Faraday.default_adapter) unless adapter?(faraday)
          end
        end

        def adapter?(faraday) = !faraday.builder.adapter.nil?

        def ssl_options
          options = api_setting(:ssl, nil)
          options&.to_h&.transform_keys(&:to_sym)
        end

        def authenticate(faraday, auth)
          value = ->(key) { auth[key].nil? ? auth[key.to_s] : auth[key] }
          case value.call(:type).to_s
          when 'bearer' then faraday.headers['Authorization'] = "Bearer #{value.call(:token)}"
          when 'basic'
            pair = ["#{value.call(:username)}:#{value.call(:password)}"].pack('m0')
            faraday.headers['Authorization'] = "Basic #{pair}"
          when 'api_key' then faraday.headers[value.call(:api_key_header) || 'X-API-Key'] = value.call(:token)
          end
        end

        def load_faraday
          require 'faraday'
        rescue LoadError
          raise Errors::ConfigurationError, 'API handlers need the gem faraday: add it to the Gemfile, or install ' \
                                            'ruby-faraday'
        end

        def multipart_connection
          @multipart_connection ||= build_connection { |faraday| faraday.request :multipart }
        end

        # Faraday 1 brings multipart itself, later ones have it in a gem of its own.
        def multipart_part(file_path)
          load_faraday
          require 'faraday/multipart' if Faraday::VERSION.to_i >= 2
          part = defined?(Faraday::Multipart::FilePart) ? Faraday::Multipart::FilePart : Faraday::FilePart
          part.new(file_path.to_s, 'application/octet-stream')
        rescue LoadError, NameError
          raise Errors::ConfigurationError, 'api_upload_file needs the gem faraday-multipart: add it to the Gemfile'
        end

        def request_body(data)
          return data if data.nil? || data.is_a?(String)

          JSON.generate(data)
        end

        def checked
          process_response(yield)
        rescue Errors::Error
          raise
        rescue StandardError => e
          raise_transport_error(e)
        end

        def raise_transport_error(error)
          case error
          when Faraday::TimeoutError then raise Errors::TimeoutError.new(error.message, timeout_duration: api_timeout)
          when Faraday::ConnectionFailed, Faraday::SSLError then raise Errors::NetworkError, error.message
          else raise error
          end
        end

        def api_timeout = api_setting(:timeout, self.class.default_timeout || DEFAULT_TIMEOUT)

        def next_cursor(body, key)
          return nil unless body.is_a?(Hash)

          cursor = body["next_#{key}"] || body.dig('pagination', "next_#{key}") || body[key]
          cursor unless cursor.to_s.empty?
        end

        def api_response_failure(response, message, metadata)
          wait = response.seconds_to_wait
          body = response.body
          known = { status_code: response.status_code, headers: response.headers,
                    http_error_type: ApiResponse.error_type(response.status_code), retry_after_seconds: wait }.compact
          known[:response_body] = body unless body.nil? || (body.respond_to?(:empty?) && body.empty?)
          failure(message: message || response.error_message, error_type: type_for(response.status_code),
                  error_code: "HTTP_#{response.status_code}", retryable: ApiResponse.retry?(response.status_code),
                  metadata: known.merge(metadata))
        end

        def type_for(status)
          return 'UnexpectedError' if status.nil?
          return 'RetryableError' if ApiResponse.retry?(status)

          (400..499).cover?(status) ? 'PermanentError' : 'UnexpectedError'
        end

        def retry_after_header(headers)
          value = (headers || {}).find { |name, _| name.to_s.casecmp?('retry-after') }&.last
          return nil if value.nil?

          Integer(value.to_s, 10, exception: false) || ApiResponse::UNREADABLE_RETRY_AFTER
        end

        def transport_failure(what, http_error_type, error, context)
          doing = context ? " while #{context}" : ''
          failure(message: "#{what}#{doing}: #{error.message}", error_type: 'RetryableError', retryable: true,
                  metadata: { exception_type: error.class.name, http_error_type: })
        end
      end
    end
  end
end
