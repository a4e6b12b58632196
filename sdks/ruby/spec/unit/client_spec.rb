# frozen_string_literal: true

RSpec.describe TaskerCore::Client do
  around do |example|
    @answers = []
    @server = HttpServer.open { |_| @answers.shift || { status: 500 } }
    ENV['TASKER_ORCHESTRATION_URL'] = @server.url
    example.run
  ensure
    %w[TASKER_ORCHESTRATION_URL TASKER_API_KEY TASKER_AUTH_TOKEN TASKER_ORCHESTRATION_TIMEOUT_MS].each { |name| ENV.delete(name) }
    @server.close
  end

  def answer(body, status = 200) = @answers << { status: status, body: body }
  def request = @server.requests.last

  it 'creates tasks' do
    answer({ task_uuid: 'u', name: 'n', status: 'pending', total_steps: 3, unknown: 1, tags: nil }, 201)
    ENV['TASKER_API_KEY'] = 'key'
    ENV['TASKER_AUTH_TOKEN'] = 'token'
    parameters = Class.new { def to_unsafe_h = { 'order' => 'Zoë' } }.new
    task = described_class.create_task(name: 'n', namespace: 'shop', context: parameters, tags: ['a'])
    expect([task.task_uuid, task.total_steps, task.tags, task[:status], task.completion_percentage]).to eq(['u', 3, [], 'pending', 0.0])
    expect(request[:headers]).to include('x-api-key' => 'key', 'authorization' => 'Bearer token')
    expect(JSON.parse(request[:body])).to eq(
      'name' => 'n', 'namespace' => 'shop', 'version' => '1.0.0', 'context' => { 'order' => 'Zoë' }, 'tags' => ['a'],
      'initiator' => 'tasker-core-ruby', 'source_system' => 'tasker-core', 'reason' => 'Task requested'
    )
  end

  it 'reads tasks, steps and health' do
    answer({ task_uuid: 'u' })
    expect(described_class.get_task('u').to_h).to include(task_uuid: 'u')
    answer([{ step_uuid: 's', attempts: 1, results: { a: 1 } }])
    expect(described_class.list_task_steps('u').first.results).to eq('a' => 1)
    answer({ step_uuid: 's' })
    expect(described_class.get_step('u', 's').step_uuid).to eq('s')
    expect(request[:path]).to eq('/v1/tasks/u/workflow_steps/s')
    answer([{ audit_uuid: 'a', success: true }])
    expect(described_class.get_step_audit_history('u', 's').first.success).to be(true)
    answer({ task_uuid: 'u', status: 'cancelled' })
    expect(described_class.cancel_task('u').status).to eq('cancelled')
    expect(request[:method]).to eq('DELETE')
    answer({ status: 'ok' })
    expect(described_class.health_check.status).to eq('ok')
    answer({ task_uuid: 5 })
    expect(described_class.get_task('u')).to eq('task_uuid' => 5)
  end

  it 'joins pages' do
    tasks = Array.new(150) { |number| { task_uuid: number.to_s } }
    answer({ tasks: tasks.first(100), pagination: { total_count: 150, has_next: true } })
    answer({ tasks: tasks.last(50), pagination: { total_count: 150, has_next: false } })
    page = described_class.list_tasks(limit: 120, offset: 10, status: 'failed')
    expect(page.tasks.map(&:task_uuid)).to eq((10...130).map(&:to_s))
    expect([page.pagination.total_count, page.pagination.has_next, page.pagination.has_previous]).to eq([150, true, true])
    answer({ tasks: [], pagination: {} })
    described_class.list_tasks(offset: 100, namespace: 'a b')
    expect(request[:path]).to eq('/v1/tasks?page=3&per_page=50&namespace=a+b')
    expect { described_class.list_tasks(limit: 0) }.to raise_error(ArgumentError)
  end

  it 'explains failures' do
    problem = { title: 'Not valid', detail: 'namespace is required', code: 'VALIDATION_FAILED', errors: [{ pointer: '/namespace', message: 'is required' }] }
    answer(problem, 422)
    expect { described_class.get_task('u') }.to raise_error(TaskerCore::Errors::PermanentError, 'HTTP 422: namespace is required; /namespace: is required') { |error| expect(error.error_code).to eq('VALIDATION_FAILED') }
    answer({}, 503)
    expect { described_class.get_task('u') }.to raise_error(TaskerCore::Errors::ServerError, /HTTP 503/) { |error| expect(error.operation).to eq('get_task') }
    ENV['TASKER_ORCHESTRATION_URL'] = "http://127.0.0.1:#{HttpServer.refused_port}"
    expect { described_class.health_check }.to raise_error(TaskerCore::Errors::ServerError, /does not answer .*TASKER_ORCHESTRATION_URL/)
    ENV['TASKER_ORCHESTRATION_TIMEOUT_MS'] = 'soon'
    expect { described_class.health_check }.to raise_error(TaskerCore::Errors::ConfigurationError, /TASKER_ORCHESTRATION_TIMEOUT_MS/)
  end
end
