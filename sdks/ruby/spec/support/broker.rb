# frozen_string_literal: true

require 'bunny'
require 'fileutils'
require 'open3'
require 'tasker_core/wire/names'

# A node that tests may stop and start, or a foreign broker that they may not (+TASKER_TEST_AMQP_URL+).
class Node
  SCRIPT = File.expand_path('../../../../scripts/rabbitmq', __dir__)

  class << self
    # The broker for tests that leave it in peace.
    def shared
      url = ENV['TASKER_TEST_AMQP_URL'].to_s
      @shared ||= url.empty? ? private_node : new(nil, url)
    end

    # The one that tests may disturb, started at first use.
    def private_node = @private_node ||= start

    # One that also listens with TLS, started at first use.
    def tls_node = @tls_node ||= start('--tls')

    # Why there is none, nil when there is one.
    def missing
      return 'scripts/rabbitmq is missing' unless File.executable?(SCRIPT)

      'RabbitMQ is not installed (apt-get install rabbitmq-server)' unless system('command -v rabbitmqctl >/dev/null')
    end

    def close_all
      [@private_node, @tls_node].compact.each(&:remove)
      @private_node = @tls_node = @shared = nil
    end

    private

    def start(*options)
      folder = Dir.mktmpdir('tasker-ruby-rabbitmq-')
      output, status = Open3.capture2e(SCRIPT, 'start', '--dir', folder, '--owner', Process.pid.to_s, *options)
      raise "the private RabbitMQ node did not start: #{output}" unless status.success?

      new(folder, Open3.capture2(SCRIPT, 'url', '--dir', folder).first.strip)
    end
  end

  attr_reader :url

  def initialize(folder, url)
    @folder = folder
    @url = url
  end

  # Of a node with TLS.
  def certificate(name) = File.join(@folder, 'tls', name)
  def tls_port = Integer(File.read(certificate('port')))

  def ctl(*arguments) = run('ctl', *arguments)
  def stop = run('stop')

  def start_again
    run('start', '--owner', Process.pid.to_s)
    Waiting.eventually('the broker to be reachable', timeout: 60) { reachable? }
  end

  # Close what workers hold, as a failing network would, and leave the test's own connection.
  def close_worker_connections
    lines = ctl('list_connections', 'pid', 'client_properties', '--quiet').lines.grep(/tasker-sdk/)
    raise 'no worker is connected' if lines.empty?

    lines.each { |line| ctl('close_connection', line.split("\t").first, 'closed by a test') }
  end

  def remove
    return if @folder.nil?

    stop
    FileUtils.rm_rf(@folder)
  end

  private

  def run(command, *arguments)
    output, error, status = Open3.capture3(SCRIPT, command, '--dir', @folder, *arguments)
    raise "rabbitmq #{command} #{arguments.join(' ')}: #{error}" unless status.success?

    output
  end

  def reachable?
    Bunny.new(url, log_file: File::NULL, recovery_attempts: 0).start.close
  rescue StandardError
    false
  end
end

