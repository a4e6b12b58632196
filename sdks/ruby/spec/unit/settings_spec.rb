# frozen_string_literal: true

RSpec.describe TaskerCore::Worker::Settings do
  def read(environment = {}, **flags) = described_class.read(environment, **flags)

  it 'has the defaults of the contract' do
    settings = read({ 'HOSTNAME' => 'h' })
    expect(settings.amqp_url).to eq('amqp://guest:guest@localhost:5672/%2F')
    expect([settings.namespaces, settings.queues, settings.slots, settings.grace_seconds]).to eq([['default'], ['default'], 10, 30.0])
    expect([settings.queue_prefix, settings.queue_type, settings.hostname, settings.log_level]).to eq(%w[tasker quorum h info])
    expect(settings.topology.step_arguments).to eq('x-queue-type' => 'quorum', 'x-dead-letter-exchange' => 'tasker.dead', 'x-delivery-limit' => 20)
  end

  it 'prefers flags to the environment' do
    environment = { 'TASKER_AMQP_URL' => 'amqp://a', 'TASKER_NAMESPACE' => 'x', 'TASKER_QUEUE' => 'q1', 'TASKER_SLOTS' => '3', 'RUST_LOG' => 'debug' }
    settings = read(environment)
    expect([settings.amqp_url, settings.namespaces, settings.queues, settings.slots, settings.log_level]).to eq(['amqp://a', ['x'], ['q1'], 3, 'debug'])
    settings = read(environment, amqp_url: 'amqp://b', namespaces: ['y,z'], queues: ['q2'], slots: '4')
    expect([settings.amqp_url, settings.namespaces, settings.queues, settings.slots]).to eq(['amqp://b', %w[y z x], ['q2'], 4])
    expect(read({ 'RABBITMQ_URL' => 'amqp://r', 'TASKER_MAX_CONCURRENT_HANDLERS' => '7', 'RUST_LOG' => 'tasker=debug' }).slots).to eq(7)
  end

  it 'reports everything that is wrong at once' do
    environment = { 'TASKER_QUEUE_PREFIX' => 'Bad!', 'TASKER_QUEUE_TYPE' => 'x', 'TASKER_SLOTS' => '0', 'TASKER_GRACE_SECONDS' => 'NaN',
                    'TASKER_NAMESPACE' => 'a,b', 'TASKER_AMQP_URL' => 'amqp://u:secret@h:x', 'TASKER_LOG_LEVEL' => 'loud' }
    expect { read(environment) }.to raise_error(TaskerCore::Worker::SettingsError) { |error|
      expect(error.message.lines.size).to eq(7)
      expect(error.message).not_to include('secret')
    }
  end

  it 'reads AMQP URLs' do
    address = ->(url) { TaskerCore::Worker::Amqp::Address.new(url) }
    plain = address.call('amqp://u:p%40ss+@host/v%2Fh?heartbeat=2')
    expect([plain.host, plain.port, plain.user, plain.password, plain.vhost, plain.heartbeat]).to eq(['host', 5672, 'u', 'p@ss+', 'v/h', 2])
    expect([address.call('amqp://h').vhost, address.call('amqp://h/').vhost, address.call('amqp://h/%2F').vhost]).to eq(%w[/ / /])
    expect(plain.to_s).not_to include('ss+')
    expect(address.call('amqp://me:secret@[::1]/%2F?heartbeat=0').then { |one| [one.to_s, one.host, one.heartbeat] }).to eq(['amqp://me@[::1]:5672/%2F', '::1', 0])
    expect(address.call('amqp://me@h').password).to eq('')
    expect(plain.inspect).not_to include('ss+')
  end

  it 'reads the parameters of TLS' do
    address = TaskerCore::Worker::Amqp::Address
    secure = address.new('amqps://h?cacertfile=%2Fca.pem&certfile=/c&keyfile=/k+1&verify=verify_none&auth_mechanism=EXTERNAL&connection_timeout=2500&x=1')
    expect([secure.port, secure.trust.authorities, secure.trust.certificate, secure.trust.key]).to eq([5671, '/ca.pem', '/c', '/k+1'])
    expect(secure.bunny_options).to include(tls: true, verify_peer: false, auth_mechanism: 'EXTERNAL', connection_timeout: 2.5)
    expect(secure.warnings.size).to eq(2)
    expect(address.new('amqps://h')).to have_attributes(warnings: [], mechanism: 'plain', trust: have_attributes(verify_peer?: true))
  end

  {
    'http://user:secret@h' => 'does not start with amqp://', 'amqp://u:secret@h:port' => 'is not a URL', 'amqp://h:0' => 'port 0',
    'amqp://u:%zzsecret@h' => 'percent', 'amqp://h#a' => 'write %23', 'amqp://h/a/b' => 'write %2F', 'amqps://h?verify=off' => "verify is 'off'",
    'amqp://h?heartbeat=soon' => "heartbeat is 'soon'", 'amqp://h?connection_timeout=0' => "connection_timeout is '0'",
    'amqp://h?auth_mechanism=gssapi' => "auth_mechanism is 'gssapi'", 'amqps://h?keyfile=/k' => 'belong together'
  }.each do |url, told|
    it "refuses #{url}" do
      expect { TaskerCore::Worker::Amqp::Address.new(url) }.to raise_error(ArgumentError) { |error|
        expect(error.message).to include(told)
        expect(error.message).not_to include('secret')
      }
    end
  end
end
