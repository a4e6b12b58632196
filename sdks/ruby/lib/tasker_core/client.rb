# frozen_string_literal: true

require 'json'
require 'tasker_core/client/http'
require 'tasker_core/client/responses'

module TaskerCore
  # Creates and looks at tasks. Address and credentials come from +TASKER_ORCHESTRATION_URL+,
  # +TASKER_ORCHESTRATION_TIMEOUT_MS+, +TASKER_API_KEY+ (with +TASKER_API_KEY_HEADER+) and +TASKER_AUTH_TOKEN+.
  #
  # Every function raises PermanentError with the orchestrator's explanation for a 4xx, and ServerError for a 5xx or
  # when there is no answer.
  module Client
    MOST_PER_PAGE = 100

    module_function

    # Create a task; +tags+, +priority+, +correlation_id+, +idempotency_key+ and others pass through.
    def create_task(name:, namespace: 'default', context: {}, version: '1.0.0', initiator: 'tasker-core-ruby',
                    source_system: 'tasker-core', reason: 'Task requested', **options)
      body = { name:, namespace:, version:, context: plain(context), initiator:,
               source_system:, reason:, **options }
      respond(Types::ClientTaskResponse, Http.call('create_task', :post, '/v1/tasks', body:))
    end

    def get_task(uuid)
      respond(Types::ClientTaskResponse, Http.call('get_task', :get, "/v1/tasks/#{uuid}"))
    end

    # Tasks, newest first. The API has pages of at most 100; larger wishes are joined from several. Raises ArgumentError
    # for a limit below 1 or an offset below 0.
    def list_tasks(limit: 50, offset: 0, namespace: nil, status: nil)
      if limit < 1 || offset.negative?
        raise ArgumentError, "limit is #{limit} and offset #{offset}: use 1 and 0 at least"
      end

      filters = { namespace:, status: }.compact
      return list_page((offset / limit) + 1, limit, filters) if limit <= MOST_PER_PAGE && (offset % limit).zero?

      join_pages(limit, offset, filters)
    end

    def cancel_task(uuid) = respond(Types::ClientTaskResponse, Http.call('cancel_task', :delete, "/v1/tasks/#{uuid}"))

    def list_task_steps(uuid)
      steps = Http.call('list_task_steps', :get, "/v1/tasks/#{uuid}/workflow_steps")
      steps.is_a?(Array) ? steps.map { |step| respond(Types::ClientStepResponse, step) } : steps
    end

    # One step, by uuid or name.
    def get_step(task, step)
      respond(Types::ClientStepResponse, Http.call('get_step', :get, "/v1/tasks/#{task}/workflow_steps/#{step}"))
    end

    # Every result and manual action of a step, oldest first.
    def get_step_audit_history(task, step)
      rows = Http.call('get_step_audit_history', :get, "/v1/tasks/#{task}/workflow_steps/#{step}/audit")
      rows.is_a?(Array) ? rows.map { |row| respond(Types::ClientStepAuditResponse, row) } : rows
    end

    # Whether the orchestrator answers.
    def health_check = respond(Types::ClientHealthResponse, Http.call('health_check', :get, '/health'))

    # -- Private

    # A body that does not fit comes back as it is.
    def respond(type, body)
      body.is_a?(Hash) ? type.read(body) : body
    rescue TypeError
      body
    end
    private_class_method :respond

    def list_page(page, per_page, filters)
      query = { page:, per_page:, **filters }
      respond(Types::ClientTaskListResponse, Http.call('list_tasks', :get, '/v1/tasks', query:))
    end
    private_class_method :list_page

    def join_pages(limit, offset, filters)
      first = offset / MOST_PER_PAGE
      tasks = []
      page = nil
      (first..((offset + limit - 1) / MOST_PER_PAGE)).each do |number|
        page = list_page(number + 1, MOST_PER_PAGE, filters)
        return page unless page.is_a?(Types::ClientTaskListResponse)

        tasks.concat(page.tasks)
        break unless page.pagination.has_next
      end
      total = page.pagination.total_count
      pagination = Types::ClientPagination.new(
        page: (offset / limit) + 1, per_page: limit, total_count: total, total_pages: (total.to_f / limit).ceil,
        has_next: total > offset + limit, has_previous: offset.positive?
      )
      Types::ClientTaskListResponse.new(tasks: tasks[offset - (first * MOST_PER_PAGE), limit] || [],
                                        pagination:)
    end
    private_class_method :join_pages

    # Parameters of a web framework know how to become a hash.
    def plain(context)
      return context.to_unsafe_h if context.respond_to?(:to_unsafe_h)

      context.respond_to?(:to_h) ? context.to_h : context
    end
    private_class_method :plain
  end
end
