/** Wire protocol 6.9 to 6.11: cancel, time limits, leaving. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Bench } from '../support/machine.js';
import { execute } from '../support/messages.js';

test('a cancel that comes before the delivery is remembered', () => {
  const bench = new Bench();
  const message = execute();
  bench.machine.cancel(message['dispatch_id'], bench.now);
  bench.advance(3000);
  bench.deliver(message);
  assert.deepEqual(bench.started, []);
  assert.deepEqual([bench.last['status'], bench.last['error'].error_type], ['abandoned', 'cancelled']);
});

test('ids are compared without regard to case', () => {
  const bench = new Bench();
  const [running, late] = [execute(), execute()];
  bench.deliver(running);
  bench.machine.cancel(running['dispatch_id'].toUpperCase(), bench.now);
  assert.deepEqual(bench.stops, [[running['dispatch_id'], 'cancelled']]);
  bench.machine.cancel(late['dispatch_id'].toUpperCase(), bench.now);
  bench.deliver(late);
  assert.deepEqual([bench.last['dispatch_id'], bench.last['error'].error_type], [late['dispatch_id'], 'cancelled']);
  // The same dispatch, written otherwise: it runs already.
  bench.deliver({ ...running, dispatch_id: running['dispatch_id'].toUpperCase() });
  assert.equal(bench.started.length, 1);
});

test('a cancel is forgotten after an hour', () => {
  const bench = new Bench();
  const message = execute();
  bench.machine.cancel(message['dispatch_id'], bench.now);
  bench.advance(3601);
  bench.deliver(message);
  assert.equal(bench.started.length, 1);
});

test('cancelling a running step tells it, and its result is still sent', () => {
  const bench = new Bench();
  const message = execute();
  bench.deliver(message);
  bench.machine.cancel(message['dispatch_id'], bench.now);
  assert.deepEqual(bench.stops, [[message['dispatch_id'], 'cancelled']]);
  bench.finish(bench.started[0]);
  assert.equal(bench.last['status'], 'completed');
});

test('cancelling a waiting step answers it', () => {
  const bench = new Bench({ slots: 1, queues: 2 });
  bench.deliver();
  const waiting = execute();
  bench.deliver(waiting);
  bench.machine.cancel(waiting['dispatch_id'], bench.now);
  assert.equal(bench.last['error'].error_type, 'cancelled');
});

test('the time limit asks the handler to stop', () => {
  const bench = new Bench();
  bench.deliver(execute('echo', {}, { step: { timeout_ms: 2500 } }));
  bench.advance(2.4);
  assert.deepEqual(bench.stops, []);
  bench.advance(0.2);
  assert.equal(bench.stops[0]?.[1], 'timeout');
});

test('leaving answers what was not started and waits for the rest', () => {
  const bench = new Bench({ slots: 1, queues: 2 });
  bench.deliver();
  bench.deliver();
  bench.machine.drain(bench.now, 30_000);
  assert.equal(bench.consuming, false);
  assert.deepEqual(bench.answers().map((answer) => answer['error'].error_type), ['worker_shutdown']);
  bench.confirm();
  bench.machine.consumersCancelled();
  assert.equal(bench.drainedCount, 0);
  bench.confirm(bench.finish(bench.started[0]));
  assert.equal(bench.drainedCount, 1);
  assert.equal(bench.acked.length, 2);
});

test('leaving waits for the consumers to be gone', () => {
  const bench = new Bench();
  bench.machine.drain(bench.now, 30_000);
  assert.equal(bench.drainedCount, 0);
  bench.deliver(); // on its way while the cancel travelled
  assert.equal(bench.last['error'].error_type, 'worker_shutdown');
  bench.confirm();
  bench.machine.consumersCancelled();
  assert.equal(bench.drainedCount, 1);
});

test('after the grace period running steps are interrupted and nothing follows', () => {
  const bench = new Bench();
  bench.deliver();
  bench.machine.drain(bench.now, 30_000);
  bench.machine.consumersCancelled();
  bench.advance(29);
  assert.deepEqual(bench.answers(), []);
  bench.advance(1.5);
  const [answer] = bench.answers();
  assert.deepEqual([answer?.['status'], answer?.['error'].error_type], ['abandoned', 'interrupted']);
  assert.notEqual(answer?.['started_at'], null);
  assert.equal(bench.stops[0]?.[1], 'interrupted');
  assert.equal(bench.machine.interrupted, true);
  bench.finish(bench.started[0]);
  assert.equal(bench.answers().length, 1);
  bench.confirm();
  assert.equal(bench.drainedCount, 1);
});

test('with the broker away it gives up ten seconds after the grace period', () => {
  const bench = new Bench();
  bench.deliver();
  bench.consumerDown();
  bench.machine.publisherDown(bench.now);
  bench.machine.drain(bench.now, 5000);
  const result = bench.finish(bench.started[0]);
  bench.advance(14.9);
  assert.equal(bench.unsent, null);
  bench.advance(0.2);
  assert.deepEqual(bench.unsent, [result]);
});

test('nothing is consumed again after the stop', () => {
  const bench = new Bench();
  bench.deliver();
  bench.machine.drain(bench.now, 30_000);
  bench.consumerDown();
  bench.machine.publisherDown(bench.now);
  bench.machine.publisherUp(bench.now);
  bench.consumerUp();
  assert.equal(bench.consuming, false);
});

test('an idle worker without a broker leaves at once', () => {
  const bench = new Bench({ connected: false });
  bench.machine.drain(bench.now, 30_000);
  assert.equal(bench.drainedCount, 1);
});

test('running steps and totals are shown in the worker heartbeat', () => {
  const bench = new Bench();
  const message = execute();
  bench.deliver(message);
  const [entry] = bench.machine.running();
  assert.deepEqual([entry?.dispatch_id, entry?.step_uuid], [message['dispatch_id'], message['step'].uuid]);
  bench.finish(bench.started[0], 'failed');
  assert.deepEqual(bench.machine.running(), []);
  assert.deepEqual([bench.machine.processedTotal, bench.machine.failedTotal], [1, 1]);
});
