# frozen_string_literal: true

require 'tasker_core/wire/outgoing'
require 'tasker_core/worker/failure'
require 'tasker_core/worker/step_events'

module TaskerCore
  module Worker
    # The message to send, what the log line says about it, and the events for subscribers of this process.
    Answer = Struct.new(:body, :status, :failed, :detail, :fast_events, keyword_init: true)

    # Writes the outcome of a handler within the limits of the dispatch.
    class AnswerWriter
      # Depth that a member may have so that the whole message stays within 64.
      MEMBER_DEPTH = 63
      METADATA_DEPTH = 62
      MAX_ACCUMULATED_BYTES = 262_144

      # A member that cannot be sent; the step fails with +failure+ instead.
      class Unsendable < StandardError
        attr_reader :failure

        def initialize(failure)
          super(failure.message)
          @failure = failure
        end
      end

      def initialize(writer)
        @writer = writer
      end

      # +outcome+ is a Success, a CheckpointYield or a Failure; +elapsed+ is in milliseconds.
      def write(message, outcome, control, version, elapsed)
        case outcome
        when Failure then failed(message, outcome, control, version, elapsed)
        when Types::StepHandlerCallResult::CheckpointYield then checkpoint(message, outcome, control, version, elapsed)
        else completed(message, outcome, control, version, elapsed)
        end
      rescue Unsendable => e
        failed(message, e.failure, control, version, elapsed)
      end

      def not_found(message)
        text = "this worker has no handler #{message.callable}"
        text += " (method #{message.method_name})" if message.method_name
        body = @writer.abandoned(message, 'handler_not_found', text, Time.now.to_f)
        Answer.new(body:, status: 'abandoned', failed: true, detail: " handler_not_found: #{text}",
                   fast_events: [])
      end

      private

      def completed(message, outcome, control, version, elapsed)
        result = member(with_worker_template(outcome.result, message), message.max_result_bytes, 'result',
                        'result_too_large')
        metadata = sent_metadata(outcome.metadata, true, version, message)
        events = StepEvents.new(message).collect(success: true, result: outcome.result, metadata: outcome.metadata,
                                                 elapsed:)
        body = result_body(message, 'completed', control, elapsed, result:, metadata:,
                                                                   events: events_text(message, events))
        Answer.new(body:, status: 'completed', failed: false, detail: '', fast_events: events.fast)
      end

      def checkpoint(message, outcome, control, version, elapsed)
        value = { 'cursor' => outcome.cursor, 'items_processed' => outcome.items_processed }
        unless outcome.accumulated_results.nil?
          member(outcome.accumulated_results, MAX_ACCUMULATED_BYTES, 'accumulated_results', 'checkpoint_too_large')
          value['accumulated_results'] = outcome.accumulated_results
        end
        body = result_body(message, 'checkpoint', control, elapsed,
                           checkpoint: member(value, message.max_result_bytes, 'checkpoint', 'checkpoint_too_large'),
                           metadata: sent_metadata({}, true, version, message))
        Answer.new(body:, status: 'checkpoint', failed: false, detail: '', fast_events: [])
      end

      def failed(message, failure, control, version, elapsed)
        metadata = failure_metadata(message, failure, version)
        events = StepEvents.new(message).collect(success: false, result: nil, metadata: failure.metadata,
                                                 elapsed:, failure:)
        error = @writer.error(failure.message, failure.error_type, retryable: failure.retryable,
                                                                   error_code: failure.error_code,
                                                                   retry_after: failure.retry_after,
                                                                   backtrace: failure.backtrace, metadata:)
        body = result_body(message, 'failed', control, elapsed, error:, metadata:,
                                                                events: failed_events_text(message, events))
        Answer.new(body:, status: 'failed', failed: true, fast_events: events.fast,
                   detail: " #{failure.error_type}: #{first_line(failure.message)}")
      end

      def result_body(message, status, control, elapsed, **members)
        @writer.result(message.dispatch_id, message.task_uuid, message.step_uuid, status,
                       started_at: Wire.timestamp(control.started_wall),
                       completed_at: Wire.timestamp(Time.now.to_f), execution_time_ms: elapsed, **members)
      end

      def member(value, limit, name, too_large, depth: MEMBER_DEPTH)
        text = Wire::Codec.encode(value, depth:)
        return text if text.bytesize <= limit

        raise Unsendable, Failure.new("#{name}: #{text.bytesize} bytes, the limit is #{limit}: store it " \
                                      'elsewhere and return a reference', too_large, false)
      rescue Wire::NotSerializable => e
        raise Unsendable, Failure.new("the #{name} cannot be sent: #{e.message}", 'serialization_error', false)
      end

      def sent_metadata(metadata, retryable, version, message)
        member((metadata || {}).to_h.transform_keys(&:to_s).merge('retryable' => retryable,
                                                                  'handler_version' => version),
               message.max_result_bytes, 'metadata', 'result_too_large', depth: METADATA_DEPTH)
      end

      # The failure itself matters more than what was attached to it.
      def failure_metadata(message, failure, version)
        sent_metadata(failure.metadata, failure.retryable, version, message)
      rescue Unsendable => e
        sent_metadata({ 'metadata_dropped' => Wire::Codec.safe_text(e.message, 1024) }, failure.retryable,
                      Wire::Codec.safe_text(version.to_s), message)
      end

      def events_text(message, events)
        member(events.sent, message.max_result_bytes, 'events', 'events_too_large', depth: METADATA_DEPTH)
      end

      def failed_events_text(message, events)
        events_text(message, events)
      rescue Unsendable => e
        TaskerCore::Logger.instance.warn("events of step #{message.step_name} are left out: #{e.message}")
        '[]'
      end

      # An analyzer need not name its worker template when only one step can be meant.
      def with_worker_template(result, message)
        return result unless result.is_a?(Hash)

        key = result.keys.find { |name| name.to_s == 'batch_processing_outcome' }
        return result if key.nil? || !result[key].respond_to?(:to_h)

        outcome = result[key].to_h.transform_keys(&:to_s)
        return result if outcome['type'] != 'create_batches' || !outcome['worker_template_name'].to_s.empty?

        names = message.step_definition['worker_template_names']
        outcome = outcome.except('worker_template_name')
        outcome['worker_template_name'] = names.first if names.is_a?(Array) && names.size == 1
        result.to_h.merge(key => outcome)
      end

      def first_line(text)
        line = text.to_s.strip.lines.first.to_s.strip
        Wire::Codec.safe_text(line.length > 300 ? "#{line[0, 300]}..." : line)
      end
    end
  end
end
