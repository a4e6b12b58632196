# frozen_string_literal: true

RSpec.describe TaskerCore::DomainEvents do
  let(:poller) { TaskerCore::Worker::InProcessDomainEventPoller.instance }

  describe 'events of a step' do
    let(:publishers) { described_class::PublisherRegistry.instance }

    after { publishers.reset! }

    def publisher(&body) = Class.new(described_class::BasePublisher) { def name = 'p' }.tap { |klass| klass.class_eval(&body) if body }.new

    def sent(condition: 'success', delivery_mode: 'durable', publisher: 'p', attempt: 1, &work)
      events = [{ 'name' => 'order.paid', 'condition' => condition, 'delivery_mode' => delivery_mode, 'publisher' => publisher }.compact]
      message = TaskerCore::Wire::Execute.parse(body(execute('handler', {}, step: { attempt: attempt }, step_definition: { publishes_events: events })))
      answer = nil
      TaskerCore::Worker::StepRunner.new(registry_with(&(work || proc { |_| { amount: 5 } })), writer)
                                    .execute(message, TaskerCore::Worker::RunControl.new) { |one| answer = one }
      [JSON.parse(answer.body)['events'], answer.fast_events]
    end

    it 'are shaped by publishers with hooks of two or three parameters' do
      publishers.register(publisher do
        def transform_payload(step_result, _declaration) = { total: step_result[:result][:amount] }
        def additional_metadata(_result, declaration, context) = { declared: declaration['name'], step: context.step_name }
      end)
      entries, = sent
      expect(entries).to eq([{ 'name' => 'order.paid', 'payload' => { 'total' => 5 },
                               'metadata' => { 'declared' => 'order.paid', 'step' => 'validate_order' } }])
    end

    it 'are suppressed by refusals and by errors, which change nothing else' do
      [proc { def should_publish?(*) = false }, proc { def before_publish(*) = false }, proc { def transform_payload(*) = raise('no') }].each do |hook|
        publishers.reset!
        publishers.register(publisher(&hook))
        expect(sent.first).to eq([{ 'name' => 'order.paid', 'suppress' => true }])
      end
    end

    it 'need no entry without a publisher, or when their condition cannot hold' do
      expect(sent(publisher: nil).first).to eq([])
      expect(sent(publisher: 'unknown').first).to eq([])
      publishers.register(publisher)
      expect(sent(condition: 'failure').first).to eq([])
      failing = proc { |_| raise 'no' }
      expect(sent(&failing).first).to eq([])
      expect(sent(condition: 'always', &failing).first.size).to eq(1)
    end

    it 'go to subscribers of the process when they are fast and their condition holds' do
      event = sent(publisher: nil, delivery_mode: 'fast').last.first
      expect(event).to include('event_name' => 'order.paid', 'event_version' => '1.0', 'payload' => { 'amount' => 5 })
      expect(event['metadata']).to include('step_name' => 'validate_order', 'namespace' => 'default')
      expect(event['execution_result']).to include('success' => true)
      expect(sent(publisher: nil).last).to eq([])
      fails = proc { |_| raise TaskerCore::Errors::RetryableError, 'later' }
      heard = ->(condition, attempt) { sent(publisher: nil, delivery_mode: 'broadcast', condition: condition, attempt: attempt, &fails).last.size }
      expect([heard.call('retryable_failure', 1), heard.call('retryable_failure', 3), heard.call('permanent_failure', 3), heard.call('permanent_failure', 1)]).to eq([1, 0, 1, 0])
    end
  end

  it 'keeps publishers by name' do
    registry = described_class::PublisherRegistry.new
    one = Class.new(described_class::BasePublisher) { def name = 'one' }.new
    registry.register(one)
    expect { registry.register(one) }.to raise_error(described_class::PublisherRegistry::DuplicatePublisherError)
    expect([registry.get('one'), registry.registered_names, registry.count]).to eq([one, ['one'], 1])
    expect(registry.get_or_default('two').name).to eq('default')
    expect { registry.get_strict('two') }.to raise_error(described_class::PublisherRegistry::PublisherNotFoundError)
    expect { registry.validate_required!(%w[one two]) }.to raise_error(described_class::PublisherRegistry::ValidationError, /two/)
    registry.validate_required!(['one'])
    expect { registry.unregister('one') }.to raise_error(described_class::PublisherRegistry::RegistryFrozenError)
    registry.reset!
    expect(registry).to be_empty
  end

  it 'delivers by pattern, and outlives subscribers that fail' do
    heard = Queue.new
    subscriber = Class.new(described_class::BaseSubscriber) do
      subscribes_to 'payment.*', 'exact'
      define_method(:handle) do |event|
        raise 'no' if event[:event_name] == 'payment.bad'

        heard << event['event_name']
      end
    end
    registry = described_class::SubscriberRegistry.instance
    expect { registry.register(String) }.to raise_error(ArgumentError)
    registry.register(subscriber)
    expect(registry.stats).to include(subscriber_count: 1, active_count: 0)
    registry.start_all!
    %w[payment.bad payment.made paymentx exact exact.not].each { |name| poller.push('event_name' => name) }
    poller.stop!
    expect(Array.new(heard.size) { heard.pop }).to eq(%w[payment.made exact])
    expect(subscriber.new.handle_event_safely('event_name' => 'payment.bad')).to be(false)
    registry.stop_all!
    expect(registry.stats).to include(started: false, active_count: 0)
  end
