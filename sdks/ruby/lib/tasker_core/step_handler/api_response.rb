# frozen_string_literal: true

require 'json'
require 'time'

module TaskerCore
  module StepHandler
    # An HTTP response with its body decoded: parsed JSON, else the text. Answers what a Faraday response answers, too.
    class ApiResponse
      RETRYABLE = [408, 429, 500, 502, 503, 504].freeze
      ERROR_TYPES = {
        400 => 'bad_request', 401 => 'unauthorized', 403 => 'forbidden', 404 => 'not_found',
        405 => 'method_not_allowed', 408 => 'request_timeout', 409 => 'conflict', 410 => 'gone',
        422 => 'unprocessable_entity', 429 => 'rate_limited', 500 => 'internal_server_error', 502 => 'bad_gateway',
        503 => 'service_unavailable', 504 => 'gateway_timeout'
      }.freeze
      DETAIL_KEYS = %w[error message detail error_message msg].freeze
      UNREADABLE_RETRY_AFTER = 60

      # The fine name of a status.
      def self.error_type(status)
        ERROR_TYPES.fetch(status) do
          case status
          when 400..499 then 'client_error'
          when 500..599 then 'server_error'
          else 'http_error'
          end
        end
      end

      # Whether a failure with this status is worth another attempt: 408, 429 and every 5xx.
      def self.retry?(status) = [408, 429].include?(status) || (500..599).cover?(status)

      def self.wrap(response) = response.is_a?(self) ? response : new(response)

      attr_reader :raw_response, :status_code, :headers, :body
      alias status status_code

      def initialize(response)
        @raw_response = response
        @status_code = response.status
        @headers = (response.headers || {}).transform_keys { |name| name.to_s.downcase }
        @body = decode(response.body)
      end

      def ok? = (200..299).cover?(status_code)
      alias ok ok?
      alias success? ok?
      def client_error? = (400..499).cover?(status_code)
      alias is_client_error client_error?
      def server_error? = (500..599).cover?(status_code)
      alias is_server_error server_error?

      # 408, 429, 500, 502, 503, 504.
      def retryable? = RETRYABLE.include?(status_code)
      alias is_retryable retryable?

      # The header in seconds: 60 when it is a date or unreadable, nil when it is absent.
      def retry_after
        value = headers['retry-after']
        value && (Integer(value, 10, exception: false) || UNREADABLE_RETRY_AFTER)
      end

      # What the orchestrator should wait: a date is turned into seconds from now.
      def seconds_to_wait
        value = headers['retry-after']
        return nil if value.nil?

        seconds = Integer(value, 10, exception: false)
        return [seconds, 0].max if seconds

        [(Time.httpdate(value) - Time.now).round, 0].max
      rescue ArgumentError
        UNREADABLE_RETRY_AFTER
      end

      # Why it failed: from the body where it says so, else the standard phrase.
      def detail
        from_body = body.is_a?(Hash) ? DETAIL_KEYS.lazy.filter_map { |key| text_of(body[key]) }.first : nil
        from_body || reason_phrase
      end

      def error_message = "HTTP #{status_code}: #{detail}"
      def to_h = { status_code:, headers:, body: }
      def inspect = "#<#{self.class.name} status_code=#{status_code}>"

      def respond_to_missing?(name, include_private = false) = raw_response.respond_to?(name, include_private) || super

      def method_missing(name, *arguments, &)
        raw_response.respond_to?(name) ? raw_response.public_send(name, *arguments, &) : super
      end

      private

      def decode(body)
        return body unless body.is_a?(String) && headers['content-type'].to_s.include?('json') && !body.empty?

        JSON.parse(body.dup.force_encoding(Encoding::UTF_8))
      rescue JSON::ParserError, EncodingError
        body
      end

      def text_of(value)
        value = value['message'] if value.is_a?(Hash)
        value if value.is_a?(String) && !value.empty?
      end

      def reason_phrase
        require 'net/http/status'
        Net::HTTP::STATUS_CODES[status_code] || 'Unknown error'
      end
    end
  end
end
