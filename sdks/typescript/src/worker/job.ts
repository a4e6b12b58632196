/** What the worker holds per dispatch, and what passes between it and the broker. Moments are monotonic milliseconds. */
import type { AmqpTable } from '../amqp/fields.js';
import type { MessageProperties } from '../amqp/spec.js';
import type { ExecuteMessage } from '../wire/execute.js';
import type { Progress } from '../wire/outgoing.js';

/**
 * Life of a dispatch inside one worker process:
 * - `waiting`: delivered, no slot yet
 * - `fetching`: has a slot, asks for dependency results that did not fit into the message
 * - `running`: the handler runs in a slot
 * - `parked`: not started, and the connection of its delivery is gone
 * - `answered`: an answer is kept until the broker has confirmed it
 */
export type JobState = 'waiting' | 'fetching' | 'running' | 'parked' | 'answered';

/** Why something is published; decides what a confirm, a return or a nack means. */
export type Purpose = 'answer' | 'dead-letter' | 'detach' | 'heartbeat' | 'fetch' | 'worker';

/** One message as the broker handed it over. `epoch` numbers the connection; an older one is never acked. */
export interface Delivery {
  epoch: number;
  tag: number;
  queue: string;
  consumer: string;
  body: Uint8Array;
  redelivered: boolean;
  deliveryCount: number | null;
  properties: MessageProperties;
}

/** One message to publish, `mandatory` and with a confirm. */
export interface Publication {
  readonly purpose: Purpose;
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: string | Uint8Array;
  readonly type: string;
  messageId: string | null;
  readonly correlationId: string | null;
  readonly replyTo: string | null;
  readonly headers: AmqpTable;
  readonly persistent: boolean;
  /** Of the original, for a dead letter. */
  readonly original: MessageProperties | null;
  readonly job: Job | null;
  inFlight: boolean;
  retryAt: number | null;
}

/** A publication with everything that is not given empty. */
export function publication(
  given: Pick<Publication, 'purpose' | 'routingKey' | 'body' | 'type'> & Partial<Publication>,
): Publication {
  return {
    exchange: '',
    messageId: null,
    correlationId: null,
    replyTo: null,
    headers: {},
    persistent: true,
    original: null,
    job: null,
    inFlight: false,
    retryAt: null,
    ...given,
  };
}

/** A dispatch this process holds. */
export class Job {
  readonly key: string;
  /** Null for a message that could not be read. */
  readonly message: ExecuteMessage | null;
  state: JobState;
  /** Usually one. A second copy on the same living connection is acked together with the first. */
  deliveries: Delivery[];
  hasSlot = false;
  pending: Publication[] = [];
  sequence = 0;
  /** Milliseconds since the epoch. */
  startedWall: number | null = null;
  progress: Progress | null = null;
  detaching: Publication | null = null;
  fetchAfter: string | null = null;
  readonly fetchSeen = new Set<string>();
  fullAt: number | null = null;
  parkedUntil: number | null = null;
  heartbeatAt: number | null = null;
  timeoutAt: number | null = null;
  ackAt: number | null = null;
  fetchAt: number | null = null;

  constructor(key: string, message: ExecuteMessage | null, delivery: Delivery, state: JobState) {
    this.key = key;
    this.message = message;
    this.deliveries = [delivery];
    this.state = state;
  }

  /** Whether no delivery of the dispatch is held any more. */
  get detached(): boolean {
    return this.deliveries.length === 0;
  }

  /** The earliest moment at which this job wants attention. */
  nextDue(): number {
    let due = Infinity;
    for (const moment of [
      this.fullAt, this.parkedUntil, this.heartbeatAt, this.timeoutAt, this.ackAt, this.fetchAt,
    ]) {
      if (moment !== null && moment < due) due = moment;
    }
    for (const { retryAt } of this.pending) {
      if (retryAt !== null && retryAt < due) due = retryAt;
    }
    return due;
  }
}
