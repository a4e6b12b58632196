/** The contract handlers of `protocol/conformance/handlers.json`. Run: `script/build && bin/tasker-worker.js dist/conformance/handlers.js`. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, writeSync } from 'node:fs';

import {
  BasePublisher, BatchableStepHandler, DecisionHandler, PermanentError, PublisherRegistry, RetryableError, StepHandler,
} from '../src/index.js';
import type { StepContext, StepHandlerResult, StepResult } from '../src/index.js';

function trace(context: StepContext): void {
  const path = context.getInput<string>('trace');
  if (path) appendFileSync(path, `${context.event.eventId} ${process.pid}\n`);
}

export class Echo extends StepHandler {
  static override handlerName = 'conformance.echo';

  async call(context: StepContext): Promise<StepHandlerResult> {
    trace(context);
    const names = context.getDependencyResultKeys();
    return this.success({
      context: context.inputData,
      inputs: context.stepInputs,
      config: context.stepConfig,
      dependencies: Object.fromEntries(names.map((name) => [name, context.getDependencyResult(name)])),
      retry_count: context.retryCount,
      max_retries: context.maxRetries,
      is_retry: context.isRetry(),
      is_last_retry: context.isLastRetry(),
      checkpoint: context.checkpoint,
    });
  }
}

type Numeric = number | bigint;

/** Exact while all are integers; a double when one of them is. */
function add(values: Numeric[]): Numeric {
  if (values.every((value) => typeof value === 'bigint' || Number.isInteger(value))) {
    const sum = values.map(BigInt).reduce((total, value) => total + value, 0n);
    return Number.isSafeInteger(Number(sum)) ? Number(sum) : sum;
  }
  return values.map(Number).reduce((total, value) => total + value, 0);
}

export class Add extends StepHandler {
  static override handlerName = 'conformance.add';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const sums = context.getAllDependencyResults<{ sum?: Numeric }>('').map((result) => result.sum);
    const given = [context.getInput<Numeric>('a'), context.getInput<Numeric>('b'), ...sums];
    return this.success({ sum: add(given.filter((value): value is Numeric => value !== undefined)) });
  }
}

export class FailRetryable extends StepHandler {
  static override handlerName = 'conformance.fail_retryable';

  async call(context: StepContext): Promise<StepHandlerResult> {
    throw new RetryableError(context.getInputOr('message', 'try again').repeat(context.getInputOr('times', 1)));
  }
}

export class FailPermanent extends StepHandler {
  static override handlerName = 'conformance.fail_permanent';

  async call(context: StepContext): Promise<StepHandlerResult> {
    throw new PermanentError(context.getInputOr('message', 'never again'));
  }
}

export class FailReturned extends StepHandler {
  static override handlerName = 'conformance.fail_returned';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const { message, error_type, retryable, error_code, metadata } = context.inputData;
    return this.failure(message, error_type, retryable, metadata ?? {}, error_code);
  }
}

export class Raise extends StepHandler {
  static override handlerName = 'conformance.raise';

  async call(context: StepContext): Promise<StepHandlerResult> {
    throw new Error(context.getInput('message'));
  }
}

export class RetryAfter extends StepHandler {
  static override handlerName = 'conformance.retry_after';

  async call(context: StepContext): Promise<StepHandlerResult> {
    throw new RetryableError('later', { retry_after: context.getInput('seconds') });
  }
}

export class Slow extends StepHandler {
  static override handlerName = 'conformance.slow';

  async call(context: StepContext): Promise<StepHandlerResult> {
    trace(context);
    if (context.getInput('progress') === true) context.reportProgress(1, 2, 'half');
    const gate = context.getInput<string>('gate');
    const until = performance.now() + context.getInputOr('milliseconds', 0);
    while (gate ? !existsSync(gate) : performance.now() < until) {
      if (context.getInput('polite') === true) context.throwIfCancelled();
      if (context.getInput('compute') === true) {
        for (let i = 0, end = performance.now() + 10; performance.now() < end; i += 1) Math.sqrt(i);
      } else {
        const wait = gate ? 10 : Math.min(10, Math.max(0, until - performance.now()));
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return this.success({ finished: true, cancelled: context.cancelled });
  }
}

export class Checkpoint extends BatchableStepHandler {
  static override handlerName = 'conformance.checkpoint';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const total = context.getInputOr('total', 0);
    const from: number = context.checkpointCursor ?? 0;
    const upTo = Math.min(total, from + context.getInputOr('portion', 1));
    let sum: number = context.accumulatedResults?.sum ?? 0;
    for (let i = from; i < upTo; i += 1) sum += i;
    if (upTo >= total) return this.success({ sum, items_processed: total });
    const pad = context.getInput<number>('pad');
    return this.checkpointYield(upTo, upTo, pad === undefined ? { sum } : { sum, pad: 'x'.repeat(pad) });
  }
}

export class Decide extends DecisionHandler {
  static override handlerName = 'conformance.decision';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const steps = context.getInputOr<string[]>('steps', []);
    if (steps.length === 0) return this.skipBranches('nothing to choose');
    return this.decisionSuccess(steps, { chosen: steps.length });
  }
}

