# frozen_string_literal: true

require 'tasker_core/registry/resolver_chain'
require 'tasker_core/registry/handler_loader'
require 'tasker_core/registry/handler_registry'
