# frozen_string_literal: true

# amqps: whom the worker trusts, and what it says when it does not.
RSpec.describe 'a worker over TLS', :broker do
  let(:node) { Node.tls_node }
  let(:desk) { make_desk(node: node) }
  let(:authority) { trusting('ca.pem') }
  let(:client) { showing('client') }

  def trusting(name) = "cacertfile=#{node.certificate(name)}"
  def showing(name) = "certfile=#{node.certificate("#{name}.pem")}&keyfile=#{node.certificate("#{name}.key")}"

  def amqps(*parameters, host: 'localhost', user: 'guest:guest@')
    "amqps://#{user}#{host}:#{node.tls_port}/%2F?#{parameters.join('&')}"
  end

  def start_with(url, desk = nil) = start_worker(desk, TASKER_AMQP_URL: url)

  # The worker's two connections, once the broker has noticed that those of earlier tests are gone.
  def expect_connections(columns)
    eventually("two connections with #{columns}") do
      lines = node.ctl('list_connections', *columns.keys, 'client_properties', '--quiet').lines.grep(/tasker-sdk/)
      lines.map { |line| line.split("\t").first(columns.size) } == [columns.values] * 2
    end
  end

  %w[localhost 127.0.0.1].each do |host|
    it "runs steps at #{host}" do
      worker = start_with(amqps(authority, host: host), desk)
      worker.wait_ready
      large = { 'text' => 'x' * 900_000 }
      contexts = [large, *(1..50).map { |number| { 'n' => number } }, large]
      contexts.each { |context| desk.send_step(execute('echo', context)) }
      results = contexts.map { desk.result }
      expect(results.map { |one| one['status'] }.uniq).to eq(['completed'])
      expect(results.map { |one| one['result']['echo'] }).to match_array(contexts)
      expect_connections('ssl' => 'true', 'ssl_protocol' => 'tlsv1.3')

      node.close_worker_connections
      worker.wait_for('connected to RabbitMQ again')
      desk.send_step(execute('echo'))
      expect(desk.result['status']).to eq('completed')
      worker.signal(:TERM)
      expect(worker.wait).to eq(0)
      expect(worker.output).not_to include('certificate')
    end
  end

  it 'keeps a step when the broker stops and starts' do
    worker = start_with(amqps(authority), desk)
    worker.wait_ready
    message = begin_step(desk)
    node.stop
    worker.wait_for('cannot reach RabbitMQ')
    open_gate
    worker.wait_for('completed in')
    node.start_again
    expect(desk.result(timeout: 90)).to include('dispatch_id' => message['dispatch_id'], 'status' => 'completed')
    expect(starts(message)).to eq(1)
  end

  it 'logs in with its certificate' do
    worker = start_with(amqps(authority, client, 'auth_mechanism=external', user: ''), desk)
    worker.wait_ready
    desk.send_step(execute('echo'))
    expect(desk.result['status']).to eq('completed')
    expect_connections('auth_mechanism' => 'EXTERNAL', 'user' => 'guest')
  end

  {
    'of an unknown authority' => ['other-ca.pem', 'localhost', /unable to get local issuer certificate|self.signed|signature failure/],
    'of none of the system' => [nil, 'localhost', /unable to get local issuer certificate|self.signed/],
    'of another host' => ['ca.pem', '127.0.0.2', /does not match the server certificate/]
  }.each do |what, (authority, host, why)|
    it "refuses a certificate #{what}" do
      worker = start_with(amqps(*(trusting(authority) if authority), host: host))
      worker.wait_for('the certificate is refused: ', count: 2)
      expect(worker.output).to match(why)
      expect(worker.output).to include("cannot reach RabbitMQ at #{host}:#{node.tls_port}")
      expect(worker.output).to include('cacertfile in the URL names the authorities to trust')
      expect(worker.output).not_to include('.rb:')
      worker.signal(:TERM)
      expect(worker.wait).to eq(0)
    end
  end

  it 'trusts anybody only when it is asked for, and says so' do
    worker = start_with(amqps('verify=verify_none', 'frame_size=1', host: '127.0.0.2'), desk)
    worker.wait_ready
    expect(worker.output).to include('verify=verify_none: anybody can pretend to be the broker')
    expect(worker.output).to include('not known and ignored: frame_size')
  end

  {
    'amqps://h?verify=none' => "verify is 'none', neither verify_peer nor verify_none",
    'amqps://h?cacertfile=/no/such.pem' => "'/no/such.pem' (cacertfile) cannot be read: no such file or directory",
    "amqps://h?cacertfile=#{__FILE__}" => '(cacertfile) cannot be used: ',
    'amqps://h?certfile=/a.pem' => 'certfile and keyfile belong together and one is missing',
    'amqps://h?certfile=/a.pem&keyfile=/a.key' => "'/a.pem' with the key '/a.key' cannot be read"
  }.each do |url, told|
    it "ends with a remedy for #{url.sub(__FILE__, 'a file without certificates')}" do
      worker = start_with(url)
      expect(worker.wait).to eq(2)
      expect(worker.output).to include(told).and include('TASKER_AMQP_URL')
      expect(worker.output.lines.size).to eq(1)
    end
  end

  it 'ends with a remedy for wrong credentials' do
    worker = start_with(amqps(authority, user: 'guest:secret@'))
    expect(worker.wait).to eq(2)
    expect(worker.output).to include("refused user 'guest': wrong user or password")
    expect(worker.output).not_to match(/secret|\.rb:/)
  end

  it 'ends with a remedy for a certificate that no user has' do
    worker = start_with(amqps(authority, showing('server'), 'auth_mechanism=external'))
    expect(worker.wait).to eq(2)
    expect(worker.output).to include('refused the client certificate')
    expect(worker.output).not_to include('.rb:')
  end

  it 'ends with a remedy for a login that the broker does not offer' do
    worker = start_with("#{Node.shared.url}?auth_mechanism=external")
    expect(worker.wait).to eq(2)
    expect(worker.output).to include("does not offer the login 'external'")
    expect(worker.output).not_to include('.rb:')
  end

  it 'says which side speaks TLS' do
    plain = start_with("amqp://guest:guest@localhost:#{node.tls_port}/%2F")
    plain.wait_for('or wants TLS (amqps://)')
    port = URI.parse(node.url).port
    secure = start_with("amqps://guest:guest@localhost:#{port}/%2F?#{authority}")
    secure.wait_for('whatever answers there does not speak TLS')
    expect(plain.output + secure.output).not_to include('.rb:')
  end

  # A server that breaks off without a client certificate.
  def demanding_server
    context = OpenSSL::SSL::SSLContext.new
    context.add_certificate(OpenSSL::X509::Certificate.new(File.read(node.certificate('server.pem'))),
                            OpenSSL::PKey.read(File.read(node.certificate('server.key'))))
    context.ca_file = node.certificate('ca.pem')
    context.verify_mode = OpenSSL::SSL::VERIFY_PEER | OpenSSL::SSL::VERIFY_FAIL_IF_NO_PEER_CERT
    listener = TCPServer.new('127.0.0.1', 0)
    thread = Thread.new do
      loop { OpenSSL::SSL::SSLSocket.new(listener.accept, context).tap { |one| one.sync_close = true }.accept rescue nil } # rubocop:disable Style/RescueModifier
    end
    yield listener.addr[1]
  ensure
    thread&.kill&.join
    listener&.close
  end

  it 'says that a certificate is demanded' do
    demanding_server do |port|
      worker = start_with("amqps://localhost:#{port}?#{authority}")
      worker.wait_for('certfile and keyfile in the URL name the client certificate', count: 2)
      expect(worker.output).to include('certificate required')
      expect(worker.output).not_to include('.rb:')
    end
  end
end