export class Analyze extends BatchableStepHandler {
  static override handlerName = 'conformance.batch';

  async call(context: StepContext): Promise<StepHandlerResult> {
    return this.batchAnalyzerSuccess(this.createBatchOutcome(context.getInputOr('total', 0), context.getInputOr('size', 1)));
  }
}

export class CountRows extends BatchableStepHandler {
  static override handlerName = 'conformance.batch_worker';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const idle = this.handleNoOpWorker(context);
    if (idle) return idle;
    const batch = this.getBatchContext(context);
    if (!batch) return this.failure('no batch', 'validation_error', false);
    return this.batchWorkerSuccess(batch, {
      result: { batch_id: batch.batchId, rows: batch.endCursor - batch.startCursor },
    });
  }
}

export class BigResult extends StepHandler {
  static override handlerName = 'conformance.big_result';

  async call(context: StepContext): Promise<StepHandlerResult> {
    return this.success({ data: context.getInputOr('text', 'x').repeat(context.getInputOr('times', 1)) });
  }
}

function unserializable(kind: string): unknown {
  const cycle: Record<string, unknown> = {};
  cycle['again'] = cycle;
  let deep: unknown[] = [];
  for (let level = 1; level < 70; level += 1) deep = [deep];
  const values: Record<string, unknown> = {
    nan: NaN, infinity: Infinity, big_integer: 2n ** 64n, lone_surrogate: '\ud83e', nul: '\u0000', deep, cycle,
    object: () => undefined,
  };
  return values[kind];
}

export class Unserializable extends StepHandler {
  static override handlerName = 'conformance.unserializable';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const kind = context.getInputOr('kind', '');
    const value = unserializable(kind);
    return this.success(value === undefined ? { unsupported: kind } : { value });
  }
}

export class Methods extends StepHandler {
  static override handlerName = 'conformance.methods';

  async call(_context: StepContext): Promise<StepHandlerResult> {
    return this.success({ method: 'call' });
  }

  async other(_context: StepContext): Promise<StepHandlerResult> {
    return this.success({ method: 'other' });
  }
}

export class Print extends StepHandler {
  static override handlerName = 'conformance.print';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const text = context.getInputOr('text', '');
    console.log(text);
    process.stdout.write(`${text}\n`);
    writeSync(1, `${text}\n`);
    await new Promise<void>((resolve, reject) => {
      void import('node:child_process').then(({ spawn }) => {
        const child = spawn('sh', ['-c', 'printf "%s\\n" "$0"', text], { stdio: 'inherit' });
        child.on('exit', () => resolve());
        child.on('error', reject);
      });
    });
    return this.success({ printed: text });
  }
}

export class Happened extends StepHandler {
  static override handlerName = 'conformance.event';

  async call(context: StepContext): Promise<StepHandlerResult> {
    const { amount = null, suppress = null, pad = null } = context.inputData;
    return this.success({ amount, suppress, pad });
  }
}

class Publisher extends BasePublisher {
  get publisherName(): string {
    return 'conformance.publisher';
  }

  override shouldPublish(stepResult: StepResult): boolean {
    return stepResult.result.suppress !== true;
  }

  override transformPayload(stepResult: StepResult): unknown {
    const { amount, pad } = stepResult.result;
    const payload = { amount, made_by: this.publisherName };
    return typeof pad === 'number' ? { ...payload, pad: 'x'.repeat(pad) } : payload;
  }
}

if (!PublisherRegistry.instance.isRegistered('conformance.publisher')) {
  PublisherRegistry.instance.register(new Publisher());
}

export class Exit extends StepHandler {
  static override handlerName = 'conformance.exit';

  async call(_context: StepContext): Promise<StepHandlerResult> {
    process.exit(3);
  }
}

export class Crash extends StepHandler {
  static override handlerName = 'conformance.crash';

  async call(context: StepContext): Promise<StepHandlerResult> {
    trace(context);
    process.kill(process.pid, 'SIGKILL');
    spawnSync('sleep', ['5'], {});
    return this.success();
  }
}
