# frozen_string_literal: true

require 'tasker_core/errors'
require 'tasker_core/step_handler/block_arguments'
require 'tasker_core/types'

module TaskerCore
  module StepHandler
    # Handlers as blocks. Use it with +extend+ or +include+, or call the functions on the module itself:
    #
    #   Double = TaskerCore::StepHandler::Functional.step_handler('double', inputs: [:n]) { |n:| { doubled: n * 2 } }
    module Functional
      # What a decision block returns.
      class Decision
        attr_reader :steps, :reason, :context

        def self.route(steps, **context) = new(Array(steps), nil, context)
        def self.skip(reason, **context) = new([], reason, context)

        def initialize(steps, reason, context)
          @steps = steps
          @reason = reason
          @context = context
          freeze
        end

        def route? = reason.nil?
      end

      # What a batch analyzer block returns. No items mean no batches.
      class BatchConfig
        attr_reader :total_items, :batch_size, :metadata

        def initialize(total_items:, batch_size:, metadata: {})
          @total_items = total_items
          @batch_size = batch_size
          @metadata = metadata
          freeze
        end
      end

      def self.included(base) = base.is_a?(Module) && base != Object ? base.extend(self) : super

      # A handler class from a block. +depends_on+ maps parameters to steps, or to <tt>['step', Model]</tt>; +inputs+ is
      # a list of keys of the task's context, or a model class. The block gets what it declares, and +context:+.
      def step_handler(name, depends_on: {}, inputs: [], version: '1.0.0', &block)
        Builder.build(name, Base, depends_on, inputs, version, block) do |handler, context, arguments|
          Outcome.of(handler.arguments.call(block, arguments.merge(context:)))
        end
      end

      # The block returns Decision.route or Decision.skip, or a result.
      def decision_handler(name, depends_on: {}, inputs: [], version: '1.0.0', &block)
        Builder.build(name, StepHandler::Decision, depends_on, inputs, version, block) do |handler, context, arguments|
          Outcome.of_decision(handler, handler.arguments.call(block, arguments.merge(context:)))
        end
      end

      # The block returns a BatchConfig, or a result.
      def batch_analyzer(name, worker_template: nil, depends_on: {}, inputs: [], version: '1.0.0', &block)
        Builder.build(name, StepHandler::Batchable, depends_on, inputs, version, block) do |handler, context, arguments|
          returned = handler.arguments.call(block, arguments.merge(context:))
          Outcome.of_analyzer(handler, returned, worker_template)
        end
      end

      # The block also gets +batch_context:+.
      def batch_worker(name, depends_on: {}, inputs: [], version: '1.0.0', &block)
        Builder.build(name, StepHandler::Batchable, depends_on, inputs, version, block) do |handler, context, arguments|
          batch = handler.get_batch_context(context)
          handler.handle_no_op_worker(batch) ||
            Outcome.of(handler.arguments.call(block, arguments.merge(context:, batch_context: batch)))
        end
      end

      # The block also gets +api:+, which has the methods of the API mixin. Times are in seconds.
      def api_handler(name, base_url:, depends_on: {}, inputs: [], version: '1.0.0', timeout: nil, open_timeout: nil,
                      headers: {}, &block)
        settings = { url: base_url, timeout:, open_timeout:, headers: }.compact
        Builder.build(name, StepHandler::Api, depends_on, inputs, version, block,
                      settings) do |handler, context, arguments|
          Outcome.of(handler.arguments.call(block, arguments.merge(context:, api: handler)))
        end
      end

      # The functions can be called on the module itself, too; +module_function+ would hide them from +extend+.
      extend self # rubocop:disable Style/ModuleFunction

      # Makes the anonymous classes.
      module Builder
        def self.build(name, base, depends_on, inputs, version, block, settings = {}, &run)
          raise ArgumentError, 'block required' if block.nil?

          arguments = BlockArguments.new(depends_on, inputs)
          Class.new(base) do
            const_set(:VERSION, version)
            define_singleton_method(:handler_name) { name.to_s }
            define_method(:initialize) do |config: {}, logger: nil|
              super(config: settings.merge((config || {}).to_h.transform_keys(&:to_sym)), logger:)
            end
            define_method(:arguments) { arguments }
            define_method(:call) do |context|
              run.call(self, context, arguments.from(context))
            rescue Errors::StepCancelledError
              raise
            rescue StandardError => e
              Types::StepHandlerCallResult.from_exception(e)
            end
          end
        end
      end

      # Turns what a block returned into a result.
      module Outcome
        RESULTS = Types::StepHandlerCallResult

        module_function

        def of(returned)
          return returned if RESULTS::KINDS.any? { |kind| returned.is_a?(kind) }
          return RESULTS.success(result: {}) if returned.nil?
          return RESULTS.from_handler_output(returned) if returned.is_a?(Hash)
          return RESULTS.success(result: returned.to_h) if hash_like?(returned)

          RESULTS.success(result: { result: returned })
        end

        def hash_like?(value)
          value.is_a?(Struct) || (value.respond_to?(:to_h) && !value.is_a?(Enumerable))
        end

        def of_decision(handler, returned)
          return of(returned) unless returned.is_a?(Decision)

          context = returned.context.empty? ? nil : returned.context
          return handler.decision_success(steps: returned.steps, routing_context: context) if returned.route?

          handler.skip_branches(reason: returned.reason, routing_context: context)
        end

        def of_analyzer(handler, returned, worker_template)
          return of(returned) unless returned.is_a?(BatchConfig)

          outcome = handler.create_batch_outcome(total_items: returned.total_items, batch_size: returned.batch_size)
          handler.batch_analyzer_success(outcome, worker_template_name: worker_template, metadata: returned.metadata)
        end
      end
    end
  end
end
