# frozen_string_literal: true

# protocol/vectors/api-classification.json against a real HTTP server. Ruby keeps the fine name of the table in the
# metadata; the error_type itself is one of the five.
RSpec.describe TaskerCore::StepHandler::Mixins::API, 'classification' do
  # What a handler does: success or failure by the response, helpers for the client's exceptions.
  probe = Class.new(TaskerCore::StepHandler::Api) do
    attr_reader :response, :outcome

    define_singleton_method(:handler_name) { 'probe' }

    def call(context)
      doing = context.get_input('while')
      @response = api_get('/')
      @outcome = response.ok? ? 'success' : 'failure'
      return api_success(response) if response.ok?

      api_failure(response, message: context.get_input('message'))
    rescue Faraday::TimeoutError => e
      @outcome = 'timeout'
      timeout_error(e, doing)
    rescue Faraday::Error => e
      @outcome = 'connection_error'
      connection_error(e, doing)
    end
  end

  def number?(expected, value)
    expected.is_a?(Hash) ? (expected['at_least']..expected['at_most']).cover?(value) : expected == value
  end

  def compare(expected, handler, result, sent)
    metadata = result.metadata.transform_keys(&:to_s)
    expected.each do |key, value|
      actual = case key
               when 'outcome' then handler.outcome
               when 'error_type' then metadata['http_error_type']
               when 'retryable', 'message' then result.public_send(key)
               when 'is_retryable', 'retry_after' then handler.response.public_send(key)
               when 'retry_after_seconds' then metadata['retry_after_seconds']
               when 'sent_retry_after_seconds' then sent['error'] && sent['error']['retry_after_seconds']
               when 'result' then result.result
               when 'message_prefix' then expect(result.message).to(start_with(value)) && next
               when 'metadata' then expect(metadata).to(include(value)) && next
               when 'metadata_keys' then expect(metadata.keys).to(include(*value)) && next
               when 'no_metadata_keys' then expect(metadata.keys & value).to(eq([])) && next
               when 'result_any_of' then expect(value).to(include(result.result)) && next
               else raise "unknown member #{key}"
               end
      expect(number?(value, actual)).to be(true), "#{key} is #{actual.inspect}, not #{value.inspect}"
    end
  end

  Protocol.vectors('api-classification.json', 'answer').each do |description, test|
    it description do
      data = test['data']
      behaviour = data['server'].transform_keys(&:to_sym)
      server = HttpServer.open { behaviour } unless behaviour[:refuse]
      url = server ? server.url : "http://127.0.0.1:#{HttpServer.refused_port}"
      config = { url: url }
      config[:timeout] = data['client']['timeout_ms'] / 1000.0 if data['client']
      handler = probe.new(config: config)
      registry = TaskerCore::Registry::HandlerRegistry.new
      registry.register_handler('probe', handler)
      input = data.slice('while', 'message')
      result = handler.call(step_context(input: input))
      sent = answer_to(execute('probe', input), registry)
      server&.close
      compare(test['expected'], handler, result, sent)
    end
  end

  Protocol.vectors('api-classification.json', 'status').each do |description, test|
    it "status alone: #{description}" do
      status = test['data']['status']
      response = TaskerCore::StepHandler::ApiResponse.new(Struct.new(:status, :headers, :body).new(status, {}, ''))
      result = probe.new(config: { url: 'http://nowhere.test' }).api_failure(response)
      expect(result.metadata[:http_error_type]).to eq(test['expected']['error_type'])
      expect(result.retryable).to be(test['expected']['retryable'])
      expect(response.is_retryable).to be(test['expected']['is_retryable'])
    end
  end
end
