# frozen_string_literal: true

require_relative '../../conformance/handlers'

# The cases of protocol/conformance/handlers.json without any transport; every answer is checked against the schema.
RSpec.describe Conformance do
  contract = Protocol.read('conformance/handlers.json')
  registry = TaskerCore::Registry::HandlerRegistry.new
  described_class.register(registry)

  before { described_class.register(registry) }

  it 'registers every contract handler' do
    expect(registry.registered_handlers).to include(*contract['handlers'].map { |handler| handler['callable'] })
    expect(registry.callable_names['conformance.echo']).to eq('1.0.0')
  end

  contract['handlers'].each do |handler|
    (handler['cases'] || []).each do |test|
      it "#{handler['callable']}: #{test['description']}" do
        message = Protocol.lay(Protocol.lay(contract['base'], test['execute']),
                               { 'handler' => { 'callable' => handler['callable'] } })
        control = TaskerCore::Worker::RunControl.new
        timer = Thread.new { sleep(message['step']['timeout_ms'] / 1000.0) && control.request_stop('timeout') }
        sent = silently { answer_to(message, registry, control: control) }
        timer.kill
        expect(Patterns.problem(test['result'], sent)).to be_nil
        expect(SchemaCheck.problem('sent/step.result.schema.json', sent)).to be_nil
        expect(sent).to include('dispatch_id' => message['dispatch_id'], 'task_uuid' => message['task']['uuid'],
                                'step_uuid' => message['step']['uuid'])
      end
    end
  end

  # What handlers print, also past $stdout, is not part of the test's output.
  def silently
    saved = $stdout.dup
    $stdout.reopen(File::NULL)
    yield
  ensure
    $stdout.reopen(saved)
  end
end
