# frozen_string_literal: true

require 'tasker_core/types/value_object'
require 'tasker_core/types/error_types'
require 'tasker_core/types/step_handler_call_result'
require 'tasker_core/types/outcomes'
require 'tasker_core/types/definitions'
require 'tasker_core/types/step_context'
