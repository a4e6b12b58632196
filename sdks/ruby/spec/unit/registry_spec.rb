# frozen_string_literal: true

RSpec.describe TaskerCore::Registry do
  let(:registry) { TaskerCore::Registry::HandlerRegistry.new }
  let(:definition) { TaskerCore::Types::HandlerDefinition }
  let(:base) { TaskerCore::StepHandler::Base }

  before do
    stub_const('Payments::Charge', Class.new(base) { def call(_) = { ok: true } })
    Payments::Charge.const_set(:VERSION, '3.0.0')
  end

  it 'finds a handler under every name' do
    registry.register_handler('charge', Payments::Charge)
    %w[charge Charge Payments::Charge Payments.Charge].each do |name|
      expect(registry.resolve_handler(name)).to be_a(Payments::Charge)
      expect(registry.callable_names[name]).to eq('3.0.0')
      expect(registry.knows?(name)).to be(true)
    end
    expect(registry.knows?('nobody')).to be(false)
    expect { registry.resolve_handler('nobody') }.to raise_error(TaskerCore::Errors::ConfigurationError, /no handler nobody/)
    expect(registry.is_registered('charge')).to be(true)
  end

  it 'does not let an alias take an explicit name' do
    other = Class.new(base) { def call(_) = { other: true } }
    registry.register('Charge', other)
    registry.register('pay', Payments::Charge)
    expect(registry.resolve('Charge')).to be_a(other)
    expect(registry.resolve('pay')).to be_a(Payments::Charge)
  end

  it 'gives the configuration only to constructors that want it' do
    plain = Class.new { def call(_) = 1 }
    greedy = Class.new { attr_reader :given; def initialize(**given) = @given = given; def call(_) = 1 } # rubocop:disable Style/Semicolon

    registry.register('plain', plain)
    registry.register('greedy', greedy)
    spec = ->(name) { definition.new(callable: name, initialization: { 'a' => 1 }) }
    expect(registry.resolve(spec.call('plain'))).to be_a(plain)
    expect(registry.resolve(spec.call('greedy')).given).to eq(config: { 'a' => 1 })
  end

  it 'takes instances and procs' do
    instance = Payments::Charge.new
    registry.register('instance', instance)
    registry.register('proc', ->(context) { context.get_input('n') })
    registry.register('factory', -> { Payments::Charge })
    expect(registry.resolve('instance')).to be(instance)
    expect(registry.resolve('proc').call(step_context(input: { n: 3 }))).to eq(3)
    expect(registry.resolve('factory')).to be_a(Payments::Charge)
  end

  it 'dispatches to other methods and refuses those that are missing' do
    registry.register('ledger', LedgerHandler)
    wrapped = registry.resolve(definition.new(callable: 'ledger', handler_method: 'refund'))
    expect(wrapped.call(step_context(input: { amount: 2 })).result).to eq(booked: -2)
    expect([wrapped.handler_class, wrapped.wraps?(LedgerHandler), wrapped.handler_name]).to eq([LedgerHandler, true, 'ledger_handler'])
    expect(registry.knows?(definition.new(callable: 'ledger', handler_method: 'nope'))).to be(false)
    # Private methods of Ruby itself are no entry points.
    expect(registry.knows?(definition.new(callable: 'ledger', handler_method: 'system'))).to be(false)
    # Nor are the public ones that every object has.
    %w[send public_send instance_eval tap class freeze].each do |method|
      name = definition.new(callable: 'ledger', handler_method: method)
      expect(registry.knows?(name)).to be(false)
      expect { registry.resolver_chain.resolve(name) }.to raise_error(TaskerCore::Registry::ResolverChain::ResolutionError)
    end
  end

  describe 'resolvers' do
    let(:resolver_class) do
      Class.new(TaskerCore::Registry::Resolvers::RegistryResolver) do
        handles_prefix 'pay:'
        priority_value 20
        resolver_name 'payments'

        def resolve_handler(definition, _config) = definition.callable == 'pay:charge' ? Payments::Charge : nil
      end
    end

    it 'are asked in order, or alone by their name' do
      registry.add_resolver(resolver_class.new)
      chain = registry.resolver_chain
      expect(chain.resolver_names).to eq(%w[explicit_mapping payments class_constant])
      expect(registry.resolve('pay:charge')).to be_a(Payments::Charge)
      expect(registry.resolve('Payments::Charge')).to be_a(Payments::Charge)
      hinted = definition.new(callable: 'Payments::Charge', resolver: 'payments')
      expect(chain.resolve(hinted)).to be_nil
      expect(chain.resolve(definition.new(callable: 'pay:charge', resolver: 'payments'))).to be_a(Payments::Charge)
      expect { chain.resolve(definition.new(callable: 'x', resolver: 'no')) }.to raise_error(TaskerCore::Registry::ResolverChain::ResolverNotFoundError)
      expect(registry.knows?(definition.new(callable: 'x', resolver: 'no'))).to be(false)
      # A resolver of the user may know more names than it lists.
      expect(registry.knows?('pay:other')).to be_nil
      expect(chain.remove_resolver('payments').name).to eq('payments')
      expect(chain.size).to eq(2)
      expect(chain.chain_info.first).to include(name: 'explicit_mapping', priority: 10)
    end

    it 'look for classes by constant name only' do
      expect(registry.handler_available?('Payments.Charge')).to be(true)
      %w[Kernel String charge Payments::Nope system].each do |name|
        expect(registry.handler_available?(name)).to be(false), name
      end
    end
  end

  it 'loads what templates name' do
    FileUtils.mkdir_p([File.join(folder, 'config/tasks'), File.join(folder, 'app/handlers')])
    File.write(File.join(folder, 'config/tasks/t.yaml'), <<~YAML)
      name: t
      namespace: shop
      step_templates:
        - {name: a, handler: {callable: Loaded::FromFile}}
        - {name: b, handler: {callable: Payments::Charge}}
        - {name: c, task_handler: missing_handler}
    YAML
    File.write(File.join(folder, 'config/tasks/broken.yaml'), 'a: [')
    File.write(File.join(folder, 'app/handlers/from_file.rb'), <<~RUBY)
      module Loaded
        class FromFile < TaskerCore::StepHandler::Base
          def call(_context) = { loaded: true }
        end
      end
    RUBY
    Dir.chdir(folder) do
      ENV['TASKER_TEMPLATE_PATH'] = "#{folder}/config/tasks:/nowhere"
      registry.bootstrap_handlers!
      expect(registry.resolve('Loaded::FromFile').call(nil)).to eq(loaded: true)
      expect(registry.template_discovery_info).to include(missing: ['missing_handler'])
      discovery = TaskerCore::TemplateDiscovery::HandlerDiscovery
      expect(discovery.discover_handlers_by_namespace).to eq('shop' => %w[Loaded::FromFile Payments::Charge missing_handler])
      expect(discovery.discover_template_metadata.first).to include(name: 't', version: '1.0.0')
      expect(TaskerCore::Worker::Bootstrap.template_namespaces).to eq(['shop'])
    end
  ensure
    ENV.delete('TASKER_TEMPLATE_PATH')
  end

  it 'loads example handlers in test mode' do
    FileUtils.mkdir_p(File.join(folder, 'spec/handlers/deep'))
    File.write(File.join(folder, 'spec/handlers/deep/sample_handler.rb'), 'class SampleForTest < TaskerCore::StepHandler::Base; def call(_) = 1; end')
    environment = TaskerCore::TestEnvironment
    expect(environment).not_to be_wanted
    ENV['TASKER_ENV'] = 'test'
    expect(environment).to be_wanted
    environment.load!(folder)
    expect(environment.handler_names).to include('sample_for_test', 'SampleForTest')
    expect(environment.info[:files].size).to eq(1)
  ensure
    ENV.delete('TASKER_ENV')
    environment.reset!
  end
end