# What an orchestrator would do: declare, dispatch, read results. One prefix per test.
class Desk
  TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  attr_reader :node, :prefix, :names, :step_queue, :results_queue, :last_properties

  def initialize(node, queue_type = 'quorum')
    @node = node
    @prefix = "r#{SecureRandom.hex(6)}"
    @queue_type = queue_type
    @names = TaskerCore::Wire::Topology.new(prefix, queue_type)
    @step_queue = names.steps('default')
    @results_queue = "#{prefix}.results.0"
  end

  def environment
    { 'TASKER_AMQP_URL' => node.url, 'TASKER_QUEUE_PREFIX' => prefix, 'TASKER_QUEUE_TYPE' => @queue_type }
  end

  # The queues that belong to the orchestrator.
  def declare(results: true)
    call do |channel|
      channel.exchange_declare(names.dead, 'fanout', durable: true)
      channel.queue_declare(names.dead, durable: true, arguments: names.dead_arguments)
      channel.queue_bind(names.dead, names.dead)
      channel.exchange_declare(names.control, 'fanout', durable: true)
      channel.queue_declare(step_queue, durable: true, arguments: names.step_arguments)
      channel.queue_declare(names.workers, durable: true,
                                           arguments: { 'x-queue-type' => 'classic', 'x-message-ttl' => 60_000,
                                                        'x-max-length' => 10_000 })
    end
    declare_results if results
    self
  end

  def declare_results(name = results_queue)
    # Without the single active consumer of a real one: such a queue refuses basic.get.
    arguments = names.step_arguments
    arguments = arguments.merge('x-delivery-limit' => 1_000_000) if @queue_type == 'quorum'
    call { |channel| channel.queue_declare(name, durable: true, arguments: arguments) }
  end

  # Dispatch a step; its +reply_to+ becomes this desk's results queue.
  def send_step(message, queue = 'default')
    send_raw(JSON.generate(message.merge('reply_to' => results_queue)), queue)
  end

  def send_raw(raw, queue = 'default', **properties)
    call do |channel|
      channel.basic_publish(raw, '', names.steps(queue),
                            { headers: { 'traceparent' => TRACEPARENT }, content_type: 'application/json' }
                              .merge(properties))
    end
  end

  def cancel(message)
    notice = { 'protocol' => '1.0', 'kind' => 'step.cancel', 'dispatch_id' => message['dispatch_id'],
               'task_uuid' => message['task']['uuid'], 'step_uuid' => message['step']['uuid'], 'reason' => 'a test' }
    call { |channel| channel.basic_publish(JSON.generate(notice), names.control, '') }
  end

  # Send to a worker's own queue.
  def reply(queue, message) = call { |channel| channel.basic_publish(JSON.generate(message), '', queue) }

  # The next message of a queue (a string when it is not JSON), or nil.
  def get(queue = results_queue)
    _, properties, raw = call { |channel| channel.basic_get(queue, manual_ack: false) }
    return nil if raw.nil?

    @last_properties = properties
    begin
      JSON.parse(raw.dup.force_encoding('UTF-8'), max_nesting: 0)
    rescue JSON::ParserError
      raw
    end
  end

  # The next message of a kind; others that come before it are dropped.
  def next_of(kind, queue: results_queue, timeout: 30)
    Waiting.eventually("a #{kind} in #{queue}", timeout: timeout) do
      message = get(queue)
      message if message.is_a?(Hash) && message['kind'] == kind
    end
  end

  def result(timeout: 30) = next_of('step.result', timeout: timeout)

  def rest(queue = results_queue)
    found = []
    while (message = get(queue))
      found << message
    end
    found
  end

  def depth(queue = step_queue) = passive(queue).message_count
  def consumers = passive(step_queue).consumer_count

  def exists?(queue)
    passive(queue)
    true
  rescue Bunny::NotFound
    false
  end

  # Deliveries of the step queue that are not acknowledged; on a private node only.
  def unacked
    lines = node.ctl('list_queues', 'name', 'messages_unacknowledged', '--quiet').lines.map(&:split)
    lines.find { |name, _| name == step_queue }.last.to_i
  end

  def delete(queue) = call { |channel| channel.queue_delete(queue) }

  # Delete what belongs to this prefix.
  def close
    [step_queue, results_queue, names.workers, names.dead].each { |queue| delete(queue) }
    [names.dead, names.control].each { |exchange| call { |channel| channel.exchange_delete(exchange) } }
    @connection&.close
  rescue StandardError
    nil
  end

  # On the test's own channel, which is made again when the broker was restarted.
  def call
    yield channel
  rescue Bunny::ChannelLevelException
    @channel = nil
    raise
  rescue Bunny::Exception, SystemCallError, Timeout::Error
    raise if @again

    @again = true
    @connection&.close rescue nil # rubocop:disable Style/RescueModifier
    @connection = @channel = nil
    retry
  ensure
    @again = false
  end

  private

  def passive(queue) = call { |channel| channel.queue_declare(queue, passive: true, durable: true) }

  def channel
    return @channel if @channel&.open? && @connection.open?

    @connection = Bunny.new(node.url, automatically_recover: false, recover_from_connection_close: false,
                                      log_file: File::NULL, session_error_handler: Struct.new(:error) { def raise(*) = nil }.new)
    @connection.start
    @channel = @connection.create_channel
  end
end
