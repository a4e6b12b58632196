import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readSettings, SettingsError } from '../../src/worker/settings.js';

test('defaults', () => {
  const settings = readSettings({}, {});
  assert.deepEqual(
    [settings.amqpUrl, settings.namespaces, settings.queues, settings.slots, settings.graceMs, settings.queueType, settings.queuePrefix],
    ['amqp://guest:guest@localhost:5672/%2F', ['default'], ['default'], 10, 30_000, 'quorum', 'tasker'],
  );
});

test('what is given wins over the environment', () => {
  const environment = {
    RABBITMQ_URL: 'amqp://b', TASKER_SLOTS: '3', TASKER_MAX_CONCURRENT_HANDLERS: '4', TASKER_NAMESPACE: 'a, b', TASKER_QUEUE: 'q',
    TASKER_GRACE_SECONDS: '0', HOSTNAME: 'h', RUST_LOG: 'tasker=debug',
  };
  const settings = readSettings({ namespaces: ['c'], slots: '5' }, environment);
  assert.deepEqual(
    [settings.amqpUrl, settings.namespaces, settings.queues, settings.slots, settings.graceMs, settings.hostname, settings.logLevel],
    ['amqp://b', ['c', 'a', 'b'], ['q'], 5, 0, 'h', 'info'],
  );
  assert.equal(readSettings({}, environment).slots, 3);
});

test('every problem is reported at once, with a remedy and without a password', () => {
  const environment = {
    TASKER_AMQP_URL: 'amq://user:secret@host', TASKER_QUEUE_PREFIX: 'Big', TASKER_QUEUE_TYPE: 'stream', TASKER_NAMESPACE: 'a,b',
    TASKER_SLOTS: '0', TASKER_GRACE_SECONDS: 'long', TASKER_LOG_LEVEL: 'loud',
  };
  assert.throws(() => readSettings({}, environment), (error: unknown) => {
    assert.ok(error instanceof SettingsError);
    assert.equal(error.message.split('\n').length, 7);
    assert.doesNotMatch(error.message, /secret/);
    assert.match(error.message, /--queue or TASKER_QUEUE/);
    return true;
  });
});
