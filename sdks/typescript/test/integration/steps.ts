/** A worker process on a real broker, in fair weather. */
import assert from 'node:assert/strict';

import type { JsonObject } from '../../src/json/value.js';
import { TRACEPARENT } from '../support/broker.js';
import { brokerTest } from '../support/fixture.js';
import { execute } from '../support/messages.js';
import { eventually } from '../support/waiting.js';

brokerTest('a step is run and its result published', {}, async ({ desk, start }) => {
  const context = { order_id: 2n ** 63n - 1n, name: 'Zoë 🦊' };
  const message = execute('echo', context, { dependency_results: { a: { status: 'completed', result: {} } } });
  await desk.send(message);
  const worker = start();
  const sent = await desk.result();
  assert.equal(sent['status'], 'completed');
  assert.deepEqual(sent['result'], { echo: context, from: ['a'] });
  assert.deepEqual([sent['dispatch_id'], sent['step_uuid']], [message['dispatch_id'], message['step'].uuid]);
  assert.equal(sent['worker'].language, 'typescript');
  const { lastProperties: properties } = desk;
  assert.deepEqual(
    [properties.contentType, properties.deliveryMode, properties.type, properties.messageId, properties.correlationId],
    ['application/json', 2, 'tasker.step.result.v1', message['dispatch_id'], message['task'].correlation_id],
  );
  assert.equal(properties.headers?.['traceparent'], TRACEPARENT);
  await worker.waitFor('step validate_order attempt 1/3 completed in ');
  await worker.waitFor(`task=${message['task'].uuid}`);
  worker.signal('SIGTERM');
  assert.equal(await worker.wait(), 0);
  assert.equal(await desk.depth(), 0);
});

brokerTest('log lines say which step they belong to', {}, async ({ desk, start }) => {
  const worker = start();
  const message = execute('echo');
  await desk.send(message);
  await desk.result();
  const task = message['task'].uuid;
  const trace = TRACEPARENT.split('-')[1];
  await worker.waitFor(` task=${task} trace_id=${trace}\n`);
  await worker.waitFor('a handler may log');
  const line = worker.output.split('\n').find((one) => one.includes('a handler may log')) as string;
  const { timestamp, ...members } = JSON.parse(line);
  assert.ok(timestamp);
  assert.deepEqual(members, { level: 'info', message: 'a handler may log', task, step: 'its own', attempt: 1, trace_id: trace, n: 1 });
});

brokerTest('hello and bye', {}, async ({ desk, start }) => {
  const worker = start(['--slots', '3', '--worker-id', 'till']);
  const hello = await desk.nextOf('worker.hello', desk.names.workers);
  assert.match(hello['worker'].id, /^till-/);
  assert.deepEqual([hello['queues'], hello['namespaces'], hello['slots'], hello['any_handler']], [['default'], ['default'], 3, false]);
  const names = hello['handlers'].map(({ callable }: JsonObject) => callable);
  for (const name of ['echo', 'Echo', 'handlers.Echo']) assert.ok(names.includes(name), `${name} in ${names}`);
  assert.equal(hello['handlers'].find(({ callable }: JsonObject) => callable === 'echo').version, '1.2.3');
  await worker.ready();
  worker.signal('SIGTERM');
  const bye = await desk.nextOf('worker.bye', desk.names.workers);
  assert.deepEqual([bye['worker'].id, bye['reason']], [hello['worker'].id, 'SIGTERM']);
  assert.equal(await worker.wait(), 0);
});

