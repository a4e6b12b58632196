/** Bodies of the messages a worker sends. Members that are JSON text already are joined by hand, not parsed again. */
import { byteLength, safeText, writeJson } from '../json/write.js';
import type { ExecuteMessage } from './execute.js';
import { PROTOCOL } from './names.js';

export const MAX_MESSAGE_BYTES = 8192;
export const MAX_BACKTRACE_LINES = 50;
export const MAX_BACKTRACE_BYTES = 65_536;
const MOST_SECONDS_TO_WAIT = 86_400;

/** RFC 3339 in UTC with milliseconds, from milliseconds since the epoch. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** Who answers; sent with every message. */
export interface WorkerIdentity {
  id: string;
  language: string;
  sdk: string;
  hostname: string;
}

/** What a handler reports while it works. */
export interface Progress {
  done: number;
  total: number | null;
  message: string | null;
}

/** The innermost frames that fit: JavaScript prints them first. At most 50 lines and 64 KiB. */
export function cutBacktrace(lines: string[]): string[] {
  const kept: string[] = [];
  let size = 0;
  for (const line of lines.slice(0, MAX_BACKTRACE_LINES)) {
    const safe = safeText(line, MAX_MESSAGE_BYTES);
    size += byteLength(safe) + 3;
    if (size > MAX_BACKTRACE_BYTES) break;
    kept.push(safe);
  }
  return kept;
}

/** The parts of an `error` member; `metadata` is JSON text. */
export interface ErrorParts {
  message: string;
  errorType: string;
  retryable: boolean;
  errorCode?: string | null;
  retryAfter?: number | null;
  backtrace?: string[];
  metadata?: string;
}

/** The `error` member as JSON text. */
export function errorText(parts: ErrorParts): string {
  const text = (value: string, most: number): string => writeJson(safeText(value, most));
  const members = [
    `"message":${text(parts.message, MAX_MESSAGE_BYTES)}`,
    `"error_type":${text(parts.errorType === '' ? 'handler_error' : parts.errorType, 256)}`,
    `"error_code":${parts.errorCode == null ? 'null' : text(parts.errorCode, 256)}`,
    `"retryable":${String(parts.retryable)}`,
  ];
  if (parts.retryable && parts.retryAfter != null) {
    members.push(`"retry_after_seconds":${writeJson(Math.min(Math.max(parts.retryAfter, 0), MOST_SECONDS_TO_WAIT))}`);
  }
  if (parts.backtrace !== undefined && parts.backtrace.length > 0) {
    members.push(`"backtrace":${writeJson(cutBacktrace(parts.backtrace))}`);
  }
  if (parts.metadata !== undefined) members.push(`"metadata":${parts.metadata}`);
  return `{${members.join(',')}}`;
}

/** The members of a `step.result`; those that are text are JSON already. */
export interface ResultParts {
  dispatchId: string | null;
  taskUuid: string | null;
  stepUuid: string | null;
  status: 'completed' | 'failed' | 'checkpoint' | 'abandoned';
  result?: string;
  error?: string;
  checkpoint?: string;
  events?: string;
  metadata?: string;
  startedAt?: string | null;
  completedAt: string;
  executionTimeMs?: number;
}

/** Writes bodies for one worker identity. */
export class MessageWriter {
  readonly identity: WorkerIdentity;
  private readonly worker: string;

  constructor(identity: WorkerIdentity) {
    this.identity = identity;
    this.worker = writeJson(identity);
  }

  result(parts: ResultParts): string {
    return (
      `{"protocol":"${PROTOCOL}","kind":"step.result","dispatch_id":${writeJson(parts.dispatchId)},` +
      `"task_uuid":${writeJson(parts.taskUuid)},"step_uuid":${writeJson(parts.stepUuid)},` +
      `"status":"${parts.status}","result":${parts.result ?? 'null'},"error":${parts.error ?? 'null'},` +
      `"checkpoint":${parts.checkpoint ?? 'null'},"events":${parts.events ?? '[]'},` +
      `"metadata":${parts.metadata ?? '{}'},"started_at":${writeJson(parts.startedAt ?? null)},` +
      `"completed_at":"${parts.completedAt}","execution_time_ms":${Math.round(parts.executionTimeMs ?? 0)},` +
      `"worker":${this.worker}}`
    );
  }

  /** No outcome: `why` is the reserved `error_type` of wire protocol section 4. Times in milliseconds. */
  abandoned(
    message: ExecuteMessage,
    why: string,
    text: string,
    now: number,
    more: { startedAt?: number | null; deliveryCount?: number | null } = {},
  ): string {
    const started = more.startedAt ?? null;
    return this.result({
      dispatchId: message.dispatchId,
      taskUuid: message.taskUuid,
      stepUuid: message.stepUuid,
      status: 'abandoned',
      error: errorText({ message: text, errorType: why, retryable: true }),
      metadata: more.deliveryCount == null ? '{}' : `{"delivery_count":${more.deliveryCount}}`,
      startedAt: started === null ? null : timestamp(started),
      completedAt: timestamp(now),
      executionTimeMs: started === null ? 0 : Math.max(0, now - started),
    });
  }

  /** The answer to a message that could not be read; the uuids are unknown. */
  invalid(dispatchId: string | null, errorType: string, detail: string, now: number): string {
    return this.result({
      dispatchId,
      taskUuid: null,
      stepUuid: null,
      status: 'failed',
      error: errorText({ message: detail, errorType, retryable: false }),
      completedAt: timestamp(now),
    });
  }

  heartbeat(
    message: ExecuteMessage,
    state: { startedAt: number | null; sequence: number; detached: boolean; progress: Progress | null },
  ): string {
    return writeJson({
      protocol: PROTOCOL,
      kind: 'step.heartbeat',
      dispatch_id: message.dispatchId,
      task_uuid: message.taskUuid,
      step_uuid: message.stepUuid,
      started_at: state.startedAt === null ? null : timestamp(state.startedAt),
      sequence: state.sequence,
      detached: state.detached,
      progress: state.progress,
      worker: this.identity,
    });
  }

  /** Asks for the next page of dependency results that did not fit into the message. */
  fetch(message: ExecuteMessage, after: string | null): string {
    return writeJson({
      protocol: PROTOCOL,
      kind: 'step.fetch',
      dispatch_id: message.dispatchId,
      task_uuid: message.taskUuid,
      step_uuid: message.stepUuid,
      after,
    });
  }

  /** A `worker.hello`, `worker.heartbeat` or `worker.bye`. */
  workerMessage(kind: string, members: object): string {
    return writeJson({ protocol: PROTOCOL, kind, worker: this.identity, ...members });
  }
}
