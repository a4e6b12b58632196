/** Settings of a worker: flags, then `TASKER_*`, then defaults; every problem is reported at once. */
import { hostname } from 'node:os';

import { AmqpTrustError } from '../amqp/errors.js';
import { tlsOptions } from '../amqp/trust.js';
import { AmqpUrlError, parseAmqpUrl } from '../amqp/url.js';
import { isPrefix, isQueueName, Topology } from '../wire/names.js';
import type { QueueType } from '../wire/names.js';
import { LOG_LEVELS } from './log.js';
import type { LogLevel } from './log.js';

const DEFAULT_URL = 'amqp://guest:guest@localhost:5672/%2F';
const DEFAULT_SLOTS = 10;
const DEFAULT_GRACE_SECONDS = 30;
const MOST_SLOTS = 65_535; // basic.qos carries 16 bits

/** Settings are wrong; the message lists all of them with the remedy, one a line. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

/** Checked settings. */
export interface WorkerSettings {
  amqpUrl: string;
  queuePrefix: string;
  queueType: QueueType;
  namespaces: string[];
  queues: string[];
  slots: number;
  /** What running handlers get when the worker is told to stop. */
  graceMs: number;
  /** Time limit of steps whose message sets none; null = none. */
  defaultTimeoutMs: number | null;
  workerId: string | null;
  hostname: string;
  anyHandler: boolean;
  logLevel: LogLevel;
}

/** What the caller asks for; the rest comes from the environment. */
export interface WantedSettings {
  amqpUrl?: string | undefined;
  namespaces?: string[];
  queues?: string[];
  slots?: number | string | undefined;
  graceSeconds?: number | undefined;
  defaultTimeoutMs?: number | null | undefined;
  workerId?: string | undefined;
  anyHandler?: boolean | undefined;
  logLevel?: string | undefined;
}

export function topologyOf(settings: WorkerSettings): Topology {
  return new Topology(settings.queuePrefix, settings.queueType);
}

/** Combines and checks settings. Throws {@link SettingsError} that lists everything to correct. */
export function readSettings(
  wanted: WantedSettings = {},
  environment: Record<string, string | undefined> = process.env,
): WorkerSettings {
  const problems: string[] = [];
  const fail = (text: string): void => {
    problems.push(text);
  };
  const given = (name: string): string | undefined => environment[name] || undefined;

  const amqpUrl = wanted.amqpUrl || given('TASKER_AMQP_URL') || given('RABBITMQ_URL') || DEFAULT_URL;
  checkUrl(amqpUrl, fail);
  const queuePrefix = given('TASKER_QUEUE_PREFIX') ?? 'tasker';
  if (!isPrefix(queuePrefix)) {
    fail(`TASKER_QUEUE_PREFIX is '${queuePrefix}': use a lower-case letter, then up to 31 of a-z 0-9 _ -`);
  }
  const queueType = given('TASKER_QUEUE_TYPE') ?? 'quorum';
  if (queueType !== 'quorum' && queueType !== 'classic') {
    fail(`TASKER_QUEUE_TYPE is '${queueType}': use 'quorum' or 'classic'`);
  }
  const named = unique([...(wanted.namespaces ?? []), ...splitList(given('TASKER_NAMESPACE'))]);
  const namespaces = named.length > 0 ? named : ['default'];
  let queues = unique(wanted.queues ?? []);
  if (queues.length === 0) queues = unique(splitList(given('TASKER_QUEUE')));
  if (queues.length === 0) {
    if (namespaces.length > 1) {
      fail(
        `several namespaces (${namespaces.join(', ')}) and no queue: name the queue of this fleet with --queue or ` +
          'TASKER_QUEUE',
      );
    }
    queues = [namespaces[0] as string];
  }
  for (const queue of queues) {
    if (!isQueueName(queue)) fail(`queue '${queue}' is not usable: 1-128 characters of A-Z a-z 0-9 _ . : @ / # -`);
  }
  const slots = number(
    wanted.slots || given('TASKER_SLOTS') || given('TASKER_MAX_CONCURRENT_HANDLERS') || DEFAULT_SLOTS,
    'slots (--slots, TASKER_SLOTS)', 1, MOST_SLOTS, true, fail,
  );
  const grace = number(
    wanted.graceSeconds ?? given('TASKER_GRACE_SECONDS') ?? DEFAULT_GRACE_SECONDS,
    'TASKER_GRACE_SECONDS', 0, 86_400, false, fail,
  );
  const level = (wanted.logLevel || given('TASKER_LOG_LEVEL') || plainLevel(given('RUST_LOG')) || 'info').toLowerCase();
  const logLevel = level === 'warning' ? 'warn' : level;
  if (!isLevel(logLevel)) fail(`log level '${level}' is unknown: use ${LOG_LEVELS.join(', ')}`);
  if (problems.length > 0) throw new SettingsError(problems.join('\n'));
  return {
    amqpUrl,
    queuePrefix,
    queueType: queueType as QueueType,
    namespaces,
    queues,
    slots,
    graceMs: grace * 1000,
    defaultTimeoutMs: wanted.defaultTimeoutMs ?? null,
    workerId: wanted.workerId || null,
    hostname: given('HOSTNAME') ?? hostname(),
    anyHandler: wanted.anyHandler ?? false,
    logLevel: logLevel as LogLevel,
  };
}

export function splitList(text: string | undefined): string[] {
  return (text ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '');
}

function unique(names: string[]): string[] {
  return [...new Set(names.filter((name) => name !== ''))];
}

function isLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

/** RUST_LOG counts only when it is one word; filters like `tasker=debug` are somebody else's. */
function plainLevel(text: string | undefined): string | undefined {
  return text !== undefined && isLevel(text.toLowerCase()) ? text : undefined;
}

function checkUrl(url: string, fail: (text: string) => void): void {
  try {
    const address = parseAmqpUrl(url);
    if (address.tls) tlsOptions(address);
  } catch (error) {
    if (error instanceof AmqpTrustError) {
      fail(`${error.message}; correct the AMQP URL in --amqp or TASKER_AMQP_URL`);
      return;
    }
    if (!(error instanceof AmqpUrlError)) throw error;
    fail(
      `the AMQP URL cannot be used: ${error.message}; write amqp://user:password@host:5672/vhost (or amqps://...) in ` +
        '--amqp or TASKER_AMQP_URL',
    );
  }
}

function number(
  value: number | string, name: string, least: number, most: number, whole: boolean, fail: (text: string) => void,
): number {
  const result = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isNaN(result) || result < least || result > most || (whole && !Number.isInteger(result))) {
    fail(`${name} is '${value}': use ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}`);
    return least;
  }
  return result;
}