brokerTest('every kind of bad handler has its answer, and the worker lives on', {}, async ({ desk, start }) => {
  const worker = start();
  const cases: Array<[input: JsonObject, status: string, errorType: string | null, retryable: boolean | null, text: RegExp, changes?: JsonObject]> = [
    [{ do: 'throw' }, 'failed', 'RangeError', true, /three is too many/],
    [{ do: 'throw a text' }, 'failed', 'string', true, /just text/],
    [{ do: 'junk' }, 'failed', 'handler_error', false, /handler bad returned a number: return this\.success/],
    [{ do: 'nan' }, 'failed', 'serialization_error', false, /NaN at \$\.ratio is not a JSON number/],
    [{ do: '2 MiB' }, 'failed', 'result_too_large', false, /the limit is 1048576: store it elsewhere/],
    [{ do: 'never' }, 'failed', 'timeout', true, /ran longer than 0\.2 s/, { step: { timeout_ms: 200 } }],
    [{ do: 'exit' }, 'failed', 'ProcessExitError', true, /called process\.exit\(3\).*throw an error instead/],
    [{ do: 'float' }, 'completed', null, null, /survived/],
    [{ do: 'fork' }, 'completed', null, null, /"code":0/],
    [{ do: 'child prints' }, 'completed', null, null, /"status":0/],
  ];
  for (const [input, status, errorType, retryable, text, changes] of cases) {
    await desk.send(execute('bad', input, changes));
    const sent = await desk.result();
    const what = JSON.stringify(input);
    assert.equal(sent['status'], status, what);
    assert.equal(sent['error']?.error_type ?? null, errorType, what);
    assert.equal(sent['error']?.retryable ?? null, retryable, what);
    assert.match(sent['error']?.message ?? JSON.stringify(sent['result']), text, what);
  }
  assert.match(worker.output, /nobody handled it.*nobody waits for me/);
  assert.match(worker.output, /outside of a handler's promise.*thrown in a timer/);
});

brokerTest('a result of 1 MiB in many frames', {}, async ({ desk, start }) => {
  start();
  const text = '🦊'.repeat(262_100);
  await desk.send(execute('echo', { text }));
  assert.equal((await desk.result())['result'].echo.text, text);
});

brokerTest('permanent errors, methods, unknown handlers and unreadable messages', {}, async ({ desk, start }) => {
  start();
  await desk.send(execute('Refuse'));
  const refused = await desk.result();
  assert.deepEqual([refused['error'].error_type, refused['error'].error_code, refused['error'].retryable], ['PermanentError', 'EMPTY_ORDER', false]);
  await desk.send(execute('echo', { n: 4 }, { handler: { callable: 'echo', method: 'twice' } }));
  assert.deepEqual((await desk.result())['result'], { twice: 8 });
  await desk.send(execute('nobody'));
  assert.equal((await desk.result())['error'].error_type, 'handler_not_found');
  const id = execute()['dispatch_id'];
  await desk.sendRaw(Buffer.from('not json'), { messageId: id, replyTo: desk.resultsQueue, headers: { 'x-own': 7, list: [1, 'a'] } });
  const unreadable = await desk.result();
  assert.deepEqual([unreadable['dispatch_id'], unreadable['error'].error_type], [id, 'invalid_message']);
  const dead = await eventually(() => desk.get(desk.names.dead), 'the dead letter');
  assert.equal(dead.body.toString(), 'not json');
  assert.equal(dead.properties.headers?.['x-tasker-origin'], desk.stepQueue);
  assert.deepEqual([dead.properties.headers?.['x-own'], dead.properties.headers?.['list']], [7, [1, 'a']]);
});

brokerTest('large dependency results are fetched', {}, async ({ desk, start }) => {
  start();
  const message = execute('echo', {}, { dependency_results_omitted: { count: 3, bytes: 9_000_000 } });
  await desk.send(message);
  const pages: Array<[string | null, string[], string | null]> = [[null, ['a', 'b'], 'b'], ['b', ['c'], null]];
  for (const [after, names, next] of pages) {
    assert.equal((await desk.nextOf('step.fetch'))['after'], after);
    await desk.reply(desk.lastProperties.replyTo as string, {
      protocol: '1.0', kind: 'step.dependencies', dispatch_id: message['dispatch_id'],
      dependency_results: Object.fromEntries(names.map((name) => [name, { status: 'completed', result: {} }])), next,
    });
  }
  assert.deepEqual((await desk.result())['result'].from, ['a', 'b', 'c']);
});

brokerTest('handlers that compute starve neither connection nor heartbeats', {}, async ({ desk, start }) => {
  const worker = start([], { TASKER_AMQP_URL: `${desk.environment['TASKER_AMQP_URL']}?heartbeat=1` });
  await worker.ready();
  // Longer than the broker waits for a silent connection.
  await desk.send(execute('busy', { seconds: 4 }, { limits: { heartbeat_interval_ms: 200 } }));
  for (const sequence of [1, 2, 3]) assert.equal((await desk.nextOf('step.heartbeat'))['sequence'], sequence);
  assert.equal((await desk.result())['status'], 'completed');
  assert.doesNotMatch(worker.output, /lost/);
});

brokerTest('cancel before and during a step', {}, async ({ desk, start, folder }) => {
  const early = execute();
  await start().ready();
  await desk.cancel(early);
  const running = execute('gate', { gate: `${folder}/never`, polite: true });
  await desk.send(running);
  await desk.nextOf('step.heartbeat'); // by now the notice has arrived too
  await desk.send(early);
  const first = await desk.result();
  assert.deepEqual([first['dispatch_id'], first['status'], first['error'].error_type], [early['dispatch_id'], 'abandoned', 'cancelled']);
  await desk.cancel(running);
  const second = await desk.result();
  assert.deepEqual([second['status'], second['error'].error_type, second['error'].retryable], ['failed', 'cancelled', false]);
});

brokerTest('classic queues, several queues and many steps', { queueType: 'classic' }, async ({ desk, start }) => {
  start(['--slots', '4']);
  const waiting = new Set<string>();
  for (let number = 0; number < 200; number += 1) {
    const message = execute('echo', { number });
    waiting.add(message['dispatch_id']);
    await desk.send(message);
  }
  while (waiting.size > 0) {
    const sent = await desk.result();
    assert.equal(sent['status'], 'completed');
    assert.ok(waiting.delete(sent['dispatch_id']));
  }
});
