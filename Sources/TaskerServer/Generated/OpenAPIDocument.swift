// Made by scripts/embed-openapi from protocol/openapi.yaml: change that file, then run the script.
// swift-format-ignore-file

/// The OpenAPI document of the REST API.
enum OpenAPIDocument {
    static let yaml = ##"""
# The REST API of the orchestrator. scripts/embed-openapi puts it into the server; a test holds it against the routes.
openapi: 3.1.0
info:
  title: Tasker orchestrator
  version: 1.0.0
  description: 'Tasks, steps, templates, workers, queues, dead letters and events.

    Times are RFC 3339 in UTC with milliseconds; ids are UUIDs. Responses may gain members: ignore those you do not know.

    '
  license: {name: MIT, identifier: MIT}
servers:
- {url: 'http://127.0.0.1:8080'}
tags:
- {name: tasks}
- {name: steps}
- {name: templates}
- {name: fleet}
- {name: events}
- {name: dlq}
- {name: analytics}
- {name: health}
- {name: documentation}
paths:
  /v1/tasks:
    post:
      tags: [tasks]
      summary: Create a task
      operationId: post_v1_tasks
      x-permission: tasks:create
      parameters:
      - name: wait_seconds
        in: query
        schema: {type: integer, minimum: 0, maximum: 30}
        description: Holds the answer until the task rests, or the time is over.
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/TaskRequest'}
      responses:
        '201':
          description: Created; durable.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
          headers:
            Location:
              schema: {type: string}
            X-Tasker-Warnings:
              schema: {type: string}
        '200':
          description: The task that the same key has made before.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
          headers:
            Location:
              schema: {type: string}
            Idempotent-Replayed:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        '429': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    get:
      tags: [tasks]
      summary: List tasks
      operationId: get_v1_tasks
      x-permission: tasks:list
      parameters:
      - name: page
        in: query
        schema: {type: integer, minimum: 1}
      - name: per_page
        in: query
        schema: {type: integer, minimum: 1, maximum: 100}
      - name: cursor
        in: query
        schema: {type: string}
        description: From `next_cursor`, with the same filter and sort.
      - name: namespace
        in: query
        schema: {type: string}
      - name: name
        in: query
        schema: {type: string}
      - name: version
        in: query
        schema: {type: string}
      - name: status
        in: query
        schema: {type: string}
        description: States, separated by commas.
      - name: initiator
        in: query
        schema: {type: string}
      - name: source_system
        in: query
        schema: {type: string}
      - name: correlation_id
        in: query
        schema: {type: string, format: uuid}
      - name: tag
        in: query
        schema: {type: string}
      - name: created_after
        in: query
        schema: {type: string, format: date-time}
      - name: created_before
        in: query
        schema: {type: string, format: date-time}
      - name: sort
        in: query
        schema:
          type: string
          enum: [created_at, -created_at, priority, -priority, updated_at, -updated_at]
      - name: include
        in: query
        schema: {type: string}
        description: '`context`, `steps` or both, separated by a comma.'
      responses:
        '200':
          description: One page.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskListResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}:
    get:
      tags: [tasks]
      summary: One task
      operationId: get_v1_tasks_uuid
      x-permission: tasks:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: wait_seconds
        in: query
        schema: {type: integer, minimum: 0, maximum: 30}
        description: Holds the answer until the task rests, or the time is over.
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    delete:
      tags: [tasks]
      summary: Cancel a task
      operationId: delete_v1_tasks_uuid
      x-permission: tasks:cancel
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: reason
        in: query
        schema: {type: string}
      - name: cancelled_by
        in: query
        schema: {type: string}
      requestBody:
        required: false
        content:
          application/json:
            schema: {$ref: '#/components/schemas/CancelRequest'}
      responses:
        '200':
          description: Cancelled.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/summary:
    get:
      tags: [tasks]
      summary: A task at a glance, without payloads
      operationId: get_v1_tasks_uuid_summary
      x-permission: tasks:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskSummaryResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/retry:
    post:
      tags: [tasks]
      summary: Reset failed steps; the task goes on
      operationId: post_v1_tasks_uuid_retry
      x-permission: steps:resolve
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: false
        content:
          application/json:
            schema: {$ref: '#/components/schemas/RetryAction'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/give-up:
    post:
      tags: [tasks]
      summary: Give a blocked task up
      operationId: post_v1_tasks_uuid_give_up
      x-permission: tasks:cancel
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: false
        content:
          application/json:
            schema: {$ref: '#/components/schemas/TaskAction'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/resolve:
    post:
      tags: [tasks]
      summary: End a task as resolved
      operationId: post_v1_tasks_uuid_resolve
      x-permission: steps:resolve
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: false
        content:
          application/json:
            schema: {$ref: '#/components/schemas/TaskAction'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TaskResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/graph:
    get:
      tags: [tasks]
      summary: A task as a graph
      operationId: get_v1_tasks_uuid_graph
      x-permission: tasks:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: format
        in: query
        schema:
          type: string
          enum: [mermaid, dot, svg, json]
        description: Wins over `Accept`.
      - name: view
        in: query
        schema:
          type: string
          enum: [task, template]
      - name: theme
        in: query
        schema:
          type: string
          enum: [light, dark]
      responses:
        '200':
          description: The graph.
          content:
            text/vnd.mermaid:
              schema: {type: string}
            text/vnd.graphviz:
              schema: {type: string}
            image/svg+xml:
              schema: {type: string}
            application/json:
              schema: {$ref: '#/components/schemas/Graph'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '406': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/why:
    get:
      tags: [tasks]
      summary: Why a task is not moving
      operationId: get_v1_tasks_uuid_why
      x-permission: tasks:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/WhyResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/history:
    get:
      tags: [tasks]
      summary: Transitions in commit order
      operationId: get_v1_tasks_uuid_history
      x-permission: tasks:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: cursor
        in: query
        schema: {type: string, minLength: 1, maxLength: 200}
        description: next_cursor of the page before; opaque, and of use for this task alone.
      - name: per_page
        in: query
        schema: {type: integer, minimum: 1, maximum: 100, default: 25}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/HistoryResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/workflow_steps:
    get:
      tags: [steps]
      summary: Steps of a task, parents first
      operationId: get_v1_tasks_uuid_workflow_steps
      x-permission: steps:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/StepResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/workflow_steps/{step}:
    get:
      tags: [steps]
      summary: One step
      operationId: get_v1_tasks_uuid_workflow_steps_step
      x-permission: steps:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - {$ref: '#/components/parameters/step'}
      responses:
        '200':
          description: The step.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/StepResponse'}
          headers:
            ETag:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    patch:
      tags: [steps]
      summary: Reset, resolve or complete a step by hand
      operationId: patch_v1_tasks_uuid_workflow_steps_step
      x-permission: steps:resolve
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - {$ref: '#/components/parameters/step'}
      - name: If-Match
        in: header
        schema: {type: string}
        description: The step's ETag.
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/StepAction'}
      responses:
        '200':
          description: The step after it.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/StepResponse'}
          headers:
            ETag:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '412': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/workflow_steps/{step}/audit:
    get:
      tags: [steps]
      summary: Every result and action, oldest first
      operationId: get_v1_tasks_uuid_workflow_steps_step_audit
      x-permission: steps:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - {$ref: '#/components/parameters/step'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/StepAuditResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/tasks/{uuid}/steps/{step}/why:
    get:
      tags: [steps]
      summary: Why a step is not moving
      operationId: get_v1_tasks_uuid_steps_step_why
      x-permission: steps:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - {$ref: '#/components/parameters/step'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/WhyResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/templates:
    get:
      tags: [templates]
      summary: Registered templates
      operationId: get_v1_templates
      x-permission: templates:read
      parameters:
      - name: namespace
        in: query
        schema: {type: string}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TemplateListResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    post:
      tags: [templates]
      summary: Register or check a template
      operationId: post_v1_templates
      x-permission: templates:*
      parameters:
      - name: dry_run
        in: query
        schema: {type: boolean}
      - name: strict
        in: query
        schema: {type: boolean}
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: true
        content:
          application/yaml:
            schema: {type: string}
          application/json:
            schema: {type: object}
      responses:
        '201':
          description: Registered.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TemplateRegistered'}
        '200':
          description: Unchanged, or the report of a dry run.
          content:
            application/json:
              schema:
                anyOf:
                - {$ref: '#/components/schemas/TemplateReport'}
                - {$ref: '#/components/schemas/TemplateRegistered'}
        '400': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/templates/{namespace}/{name}/{version}:
    get:
      tags: [templates]
      summary: One template
      operationId: get_v1_templates_namespace_name_version
      x-permission: templates:read
      parameters:
      - {$ref: '#/components/parameters/namespace'}
      - {$ref: '#/components/parameters/name'}
      - {$ref: '#/components/parameters/version'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/TemplateDetail'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/templates/{namespace}/{name}/{version}/graph:
    get:
      tags: [templates]
      summary: A template as a graph
      operationId: get_v1_templates_namespace_name_version_graph
      x-permission: templates:read
      parameters:
      - {$ref: '#/components/parameters/namespace'}
      - {$ref: '#/components/parameters/name'}
      - {$ref: '#/components/parameters/version'}
      - name: format
        in: query
        schema:
          type: string
          enum: [mermaid, dot, svg, json]
        description: Wins over `Accept`.
      - name: theme
        in: query
        schema:
          type: string
          enum: [light, dark]
      responses:
        '200':
          description: The graph.
          content:
            text/vnd.mermaid:
              schema: {type: string}
            text/vnd.graphviz:
              schema: {type: string}
            image/svg+xml:
              schema: {type: string}
            application/json:
              schema: {$ref: '#/components/schemas/Graph'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '406': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/workers:
    get:
      tags: [fleet]
      summary: Workers
      operationId: get_v1_workers
      x-permission: system:handlers_read
      parameters:
      - name: namespace
        in: query
        schema: {type: string}
      - name: queue
        in: query
        schema: {type: string}
      - name: status
        in: query
        schema: {type: string, enum: [active, draining, lost, left]}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/WorkerListResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/workers/{worker}:
    get:
      tags: [fleet]
      summary: One worker and what it runs
      operationId: get_v1_workers_worker
      x-permission: system:handlers_read
      parameters:
      - {$ref: '#/components/parameters/worker'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/WorkerDetail'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/routes:
    get:
      tags: [fleet]
      summary: Which queues handlers are sent to
      operationId: get_v1_routes
      x-permission: system:handlers_read
      parameters:
      - name: namespace
        in: query
        schema: {type: string}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/RouteListResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/routes/{namespace}/{callable}:
    put:
      tags: [fleet]
      summary: Send a handler's steps to these queues
      operationId: put_v1_routes_namespace_callable
      x-permission: templates:*
      parameters:
      - {$ref: '#/components/parameters/namespace'}
      - {$ref: '#/components/parameters/callable'}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/RouteRequest'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Route'}
        '400': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        '422': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    delete:
      tags: [fleet]
      summary: Back to what workers announce
      operationId: delete_v1_routes_namespace_callable
      x-permission: templates:*
      parameters:
      - {$ref: '#/components/parameters/namespace'}
      - {$ref: '#/components/parameters/callable'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Route'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/queues:
    get:
      tags: [fleet]
      summary: Queues
      operationId: get_v1_queues
      x-permission: system:handlers_read
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/QueueListResponse'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/events:
    get:
      tags: [events]
      summary: Events as they are committed
      operationId: get_v1_events
      x-permission: tasks:list
      parameters:
      - name: task_uuid
        in: query
        schema: {type: string, format: uuid}
      - name: namespace
        in: query
        schema: {type: string}
      - name: name
        in: query
        schema: {type: string}
      - name: type
        in: query
        schema: {type: string}
        description: Prefixes of types, separated by commas.
      - name: since
        in: query
        schema: {type: string}
        description: Id of an event, or a time.
      - name: follow
        in: query
        schema: {type: boolean}
      - name: Last-Event-ID
        in: header
        schema: {type: string, pattern: '^[0-9]{0,18}$'}
        description: Goes on behind this event.
      responses:
        '200':
          description: Messages with `id`, `event` and one line of JSON as `data`.
          content:
            text/event-stream:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '429': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq:
    get:
      tags: [dlq]
      summary: Dead-letter entries, newest first
      operationId: get_v1_dlq
      x-permission: dlq:read
      parameters:
      - name: resolution_status
        in: query
        schema:
          type: string
          enum: [Pending, ManuallyResolved, PermanentlyFailed, Cancelled, pending, manually_resolved, permanently_failed,
            cancelled]
      - name: reason
        in: query
        schema:
          type: string
          enum: [StalenessTimeout, MaxRetriesExceeded, PermanentFailure, Poison, WorkerUnavailable, DependencyCycleDetected,
            ManualDlq, staleness_timeout, max_retries_exceeded, permanent_failure, poison, worker_unavailable, dependency_cycle_detected,
            manual_dlq]
      - name: namespace
        in: query
        schema: {type: string}
      - name: limit
        in: query
        schema: {type: integer, minimum: 1, maximum: 500}
      - name: offset
        in: query
        schema: {type: integer, minimum: 0, maximum: 1000000}
      responses:
        '200':
          description: One page.
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/DlqEntry'}
          headers:
            Link:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq/task/{uuid}:
    get:
      tags: [dlq]
      summary: Newest entry of a task
      operationId: get_v1_dlq_task_uuid
      x-permission: dlq:read
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DlqEntry'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    post:
      tags: [dlq]
      summary: Put a task into the queue by hand
      operationId: post_v1_dlq_task_uuid
      x-permission: dlq:update
      parameters:
      - {$ref: '#/components/parameters/uuid'}
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: false
        content:
          application/json:
            schema: {$ref: '#/components/schemas/TaskAction'}
      responses:
        '201':
          description: Made.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DlqEntry'}
          headers:
            Location:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq/entry/{entry}:
    get:
      tags: [dlq]
      summary: One entry
      operationId: get_v1_dlq_entry_entry
      x-permission: dlq:read
      parameters:
      - {$ref: '#/components/parameters/entry'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DlqEntry'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
    patch:
      tags: [dlq]
      summary: Note or close an entry
      operationId: patch_v1_dlq_entry_entry
      x-permission: dlq:update
      parameters:
      - {$ref: '#/components/parameters/entry'}
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/DlqUpdate'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DlqDone'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq/entry/{entry}/replay:
    post:
      tags: [dlq]
      summary: Retry its task
      operationId: post_v1_dlq_entry_entry_replay
      x-permission: dlq:update
      parameters:
      - {$ref: '#/components/parameters/entry'}
      - name: Idempotency-Key
        in: header
        schema: {type: string, minLength: 1, maxLength: 255, pattern: '^[!-~]+$'}
        description: The same request with the same key has one effect.
      requestBody:
        required: false
        content:
          application/json:
            schema: {$ref: '#/components/schemas/TaskAction'}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DlqDone'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        '409': {$ref: '#/components/responses/Problem'}
        '413': {$ref: '#/components/responses/Problem'}
        '415': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq/stats:
    get:
      tags: [dlq]
      summary: Figures by reason
      operationId: get_v1_dlq_stats
      x-permission: dlq:stats
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/DlqStats'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq/investigation-queue:
    get:
      tags: [dlq]
      summary: Pending entries, most urgent first
      operationId: get_v1_dlq_investigation_queue
      x-permission: dlq:read
      parameters:
      - name: limit
        in: query
        schema: {type: integer, minimum: 1, maximum: 500}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/DlqInvestigationQueueEntry'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/dlq/staleness:
    get:
      tags: [dlq]
      summary: Unfinished tasks against their limits
      operationId: get_v1_dlq_staleness
      x-permission: dlq:read
      parameters:
      - name: limit
        in: query
        schema: {type: integer, minimum: 1, maximum: 500}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema:
                type: array
                items: {$ref: '#/components/schemas/StalenessMonitoring'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/analytics/performance:
    get:
      tags: [analytics]
      summary: Figures of a period
      operationId: get_v1_analytics_performance
      x-permission: system:analytics_read
      parameters:
      - name: hours
        in: query
        schema: {type: integer, minimum: 1, maximum: 720}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Performance'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /v1/analytics/bottlenecks:
    get:
      tags: [analytics]
      summary: What is slow
      operationId: get_v1_analytics_bottlenecks
      x-permission: system:analytics_read
      parameters:
      - name: limit
        in: query
        schema: {type: integer, minimum: 1, maximum: 100}
      - name: min_executions
        in: query
        schema: {type: integer, minimum: 1, maximum: 1000000}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Bottlenecks'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /health:
    get:
      tags: [health]
      summary: The process answers
      operationId: get_health
      x-permission: none
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Alive'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /health/live:
    get:
      tags: [health]
      summary: The process answers
      operationId: get_health_live
      x-permission: none
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Alive'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /live:
    get:
      tags: [health]
      summary: The process answers
      operationId: get_live
      x-permission: none
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Alive'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /livez:
    get:
      tags: [health]
      summary: The process answers
      operationId: get_livez
      x-permission: none
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Alive'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /health/ready:
    get:
      tags: [health]
      summary: Ready to take work
      operationId: get_health_ready
      x-permission: none
      parameters:
      - name: verbose
        in: query
        schema: {type: string}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Readiness'}
        '503':
          description: Not ready.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Readiness'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /ready:
    get:
      tags: [health]
      summary: Ready to take work
      operationId: get_ready
      x-permission: none
      parameters:
      - name: verbose
        in: query
        schema: {type: string}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Readiness'}
        '503':
          description: Not ready.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Readiness'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /readyz:
    get:
      tags: [health]
      summary: Ready to take work
      operationId: get_readyz
      x-permission: none
      parameters:
      - name: verbose
        in: query
        schema: {type: string}
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Readiness'}
        '503':
          description: Not ready.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Readiness'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /health/detailed:
    get:
      tags: [health]
      summary: Everything that is watched
      operationId: get_health_detailed
      x-permission: none
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DetailedHealth'}
        '503':
          description: Not ready.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/DetailedHealth'}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /metrics:
    get:
      tags: [health]
      summary: Prometheus
      operationId: get_metrics
      x-permission: none
      responses:
        '200':
          description: Text format 0.0.4.
          content:
            text/plain:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /config:
    get:
      tags: [health]
      summary: Settings in force, without secrets
      operationId: get_config
      x-permission: system:config_read
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Configuration'}
        '400': {$ref: '#/components/responses/Problem'}
        '404': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /openapi.yaml:
    get:
      tags: [documentation]
      summary: This document
      operationId: get_openapi_yaml
      x-permission: none
      responses:
        '200':
          description: YAML.
          content:
            application/yaml:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /api-docs/openapi.json:
    get:
      tags: [documentation]
      summary: This document as JSON
      operationId: get_api_docs_openapi_json
      x-permission: none
      responses:
        '200':
          description: Done.
          content:
            application/json:
              schema: {type: object}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
  /api-docs/ui:
    get:
      tags: [documentation]
      summary: This document for people
      operationId: get_api_docs_ui
      x-permission: none
      responses:
        '200':
          description: A page without assets from elsewhere.
          content:
            text/html:
              schema: {type: string}
        '400': {$ref: '#/components/responses/Problem'}
        default: {$ref: '#/components/responses/Problem'}
components:
  parameters:
    uuid:
      name: uuid
      in: path
      required: true
      description: A task's id.
      schema: {type: string, format: uuid}
    step:
      name: step
      in: path
      required: true
      description: A step's id or name.
      schema: {type: string}
    entry:
      name: entry
      in: path
      required: true
      description: A dead-letter entry's id.
      schema: {type: string, format: uuid}
    namespace:
      name: namespace
      in: path
      required: true
      schema: {type: string}
    name:
      name: name
      in: path
      required: true
      schema: {type: string}
    version:
      name: version
      in: path
      required: true
      description: 'A version, or `latest`: the highest semantic version.'
      schema: {type: string}
    callable:
      name: callable
      in: path
      required: true
      description: A handler's name, percent-encoded.
      schema: {type: string, minLength: 1, maxLength: 255}
    worker:
      name: worker
      in: path
      required: true
      description: A worker's id.
      schema: {type: string}
  responses:
    Problem:
      description: An RFC 9457 problem.
      content:
        application/problem+json:
          schema: {$ref: '#/components/schemas/Problem'}
  schemas:
    TaskState:
      type: string
      enum: [pending, initializing, enqueuing_steps, steps_in_process, evaluating_results, waiting_for_dependencies, waiting_for_retry,
        blocked_by_failures, complete, error, cancelled, resolved_manually]
    StepState:
      type: string
      enum: [pending, enqueued, in_progress, enqueued_for_orchestration, enqueued_as_error_for_orchestration, waiting_for_retry,
        error, complete, cancelled, resolved_manually]
    StepType:
      type: string
      enum: [standard, decision, deferred_convergence, batchable, batch_worker]
    Problem:
      type: object
      description: RFC 9457. `error` repeats code and message for older clients.
      required: [type, title, status, detail, instance, code, request_id, error]
      properties:
        type: {type: string}
        title: {type: string}
        status: {type: integer}
        detail: {type: string}
        hint: {type: string}
        instance: {type: string}
        code: {type: string}
        request_id: {type: string}
        existing_task_uuid: {type: string, format: uuid}
        errors:
          type: array
          items:
            type: object
            required: [pointer, keyword, message]
            properties:
              pointer: {type: string}
              keyword: {type: string}
              message: {type: string}
        findings:
          type: array
          items: {$ref: '#/components/schemas/Finding'}
        error:
          type: object
          required: [code, message]
          properties:
            code: {type: string}
            message: {type: string}
            retry_after_seconds: {type: integer}
    Finding: {type: object, description: 'A finding about a template: code, severity, message, place.'}
    TaskRequest:
      type: object
      required: [name, namespace]
      properties:
        name: {type: string, minLength: 1, maxLength: 255}
        namespace: {type: string, minLength: 1, maxLength: 255}
        version:
          type: [string, 'null']
          maxLength: 50
        context:
          type: [object, 'null']
        initiator:
          type: [string, 'null']
          maxLength: 255
        source_system:
          type: [string, 'null']
          maxLength: 255
        reason:
          type: [string, 'null']
          maxLength: 500
        tags:
          type: [array, 'null']
          items: {type: string}
          maxItems: 64
        requested_at:
          type: [string, 'null']
          format: date-time
        correlation_id:
          type: [string, 'null']
          format: uuid
        parent_correlation_id:
          type: [string, 'null']
          format: uuid
        idempotency_key:
          type: [string, 'null']
          minLength: 1
          maxLength: 255
        priority:
          type: [integer, 'null']
          minimum: -100
          maximum: 100
        options:
          type: [object, 'null']
    TaskResponse:
      type: object
      required: [task_uuid, name, namespace, version, status, created_at, updated_at, completed_at, requested_at, initiator,
        source_system, reason, priority, tags, correlation_id, parent_correlation_id, environment, revision, template_hash,
        context, total_steps, pending_steps, in_progress_steps, completed_steps, failed_steps, ready_steps, cancelled_steps,
        waiting_retry_steps, tolerated_steps, execution_status, recommended_action, completion_percentage, health_status,
        next_retry_at, steps]
      properties:
        task_uuid: {type: string, format: uuid}
        name: {type: string}
        namespace: {type: string}
        version: {type: string}
        status: {$ref: '#/components/schemas/TaskState'}
        created_at: {type: string, format: date-time}
        updated_at: {type: string, format: date-time}
        completed_at:
          type: [string, 'null']
          format: date-time
        requested_at: {type: string, format: date-time}
        initiator: {type: string}
        source_system: {type: string}
        reason: {type: string}
        priority: {type: integer}
        tags:
          type: array
          items: {type: string}
        correlation_id: {type: string, format: uuid}
        parent_correlation_id:
          type: [string, 'null']
          format: uuid
        environment: {type: string}
        revision: {type: integer}
        template_hash: {type: string}
        context:
          type: [object, 'null']
        total_steps: {type: integer, minimum: 0}
        pending_steps: {type: integer, minimum: 0}
        in_progress_steps: {type: integer, minimum: 0}
        completed_steps: {type: integer, minimum: 0}
        failed_steps: {type: integer, minimum: 0}
        ready_steps: {type: integer, minimum: 0}
        cancelled_steps: {type: integer, minimum: 0}
        waiting_retry_steps: {type: integer, minimum: 0}
        tolerated_steps: {type: integer, minimum: 0}
        execution_status:
          type: string
          enum: [all_complete, has_ready_steps, processing, blocked_by_failures, waiting_for_dependencies]
        recommended_action:
          type: [string, 'null']
        completion_percentage: {type: number, minimum: 0, maximum: 100}
        health_status:
          type: string
          enum: [unknown, blocked, recovering, healthy]
        next_retry_at:
          type: [string, 'null']
          format: date-time
        steps:
          type: array
          items: {$ref: '#/components/schemas/StepReadinessStatus'}
    TaskListItem:
      type: object
      required: [task_uuid, name, namespace, version, status, created_at, updated_at, completed_at, requested_at, initiator,
        source_system, reason, priority, tags, correlation_id, parent_correlation_id, environment, revision, template_hash,
        total_steps, pending_steps, in_progress_steps, completed_steps, failed_steps, ready_steps, cancelled_steps, waiting_retry_steps,
        tolerated_steps, execution_status, recommended_action, completion_percentage, health_status, next_retry_at]
      properties:
        task_uuid: {type: string, format: uuid}
        name: {type: string}
        namespace: {type: string}
        version: {type: string}
        status: {$ref: '#/components/schemas/TaskState'}
        created_at: {type: string, format: date-time}
        updated_at: {type: string, format: date-time}
        completed_at:
          type: [string, 'null']
          format: date-time
        requested_at: {type: string, format: date-time}
        initiator: {type: string}
        source_system: {type: string}
        reason: {type: string}
        priority: {type: integer}
        tags:
          type: array
          items: {type: string}
        correlation_id: {type: string, format: uuid}
        parent_correlation_id:
          type: [string, 'null']
          format: uuid
        environment: {type: string}
        revision: {type: integer}
        template_hash: {type: string}
        context:
          type: [object, 'null']
        total_steps: {type: integer, minimum: 0}
        pending_steps: {type: integer, minimum: 0}
        in_progress_steps: {type: integer, minimum: 0}
        completed_steps: {type: integer, minimum: 0}
        failed_steps: {type: integer, minimum: 0}
        ready_steps: {type: integer, minimum: 0}
        cancelled_steps: {type: integer, minimum: 0}
        waiting_retry_steps: {type: integer, minimum: 0}
        tolerated_steps: {type: integer, minimum: 0}
        execution_status:
          type: string
          enum: [all_complete, has_ready_steps, processing, blocked_by_failures, waiting_for_dependencies]
        recommended_action:
          type: [string, 'null']
        completion_percentage: {type: number, minimum: 0, maximum: 100}
        health_status:
          type: string
          enum: [unknown, blocked, recovering, healthy]
        next_retry_at:
          type: [string, 'null']
          format: date-time
        steps:
          type: array
          items: {$ref: '#/components/schemas/StepReadinessStatus'}
    Pagination:
      type: object
      required: [page, per_page, total_count, total_pages, has_next, has_previous, next_cursor]
      properties:
        page:
          type: [integer, 'null']
        per_page: {type: integer}
        total_count:
          type: [integer, 'null']
        total_pages:
          type: [integer, 'null']
        has_next: {type: boolean}
        has_previous: {type: boolean}
        next_cursor:
          type: [string, 'null']
    TaskListResponse:
      type: object
      required: [tasks, pagination]
      properties:
        tasks:
          type: array
          items: {$ref: '#/components/schemas/TaskListItem'}
        pagination: {$ref: '#/components/schemas/Pagination'}
    StepReadinessStatus:
      type: object
      required: [workflow_step_uuid, task_uuid, named_step_uuid, name, step_type, current_state, dependencies_satisfied,
        retry_eligible, attempts, max_attempts, last_attempted_at, ready_for_execution, total_parents, completed_parents,
        total_attempts, last_failure_at, next_retry_at, backoff_request_seconds, held]
      properties:
        workflow_step_uuid: {type: string, format: uuid}
        task_uuid: {type: string, format: uuid}
        named_step_uuid: {type: string, format: uuid}
        name: {type: string}
        step_type: {$ref: '#/components/schemas/StepType'}
        current_state: {$ref: '#/components/schemas/StepState'}
        dependencies_satisfied: {type: boolean}
        retry_eligible: {type: boolean}
        attempts: {type: integer, minimum: 0}
        max_attempts: {type: integer, minimum: 0}
        last_attempted_at:
          type: [string, 'null']
          format: date-time
        ready_for_execution: {type: boolean}
        total_parents: {type: integer, minimum: 0}
        completed_parents: {type: integer, minimum: 0}
        total_attempts: {type: integer, minimum: 0}
        last_failure_at:
          type: [string, 'null']
          format: date-time
        next_retry_at:
          type: [string, 'null']
          format: date-time
        backoff_request_seconds:
          type: [number, 'null']
        held:
          type: [string, 'null']
          enum: [no_route, quarantine, parallelism, fail_fast, null]
        held_reason: {type: string}
    StepResponse:
      type: object
      required: [step_uuid, task_uuid, name, template_step_name, step_type, handler, created_at, updated_at, completed_at,
        current_state, dependencies_satisfied, retry_eligible, attempts, max_attempts, last_attempted_at, ready_for_execution,
        total_parents, completed_parents, total_attempts, last_failure_at, next_retry_at, backoff_request_seconds, held,
        results, error, queue, dispatch_id, publication, worker_id, worker_language, worker_losses, execution_time_ms, checkpoint,
        timeout_seconds, parents, children]
      properties:
        step_uuid: {type: string, format: uuid}
        task_uuid: {type: string, format: uuid}
        name: {type: string}
        template_step_name: {type: string}
        step_type: {$ref: '#/components/schemas/StepType'}
        handler: {type: string}
        created_at: {type: string, format: date-time}
        updated_at: {type: string, format: date-time}
        completed_at:
          type: [string, 'null']
          format: date-time
        current_state: {$ref: '#/components/schemas/StepState'}
        dependencies_satisfied: {type: boolean}
        retry_eligible: {type: boolean}
        attempts: {type: integer, minimum: 0}
        max_attempts: {type: integer, minimum: 0}
        last_attempted_at:
          type: [string, 'null']
          format: date-time
        ready_for_execution: {type: boolean}
        total_parents: {type: integer, minimum: 0}
        completed_parents: {type: integer, minimum: 0}
        total_attempts: {type: integer, minimum: 0}
        last_failure_at:
          type: [string, 'null']
          format: date-time
        next_retry_at:
          type: [string, 'null']
          format: date-time
        backoff_request_seconds:
          type: [number, 'null']
        held:
          type: [string, 'null']
          enum: [no_route, quarantine, parallelism, fail_fast, null]
        held_reason: {type: string}
        results:
          type: [object, 'null']
        error:
          type: [object, 'null']
        queue:
          type: [string, 'null']
        dispatch_id:
          type: [string, 'null']
          format: uuid
        publication:
          type: [string, 'null']
        worker_id:
          type: [string, 'null']
        worker_language:
          type: [string, 'null']
        worker_losses: {type: integer, minimum: 0}
        execution_time_ms:
          type: [integer, 'null']
        checkpoint:
          type: [object, 'null']
          properties:
            cursor: {}
            items_processed: {}
            timestamp:
              type: [string, 'null']
              format: date-time
        timeout_seconds:
          type: [number, 'null']
        parents:
          type: array
          items: {type: string}
        children:
          type: array
          items: {type: string}
    StepAuditResponse:
      type: object
      required: [audit_uuid, workflow_step_uuid, transition_uuid, task_uuid, recorded_at, worker_uuid, worker_language,
        correlation_id, success, execution_time_ms, result, step_name, from_state, to_state, sequence, attempt, dispatch_id,
        disposition, status, error_type, actor, reason]
      properties:
        audit_uuid: {type: string, format: uuid}
        workflow_step_uuid: {type: string, format: uuid}
        transition_uuid: {type: string, format: uuid}
        task_uuid: {type: string, format: uuid}
        recorded_at: {type: string, format: date-time}
        worker_uuid:
          type: [string, 'null']
        worker_language:
          type: [string, 'null']
        correlation_id:
          type: [string, 'null']
          format: uuid
        success: {type: boolean}
        execution_time_ms:
          type: [integer, 'null']
        result: {}
        step_name: {type: string}
        from_state: {$ref: '#/components/schemas/StepState'}
        to_state: {$ref: '#/components/schemas/StepState'}
        sequence: {type: integer}
        attempt: {type: integer, minimum: 0}
        dispatch_id:
          type: [string, 'null']
          format: uuid
        disposition:
          type: string
          enum: [accepted, checkpoint, abandoned, late, superseded, cancelled, duplicate, forged, manual, automatic]
        status: {type: string}
        error_type:
          type: [string, 'null']
        actor:
          type: [string, 'null']
        reason:
          type: [string, 'null']
    StepAction:
      oneOf:
      - type: object
        required: [action_type, reason, reset_by]
        properties:
          action_type: {const: reset_for_retry}
          reason: {type: string, minLength: 1, maxLength: 500}
          reset_by: {type: string, minLength: 1, maxLength: 255}
          clear_checkpoint: {type: boolean}
      - type: object
        required: [action_type, reason, resolved_by]
        properties:
          action_type: {const: resolve_manually}
          reason: {type: string, minLength: 1, maxLength: 500}
          resolved_by: {type: string, minLength: 1, maxLength: 255}
      - type: object
        required: [action_type, reason, completed_by, completion_data]
        properties:
          action_type: {const: complete_manually}
          reason: {type: string, minLength: 1, maxLength: 500}
          completed_by: {type: string, minLength: 1, maxLength: 255}
          completion_data:
            type: object
            required: [result]
            properties:
              result: {}
              metadata:
                type: [object, 'null']
    TaskAction:
      type: object
      required: []
      properties:
        reason:
          type: [string, 'null']
          minLength: 1
          maxLength: 500
        by:
          type: [string, 'null']
          minLength: 1
          maxLength: 255
    RetryAction:
      type: object
      required: []
      properties:
        reason:
          type: [string, 'null']
          minLength: 1
          maxLength: 500
        by:
          type: [string, 'null']
          minLength: 1
          maxLength: 255
        steps:
          type: [array, 'null']
          items: {type: string}
          minItems: 1
    CancelRequest:
      type: object
      required: []
      properties:
        reason:
          type: [string, 'null']
          minLength: 1
          maxLength: 500
        cancelled_by:
          type: [string, 'null']
          minLength: 1
          maxLength: 255
    TaskSummaryResponse:
      type: object
      required: [task, template, steps, dlq, links]
      properties:
        task:
          type: object
          required: [task_uuid, name, namespace, version, status, created_at, updated_at, completed_at, initiator, source_system,
            reason, correlation_id, total_steps, pending_steps, in_progress_steps, completed_steps, failed_steps, ready_steps,
            cancelled_steps, waiting_retry_steps, tolerated_steps, execution_status, recommended_action, completion_percentage,
            health_status]
          properties:
            task_uuid: {type: string, format: uuid}
            name: {type: string}
            namespace: {type: string}
            version: {type: string}
            status: {$ref: '#/components/schemas/TaskState'}
            created_at: {type: string, format: date-time}
            updated_at: {type: string, format: date-time}
            completed_at:
              type: [string, 'null']
              format: date-time
            initiator: {type: string}
            source_system: {type: string}
            reason: {type: string}
            correlation_id: {type: string, format: uuid}
            total_steps: {type: integer, minimum: 0}
            pending_steps: {type: integer, minimum: 0}
            in_progress_steps: {type: integer, minimum: 0}
            completed_steps: {type: integer, minimum: 0}
            failed_steps: {type: integer, minimum: 0}
            ready_steps: {type: integer, minimum: 0}
            cancelled_steps: {type: integer, minimum: 0}
            waiting_retry_steps: {type: integer, minimum: 0}
            tolerated_steps: {type: integer, minimum: 0}
            execution_status:
              type: string
              enum: [all_complete, has_ready_steps, processing, blocked_by_failures, waiting_for_dependencies]
            recommended_action:
              type: [string, 'null']
            completion_percentage: {type: number, minimum: 0, maximum: 100}
            health_status:
              type: string
              enum: [unknown, blocked, recovering, healthy]
        template:
          type: object
          required: [steps]
          properties:
            steps:
              type: array
              items:
                type: object
                required: [name, step_type, handler, dependencies, retryable, max_attempts]
                properties:
                  name: {type: string}
                  step_type: {$ref: '#/components/schemas/StepType'}
                  handler: {type: string}
                  dependencies:
                    type: array
                    items: {type: string}
                  retryable: {type: boolean}
                  max_attempts: {type: integer, minimum: 0}
        steps:
          type: array
          items:
            type: object
            required: [step_uuid, name, created_at, completed_at, current_state, dependencies_satisfied, retry_eligible,
              attempts, max_attempts, last_attempted_at, execution_time_ms, error]
            properties:
              step_uuid: {type: string, format: uuid}
              name: {type: string}
              created_at: {type: string, format: date-time}
              completed_at:
                type: [string, 'null']
                format: date-time
              current_state: {$ref: '#/components/schemas/StepState'}
              dependencies_satisfied: {type: boolean}
              retry_eligible: {type: boolean}
              attempts: {type: integer, minimum: 0}
              max_attempts: {type: integer, minimum: 0}
              last_attempted_at:
                type: [string, 'null']
                format: date-time
              execution_time_ms:
                type: [integer, 'null']
              error:
                type: [object, 'null']
                properties:
                  error_type:
                    type: [string, 'null']
                  retryable: {type: boolean}
                  status_code: {}
        dlq:
          type: object
          required: [in_dlq, dlq_reason, resolution_status]
          properties:
            in_dlq: {type: boolean}
            dlq_reason:
              type: [string, 'null']
            resolution_status:
              type: [string, 'null']
        links:
          type: object
          required: [task, steps, dlq]
          properties:
            task: {type: string}
            steps: {type: string}
            dlq:
              type: [string, 'null']
    HistoryResponse:
      type: object
      required: [transitions, next_cursor]
      properties:
        transitions:
          type: array
          items:
            type: object
            required: [subject, from_state, to_state, sequence, at]
            properties:
              subject:
                type: string
                enum: [task, step]
              from_state:
                type: [string, 'null']
              to_state: {type: string}
              event: {type: string}
              step_uuid: {type: string, format: uuid}
              step_name: {type: string}
              attempt: {type: integer, minimum: 0}
              dispatch_id:
                type: [string, 'null']
                format: uuid
              detail:
                type: [string, 'null']
              created_by:
                type: [string, 'null']
              sequence: {type: integer}
              at: {type: string, format: date-time}
        next_cursor:
          type: [string, 'null']
    WhyResponse:
      type: object
      required: [task_uuid, state, verdict, summary, since, reasons, next, suggestions]
      properties:
        task_uuid: {type: string, format: uuid}
        step_name: {type: string}
        step_uuid:
          type: [string, 'null']
          format: uuid
        state: {type: string}
        verdict:
          type: string
          enum: [done, cancelled, resolved, not_created_yet, not_selected, waiting_for_dependencies, blocked_by_failure,
            held_parallelism, held_fail_fast, held_quarantine, waiting_for_retry, publish_pending, no_route, queued_no_consumer,
            queued, in_doubt, running, running_no_heartbeat, failed_permanent, failed_retries_exhausted, failed_poison,
            failed_outcome]
        summary: {type: string}
        since:
          type: [string, 'null']
          format: date-time
        reasons:
          type: array
          items:
            type: object
            required: [code, message, since, until, ref]
            properties:
              code: {type: string}
              message: {type: string}
              since:
                type: [string, 'null']
                format: date-time
              until:
                type: [string, 'null']
                format: date-time
              ref:
                type: [string, 'null']
        next:
          type: [object, 'null']
          required: [what, at]
          properties:
            what: {type: string}
            at:
              type: [string, 'null']
              format: date-time
        suggestions:
          type: array
          items:
            type: object
            required: [text, command, request]
            properties:
              text: {type: string}
              command:
                type: [string, 'null']
              request:
                type: [string, 'null']
    Graph:
      type: object
      required: [title, nodes, edges]
      properties:
        title: {type: string}
        nodes:
          type: array
          items:
            type: object
            required: [id, name, step_type, handler, state, attempts, created]
            properties:
              id: {type: string}
              name: {type: string}
              step_type: {$ref: '#/components/schemas/StepType'}
              handler: {type: string}
              state:
                type: [string, 'null']
              attempts: {type: integer, minimum: 0}
              created: {type: boolean}
        edges:
          type: array
          items:
            type: object
            required: [from, to, dashed]
            properties:
              from: {type: string}
              to: {type: string}
              dashed: {type: boolean}
    TemplateListResponse:
      type: object
      required: [namespaces, templates, total_count]
      properties:
        namespaces:
          type: array
          items:
            type: object
            required: [name, description, template_count]
            properties:
              name: {type: string}
              description:
                type: [string, 'null']
              template_count: {type: integer, minimum: 0}
        templates:
          type: array
          items:
            type: object
            required: [name, namespace, version, description, step_count, hash, revision]
            properties:
              name: {type: string}
              namespace: {type: string}
              version: {type: string}
              description:
                type: [string, 'null']
              step_count: {type: integer, minimum: 0}
              hash: {type: string}
              revision: {type: integer}
        total_count: {type: integer, minimum: 0}
    TemplateDetail:
      type: object
      required: [name, namespace, version, description, configuration, steps, hash, revision, registered_at, input_schema]
      properties:
        name: {type: string}
        namespace: {type: string}
        version: {type: string}
        description:
          type: [string, 'null']
        configuration: {type: object}
        steps:
          type: array
          items:
            type: object
            required: [name, description, default_retryable, default_max_attempts]
            properties:
              name: {type: string}
              description:
                type: [string, 'null']
              default_retryable: {type: boolean}
              default_max_attempts: {type: integer, minimum: 0}
        hash: {type: string}
        revision: {type: integer}
        registered_at: {type: string, format: date-time}
        input_schema:
          type: [object, 'null']
    TemplateRegistered:
      type: object
      required: [name, namespace, version, hash, revision, findings]
      properties:
        name: {type: string}
        namespace: {type: string}
        version: {type: string}
        hash: {type: string}
        revision: {type: integer}
        findings:
          type: array
          items: {$ref: '#/components/schemas/Finding'}
    TemplateReport:
      type: object
      description: What validation found.
      required: [valid, findings]
      properties:
        valid: {type: boolean}
        findings:
          type: array
          items: {$ref: '#/components/schemas/Finding'}
    WorkerInfo:
      type: object
      required: [worker_id, hostname, pid, language, sdk_version, protocol_version, queues, namespaces, handlers, any_handler,
        started_at, last_seen_at, status, in_flight, capacity, processed_total, failed_total]
      properties:
        worker_id: {type: string}
        hostname: {type: string}
        pid: {type: integer}
        language: {type: string}
        sdk_version: {type: string}
        protocol_version: {type: string}
        queues:
          type: array
          items: {type: string}
        namespaces:
          type: array
          items: {type: string}
        handlers:
          type: array
          items:
            type: object
            required: [callable, version]
            properties:
              callable: {type: string}
              version:
                type: [string, 'null']
        any_handler: {type: boolean}
        started_at:
          type: [string, 'null']
          format: date-time
        last_seen_at: {type: string, format: date-time}
        status:
          type: string
          enum: [active, draining, lost, left]
        in_flight: {type: integer, minimum: 0}
        capacity: {type: integer, minimum: 0}
        processed_total: {type: integer, minimum: 0}
        failed_total: {type: integer, minimum: 0}
    WorkerListResponse:
      type: object
      required: [workers, total_count]
      properties:
        workers:
          type: array
          items: {$ref: '#/components/schemas/WorkerInfo'}
        total_count: {type: integer, minimum: 0}
    WorkerDetail:
      type: object
      required: [worker_id, hostname, pid, language, sdk_version, protocol_version, queues, namespaces, handlers, any_handler,
        started_at, last_seen_at, status, in_flight, capacity, processed_total, failed_total, running]
      properties:
        worker_id: {type: string}
        hostname: {type: string}
        pid: {type: integer}
        language: {type: string}
        sdk_version: {type: string}
        protocol_version: {type: string}
        queues:
          type: array
          items: {type: string}
        namespaces:
          type: array
          items: {type: string}
        handlers:
          type: array
          items:
            type: object
            required: [callable, version]
            properties:
              callable: {type: string}
              version:
                type: [string, 'null']
        any_handler: {type: boolean}
        started_at:
          type: [string, 'null']
          format: date-time
        last_seen_at: {type: string, format: date-time}
        status:
          type: string
          enum: [active, draining, lost, left]
        in_flight: {type: integer, minimum: 0}
        capacity: {type: integer, minimum: 0}
        processed_total: {type: integer, minimum: 0}
        failed_total: {type: integer, minimum: 0}
        running:
          type: array
          items:
            type: object
            required: [dispatch_id, task_uuid, step_uuid, step_name, attempt, since]
            properties:
              dispatch_id: {type: string, format: uuid}
              task_uuid:
                type: [string, 'null']
                format: uuid
              step_uuid:
                type: [string, 'null']
                format: uuid
              step_name:
                type: [string, 'null']
              attempt:
                type: [integer, 'null']
              since:
                type: [string, 'null']
                format: date-time
    Route:
      type: object
      required: [namespace, callable, source, queues, waiting_steps, notes]
      properties:
        namespace: {type: string}
        callable: {type: string}
        source:
          type: string
          enum: [template, operator, announced, any, none]
        queues:
          type: array
          items:
            type: object
            required: [queue, weight, live_workers, languages]
            properties:
              queue: {type: string}
              weight: {type: integer}
              live_workers: {type: integer, minimum: 0}
              languages:
                type: array
                items: {type: string}
        waiting_steps: {type: integer, minimum: 0}
        notes:
          type: array
          items: {type: string}
    RouteListResponse:
      type: object
      required: [routes]
      properties:
        routes:
          type: array
          items: {$ref: '#/components/schemas/Route'}
    RouteRequest:
      type: object
      required: [queues]
      properties:
        queues:
          type: array
          minItems: 1
          maxItems: 100
          items:
            type: object
            required: [queue]
            properties:
              queue: {type: string, minLength: 1, maxLength: 255}
              weight:
                type: [integer, 'null']
                minimum: 0
                maximum: 1000000
        by:
          type: [string, 'null']
          minLength: 1
          maxLength: 255
    QueueInfo:
      type: object
      required: [queue, namespace, kind, ready, unacked, consumers, oldest_age_seconds, steps_enqueued, steps_started, live_workers,
        publish_rate, deliver_rate, handlers, notes]
      properties:
        queue: {type: string}
        namespace:
          type: [string, 'null']
        kind:
          type: string
          enum: [steps, results, events, dead_letter, control]
        ready:
          type: [integer, 'null']
        unacked:
          type: [integer, 'null']
        consumers:
          type: [integer, 'null']
        oldest_age_seconds:
          type: [integer, 'null']
        steps_enqueued:
          type: [integer, 'null']
        steps_started:
          type: [integer, 'null']
        live_workers:
          type: [integer, 'null']
        publish_rate:
          type: [number, 'null']
        deliver_rate:
          type: [number, 'null']
        handlers:
          type: array
          items: {type: string}
        notes:
          type: array
          items: {type: string}
    QueueListResponse:
      type: object
      required: [queues, broker, total_count]
      properties:
        queues:
          type: array
          items: {$ref: '#/components/schemas/QueueInfo'}
        broker:
          type: object
          required: [reachable, version, checked_at]
          properties:
            reachable: {type: boolean}
            version:
              type: [string, 'null']
            checked_at: {type: string, format: date-time}
        total_count: {type: integer, minimum: 0}
    DlqReason:
      type: string
      enum: [StalenessTimeout, MaxRetriesExceeded, PermanentFailure, Poison, WorkerUnavailable, DependencyCycleDetected,
        ManualDlq]
    DlqResolution:
      type: string
      enum: [Pending, ManuallyResolved, PermanentlyFailed, Cancelled]
    DlqEntry:
      type: object
      required: [dlq_entry_uuid, task_uuid, original_state, dlq_reason, dlq_timestamp, resolution_status, resolution_timestamp,
        resolution_notes, resolved_by, task_snapshot, metadata, created_at, updated_at]
      properties:
        dlq_entry_uuid: {type: string, format: uuid}
        task_uuid: {type: string, format: uuid}
        original_state: {$ref: '#/components/schemas/TaskState'}
        dlq_reason: {$ref: '#/components/schemas/DlqReason'}
        dlq_timestamp: {type: string, format: date-time}
        resolution_status: {$ref: '#/components/schemas/DlqResolution'}
        resolution_timestamp:
          type: [string, 'null']
          format: date-time
        resolution_notes:
          type: [string, 'null']
        resolved_by:
          type: [string, 'null']
        task_snapshot:
          type: object
          required: [task_uuid, namespace, task_name, current_state, time_in_state_minutes, threshold_minutes, snapshot_timestamp,
            task_details]
          properties:
            task_uuid: {type: string, format: uuid}
            namespace: {type: string}
            task_name: {type: string}
            current_state: {$ref: '#/components/schemas/TaskState'}
            time_in_state_minutes: {type: integer, minimum: 0}
            threshold_minutes:
              type: [integer, 'null']
            snapshot_timestamp: {type: string, format: date-time}
            task_details:
              type: object
              required: [correlation_id, priority, requested_at, created_at]
              properties:
                correlation_id: {type: string, format: uuid}
                priority: {type: integer}
                requested_at: {type: string, format: date-time}
                created_at: {type: string, format: date-time}
        metadata:
          type: object
          required: [failures]
          properties:
            failures:
              type: array
              items:
                type: object
                required: [step_name, step_uuid, reason, attempts, error_type, message, at]
                properties:
                  step_name: {type: string}
                  step_uuid: {type: string, format: uuid}
                  reason: {type: string}
                  attempts: {type: integer, minimum: 0}
                  error_type: {type: string}
                  message: {type: string}
                  at: {type: string, format: date-time}
        created_at: {type: string, format: date-time}
        updated_at: {type: string, format: date-time}
    DlqUpdate:
      type: object
      required: []
      properties:
        resolution_status:
          type: [string, 'null']
          enum: [Pending, ManuallyResolved, PermanentlyFailed, Cancelled, pending, manually_resolved, permanently_failed,
            cancelled, null]
        resolution_notes:
          type: [string, 'null']
          minLength: 1
          maxLength: 10000
        resolved_by:
          type: [string, 'null']
          minLength: 1
          maxLength: 255
        metadata:
          type: [object, 'null']
    DlqDone:
      type: object
      required: [success, message, dlq_entry_uuid, task_uuid]
      properties:
        success: {type: boolean}
        message: {type: string}
        dlq_entry_uuid: {type: string, format: uuid}
        task_uuid: {type: string, format: uuid}
    DlqInvestigationQueueEntry:
      type: object
      required: [dlq_entry_uuid, task_uuid, namespace_name, task_name, original_state, current_state, dlq_reason, dlq_timestamp,
        minutes_in_dlq, time_in_state_minutes, priority_score]
      properties:
        dlq_entry_uuid: {type: string, format: uuid}
        task_uuid: {type: string, format: uuid}
        namespace_name:
          type: [string, 'null']
        task_name:
          type: [string, 'null']
        original_state: {$ref: '#/components/schemas/TaskState'}
        current_state: {$ref: '#/components/schemas/TaskState'}
        dlq_reason: {$ref: '#/components/schemas/DlqReason'}
        dlq_timestamp: {type: string, format: date-time}
        minutes_in_dlq: {type: integer, minimum: 0}
        time_in_state_minutes:
          type: [integer, 'null']
        priority_score: {type: integer}
    DlqStats:
      type: object
      required: [dlq_reason, total_entries, pending, manually_resolved, permanent_failures, cancelled, oldest_entry, newest_entry,
        avg_resolution_time_minutes]
      properties:
        dlq_reason: {$ref: '#/components/schemas/DlqReason'}
        total_entries: {type: integer, minimum: 0}
        pending: {type: integer, minimum: 0}
        manually_resolved: {type: integer, minimum: 0}
        permanent_failures: {type: integer, minimum: 0}
        cancelled: {type: integer, minimum: 0}
        oldest_entry:
          type: [string, 'null']
          format: date-time
        newest_entry:
          type: [string, 'null']
          format: date-time
        avg_resolution_time_minutes:
          type: [number, 'null']
    StalenessMonitoring:
      type: object
      required: [task_uuid, namespace_name, task_name, current_state, time_in_state_minutes, task_age_minutes, staleness_threshold_minutes,
        limit, health_status, priority]
      properties:
        task_uuid: {type: string, format: uuid}
        namespace_name:
          type: [string, 'null']
        task_name:
          type: [string, 'null']
        current_state: {$ref: '#/components/schemas/TaskState'}
        time_in_state_minutes: {type: integer, minimum: 0}
        task_age_minutes: {type: integer, minimum: 0}
        staleness_threshold_minutes: {type: integer, minimum: 0}
        limit:
          type: string
          enum: [task_lifetime, time_in_state]
        health_status:
          type: string
          enum: [healthy, warning, stale]
        priority: {type: integer}
    Performance:
      type: object
      required: [total_tasks, active_tasks, completed_tasks, failed_tasks, completion_rate, error_rate, average_task_duration_seconds,
        average_step_duration_seconds, tasks_per_hour, steps_per_hour, system_health_score, analysis_period_start, calculated_at,
        is_sampled, step_queue_seconds, step_run_seconds, task_duration_seconds]
      properties:
        total_tasks: {type: integer, minimum: 0}
        active_tasks: {type: integer, minimum: 0}
        completed_tasks: {type: integer, minimum: 0}
        failed_tasks: {type: integer, minimum: 0}
        completion_rate: {type: number}
        error_rate: {type: number}
        average_task_duration_seconds: {type: number}
        average_step_duration_seconds: {type: number}
        tasks_per_hour: {type: number}
        steps_per_hour: {type: number}
        system_health_score: {type: number, minimum: 0, maximum: 1}
        analysis_period_start: {type: string, format: date-time}
        calculated_at: {type: string, format: date-time}
        is_sampled: {type: boolean}
        step_queue_seconds:
          type: object
          required: [p50, p95, p99]
          properties:
            p50:
              type: [number, 'null']
            p95:
              type: [number, 'null']
            p99:
              type: [number, 'null']
        step_run_seconds:
          type: object
          required: [p50, p95, p99]
          properties:
            p50:
              type: [number, 'null']
            p95:
              type: [number, 'null']
            p99:
              type: [number, 'null']
        task_duration_seconds:
          type: object
          required: [p50, p95, p99]
          properties:
            p50:
              type: [number, 'null']
            p95:
              type: [number, 'null']
            p99:
              type: [number, 'null']
    Bottlenecks:
      type: object
      required: [slow_steps, slow_tasks, resource_utilization, recommendations]
      properties:
        slow_steps:
          type: array
          items:
            type: object
            required: [namespace_name, task_name, version, average_duration_seconds, max_duration_seconds, execution_count,
              error_count, error_rate, last_executed_at, step_name]
            properties:
              namespace_name: {type: string}
              task_name: {type: string}
              version: {type: string}
              average_duration_seconds: {type: number}
              max_duration_seconds: {type: number}
              execution_count: {type: integer, minimum: 0}
              error_count: {type: integer, minimum: 0}
              error_rate: {type: number}
              last_executed_at:
                type: [string, 'null']
                format: date-time
              step_name: {type: string}
        slow_tasks:
          type: array
          items:
            type: object
            required: [namespace_name, task_name, version, average_duration_seconds, max_duration_seconds, execution_count,
              error_count, error_rate, last_executed_at, average_step_count]
            properties:
              namespace_name: {type: string}
              task_name: {type: string}
              version: {type: string}
              average_duration_seconds: {type: number}
              max_duration_seconds: {type: number}
              execution_count: {type: integer, minimum: 0}
              error_count: {type: integer, minimum: 0}
              error_rate: {type: number}
              last_executed_at:
                type: [string, 'null']
                format: date-time
              average_step_count: {type: number}
        resource_utilization:
          type: object
          required: [database_pool_utilization, system_health]
          properties:
            database_pool_utilization: {type: number}
            system_health:
              type: object
              additionalProperties: {type: integer, minimum: 0}
        recommendations:
          type: array
          items: {type: string}
    Alive:
      type: object
      required: [status, timestamp]
      properties:
        status: {type: string}
        timestamp: {type: string, format: date-time}
    Readiness:
      type: object
      required: [status, timestamp, checks]
      properties:
        status:
          type: string
          enum: [ready, degraded, not_ready]
        timestamp: {type: string, format: date-time}
        checks:
          type: object
          additionalProperties:
            type: object
            required: [status, message, duration_ms]
            properties:
              status:
                type: string
                enum: [healthy, unhealthy]
              message:
                type: [string, 'null']
              duration_ms: {type: integer}
    DetailedHealth:
      type: object
      required: [status, timestamp, checks, info]
      properties:
        status:
          type: string
          enum: [ready, degraded, not_ready]
        timestamp: {type: string, format: date-time}
        checks:
          type: object
          additionalProperties:
            type: object
            required: [status, message, duration_ms]
            properties:
              status:
                type: string
                enum: [healthy, unhealthy]
              message:
                type: [string, 'null']
              duration_ms: {type: integer}
        info:
          type: object
          required: [version, environment, operational_state, circuit_breaker_state, store, broker_version, uptime_seconds,
            leader]
          properties:
            version: {type: string}
            environment: {type: string}
            operational_state: {type: string}
            circuit_breaker_state: {type: string}
            store: {type: string}
            broker_version:
              type: [string, 'null']
            uptime_seconds: {type: integer}
            leader: {type: boolean}
    Configuration:
      type: object
      required: [metadata, auth, circuit_breakers, database_pools, deployment_mode, messaging, engine]
      properties:
        metadata:
          type: object
          required: [environment, timestamp, version]
          properties:
            environment: {type: string}
            timestamp: {type: string, format: date-time}
            version: {type: string}
        auth: {type: object}
        circuit_breakers: {type: object}
        database_pools: {type: object}
        deployment_mode: {type: string}
        messaging: {type: object}
        engine: {type: object}

"""##
}
