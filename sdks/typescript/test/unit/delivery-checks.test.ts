/** Wire protocol 6.1 and 6.2: the order of the checks, and that nothing delivered before is ever run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { JsonObject } from '../../src/json/value.js';
import type { Publication } from '../../src/worker/job.js';
import { Bench, decoded } from '../support/machine.js';
import type { DeliveryFlags } from '../support/machine.js';
import { body, execute } from '../support/messages.js';

const MESSAGE_ID = '01890a5d-ac96-774b-bcce-b302099a8057';

test('a step runs and is acked after its result is confirmed', () => {
  const bench = new Bench();
  const tag = bench.deliver();
  const result = bench.finish(bench.started[0]);
  assert.deepEqual(bench.acked, []);
  bench.confirm(result);
  assert.deepEqual(bench.acked, [tag]);
  assert.equal(bench.machine.jobs.size, 0);
  assert.deepEqual([result.routingKey, result.persistent, result.type], ['tasker.results.0', true, 'tasker.step.result.v1']);
  assert.equal(result.messageId, decoded(result)['dispatch_id']);
});

const BEFORE: DeliveryFlags[] = [{ redelivered: true }, { deliveryCount: 1 }, { redelivered: true, deliveryCount: 7 }];
for (const flags of BEFORE) {
  test(`what was delivered before is answered and never run: ${JSON.stringify(flags)}`, () => {
    const bench = new Bench();
    const tag = bench.deliver(execute(), flags);
    assert.deepEqual(bench.started, []);
    assert.equal(bench.last['status'], 'abandoned');
    assert.equal(bench.last['error'].error_type, 'redelivered');
    assert.equal(bench.last['metadata'].delivery_count, flags.deliveryCount);
    assert.deepEqual([bench.last['started_at'], bench.last['execution_time_ms']], [null, 0]);
    bench.confirm();
    assert.deepEqual(bench.acked, [tag]);
  });
}

test('a delivery count of zero is a first delivery', () => {
  const bench = new Bench();
  bench.deliver(execute(), { deliveryCount: 0 });
  assert.equal(bench.started.length, 1);
});

test('a redelivery of a running step is adopted and answered once', () => {
  const bench = new Bench();
  const message = execute();
  bench.deliver(message);
  bench.consumerDown();
  bench.consumerUp();
  const second = bench.deliver(message, { redelivered: true, deliveryCount: 1 });
  assert.equal(bench.started.length, 1);
  bench.confirm(bench.finish(bench.started[0]));
  assert.deepEqual(bench.acked, [second]);
  assert.deepEqual(bench.answers().map((answer) => answer['status']), ['completed']);
});

test('a redelivery is adopted while the result is unconfirmed', () => {
  const bench = new Bench();
  const message = execute();
  bench.deliver(message);
  const result = bench.finish(bench.started[0]);
  bench.consumerDown();
  bench.consumerUp();
  const second = bench.deliver(message, { redelivered: true });
  bench.confirm(result);
  assert.deepEqual(bench.acked, [second]);
  assert.equal(bench.answers().length, 1);
});

test('two copies on one connection are both acked', () => {
  const bench = new Bench();
  const message = execute();
  const tags = [bench.deliver(message), bench.deliver(message)];
  assert.equal(bench.started.length, 1);
  bench.confirm(bench.finish(bench.started[0]));
  assert.deepEqual(bench.acked, tags);
});

test('a redelivery of an answered step is acked and dropped', () => {
  const bench = new Bench();
  const message = execute();
  bench.deliver(message);
  bench.confirm(bench.finish(bench.started[0]));
  const sent = bench.sent.length;
  const again = bench.deliver(message, { redelivered: true });
  assert.equal(bench.acked.at(-1), again);
  assert.equal(bench.sent.length, sent);
});

test('only the last 10 000 answers are remembered', () => {
  const bench = new Bench({ slots: 1 });
  const first = execute();
  bench.deliver(first);
  bench.confirm(bench.finish(bench.started.at(-1)));
  for (let count = 0; count < 10_000; count += 1) {
    bench.deliver();
    bench.confirm(bench.finish(bench.started.at(-1)));
  }
  bench.deliver(first, { redelivered: true });
  assert.equal(bench.last['error'].error_type, 'redelivered');
});

test('an unknown handler is abandoned without being started', () => {
  const bench = new Bench();
  bench.unknownHandlers.add('Missing');
  bench.deliver(execute('Missing'));
  assert.equal(bench.last['status'], 'abandoned');
  assert.equal(bench.last['error'].error_type, 'handler_not_found');
  assert.match(bench.last['error'].message, /Missing/);
});

const UNREADABLE: Array<[name: string, raw: Uint8Array, errorType: string, reason?: string]> = [
  ['not JSON', Buffer.from('not json'), 'invalid_message'],
  ['not UTF-8', Buffer.from([0xff, 0xfe]), 'invalid_message'],
  ['an array', Buffer.from('[1]'), 'invalid_message'],
  ['too deep', Buffer.from('['.repeat(100_000)), 'invalid_message'],
  ['NaN', Buffer.from('{"protocol":"1.0","kind":"step.execute","x":NaN}'), 'invalid_message'],
  ['another kind', body(execute('a', {}, { kind: 'step.other' })), 'invalid_message', 'unknown_kind'],
  ['major version 2', body(execute('a', {}, { protocol: '2.0' })), 'unsupported_protocol'],
  ['no version', body(execute('a', {}, { protocol: null })), 'unsupported_protocol'],
  ['half a version', body(execute('a', {}, { protocol: '1' })), 'unsupported_protocol'],
  ['no step', body({ ...execute(), step: null }), 'invalid_message'],
  ['a text as handler', body({ ...execute(), handler: 'echo' }), 'invalid_message'],
];
for (const [name, raw, errorType, reason = errorType] of UNREADABLE) {
  test(`unreadable messages are dead-lettered, answered, and acked after both confirms: ${name}`, () => {
    const bench = new Bench();
    const tag = bench.deliver(raw, { messageId: MESSAGE_ID, replyTo: 'tasker.results.7', redelivered: true });
    const [dead, answer] = bench.sent as [Publication, Publication];
    assert.deepEqual([dead.purpose, dead.exchange, dead.body], ['dead-letter', 'tasker.dead', raw]);
    assert.equal(dead.headers['x-tasker-reason'], reason);
    assert.equal(dead.headers['x-tasker-origin'], 'tasker.steps.default');
    assert.ok(dead.headers['x-tasker-detail']);
    const sent: JsonObject = decoded(answer);
    assert.equal(answer.routingKey, 'tasker.results.7');
    assert.deepEqual([sent['dispatch_id'], sent['task_uuid'], sent['step_uuid']], [MESSAGE_ID, null, null]);
    assert.deepEqual([sent['status'], sent['error'].error_type, sent['error'].retryable], ['failed', errorType, false]);
    bench.confirm(dead);
    assert.deepEqual(bench.acked, []);
    bench.confirm(answer);
    assert.deepEqual(bench.acked, [tag]);
  });
}

test('an unreadable message without an address is only dead-lettered', () => {
  const bench = new Bench();
  const tag = bench.deliver(Buffer.from('{}'));
  assert.equal(bench.sent.length, 1);
  bench.confirm();
  assert.deepEqual(bench.acked, [tag]);
});

test('a higher minor version and unknown keys are accepted', () => {
  const bench = new Bench();
  bench.deliver(execute('echo', {}, { protocol: '1.9', new_key: 1 }));
  assert.equal(bench.started.length, 1);
});

test('shutting down comes after redelivered and before the handler', () => {
  const bench = new Bench();
  bench.deliver();
  bench.machine.drain(bench.now, 30_000);
  bench.unknownHandlers.add('Missing');
  bench.deliver(execute('Missing'));
  assert.equal(bench.last['error'].error_type, 'worker_shutdown');
  bench.deliver(execute(), { redelivered: true });
  assert.equal(bench.last['error'].error_type, 'redelivered');
});

test('a delivery of an older connection is ignored', () => {
  const bench = new Bench();
  bench.consumerDown();
  bench.deliver();
  assert.deepEqual(bench.started, []);
  assert.equal(bench.machine.jobs.size, 0);
});