end

RSpec.describe TaskerCore::Worker::StepExecutionSubscriber do
  it 'runs a step event in this process and tells about it' do
    registry = TaskerCore::Registry::HandlerRegistry.new
    registry.register_handler('ledger', LedgerHandler)
    bridge = TaskerCore::Worker::EventBridge.new
    seen = []
    bridge.subscribe('step.completed') { |event| seen << event }
    event = TaskerCore::Worker::ContextBuilder.step_event(parsed('ledger', { 'amount' => 4 }))
    subscriber = described_class.new(registry: registry, bridge: bridge)
    expect(subscriber.call(event).result).to eq(booked: 4)
    expect(seen.first).to be_completed
    missing = TaskerCore::Worker::ContextBuilder.step_event(parsed('nobody'))
    expect(subscriber.call(missing).message).to include('no handler nobody')
  end
end

RSpec.describe TaskerCore do
  it 'has the constants of the contract' do
    %w[StepHandler::Mixins::API Handlers::Steps::Mixins Types::TaskTemplate Types::TaskRequest Types::StepTypes
       BatchProcessing::BatchWorkerContext Models::HandlerWrapper Registry::Resolvers::RegistryResolver
       DomainEvents::SubscriberRegistry Worker::Bootstrap Worker::EventBridge Worker::InProcessDomainEventPoller
       Client Logger Tracing Observability TemplateDiscovery TestEnvironment].each do |name|
      expect(described_class.const_get(name)).to be_a(Module)
    end
    expect(described_class::VERSION).to match(/\A\d+\.\d+\.\d+\z/)
    expect(described_class.version_info).to include(:version, :ruby_version)
    expect(described_class::Observability.worker_metrics).to include(running: false)
    expect(described_class::Observability.health_basic[:status]).to eq('unhealthy')
  end

  it 'logs lines with fields' do
    output = StringIO.new
    logger = described_class::Logger.new(output, level: 'info')
    logger.log_step(:info, 'started', step_uuid: 'u')
    logger.debug('hidden')
    expect(output.string).to match(/\A\d{4}-\d\d-\d\dT[\d:.]+Z INFO step: started {"step_uuid":"u"}\n\z/)
    expect(logger.level).to eq('info')
  end

  it 'is required without its optional companions, and needs no AMQP library for that' do
    script = 'require "tasker_core"; require "tasker_core/step_handler"; puts [defined?(Bunny), defined?(ActiveSupport), defined?(Faraday)].inspect'
    output = IO.popen([RbConfig.ruby, '-w', '-I', File.expand_path('../../lib', __dir__), '-e', script, { err: %i[child out] }], &:read)
    expect(output.lines.reject { |line| line.include?('/usr/') }.join).to eq("[nil, nil, nil]\n")
  end
end
