/** A worker inside an application. */
import assert from 'node:assert/strict';

import { StepHandler, WorkerServer } from '../../src/index.js';
import type { StepContext, StepHandlerResult } from '../../src/index.js';
import { BaseSubscriber, bootstrapWorker, getWorkerStatus, healthCheck, InProcessDomainEventPoller, isWorkerRunning, stopWorker } from '../../src/index.js';
import type { DomainEvent } from '../../src/index.js';
import { brokerTest } from '../support/fixture.js';
import { execute } from '../support/messages.js';
import { eventually } from '../support/waiting.js';

class Late extends StepHandler {
  static handlerName = 'late';

  async call(context: StepContext): Promise<StepHandlerResult> {
    return this.success({ n: context.getInput('n') ?? null });
  }
}

async function withEnvironment(values: Record<string, string>, body: () => Promise<void>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, values);
  try {
    await body();
  } finally {
    for (const name of Object.keys(values)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

brokerTest('handlers registered after the start are announced and called; events reach subscribers', {}, ({ desk }) =>
  withEnvironment(desk.environment, async () => {
    const seen: DomainEvent[] = [];
    class Listener extends BaseSubscriber {
      static subscribesTo(): string[] {
        return ['late.*'];
      }
      handle(event: DomainEvent): void {
        seen.push(event);
      }
    }
    const poller = new InProcessDomainEventPoller();
    poller.start();
    new Listener().start(poller);
    const server = new WorkerServer();
    assert.equal(server.getState(), 'initialized');
    await server.start({ namespace: 'default', logLevel: 'error' });
    assert.deepEqual((await desk.nextOf('worker.hello', desk.names.workers))['handlers'], []);
    server.getHandlerSystem().register(Late.handlerName, Late);
    const hello = await desk.nextOf('worker.hello', desk.names.workers);
    assert.deepEqual(hello['handlers'].map(({ callable }: { callable: string }) => callable), ['late', 'Late']);
    await server.ready();
    assert.equal(server.healthCheck().healthy, true);
    await desk.send(execute('late', { n: 1 }, {
      step_definition: { publishes_events: [{ name: 'late.done', delivery_mode: 'fast' }, { name: 'other', delivery_mode: 'fast' }] },
    }));
    assert.deepEqual((await desk.result())['result'], { n: 1 });
    await eventually(() => seen.length === 1, 'the event');
    assert.deepEqual([seen[0]?.eventName, seen[0]?.payload], ['late.done', { n: 1 }]);
    assert.deepEqual([server.status().processedCount, server.status().errorCount], [1, 0]);
    const stopped: string[] = [];
    server.onShutdown(() => {
      stopped.push('stopped');
    });
    await server.shutdown();
    assert.deepEqual([server.getState(), stopped], ['stopped', ['stopped']]);
    poller.stop();
  }));

brokerTest('one worker per process by plain functions', {}, ({ desk }) =>
  withEnvironment(desk.environment, async () => {
    assert.equal(getWorkerStatus().running, false);
    assert.equal(healthCheck().healthy, false);
    assert.equal((await stopWorker()).status, 'not_running');
    const failed = await bootstrapWorker({ maxConcurrentHandlers: -1 });
    assert.equal(failed.success, false);
    assert.match(failed.error ?? '', /slots/);
    assert.equal((await bootstrapWorker({ logLevel: 'error' })).status, 'started');
    assert.equal((await bootstrapWorker()).status, 'already_running');
    assert.equal(isWorkerRunning(), true);
    await desk.nextOf('worker.hello', desk.names.workers);
    assert.equal((await stopWorker()).status, 'stopped');
    assert.equal(isWorkerRunning(), false);
  }));
