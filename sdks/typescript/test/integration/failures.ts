/** The same worker when connections, brokers and processes fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { brokerTest, privateNode } from '../support/fixture.js';
import { execute } from '../support/messages.js';
import { WorkerProcess } from '../support/process.js';
import { eventually } from '../support/waiting.js';

const unacked = (queue: string): number => {
  const line = privateNode().ctl('list_queues', 'name', 'messages_unacknowledged', '--quiet').split('\n').find((row) => row.startsWith(`${queue}\t`));
  return Number(line?.split('\t')[1]);
};

brokerTest('a connection lost between delivery and ack', { isPrivate: true }, async ({ desk, start, begin, open, starts }) => {
  const worker = start();
  await worker.ready();
  const message = await begin();
  assert.equal(privateNode().closeWorkerConnections(), 2);
  await worker.waitFor('connected to RabbitMQ again');
  // The broker has delivered it again, to the process that still runs it.
  await eventually(() => unacked(desk.stepQueue) === 1, 'the redelivery');
  open();
  assert.equal((await desk.result())['status'], 'completed');
  await eventually(() => unacked(desk.stepQueue) === 0, 'the ack of the redelivery');
  worker.signal('SIGTERM');
  assert.equal(await worker.wait(), 0);
  assert.equal(starts(message), 1);
  assert.equal(await desk.depth(), 0);
});

brokerTest('a worker killed in the middle of a step', {}, async ({ desk, start, begin, starts }) => {
  const first = start();
  await first.ready();
  const message = await begin();
  const second = start();
  await second.ready();
  first.signal('SIGKILL');
  const sent = await desk.result();
  assert.deepEqual([sent['dispatch_id'], sent['status'], sent['error'].error_type], [message['dispatch_id'], 'abandoned', 'redelivered']);
  assert.equal(sent['metadata'].delivery_count, 1);
  assert.equal(sent['started_at'], null);
  second.signal('SIGTERM');
  assert.equal(await second.wait(), 0);
  assert.equal(starts(message), 1);
  assert.equal(await desk.depth(), 0);
});

brokerTest('a step that kills its worker is not started again', {}, async ({ desk, start, folder, starts }) => {
  const message = execute('bad', { do: 'crash', notes: folder });
  await desk.send(message);
  assert.equal(await start().wait(), 137);
  start();
  assert.equal((await desk.result())['error'].error_type, 'redelivered');
  assert.equal(starts(message), 1);
});

brokerTest('a broker that stops and starts while a step runs', { isPrivate: true }, async ({ desk, start, begin, open, starts }) => {
  const worker = start();
  await worker.ready();
  const running = await begin();
  privateNode().stop();
  await worker.waitFor('cannot reach RabbitMQ');
  open();
  await worker.waitFor('completed in');
  privateNode().startAgain();
  // The kept result, from the process that ran the step.
  assert.equal((await desk.result(90))['status'], 'completed');
  await worker.waitFor('connected to RabbitMQ again', 1, 90);
  await eventually(async () => unacked(desk.stepQueue) === 0 && (await desk.depth()) === 0, 'the ack of the redelivery');
  assert.equal(starts(running), 1);
  await desk.send(execute());
  assert.equal((await desk.result())['status'], 'completed');
});

brokerTest('a broker in alarm stops the consumer until it is over', { isPrivate: true, queueType: 'classic' }, async ({ desk, start, begin, open }) => {
  const worker = start(['--slots', '2']);
  await worker.ready();
  await begin();
  privateNode().ctl('set_vm_memory_high_watermark', '0');
  try {
    open();
    await worker.waitFor('RabbitMQ refuses messages for now');
    await eventually(async () => (await desk.consumers()) === 0, 'the end of the consumer');
  } finally {
    privateNode().ctl('set_vm_memory_high_watermark', '0.4');
  }
  assert.equal((await desk.result())['status'], 'completed');
  await eventually(async () => (await desk.consumers()) === 1, "the consumer's return");
});

brokerTest('SIGTERM lets running steps finish', { queueType: 'classic' }, async ({ desk, start, begin, open }) => {
  const worker = start(['--slots', '1']);
  await worker.ready();
  const running = await begin();
  worker.signal('SIGTERM');
  await worker.waitFor('stopping (SIGTERM)');
  await eventually(async () => (await desk.consumers()) === 0, 'the end of the consumer');
  await desk.send(execute());
  open();
  const sent = await desk.result();
  assert.deepEqual([sent['dispatch_id'], sent['status']], [running['dispatch_id'], 'completed']);
  assert.equal(await worker.wait(), 0);
  assert.equal(await desk.depth(), 1);
});

brokerTest('a handler that outlasts the grace period is interrupted', {}, async ({ desk, start, begin }) => {
  const worker = start([], { TASKER_GRACE_SECONDS: '0.3' });
  await worker.ready();
  await begin();
  worker.signal('SIGTERM');
  const sent = await desk.result();
  assert.deepEqual([sent['status'], sent['error'].error_type], ['abandoned', 'interrupted']);
  assert.notEqual(sent['started_at'], null);
  assert.equal(await worker.wait(), 0);
  assert.equal(await desk.depth(), 0);
});

brokerTest('a second signal ends the worker at once', {}, async ({ start, begin }) => {
  const worker = start();
  await worker.ready();
  await begin();
  worker.signal('SIGTERM');
  await worker.waitFor('stopping (SIGTERM)');
  worker.signal('SIGTERM');
  assert.equal(await worker.wait(), 128 + 15);
});

brokerTest('results wait for a queue that is not there, and it is never declared', { results: false }, async ({ desk, start }) => {
  const worker = start();
  await desk.send(execute());
  await worker.waitFor('does not exist; a result waits for it');
  assert.equal(await desk.exists(desk.resultsQueue), false);
  await desk.declareResults();
  assert.equal((await desk.result())['status'], 'completed');
});

brokerTest('a queue with other arguments ends the worker with a remedy', { queueType: 'classic' }, async ({ desk, start }) => {
  const worker = start([], { TASKER_QUEUE_TYPE: 'quorum' });
  assert.equal(await worker.wait(), 2);
  assert.ok(worker.output.includes(desk.names.dead));
  assert.match(worker.output, /inequivalent arg 'x-queue-type'/);
  assert.match(worker.output, /Set TASKER_QUEUE_TYPE/);
  assert.doesNotMatch(worker.output, /\n\s+at /);
});

brokerTest('wrong credentials and virtual hosts end the worker with a remedy', {}, async ({ desk, start }) => {
  const url = desk.environment['TASKER_AMQP_URL'] as string;
  const refused = start([], { TASKER_AMQP_URL: url.replace(/\/\/[^@]*@/, '//guest:secret@') });
  assert.equal(await refused.wait(), 2);
  assert.match(refused.output, /refused user 'guest'.*TASKER_AMQP_URL/);
  assert.doesNotMatch(refused.output, /secret|\n\s+at /);
  const nowhere = start([], { TASKER_AMQP_URL: url.replace(/\/[^/]*$/, '/nowhere') });
  assert.equal(await nowhere.wait(), 2);
  assert.match(nowhere.output, /virtual host 'nowhere'/);
});

void test('a worker without a broker keeps trying and says so', async () => {
  const worker = new WorkerProcess({ TASKER_AMQP_URL: 'amqp://guest:guest@127.0.0.1:1/%2F' });
  try {
    await worker.waitFor('cannot reach RabbitMQ at 127.0.0.1:1 (connection refused); trying again in', 2);
    worker.signal('SIGTERM');
    assert.equal(await worker.wait(), 0);
    assert.doesNotMatch(worker.output, /\n\s+at /);
  } finally {
    await worker.close();
  }
});
