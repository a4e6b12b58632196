/** Names of queues, exchanges and message types; the arguments every declaration must use. */
export const PROTOCOL = '1.0';

export const TYPE_RESULT = 'tasker.step.result.v1';
export const TYPE_HEARTBEAT = 'tasker.step.heartbeat.v1';
export const TYPE_FETCH = 'tasker.step.fetch.v1';
export const TYPE_HELLO = 'tasker.worker.hello.v1';
export const TYPE_WORKER_HEARTBEAT = 'tasker.worker.heartbeat.v1';
export const TYPE_BYE = 'tasker.worker.bye.v1';

const QUEUE = /^[A-Za-z0-9_.:@/#-]{1,128}$/;
const PREFIX = /^[a-z][a-z0-9_-]{0,31}$/;

/** Whether `name` may stand after `<prefix>.steps.`. */
export function isQueueName(name: string): boolean {
  return QUEUE.test(name) && !name.endsWith('\n');
}

/** Whether `name` may begin every queue and exchange. */
export function isPrefix(name: string): boolean {
  return PREFIX.test(name) && !name.endsWith('\n');
}

export type QueueType = 'quorum' | 'classic';

/** What a worker declares and publishes to, for one prefix and one queue type. */
export class Topology {
  readonly prefix: string;
  readonly queueType: QueueType;

  constructor(prefix = 'tasker', queueType: QueueType = 'quorum') {
    this.prefix = prefix;
    this.queueType = queueType;
  }

  steps(queue: string): string {
    return `${this.prefix}.steps.${queue}`;
  }

  get workers(): string {
    return `${this.prefix}.workers`;
  }

  get control(): string {
    return `${this.prefix}.control`;
  }

  get dead(): string {
    return `${this.prefix}.dead`;
  }

  get stepArguments(): Record<string, string | number> {
    const given: Record<string, string | number> = {
      'x-queue-type': this.queueType,
      'x-dead-letter-exchange': this.dead,
    };
    if (this.queueType === 'quorum') given['x-delivery-limit'] = 20;
    return given;
  }

  get deadArguments(): Record<string, string | number> {
    return { 'x-queue-type': this.queueType, 'x-max-length': 100_000 };
  }
}
