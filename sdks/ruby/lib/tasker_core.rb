# frozen_string_literal: true

# What makes handlers comfortable where it is there; nothing in the SDK needs any of it.
%w[active_support/core_ext dry-struct dry-types dotenv].each do |optional|
  require optional
rescue LoadError
  nil
end

require 'tasker_core/version'
require 'tasker_core/naming'
require 'tasker_core/logger'
require 'tasker_core/values'
require 'tasker_core/errors'
require 'tasker_core/types'
require 'tasker_core/models'
require 'tasker_core/step_handler'
require 'tasker_core/handlers'
require 'tasker_core/registry'
require 'tasker_core/template_discovery'
require 'tasker_core/domain_events'
require 'tasker_core/client'
require 'tasker_core/observability'
require 'tasker_core/test_environment'
require 'tasker_core/worker'
