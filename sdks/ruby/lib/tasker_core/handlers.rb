# frozen_string_literal: true

require 'tasker_core/step_handler'

module TaskerCore
  module Handlers
    # The same classes under the names of older code.
    module Steps
      Base = StepHandler::Base
      API = StepHandler::Api
      Decision = StepHandler::Decision
      Batchable = StepHandler::Batchable
      Mixins = StepHandler::Mixins

      # A handler of the class; +config+ is what a template calls +initialization+.
      def self.create(klass, **config) = klass.new(config:)

      # Whether the class can be used as a handler.
      def self.validate(klass)
        klass.is_a?(Class) && klass.method_defined?(:call) && klass.instance_method(:call).owner != Base
      end
    end
  end
end
