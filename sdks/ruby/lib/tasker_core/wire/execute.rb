# frozen_string_literal: true

require 'tasker_core/wire/codec'

module TaskerCore
  module Wire
    # A delivery that cannot be used. +error_type+ is +invalid_message+ or +unsupported_protocol+; +reason+ is the word
    # for the header of the dead letter.
    class Unreadable < StandardError
      attr_reader :error_type, :reason
      attr_accessor :dispatch_id, :reply_to, :correlation_id

      def initialize(error_type, detail, reason = error_type)
        super(detail)
        @error_type = error_type
        @reason = reason
      end
    end

    # A checked +step.execute+ message. Times are in seconds.
    class ExecuteMessage
      MAX_RESULT_BYTES = 1_048_576
      HEARTBEAT_INTERVAL_MS = 20_000
      ACK_DEADLINE_MS = 600_000

      attr_accessor :dispatch_id, :reply_to, :task_uuid, :step_uuid, :step_name, :attempt, :max_attempts, :timeout,
                    :callable, :method_name, :resolver, :max_result_bytes, :heartbeat_interval, :ack_deadline,
                    :correlation_id, :task, :step, :handler, :step_definition, :dependency_results,
                    :dependencies_omitted, :trace_headers

      def initialize(**members)
        members.each { |name, value| public_send("#{name}=", value) }
        @trace_headers ||= {}
      end

      def initialization = handler['initialization'].is_a?(Hash) ? handler['initialization'] : {}

      # Whether a failure may be tried again at all.
      def retryable? = step['retryable'] != false

      def attempts_left? = attempt < max_attempts
    end

    # Reads and checks message bodies.
    module Execute
      UUID = /\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z/i
      VERSION = /\A(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\z/

      module_function

      def uuid?(text) = text.is_a?(String) && UUID.match?(text)

      # Raises Unreadable.
      def parse(body)
        message = begin
          Codec.decode(body)
        rescue NotJson => e
          raise Unreadable.new('invalid_message', e.message)
        end
        unless message.is_a?(Hash)
          raise Unreadable.new('invalid_message', "the message is #{kind_of(message)}, not an object")
        end

        read(message)
      rescue Unreadable => e
        address(e, message) if message.is_a?(Hash)
        raise
      end

      # What the body says about where an answer goes.
      def address(error, message)
        task = message['task'].is_a?(Hash) ? message['task'] : {}
        error.dispatch_id = string_or_nil(message['dispatch_id'])
        error.reply_to = string_or_nil(message['reply_to'])
        error.correlation_id = string_or_nil(task['correlation_id'])
      end

      def string_or_nil(value) = value.is_a?(String) ? value : nil

      def read(message)
        kind = message['kind']
        unless kind == 'step.execute'
          raise Unreadable.new('invalid_message', "unknown kind #{kind.inspect[0, 60]}; expected 'step.execute'",
                               'unknown_kind')
        end

        check_version(message['protocol'])
        task = object(message, 'task')
        step = object(message, 'step')
        handler = object(message, 'handler')
        limits = message['limits'].is_a?(Hash) ? message['limits'] : {}
        ExecuteMessage.new(
          **identity(message, task, step), **execution(step, handler), **bounds(limits),
          task:, step:, handler:,
          correlation_id: uuid(task, 'correlation_id', 'task.'),
          step_definition: message['step_definition'].is_a?(Hash) ? message['step_definition'] : {},
          dependency_results: message['dependency_results'].is_a?(Hash) ? message['dependency_results'] : {},
          dependencies_omitted: !message['dependency_results_omitted'].nil?
        )
      end

      def identity(message, task, step)
        %w[name namespace version].each { |key| text(task, key, 'task.') }
        {
          dispatch_id: uuid(message, 'dispatch_id', ''), reply_to: text(message, 'reply_to', ''),
          task_uuid: uuid(task, 'uuid', 'task.'), step_uuid: uuid(step, 'uuid', 'step.'),
          step_name: text(step, 'name', 'step.')
        }
      end

      def execution(step, handler)
        timeout_ms = step['timeout_ms']
        {
          attempt: positive(step['attempt'], 'step.attempt', 1),
          max_attempts: positive(step['max_attempts'], 'step.max_attempts', 1),
          timeout: timeout_ms.nil? ? nil : positive(timeout_ms, 'step.timeout_ms', 1) / 1000.0,
          callable: text(handler, 'callable', 'handler.'),
          method_name: optional_text(handler, 'method'), resolver: optional_text(handler, 'resolver')
        }
      end

      def bounds(limits)
        heartbeat = positive(limits['heartbeat_interval_ms'], 'limits.heartbeat_interval_ms',
                             ExecuteMessage::HEARTBEAT_INTERVAL_MS)
        deadline = positive(limits['ack_deadline_ms'], 'limits.ack_deadline_ms', ExecuteMessage::ACK_DEADLINE_MS)
        bytes = positive(limits['max_result_bytes'], 'limits.max_result_bytes', ExecuteMessage::MAX_RESULT_BYTES)
        { max_result_bytes: bytes, heartbeat_interval: heartbeat / 1000.0, ack_deadline: deadline / 1000.0 }
      end

      def check_version(version)
        match = version.is_a?(String) ? VERSION.match(version) : nil
        if match.nil?
          raise Unreadable.new('unsupported_protocol',
                               "protocol is #{version.inspect[0, 60]}; expected a version like '1.0'")
        end
        return if match[1] == '1'

        raise Unreadable.new('unsupported_protocol', "protocol #{version} is not supported; this worker speaks 1.x")
      end

      def object(message, key)
        value = message[key]
        return value if value.is_a?(Hash)

        raise Unreadable.new('invalid_message', "'#{key}' is #{kind_of(value)}, not an object")
      end

      def text(members, key, parent)
        value = members[key]
        return value if value.is_a?(String) && !value.empty?

        raise Unreadable.new('invalid_message', "'#{parent}#{key}' is #{kind_of(value)}, not a non-empty string")
      end

      def uuid(members, key, parent)
        value = text(members, key, parent)
        return value if uuid?(value)

        raise Unreadable.new('invalid_message', "'#{parent}#{key}' is #{value[0, 60].inspect}, not a UUID")
      end

      def optional_text(members, key)
        value = members[key]
        return value.to_s.empty? ? nil : value if value.nil? || value.is_a?(String)

        raise Unreadable.new('invalid_message', "'handler.#{key}' is #{kind_of(value)}, not a string")
      end

      def positive(value, name, default)
        return default if value.nil?

        # 1 and 1.0 may be exchanged on the wire.
        value = value.to_i if value.is_a?(Float) && value.finite? && value == value.floor
        return value if value.is_a?(Integer) && value >= 1

        raise Unreadable.new('invalid_message', "'#{name}' is #{value.inspect[0, 60]}, not a positive integer")
      end

      def kind_of(value)
        case value
        when nil then 'missing or null'
        when String then value.empty? ? 'an empty string' : 'a string'
        when true, false then 'a boolean'
        when Hash then 'an object'
        when Array then 'an array'
        else 'a number'
        end
      end
    end
  end
end
