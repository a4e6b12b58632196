/** The orchestrator's HTTP API. Works without a running worker. */
import { randomUUID } from 'node:crypto';

import { parseJson } from '../json/parse.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';
import { writeJson } from '../json/write.js';
import { auditOf, healthOf, listOf, paginationOf, stepOf, taskOf } from './responses.js';
import type {
  CancelTaskResponse, HealthCheckResponse, StepAuditResponse, StepResponse, TaskListResponse, TaskResponse,
} from './responses.js';

const DEFAULT_URL = 'http://localhost:8080';
const DEFAULT_TIMEOUT_MS = 30_000;
const MOST_PER_PAGE = 100;

/** The call failed; `recoverable` = trying again may help. */
export class TaskerClientError extends Error {
  override name = 'TaskerClientError';
  readonly recoverable: boolean;
  readonly statusCode: number | null;

  constructor(message: string, recoverable = false, statusCode: number | null = null) {
    super(message);
    this.recoverable = recoverable;
    this.statusCode = statusCode;
  }
}

export interface TaskerClientOptions {
  /** `TASKER_ORCHESTRATION_URL`. */
  baseUrl?: string;
  /** `TASKER_API_KEY`. */
  apiKey?: string;
  /** `TASKER_API_KEY_HEADER`, default `X-API-Key`. */
  apiKeyHeader?: string;
  /** Bearer token; `TASKER_AUTH_TOKEN`. */
  token?: string;
  /** `TASKER_ORCHESTRATION_TIMEOUT_MS`, default 30000. */
  timeoutMs?: number;
}

export interface CreateTaskOptions {
  name: string;
  namespace?: string;
  context?: JsonObject;
  version?: string;
  initiator?: string;
  sourceSystem?: string;
  reason?: string;
  tags?: string[];
  priority?: number;
  correlationId?: string;
  parentCorrelationId?: string;
  /** A second call with the same key gives the same task. */
  idempotencyKey?: string;
}

export interface ListTasksOptions {
  limit?: number;
  offset?: number;
  namespace?: string;
  status?: string;
}

export class TaskerClient {
  readonly baseUrl: string;
  private readonly headers: Record<string, string>;
  private readonly timeoutMs: number;

  constructor(options: TaskerClientOptions = {}) {
    const env = process.env;
    const url = options.baseUrl || env['TASKER_ORCHESTRATION_URL'] || env['ORCHESTRATION_URL'] || DEFAULT_URL;
    this.baseUrl = url.replace(/\/+$/, '');
    this.timeoutMs = options.timeoutMs ?? timeoutFrom(env['TASKER_ORCHESTRATION_TIMEOUT_MS']);
    this.headers = { Accept: 'application/json' };
    const key = options.apiKey ?? env['TASKER_API_KEY'];
    if (key) this.headers[options.apiKeyHeader ?? (env['TASKER_API_KEY_HEADER'] || 'X-API-Key')] = key;
    const token = options.token ?? (env['TASKER_AUTH_TOKEN'] || env['TASKER_ORCHESTRATION_AUTH_TOKEN']);
    if (token) this.headers['Authorization'] = `Bearer ${token}`;
  }

  async createTask(options: CreateTaskOptions): Promise<TaskResponse> {
    const {
      name, namespace = 'default', context = {}, version = '1.0.0', initiator = 'tasker-core-typescript',
      sourceSystem = 'tasker-core', reason = 'Task requested', correlationId = randomUUID(),
      parentCorrelationId, idempotencyKey, tags, priority, ...others
    } = options;
    const body = {
      ...others, name, namespace, version, context, initiator, source_system: sourceSystem, reason, tags, priority,
      correlation_id: correlationId, parent_correlation_id: parentCorrelationId, idempotency_key: idempotencyKey,
    };
    return taskOf(await this.call('POST', '/v1/tasks', body));
  }

  async getTask(taskUuid: string): Promise<TaskResponse> {
    return taskOf(await this.call('GET', `/v1/tasks/${encodeURIComponent(taskUuid)}`));
  }

