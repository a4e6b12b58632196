# frozen_string_literal: true

require 'tasker_core/worker/event_bridge'
require 'tasker_core/worker/step_execution_subscriber'
require 'tasker_core/worker/in_process_domain_event_poller'

module TaskerCore
  # Runs steps. What talks to the broker is loaded at first use: tests of handlers need no AMQP library.
  module Worker
    autoload :Settings, 'tasker_core/worker/settings'
    autoload :SettingsError, 'tasker_core/worker/settings'
    autoload :AmqpWorker, 'tasker_core/worker/amqp_worker'
    autoload :StdioWorker, 'tasker_core/worker/stdio_worker'
    autoload :Bootstrap, 'tasker_core/worker/bootstrap'
    autoload :StepRunner, 'tasker_core/worker/step_runner'
  end
end
