# frozen_string_literal: true

require_relative 'lib/tasker_core/version'

Gem::Specification.new do |spec|
  spec.name = 'tasker_core'
  spec.version = TaskerCore::VERSION
  spec.summary = 'Step handlers for Tasker in Ruby'
  spec.description = 'A worker that takes steps from RabbitMQ, runs handlers and publishes their results.'
  spec.authors = ['The Tasker authors']
  spec.license = 'MIT'
  spec.required_ruby_version = '>= 3.1'
  spec.files = Dir['lib/**/*.rb', 'sig/**/*.rbs', 'exe/*', 'LICENSE', 'README.md', base: __dir__]
  spec.bindir = 'exe'
  spec.executables = %w[tasker-worker tasker-worker-ruby]
  spec.add_dependency 'bunny', '>= 2.19', '< 3'
  spec.add_dependency 'faraday', '>= 1.1', '< 3'
  spec.metadata['rubygems_mfa_required'] = 'true'
end
