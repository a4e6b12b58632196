/** Reading one `step.execute`: only what the worker itself needs is checked; the rest goes to the handler as it is. */
import { parseJson } from '../json/parse.js';
import { isObject } from '../json/value.js';
import type { JsonObject } from '../json/value.js';

const VERSION = /^([0-9]+)\.[0-9]+$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_RESULT_BYTES = 1_048_576;
const HEARTBEAT_INTERVAL_MS = 20_000;
const ACK_DEADLINE_MS = 600_000;

export type UnreadableType = 'invalid_message' | 'unsupported_protocol';

/** A delivery that is no `step.execute` of protocol 1; `errorType` is what the answer carries. */
export class Unreadable extends Error {
  override name = 'Unreadable';
  readonly errorType: UnreadableType;
  /** The word for programs on the dead letter. */
  readonly reason: UnreadableType | 'unknown_kind';
  dispatchId: string | null = null;
  replyTo: string | null = null;

  constructor(errorType: UnreadableType, detail: string, reason: UnreadableType | 'unknown_kind' = errorType) {
    super(detail);
    this.errorType = errorType;
    this.reason = reason;
  }
}

/** A step to run. `task`, `step`, `handler` and `stepDefinition` are the members as received. */
export interface ExecuteMessage {
  dispatchId: string;
  replyTo: string;
  taskUuid: string;
  stepUuid: string;
  stepName: string;
  attempt: number;
  maxAttempts: number;
  timeoutMs: number | null;
  callable: string;
  method: string | null;
  resolver: string | null;
  maxResultBytes: number;
  heartbeatIntervalMs: number;
  ackDeadlineMs: number;
  correlationId: string;
  task: JsonObject;
  step: JsonObject;
  handler: JsonObject;
  stepDefinition: JsonObject;
  dependencyResults: JsonObject;
  dependenciesOmitted: boolean;
  traceHeaders: Record<string, string>;
}

/** Whether a text is a UUID. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Parses and checks a message body. Throws {@link Unreadable}. */
export function parseExecute(body: string | Uint8Array): ExecuteMessage {
  let message: unknown;
  try {
    message = parseJson(body);
  } catch (error) {
    throw new Unreadable('invalid_message', (error as Error).message);
  }
  if (!isObject(message)) throw new Unreadable('invalid_message', `the message is ${kindOf(message)}, not an object`);
  try {
    return read(message);
  } catch (error) {
    if (error instanceof Unreadable) {
      error.dispatchId = textOrNull(message['dispatch_id']);
      error.replyTo = textOrNull(message['reply_to']);
    }
    throw error;
  }
}

function read(message: JsonObject): ExecuteMessage {
  if (message['kind'] !== 'step.execute') {
    const reason = typeof message['kind'] === 'string' ? 'unknown_kind' : 'invalid_message';
    throw new Unreadable('invalid_message', `unknown kind ${shown(message['kind'])}; expected 'step.execute'`, reason);
  }
  checkVersion(message['protocol']);
  const task = object(message, 'task');
  const step = object(message, 'step');
  const handler = object(message, 'handler');
  const limits = objectOrEmpty(message['limits']);
  const timeout = step['timeout_ms'] ?? null;
  const results = message['dependency_results'];
  for (const name of ['name', 'namespace', 'version']) text(task, name, 'task.');
  return {
    dispatchId: uuid(message, 'dispatch_id', ''),
    replyTo: text(message, 'reply_to', ''),
    taskUuid: uuid(task, 'uuid', 'task.'),
    stepUuid: uuid(step, 'uuid', 'step.'),
    stepName: text(step, 'name', 'step.'),
    attempt: positive(step['attempt'], 'step.attempt', 1),
    maxAttempts: positive(step['max_attempts'], 'step.max_attempts', 1),
    timeoutMs: timeout === null ? null : positive(timeout, 'step.timeout_ms', 1),
    callable: text(handler, 'callable', 'handler.'),
    method: optionalText(handler, 'method'),
    resolver: optionalText(handler, 'resolver'),
    maxResultBytes: positive(limits['max_result_bytes'], 'limits.max_result_bytes', MAX_RESULT_BYTES),
    heartbeatIntervalMs: positive(
      limits['heartbeat_interval_ms'], 'limits.heartbeat_interval_ms', HEARTBEAT_INTERVAL_MS,
    ),
    ackDeadlineMs: positive(limits['ack_deadline_ms'], 'limits.ack_deadline_ms', ACK_DEADLINE_MS),
    correlationId: uuid(task, 'correlation_id', 'task.'),
    task,
    step,
    handler,
    stepDefinition: objectOrEmpty(message['step_definition']),
    dependencyResults: objectOrEmpty(results),
    dependenciesOmitted: (message['dependency_results_omitted'] ?? null) !== null,
    traceHeaders: {},
  };
}

function checkVersion(version: unknown): void {
  const match = typeof version === 'string' && !version.endsWith('\n') ? VERSION.exec(version) : null;
  if (match === null) {
    throw new Unreadable('unsupported_protocol', `protocol is ${shown(version)}; expected a version like '1.0'`);
  }
  if (match[1] !== '1') {
    throw new Unreadable('unsupported_protocol', `protocol ${shown(version)} is not supported; this worker speaks 1.x`);
  }
}

function object(message: JsonObject, key: string): JsonObject {
  const value: unknown = message[key];
  if (!isObject(value)) throw new Unreadable('invalid_message', `'${key}' is ${kindOf(value)}, not an object`);
  return value;
}

function objectOrEmpty(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function text(members: JsonObject, key: string, parent: string): string {
  const value: unknown = members[key];
  if (typeof value !== 'string' || value === '') {
    throw new Unreadable('invalid_message', `'${parent}${key}' is ${kindOf(value)}, not a non-empty string`);
  }
  return value;
}

function uuid(members: JsonObject, key: string, parent: string): string {
  const value = text(members, key, parent);
  if (!isUuid(value)) throw new Unreadable('invalid_message', `'${parent}${key}' is ${shown(value)}, not a UUID`);
  return value;
}

function optionalText(members: JsonObject, key: string): string | null {
  const value: unknown = members[key] ?? null;
  if (value !== null && typeof value !== 'string') {
    throw new Unreadable('invalid_message', `'handler.${key}' is ${kindOf(value)}, not a string`);
  }
  return value === '' ? null : value;
}

function positive(value: unknown, name: string, missing: number): number {
  if (value === undefined || value === null) return missing;
  // 1 and 1.0 may be exchanged on the wire. Nothing counted here needs more than 53 bits.
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1) {
    throw new Unreadable('invalid_message', `'${name}' is ${shown(value)}, not a positive integer`);
  }
  return number;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 60)}'`;
  return value === null || typeof value !== 'object' ? String(value) : kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'missing or null';
  if (value === '') return 'an empty string';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
}
