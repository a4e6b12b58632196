# frozen_string_literal: true

require 'tasker_core/types'
require 'tasker_core/wire/outgoing'
require 'tasker_core/worker/answer_writer'
require 'tasker_core/worker/context_builder'
require 'tasker_core/worker/failure'
require 'tasker_core/worker/run_control'
require 'tasker_core/worker/step_events'

module TaskerCore
  module Worker
    # Runs one handler and turns what it returned or raised into a +step.result+. Used by every slot at the same time.
    class StepRunner
      RESULTS = Types::StepHandlerCallResult

      def initialize(registry, writer)
        @registry = registry
        @answers = AnswerWriter.new(writer)
      end

      # Run the step's handler and yield the Answer exactly once: for every outcome, also an exception of any kind, a
      # call of +exit+, or a thread that ends itself.
      def execute(message, control)
        started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        process = Process.pid
        outcome = version = nil
        begin
          handler = find(message)
          version = version_of(handler)
          outcome = handler ? outcome_of(call(handler, message, control)) : :not_found
        rescue Exception => e # rubocop:disable Lint/RescueException
          outcome = Failure.from_exception(e, control, message)
        ensure
          # A handler forked and its child came back: it has none of the worker's threads and must not talk for it.
          exit!(0) if Process.pid != process
          outcome ||= Failure.new('the handler ended its thread (Thread.exit or kill): return a result or raise',
                                  'UnexpectedError', true)
          yield finish(message, outcome, control, version, started)
        end
      end

      private

      def find(message)
        spec = Types::HandlerDefinition.new(callable: message.callable, handler_method: message.method_name,
                                            resolver: message.resolver, initialization: message.initialization)
        return nil if @registry.knows?(spec) == false

        @registry.resolver_chain.resolve(spec)
      end

      def version_of(handler)
        inner = handler.respond_to?(:unwrap) ? handler.unwrap : handler
        inner.class.respond_to?(:handler_version) ? inner.class.handler_version : nil
      end

      def call(handler, message, control)
        name = handler.respond_to?(:handler_name) ? handler.handler_name : message.callable
        context = ContextBuilder.build(message, handler_name: name, control:)
        TaskerCore::Logger.with_step(log_fields(message)) do
          # What stops this handler must not hit the SDK's own code.
          control.stoppable { handler.call(context) }
        end
      end

      def log_fields(message)
        { task: message.task_uuid, step: message.step_name, attempt: message.attempt,
          trace_id: trace_id(message) }.compact
      end

      def trace_id(message) = Wire::TraceParent.parse(message.trace_headers['traceparent'])&.trace_id

      def outcome_of(returned)
        result = returned.nil? ? RESULTS.success(result: {}) : RESULTS.from_handler_output(returned)
        result.is_a?(RESULTS::Error) ? Failure.from_result(result) : result
      end

      def finish(message, outcome, control, version, started)
        elapsed = ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000).round
        answer = write(message, outcome, control, version, elapsed)
        log(message, answer, elapsed)
        answer
      end

      def write(message, outcome, control, version, elapsed)
        return @answers.not_found(message) if outcome == :not_found

        @answers.write(message, outcome, control, version, elapsed)
      rescue Exception => e # rubocop:disable Lint/RescueException
        failure = Failure.new("the result cannot be sent: #{e.class}: #{e.message}", 'serialization_error', false)
        @answers.write(message, failure, control, nil, elapsed)
      end

      def log(message, answer, elapsed)
        trace = trace_id(message)
        line = "step #{message.step_name} attempt #{message.attempt}/#{message.max_attempts} #{answer.status} in " \
               "#{elapsed} ms task=#{message.task_uuid}#{" trace_id=#{trace}" if trace}#{answer.detail}"
        TaskerCore::Logger.instance.public_send(answer.failed ? :warn : :info, line)
      end
    end
  end
end
