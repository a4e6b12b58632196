# frozen_string_literal: true

require 'tasker_core/worker/announcer'

# Everything a worker writes, against protocol/schemas/sent; and the checker itself, against the message vectors.
RSpec.describe 'sent messages' do
  def problem(kind, body) = SchemaCheck.problem("sent/#{kind}.schema.json", JSON.parse(body))

  it 'are checked by a checker that agrees with the vectors' do
    checked = Dir[File.join(Protocol::FOLDER, 'vectors/messages/*.json')].sum do |file|
      kind = File.basename(file, '.json')
      Protocol.vectors("messages/#{kind}.json").count do |description, test|
        valid = SchemaCheck.problem("#{kind}.schema.json", test['data']).nil?
        expect(valid).to be(test['valid']), "#{kind}: #{description}"
        sendable = SchemaCheck.problem("sent/#{kind}.schema.json", test['data']).nil?
        expect(sendable).to be(test['sendable']), "#{kind}, as sent: #{description}" if test.key?('sendable')
        true
      end
    end
    expect(checked).to be > 100
  end

  it 'fit: results of every status' do
    message = parsed
    now = Time.now.to_f
    %w[redelivered worker_shutdown worker_busy handler_not_found cancelled].each do |why|
      expect(problem('step.result', writer.abandoned(message, why, 'text', now, delivery_count: 2))).to be_nil
    end
    interrupted = writer.abandoned(message, 'interrupted', 'text', now, started_at: TaskerCore::Wire.timestamp(now),
                                                                        execution_time_ms: 5)
    expect(problem('step.result', interrupted)).to be_nil
    expect(problem('step.result', writer.invalid(nil, 'invalid_message', 'text', now))).to be_nil
    [->(_) { { a: 1 } }, ->(_) { 5 }, ->(_) {}, ->(_) { raise 'no' }, ->(_) { Float::NAN },
     ->(_) { TaskerCore::Types::StepHandlerCallResult.checkpoint_yield(cursor: nil, items_processed: 0) }]
      .each do |work|
        sent = answer_to(execute('handler'), registry_with { |context| work.call(context) })
        expect(SchemaCheck.problem('sent/step.result.schema.json', sent)).to be_nil
      end
  end

  it 'fit: heartbeats and questions' do
    message = parsed
    [nil, [1, 2, 'rows'], [0.5, nil, nil]].each do |progress|
      beat = writer.heartbeat(message, started_at: TaskerCore::Wire.timestamp(0), sequence: 1, detached: false,
                                       progress: progress)
      expect(problem('step.heartbeat', beat)).to be_nil
    end
    [nil, 'step'].each { |after| expect(problem('step.fetch', writer.fetch(message, after))).to be_nil }
  end

  describe TaskerCore::Worker::Announcer do
    let(:sent) { [] }
    let(:ready) { [] }
    let(:announcer) do
      described_class.new(
        writer, workers_queue: 'tasker.workers', publish: ->(publication) { sent << publication }, wall: -> { 1.5 },
                members: lambda {
                  { 'queues' => ['a'], 'namespaces' => ['a'], 'any_handler' => false, 'slots' => 3,
                    'handlers' => [{ 'callable' => 'x', 'version' => nil }] }
                },
                activity: lambda {
                  { 'running' => [], 'processed_total' => 0, 'failed_total' => 0, 'status' => 'active' }
                },
                on_ready: -> { ready << true }
      )
    end

    def kinds = sent.map { |publication| JSON.parse(publication.body)['kind'] }

    it 'says hello, is ready after the confirm, beats every 15 s and says bye' do
      announcer.connected(0)
      expect(ready).to eq([])
      announcer.confirmed(sent.last, 0)
      expect(ready).to eq([true])
      [14.9, 15, 29.9, 30].each { |moment| announcer.tick(moment) }
      said = false
      announcer.bye('SIGTERM', 31) { said = true }
      expect(kinds).to eq(%w[worker.hello worker.heartbeat worker.heartbeat worker.bye])
      expect(said).to be(false)
      announcer.confirmed(sent.last, 31)
      expect(said).to be(true)
      sent.each { |publication| expect(problem(JSON.parse(publication.body)['kind'], publication.body)).to be_nil }
      expect(sent.map(&:persistent).uniq).to eq([false])
    end

    it 'sends a fresh hello while the queue is missing' do
      announcer.connected(0)
      announcer.failed(sent.last, 0, returned: true)
      announcer.tick(1.9)
      announcer.tick(2)
      expect(kinds).to eq(%w[worker.hello worker.hello])
      expect(ready).to eq([])
    end

    it 'says hello again after a reconnect and when handlers change' do
      announcer.connected(0)
      announcer.disconnected
      announcer.changed(1)
      announcer.connected(2)
      announcer.changed(3)
      expect(kinds).to eq(%w[worker.hello] * 3)
    end

    it 'does not wait for ever to say bye' do
      said = 0
      announcer.bye('x', 0) { said += 1 }
      expect(said).to eq(1)
      announcer.connected(0)
      announcer.bye('x', 0) { said += 1 }
      announcer.tick(5)
      expect(said).to eq(2)
    end
  end
end
