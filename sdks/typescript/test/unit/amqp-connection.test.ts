/** The client against a server that misbehaves: always an error, never a hang. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { AmqpMessage } from '../../src/amqp/channel.js';
import { AmqpConnection } from '../../src/amqp/connection.js';
import { AmqpCloseError, AmqpError, AmqpProtocolError, AmqpRefusedError } from '../../src/amqp/errors.js';
import { FRAME_BODY, writeFrame } from '../../src/amqp/frames.js';
import { fakeBroker, header, method, START, TUNE } from '../support/fake-broker.js';
import type { FakeBroker, Script } from '../support/fake-broker.js';
import { eventually } from '../support/waiting.js';

const NAME = { name: 'test' };

async function withBroker(script: Script, body: (broker: FakeBroker) => Promise<void>, query = ''): Promise<void> {
  const broker = await fakeBroker(script, query);
  try {
    await body(broker);
  } finally {
    broker.stop();
  }
}

test('a conversation from the handshake to the close', () => withBroker({}, async (broker) => {
  const connection = await AmqpConnection.connect(broker.address, NAME);
  assert.equal(connection.frameMax, 8192);
  const channel = await connection.openChannel();
  assert.deepEqual(await channel.declareQueue('q'), { queue: 'q', messageCount: 0, consumerCount: 0 });
  await channel.close();
  await connection.close();
  assert.deepEqual(broker.seen.slice(0, 6), [
    'connect', 'connection.start-ok', 'connection.tune-ok', 'connection.open', 'channel.open', 'queue.declare',
  ]);
}));

const BAD_HANDSHAKES: Array<[string, Script, new (...values: any[]) => Error]> = [
  ['another protocol', { connect: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }, AmqpProtocolError],
  ['another version', { connect: () => Buffer.from('AMQP\u0000\u0001\u0000\u0000', 'latin1') }, AmqpProtocolError],
  ['no PLAIN', { connect: () => method(0, 'connection.start', { mechanisms: Buffer.from('EXTERNAL') }) }, AmqpRefusedError],
  ['start twice', { connect: () => Buffer.concat([START, START]) }, AmqpProtocolError],
  ['tune first', { connect: () => TUNE }, AmqpProtocolError],
  ['open-ok first', { connect: () => method(0, 'connection.open-ok') }, AmqpProtocolError],
  ['a channel frame', { connect: () => method(1, 'channel.open-ok') }, AmqpProtocolError],
  ['tiny frames', { 'connection.start-ok': () => method(0, 'connection.tune', { frameMax: 10 }) }, AmqpProtocolError],
  ['refused credentials', { 'connection.start-ok': () => method(0, 'connection.close', { code: 403, text: 'ACCESS_REFUSED' }) }, AmqpRefusedError],
  ['a hang-up on the credentials', { 'connection.start-ok': (socket) => socket.end() }, AmqpError],
  ['no such vhost', { 'connection.open': () => method(0, 'connection.close', { code: 530, text: 'NOT_ALLOWED' }) }, AmqpRefusedError],
  ['a hang-up at once', { connect: (socket) => socket.end() }, Error],
];
for (const [name, script, expected] of BAD_HANDSHAKES) {
  test(`a handshake that fails ends in an error: ${name}`, () => withBroker(script, async (broker) => {
    await assert.rejects(AmqpConnection.connect(broker.address, NAME), (error: unknown) => error instanceof expected);
    await eventually(() => broker.closed(), 'the end of the socket');
  }));
}

test('a server that says nothing is given up', () => withBroker({ connect: () => undefined }, async (broker) => {
  await assert.rejects(AmqpConnection.connect(broker.address, NAME), /no answer within 0\.05 s/);
}, '?connection_timeout=50'));

test('a server that falls silent is given up after two heartbeats', () =>
  withBroker({ 'connection.start-ok': () => method(0, 'connection.tune', { frameMax: 8192, heartbeat: 1 }) }, async (broker) => {
    const connection = await AmqpConnection.connect(broker.address, { ...NAME, heartbeat: 1 });
    const reason = await new Promise<Error>((resolve) => {
      connection.onClose = resolve;
    });
    assert.match(reason.message, /silent for two heartbeats/);
  }));

const DELIVER = method(1, 'basic.deliver', { consumerTag: 'c', deliveryTag: 1, exchange: '', routingKey: 'q' });
const BAD_ANSWERS: Array<[string, Buffer]> = [
  ['an answer to another question', method(1, 'exchange.declare-ok')],
  ['a frame on a channel that is not open', method(7, 'basic.cancel-ok')],
  ['content on channel 0', writeFrame(FRAME_BODY, 0, Buffer.from('x'))],
  ['a body without a header', writeFrame(FRAME_BODY, 1, Buffer.from('x'))],
  ['a header without a method', header(1, 5)],
  ['a method within content', Buffer.concat([DELIVER, method(1, 'queue.declare-ok')])],
  ['two headers', Buffer.concat([DELIVER, header(1, 5), header(1, 5)])],
  ['a body that is too long', Buffer.concat([DELIVER, header(1, 2), writeFrame(FRAME_BODY, 1, Buffer.from('xyz'))])],
  ['empty parts of a body', Buffer.concat([DELIVER, header(1, 2), writeFrame(FRAME_BODY, 1, Buffer.alloc(0))])],
  ['a message beyond the limit', Buffer.concat([DELIVER, header(1, 2 ** 40)])],
  ['a confirm of what was not published', method(1, 'basic.ack', { deliveryTag: 5 })],
  ['an unknown method', writeFrame(1, 1, Buffer.from('00ff00ff', 'hex'))],
  ['a method that is cut', writeFrame(1, 1, Buffer.from('0032000b05', 'hex'))],
  ['a frame beyond the agreed size', writeFrame(1, 1, Buffer.alloc(9000))],
  ['a second tune', TUNE],
];
for (const [name, bytes] of BAD_ANSWERS) {
  test(`frames nobody expects end the connection: ${name}`, () => withBroker({ 'queue.declare': () => bytes }, async (broker) => {
    const connection = await AmqpConnection.connect(broker.address, NAME);
    const channel = await connection.openChannel();
    await channel.consume('q', 'c', {}, () => undefined);
    await assert.rejects(channel.declareQueue('q'), AmqpProtocolError);
    assert.equal(connection.isOpen, false);
    await eventually(() => broker.closed(), 'the end of the socket');
  }));
}

test('a request without an answer ends the connection', () => withBroker({ 'queue.declare': () => undefined }, async (broker) => {
  const connection = await AmqpConnection.connect(broker.address, { ...NAME, requestMs: 50 });
  const channel = await connection.openChannel();
  await assert.rejects(channel.declareQueue('q'), /did not answer queue\.declare/);
  assert.equal(connection.isOpen, false);
}));

test('a channel that the broker closes rejects what waits, and the connection lives', () =>
  withBroker({ 'queue.declare': () => method(1, 'channel.close', { code: 406, text: 'PRECONDITION_FAILED' }) }, async (broker) => {
    const connection = await AmqpConnection.connect(broker.address, NAME);
    const channel = await connection.openChannel();
    await assert.rejects(channel.declareQueue('q'), (error: unknown) => error instanceof AmqpCloseError && error.code === 406);
    assert.equal(channel.isOpen, false);
    assert.equal(connection.isOpen, true);
    await connection.close();
  }));

test('content in many frames, confirms of many, returns, blocked, cancelled', () => {
  const body = Buffer.from(new Uint8Array(20_000).fill(7));
  const parts = [0, 8184, 16_368].map((at) => writeFrame(FRAME_BODY, 1, body.subarray(at, at + 8184)));
  return withBroker({
    'basic.consume': (_socket, { consumerTag }) => Buffer.concat([
      method(1, 'basic.consume-ok', { consumerTag }), DELIVER, header(1, body.length), ...parts,
      method(1, 'basic.deliver', { consumerTag: 'c', deliveryTag: 2 }), header(1, 0),
      method(1, 'basic.cancel', { consumerTag: 'c' }),
      method(0, 'connection.blocked', { reason: 'memory' }), method(0, 'connection.unblocked'),
    ]),
    'basic.publish': (_socket, { routingKey }) => {
      if (routingKey !== 'last') return undefined;
      return Buffer.concat([
        method(1, 'basic.return', { code: 312, text: 'NO_ROUTE', routingKey: 'last' }), header(1, 1),
        writeFrame(FRAME_BODY, 1, Buffer.from('x')),
        method(1, 'basic.ack', { deliveryTag: 2, multiple: true }), method(1, 'basic.nack', { deliveryTag: 3 }),
      ]);
    },
  }, async (broker) => {
    const connection = await AmqpConnection.connect(broker.address, NAME);
    const log: string[] = [];
    connection.onBlocked = (reason) => log.push(`blocked ${reason}`);
    connection.onUnblocked = () => log.push('unblocked');
    const channel = await connection.openChannel();
    await channel.selectConfirms();
    channel.onConfirm = (tag, multiple, nacked) => log.push(`${nacked ? 'nack' : 'ack'} ${tag} ${multiple}`);
    channel.onReturn = (message: AmqpMessage) => log.push(`return ${message.fields['code']} ${message.body.toString()}`);
    channel.onConsumerCancelled = (tag) => log.push(`cancelled ${tag}`);
    await channel.consume('q', 'c', {}, (message) => log.push(`message ${message.fields['deliveryTag']} ${message.body.equals(body)}`));
    assert.equal(channel.publish('', 'a', Buffer.from('x'), {}), 1);
    channel.publish('', 'b', Buffer.from('x'), {});
    channel.publish('', 'last', Buffer.from('x'), {}, { mandatory: true });
    await eventually(() => log.includes('nack 3 false'), 'the confirms');
    assert.deepEqual(log, [
      'message 1 true', 'message 2 false', 'cancelled c', 'blocked memory', 'unblocked', 'return 312 x', 'ack 2 true', 'nack 3 false',
    ]);
    await connection.close();
  });
});
