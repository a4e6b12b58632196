/** Wire protocol 6.3 to 6.6: slots, confirms, returned and nacked answers, blocked publishers, early acks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Publication } from '../../src/worker/job.js';
import { Bench } from '../support/machine.js';
import { execute } from '../support/messages.js';

const limits = (values: object): ReturnType<typeof execute> => execute('echo', {}, { limits: values });

test('a slot is free when the result is confirmed, not when the handler returns', () => {
  const bench = new Bench({ slots: 1 });
  bench.deliver();
  const result = bench.finish(bench.started[0]);
  assert.equal(bench.machine.slotsUsed, 1);
  bench.confirm(result);
  assert.equal(bench.machine.slotsUsed, 0);
});

test('waiting one second for a slot means full', () => {
  const bench = new Bench({ slots: 1 });
  bench.deliver(limits({ ack_deadline_ms: 5000 }));
  bench.advance(5);
  bench.confirm(); // the early ack: its credit is free, its slot is not
  bench.machine.tick(bench.now);
  const waiting = bench.deliver();
  assert.equal(bench.started.length, 1);
  bench.advance(0.9);
  assert.deepEqual(bench.answers(), []);
  bench.advance(0.2);
  assert.deepEqual(bench.answers().map((answer) => answer['error'].error_type), ['worker_busy']);
  assert.equal(bench.consuming, false);
  bench.confirm();
  assert.equal(bench.acked.at(-1), waiting);
  assert.equal(bench.consuming, false);
  bench.confirm(bench.finish(bench.started[0]));
  assert.equal(bench.consuming, true);
});

test('a waiting delivery starts when a slot becomes free in time', () => {
  const bench = new Bench({ slots: 1, queues: 2 });
  bench.deliver();
  bench.deliver();
  const result = bench.finish(bench.started[0]);
  bench.advance(0.5);
  bench.confirm(result);
  assert.equal(bench.started.length, 2);
  bench.advance(2);
  assert.equal(bench.consuming, true);
});

test('slots are a hard limit over several queues', () => {
  const bench = new Bench({ slots: 2, queues: 3 });
  for (let count = 0; count < 6; count += 1) bench.deliver();
  assert.equal(bench.started.length, 2);
});

test('a returned result is repeated every 5 seconds and holds up nobody', () => {
  const bench = new Bench({ slots: 2 });
  bench.deliver();
  const result = bench.finish(bench.started[0]);
  bench.machine.returned(result, bench.now);
  bench.advance(4.9);
  assert.equal(bench.count(result), 1);
  bench.advance(0.2);
  assert.equal(bench.count(result), 2);
  assert.deepEqual(bench.acked, []);
  const other = bench.deliver();
  bench.confirm(bench.finish(bench.started[1]));
  assert.deepEqual(bench.acked, [other]);
  bench.confirm(result);
  assert.equal(bench.acked.length, 2);
});

test('a nacked result is repeated after half a second', () => {
  const bench = new Bench();
  bench.deliver();
  const result = bench.finish(bench.started[0]);
  bench.machine.nacked(result, bench.now);
  bench.advance(0.4);
  assert.equal(bench.count(result), 1);
  bench.advance(0.2);
  assert.equal(bench.count(result), 2);
});

test('kept results are published again under the same dispatch after a reconnect', () => {
  const bench = new Bench();
  bench.deliver();
  const result = bench.finish(bench.started[0]);
  bench.machine.publisherDown(bench.now);
  bench.machine.publisherUp(bench.now);
  assert.equal(bench.count(result), 2);
  bench.confirm(result);
  assert.equal(bench.acked.length, 1);
});

test('a result that ends without a publisher is sent when there is one', () => {
  const bench = new Bench();
  bench.deliver();
  bench.machine.publisherDown(bench.now);
  const result = bench.finish(bench.started[0]);
  assert.deepEqual(bench.answers(), []);
  bench.machine.publisherUp(bench.now);
  assert.equal(bench.sent.at(-1), result);
});

test('a publisher away for 5 seconds stops the consumers until it is back', () => {
  const bench = new Bench();
  bench.machine.publisherDown(bench.now);
  bench.advance(4.9);
  assert.equal(bench.consuming, true);
  bench.advance(0.2);
  assert.equal(bench.consuming, false);
  bench.machine.publisherUp(bench.now);
  assert.equal(bench.consuming, true);
});

test('a blocked publisher does too, and no heartbeats pile up', () => {
  const bench = new Bench();
  bench.deliver(limits({ heartbeat_interval_ms: 2000 }));
  bench.machine.blocked(bench.now);
  bench.advance(30);
  assert.equal(bench.consuming, false);
  assert.deepEqual(bench.heartbeats(), []);
  bench.machine.unblocked(bench.now);
  assert.equal(bench.consuming, true);
  assert.equal(bench.heartbeats().length, 1);
});

test('a short block changes nothing', () => {
  const bench = new Bench();
  bench.machine.blocked(bench.now);
  bench.advance(3);
  bench.machine.unblocked(bench.now);
  bench.advance(10);
  assert.deepEqual(bench.consumerChanges, ['start']);
});

test('nothing is consumed before answers can be published', () => {
  const bench = new Bench({ connected: false });
  bench.consumerUp();
  assert.deepEqual(bench.consumerChanges, []);
  bench.machine.publisherUp(bench.now);
  assert.equal(bench.consuming, true);
});

test('at the ack deadline the step says so, acks and runs on in its slot', () => {
  const bench = new Bench({ slots: 1 });
  const tag = bench.deliver(limits({ ack_deadline_ms: 10_000 }));
  bench.advance(10);
  const detach = bench.sent.at(-1) as Publication;
  assert.deepEqual([detach.purpose, detach.persistent], ['detach', true]);
  assert.equal(bench.last['detached'], true);
  assert.equal(bench.consuming, false); // every slot is busy and the ack would free credit
  assert.deepEqual(bench.acked, []);
  bench.confirm(detach);
  assert.deepEqual(bench.acked, [tag]);
  assert.equal(bench.machine.slotsUsed, 1);
  bench.advance(20);
  assert.equal(bench.last['detached'], true);
  bench.confirm(bench.finish(bench.started[0]));
  assert.deepEqual(bench.acked, [tag]);
  assert.equal(bench.consuming, true);
});

test('the consumer stays when a slot is free at the ack deadline', () => {
  const bench = new Bench({ slots: 2 });
  bench.deliver(limits({ ack_deadline_ms: 10_000 }));
  bench.advance(10);
  assert.equal(bench.consuming, true);
});

test('an early ack that is not confirmed is tried again', () => {
  const bench = new Bench({ slots: 2 });
  const tag = bench.deliver(limits({ ack_deadline_ms: 3000 }));
  bench.advance(3);
  bench.machine.nacked(bench.sent.at(-1) as Publication, bench.now);
  bench.advance(0.6);
  assert.equal(bench.sent.at(-1)?.purpose, 'detach');
  bench.confirm();
  assert.deepEqual(bench.acked, [tag]);
});

test('a confirmed early ack of a lost connection acks nothing', () => {
  const bench = new Bench();
  const message = limits({ ack_deadline_ms: 3000 });
  bench.deliver(message);
  bench.advance(3);
  const detach = bench.sent.at(-1) as Publication;
  bench.consumerDown();
  bench.consumerUp();
  bench.confirm(detach);
  assert.deepEqual(bench.acked, []);
  assert.equal(bench.machine.jobs.get(message['dispatch_id'])?.state, 'running');
});

test('answers to steps never run are bounded', () => {
  const bench = new Bench({ slots: 2 });
  for (let count = 0; count < 50 && bench.consuming; count += 1) bench.deliver(execute(), { redelivered: true });
  assert.equal(bench.consuming, false);
  assert.ok(bench.machine.jobs.size <= 8);
  for (const message of [...bench.sent]) bench.confirm(message);
  assert.equal(bench.consuming, true);
});

test('a default time limit holds for steps without one', () => {
  const bench = new Bench();
  bench.deliver(execute('echo', {}, { step: { timeout_ms: null } }));
  bench.advance(3600);
  assert.deepEqual(bench.stops, []);
});