  /** Tasks, newest first. The API has pages of at most 100; larger wishes are joined from several. */
  async listTasks(options: ListTasksOptions = {}): Promise<TaskListResponse> {
    const { limit = 50, offset = 0, namespace, status } = options;
    if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(offset) || offset < 0) {
      throw new TaskerClientError(`limit is ${limit} and offset ${offset}: use a limit from 1 and an offset from 0`);
    }
    const filters = { ...(namespace === undefined ? {} : { namespace }), ...(status === undefined ? {} : { status }) };
    if (limit <= MOST_PER_PAGE && offset % limit === 0) return this.page(offset / limit + 1, limit, filters);
    const first = Math.floor(offset / MOST_PER_PAGE);
    const last = Math.floor((offset + limit - 1) / MOST_PER_PAGE);
    const tasks: TaskResponse[] = [];
    let total = 0;
    for (let number = first; number <= last; number += 1) {
      const page = await this.page(number + 1, MOST_PER_PAGE, filters);
      tasks.push(...page.tasks);
      total = page.pagination.total_count;
      if (!page.pagination.has_next) break;
    }
    const skipped = offset - first * MOST_PER_PAGE;
    return {
      tasks: tasks.slice(skipped, skipped + limit),
      pagination: {
        page: Math.floor(offset / limit) + 1,
        per_page: limit,
        total_count: total,
        total_pages: Math.ceil(total / limit),
        has_next: total > offset + limit,
        has_previous: offset > 0,
      },
    };
  }

  private async page(page: number, perPage: number, filters: Record<string, string>): Promise<TaskListResponse> {
    const query = new URLSearchParams({ page: String(page), per_page: String(perPage), ...filters });
    const data: unknown = await this.call('GET', `/v1/tasks?${query.toString()}`);
    const given = isObject(data) ? data : {};
    return { tasks: listOf(given['tasks']).map(taskOf), pagination: paginationOf(given['pagination']) };
  }

  async cancelTask(taskUuid: string): Promise<CancelTaskResponse> {
    const data: unknown = await this.call('DELETE', `/v1/tasks/${encodeURIComponent(taskUuid)}`);
    return { task_uuid: taskUuid, status: '', ...(isObject(data) ? data : {}) };
  }

  async listTaskSteps(taskUuid: string): Promise<StepResponse[]> {
    return listOf(await this.call('GET', `/v1/tasks/${encodeURIComponent(taskUuid)}/workflow_steps`)).map(stepOf);
  }

  /** One step, by uuid or name. */
  async getStep(taskUuid: string, step: string): Promise<StepResponse> {
    return stepOf(await this.call('GET', stepPath(taskUuid, step)));
  }

  /** Every result and manual action of a step, oldest first. */
  async getStepAuditHistory(taskUuid: string, step: string): Promise<StepAuditResponse[]> {
    return listOf(await this.call('GET', `${stepPath(taskUuid, step)}/audit`)).map(auditOf);
  }

  async healthCheck(): Promise<HealthCheckResponse> {
    return healthOf(await this.call('GET', '/health'));
  }

  private async call(method: string, path: string, body?: unknown): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await globalThis.fetch(this.baseUrl + path, {
        method,
        headers: body === undefined ? this.headers : { ...this.headers, 'Content-Type': 'application/json' },
        signal: (AbortSignal as unknown as { timeout(ms: number): AbortSignal }).timeout(this.timeoutMs),
        ...(body === undefined ? {} : { body: writeJson(body, 256) }),
      });
      text = await response.text();
    } catch (error) {
      throw new TaskerClientError(
        `the orchestrator at ${this.baseUrl} does not answer (${reasonOf(error)}): is it running, and is ` +
          'TASKER_ORCHESTRATION_URL right?',
        true,
      );
    }
    if (response.ok) return text === '' ? null : this.decoded(text);
    const { status } = response;
    throw new TaskerClientError(problemText(status, response.statusText, text), status === 408 || status === 429 || status >= 500, status);
  }

  private decoded(text: string): unknown {
    try {
      return parseJson(text);
    } catch {
      throw new TaskerClientError(
        `what answers at ${this.baseUrl} is no orchestrator (its answer is not JSON): is TASKER_ORCHESTRATION_URL right?`,
      );
    }
  }
}

/** A client with settings from the environment. */
export async function getTaskerClient(options: TaskerClientOptions = {}): Promise<TaskerClient> {
  return new TaskerClient(options);
}

function stepPath(taskUuid: string, step: string): string {
  return `/v1/tasks/${encodeURIComponent(taskUuid)}/workflow_steps/${encodeURIComponent(step)}`;
}

/** The text of an RFC 9457 problem, with the places that are wrong. */
function problemText(status: number, statusText: string, text: string): string {
  let body: unknown = null;
  try {
    body = parseJson(text);
  } catch {
    // a proxy's page, perhaps
  }
  if (!isObject(body)) return `HTTP ${status} ${statusText}`.trim();
  const error: unknown = body['error'];
  const older: unknown = isObject(error) ? error['message'] : error;
  const found = [body['detail'], body['title'], older, statusText].find((value) => typeof value === 'string' && value !== '');
  const places = listOf(body['errors'])
    .filter((entry): entry is JsonObject => isObject(entry) && typeof entry['message'] === 'string')
    .map((entry) => `${String(entry['pointer'])}: ${String(entry['message'])}`);
  return `HTTP ${status}: ${[String(found ?? ''), ...places].join('; ')}`;
}

function reasonOf(error: unknown): string {
  const cause = (error as { cause?: { message?: string; code?: string } }).cause;
  return cause?.message || cause?.code || (error as Error).message;
}

function timeoutFrom(text: string | undefined): number {
  if (!text) return DEFAULT_TIMEOUT_MS;
  const milliseconds = Number(text);
  if (!(milliseconds > 0) || milliseconds === Infinity) {
    throw new TaskerClientError(`TASKER_ORCHESTRATION_TIMEOUT_MS is '${text}': use a positive number of milliseconds`);
  }
  return milliseconds;
}
