# frozen_string_literal: true

require 'tasker_core/types'
require 'tasker_core/worker/event_bridge'

module TaskerCore
  module Worker
    # Runs a step that is given as a logical step event, in this process and without a broker.
    class StepExecutionSubscriber
      def initialize(registry: Registry::HandlerRegistry.instance, bridge: EventBridge.instance)
        @registry = registry
        @bridge = bridge
      end

      # The handler's result; exceptions become errors. Listeners of +step.completed+ get a Types::StepCompletion.
      def call(step_event)
        @bridge.publish(EventBridge::STEP_EXECUTION_RECEIVED, step_event)
        started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        context = Types::StepContext.new(step_event)
        result = run(context)
        elapsed = ((Process.clock_gettime(Process::CLOCK_MONOTONIC) - started) * 1000).round
        @bridge.publish(EventBridge::STEP_COMPLETED, completion(context, result, elapsed))
        result
      end

      private

      def run(context)
        handler = @registry.resolve_handler(context.step_definition.handler)
        Types::StepHandlerCallResult.from_handler_output(handler.call(context))
      rescue StandardError => e
        Types::StepHandlerCallResult.from_exception(e)
      end

      def completion(context, result, elapsed)
        status = result.checkpoint? ? 'checkpoint' : (result.success? ? 'completed' : 'failed')
        Types::StepCompletion.new(
          step_uuid: context.step_uuid.to_s, task_uuid: context.task_uuid.to_s, step_name: context.step_name.to_s,
          status:, result: result.success? ? result.result : nil,
          error: status == 'failed' ? result.message : nil, execution_time_ms: elapsed
        )
      end
    end
  end
end
