# frozen_string_literal: true

require 'json'
require 'tmpdir'

# Settings of the caller must not reach the tests.
ENV.keys.grep(/\A(TASKER_(?!TEST_)|RABBITMQ_URL|RUST_LOG|RAILS_ENV)/).each { |name| ENV.delete(name) }
ENV['TASKER_LOG_LEVEL'] = 'fatal'

$LOAD_PATH.unshift(File.expand_path('../lib', __dir__))
require 'tasker_core'
require 'tasker_core/testing'
Dir[File.expand_path('support/*.rb', __dir__)].each { |file| require file }

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.expect_with(:rspec) { |expectations| expectations.include_chain_clauses_in_custom_matcher_descriptions = true }
  config.mock_with(:rspec) { |mocks| mocks.verify_partial_doubles = true }
  config.order = :random
  Kernel.srand(config.seed)

  config.include(Waiting)
  config.include(Messages)
  config.include(TaskerCore::Testing)

  config.around do |example|
    Dir.mktmpdir('tasker-ruby-') do |folder|
      @folder = folder
      example.run
    end
  end

  # A directory of this example's own.
  config.include(Module.new { attr_reader :folder })

  config.after do
    TaskerCore::DomainEvents::SubscriberRegistry.instance.reset!
    TaskerCore::Registry::HandlerRegistry.reset_instance!
  end
end
