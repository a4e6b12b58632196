# frozen_string_literal: true

require 'tasker_core' unless defined?(TaskerCore::VERSION)
require 'tasker_core/step_handler/base'
require 'tasker_core/step_handler/mixins/api'
require 'tasker_core/step_handler/mixins/decision'
require 'tasker_core/step_handler/mixins/batchable'
require 'tasker_core/step_handler/specialized'
require 'tasker_core/step_handler/functional'
