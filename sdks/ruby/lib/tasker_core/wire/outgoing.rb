# frozen_string_literal: true

require 'tasker_core/wire/codec'
require 'tasker_core/wire/names'

module TaskerCore
  # The wire protocol: names, reading, writing.
  module Wire
    # Who answers; sent with every message.
    WorkerIdentity = Struct.new(:id, :sdk, :hostname, :language, keyword_init: true) do
      def to_wire = { 'id' => id, 'language' => language || 'ruby', 'sdk' => sdk, 'hostname' => hostname }
    end

    # RFC 3339 in UTC with milliseconds, from seconds since the epoch.
    def self.timestamp(moment)
      milliseconds = (moment * 1000).round
      time = Time.at(milliseconds / 1000).utc
      format('%<second>s.%<millisecond>03dZ', second: time.strftime('%Y-%m-%dT%H:%M:%S'),
                                              millisecond: milliseconds % 1000)
    end

    # Bodies of the messages a worker sends. Text is joined by hand: a member that is JSON already is not parsed again.
    class MessageWriter
      MAX_MESSAGE_BYTES = 8192
      MAX_BACKTRACE_LINES = 50
      MAX_BACKTRACE_BYTES = 65_536
      MAX_RETRY_AFTER = 86_400

      # The first 50 lines and at most 64 KiB: in Ruby the innermost frames stand at the beginning.
      def self.cut_backtrace(lines)
        size = 0
        lines.first(MAX_BACKTRACE_LINES).map { |line| Codec.safe_text(line, MAX_MESSAGE_BYTES) }.take_while do |line|
          (size += line.bytesize + 3) <= MAX_BACKTRACE_BYTES
        end
      end

      attr_reader :identity

      def initialize(identity)
        @identity = identity
        @worker = Codec.encode(identity.to_wire)
      end

      # A +step.result+. Members of the ruby kind +result:+, +error:+, +checkpoint:+, +events:+ and +metadata:+ are JSON
      # text already.
      def result(dispatch_id, task_uuid, step_uuid, status, completed_at:, result: 'null', error: 'null',
                 checkpoint: 'null', events: '[]', metadata: '{}', started_at: nil, execution_time_ms: 0)
        %({"protocol":"#{PROTOCOL}","kind":"step.result","dispatch_id":#{Codec.encode(dispatch_id)},) +
          %("task_uuid":#{Codec.encode(task_uuid)},"step_uuid":#{Codec.encode(step_uuid)},"status":"#{status}",) +
          %("result":#{result},"error":#{error},"checkpoint":#{checkpoint},"events":#{events},) +
          %("metadata":#{metadata},"started_at":#{Codec.encode(started_at)},"completed_at":"#{completed_at}",) +
          %("execution_time_ms":#{execution_time_ms},"worker":#{@worker}})
      end

      # No outcome: +why+ is the reserved +error_type+ of wire protocol section 4. +now+ is in seconds since the epoch.
      def abandoned(message, why, text, now, started_at: nil, execution_time_ms: 0, delivery_count: nil)
        metadata = delivery_count.nil? ? {} : { 'delivery_count' => delivery_count }
        result(message.dispatch_id, message.task_uuid, message.step_uuid, 'abandoned',
               error: error(text, why, retryable: true), metadata: Codec.encode(metadata), started_at:,
               completed_at: Wire.timestamp(now), execution_time_ms:)
      end

      # The answer to a message that could not be read; the uuids are unknown.
      def invalid(dispatch_id, error_type, detail, now)
        result(dispatch_id, nil, nil, 'failed', error: error(detail, error_type, retryable: false),
                                                completed_at: Wire.timestamp(now))
      end

      # The +error+ member as JSON text; +metadata+ is JSON text already.
      def error(message, error_type, retryable:, error_code: nil, retry_after: nil, backtrace: nil, metadata: nil)
        type = Codec.safe_text(error_type, 256)
        parts = [
          %("message":#{Codec.encode(Codec.safe_text(message, MAX_MESSAGE_BYTES))}),
          %("error_type":#{Codec.encode(type.empty? ? 'UnexpectedError' : type)}),
          %("error_code":#{Codec.encode(error_code.nil? ? nil : Codec.safe_text(error_code, 256))}),
          %("retryable":#{retryable ? true : false})
        ]
        if retryable && retry_after
          parts << %("retry_after_seconds":#{Codec.encode(retry_after.clamp(0, MAX_RETRY_AFTER))})
        end
        parts << %("backtrace":#{Codec.encode(self.class.cut_backtrace(backtrace))}) if backtrace&.any?
        parts << %("metadata":#{metadata}) if metadata
        "{#{parts.join(',')}}"
      end

      # A +step.heartbeat+; +progress+ is nil or <tt>[done, total, message]</tt>.
      def heartbeat(message, started_at:, sequence:, detached:, progress:)
        shown = progress && %w[done total message].zip(progress).to_h
        Codec.encode({ 'protocol' => PROTOCOL, 'kind' => 'step.heartbeat', 'dispatch_id' => message.dispatch_id,
                       'task_uuid' => message.task_uuid, 'step_uuid' => message.step_uuid, 'started_at' => started_at,
                       'sequence' => sequence, 'detached' => detached, 'progress' => shown,
                       'worker' => identity.to_wire })
      end

      # A +step.fetch+: asks for the next page of dependency results that did not fit into the message.
      def fetch(message, after)
        Codec.encode({ 'protocol' => PROTOCOL, 'kind' => 'step.fetch', 'dispatch_id' => message.dispatch_id,
                       'task_uuid' => message.task_uuid, 'step_uuid' => message.step_uuid, 'after' => after })
      end

      # A +worker.hello+, +worker.heartbeat+ or +worker.bye+.
      def worker_message(kind, members)
        Codec.encode({ 'protocol' => PROTOCOL, 'kind' => kind, 'worker' => identity.to_wire }.merge(members))
      end
    end
  end
end
