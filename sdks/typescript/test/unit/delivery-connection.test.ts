/** Wire protocol 5 and 6.7: heartbeats, lost connections, parked deliveries; section 3: the claim-check. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Job } from '../../src/worker/job.js';
import { Bench, decoded } from '../support/machine.js';
import { execute } from '../support/messages.js';

const OMITTED = { dependency_results_omitted: { count: 3, bytes: 9_000_000 } };

test('a short step costs no heartbeat', () => {
  const bench = new Bench();
  bench.deliver();
  bench.advance(0.9);
  bench.confirm(bench.finish(bench.started[0]));
  bench.advance(100);
  assert.deepEqual(bench.heartbeats(), []);
});

test('the first heartbeat after a second, then one per interval', () => {
  const bench = new Bench();
  bench.deliver(execute('echo', {}, { limits: { heartbeat_interval_ms: 20_000 } }));
  bench.advance(1);
  assert.deepEqual(bench.heartbeats().map((beat) => beat['sequence']), [1]);
  assert.equal(bench.heartbeats()[0]?.['detached'], false);
  assert.equal(bench.sent.at(-1)?.persistent, false);
  bench.advance(40);
  assert.deepEqual(bench.heartbeats().map((beat) => beat['sequence']), [1, 2, 3]);
});

test('progress travels with the next heartbeat', () => {
  const bench = new Bench();
  bench.deliver();
  bench.machine.progressed(bench.started[0] as Job, { done: 3, total: 10, message: 'rows' });
  bench.advance(1);
  assert.deepEqual(bench.last['progress'], { done: 3, total: 10, message: 'rows' });
});

test('a lost delivery is reported at once and after the reconnect', () => {
  const bench = new Bench();
  const message = execute();
  bench.deliver(message);
  bench.consumerDown();
  assert.equal(bench.last['kind'], 'step.heartbeat');
  assert.equal(bench.last['detached'], true);
  bench.consumerUp();
  assert.equal(bench.last['detached'], true);
  bench.deliver(message, { redelivered: true });
  bench.advance(25);
  assert.equal(bench.last['detached'], false);
});

test('only one heartbeat per step is sent after a long outage', () => {
  const bench = new Bench();
  bench.deliver(execute('echo', {}, { limits: { heartbeat_interval_ms: 1000 } }));
  bench.consumerDown();
  bench.machine.publisherDown(bench.now);
  const before = bench.sent.length;
  bench.advance(60);
  bench.machine.publisherUp(bench.now);
  assert.equal(bench.sent.length - before, 1);
});

test('a running step survives an outage and its result is sent', () => {
  const bench = new Bench();
  bench.deliver();
  bench.consumerDown();
  bench.machine.publisherDown(bench.now);
  const result = bench.finish(bench.started[0]);
  bench.advance(300);
  bench.machine.publisherUp(bench.now);
  bench.consumerUp();
  assert.equal(bench.count(result), 1);
  bench.confirm(result);
  assert.equal(bench.machine.jobs.size, 0);
  assert.deepEqual(bench.acked, []);
});

test('a parked delivery is adopted by its own redelivery', () => {
  const bench = new Bench({ slots: 1, queues: 2 });
  bench.deliver();
  const waiting = execute();
  bench.deliver(waiting);
  const result = bench.finish(bench.started[0]);
  bench.consumerDown();
  assert.equal(bench.machine.jobs.get(waiting['dispatch_id'])?.state, 'parked');
  bench.confirm(result);
  bench.advance(9);
  bench.consumerUp();
  const tag = bench.deliver(waiting, { redelivered: true, deliveryCount: 1 });
  assert.equal(bench.started.length, 2);
  bench.confirm(bench.finish(bench.started[1]));
  assert.deepEqual(bench.acked, [tag]);
});

test('a parked delivery is forgotten after ten seconds', () => {
  const bench = new Bench({ slots: 1, queues: 2 });
  bench.deliver();
  const waiting = execute();
  bench.deliver(waiting);
  bench.consumerDown();
  bench.advance(10.1);
  assert.equal(bench.machine.jobs.has(waiting['dispatch_id']), false);
  bench.consumerUp();
  bench.deliver(waiting, { redelivered: true });
  assert.equal(bench.last['error'].error_type, 'redelivered');
});

test('pages of omitted results are fetched before the handler starts', () => {
  const bench = new Bench();
  const message = execute('echo', {}, OMITTED);
  bench.deliver(message);
  assert.deepEqual(bench.started, []);
  const question = bench.sent.at(-1);
  assert.deepEqual([question?.purpose, question?.routingKey, question?.replyTo], ['fetch', 'tasker.results.0', 'own-queue']);
  assert.deepEqual([bench.last['kind'], bench.last['after']], ['step.fetch', null]);
  const page = { kind: 'step.dependencies', dispatch_id: message['dispatch_id'] };
  bench.machine.dependencies({ ...page, dependency_results: { a: { result: 1 } }, next: 'a' }, bench.now);
  assert.equal(bench.last['after'], 'a');
  bench.machine.dependencies({ ...page, dependency_results: { b: { result: 2 } }, next: null }, bench.now);
  const job = bench.started[0] as unknown as Job;
  assert.deepEqual(job.message?.dependencyResults, { a: { result: 1 }, b: { result: 2 } });
});

test('an unanswered question is repeated and a repeated answer does no harm', () => {
  const bench = new Bench();
  const message = execute('echo', {}, OMITTED);
  bench.deliver(message);
  bench.advance(5.1);
  const asked = (): unknown[] => bench.sent.filter(({ purpose }) => purpose === 'fetch').map((sent) => decoded(sent)['after']);
  assert.deepEqual(asked(), [null, null]);
  const page = { dispatch_id: message['dispatch_id'], dependency_results: { a: {} }, next: 'a' };
  bench.machine.dependencies(page, bench.now);
  bench.machine.dependencies(page, bench.now);
  assert.deepEqual(asked(), [null, null, 'a']);
});

test('a dispatch that is gone is acked and answered with nothing', () => {
  const bench = new Bench({ slots: 1 });
  const message = execute('echo', {}, OMITTED);
  const tag = bench.deliver(message);
  bench.machine.dependencies({ dispatch_id: message['dispatch_id'], gone: true }, bench.now);
  assert.deepEqual(bench.acked, [tag]);
  assert.deepEqual(bench.answers(), []);
  assert.equal(bench.machine.slotsUsed, 0);
});

test('fetching is not started yet', () => {
  const bench = new Bench({ slots: 1 });
  const message = execute('echo', {}, OMITTED);
  bench.deliver(message);
  bench.machine.cancel(message['dispatch_id'], bench.now);
  assert.equal(bench.last['error'].error_type, 'cancelled');
  assert.equal(bench.machine.slotsUsed, 0);
  const lost = execute('echo', {}, OMITTED);
  bench.deliver(lost);
  bench.consumerDown();
  assert.equal(bench.machine.jobs.get(lost['dispatch_id'])?.state, 'parked');
  assert.equal(bench.machine.slotsUsed, 0);
});
