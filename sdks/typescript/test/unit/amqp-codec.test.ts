import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AmqpProtocolError } from '../../src/amqp/errors.js';
import { AmqpTimestamp, FieldReader, FieldWriter } from '../../src/amqp/fields.js';
import { FrameParser, writeFrame } from '../../src/amqp/frames.js';
import type { Frame } from '../../src/amqp/frames.js';
import { readHeader, readMethod, writeHeader, writeMethod } from '../../src/amqp/spec.js';
import { AmqpUrlError, parseAmqpUrl, redactUrl, warningsOf } from '../../src/amqp/url.js';

/** What RabbitMQ 3.10 sent for `basic.deliver` of a message from a quorum queue (recorded). */
const DELIVER = Buffer.from(
  '003c003c067461736b6572000000000000000701' + '00' + '0c7461736b65722e7374657073', 'hex',
);

test('a recorded delivery is read', () => {
  assert.deepEqual(readMethod(DELIVER), {
    name: 'basic.deliver',
    fields: { consumerTag: 'tasker', deliveryTag: 7, redelivered: true, exchange: '', routingKey: 'tasker.steps' },
  });
});

test('methods survive both ways, bits packed together', () => {
  const fields = {
    reserved: 0, queue: 'q', passive: false, durable: true, exclusive: false, autoDelete: true, noWait: false,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 20 },
  };
  const read = readMethod(writeMethod('queue.declare', fields));
  assert.equal(read.name, 'queue.declare');
  assert.deepEqual({ ...read.fields, arguments: { ...read.fields['arguments'] } }, fields);
});

test('properties survive both ways', () => {
  const properties = {
    contentType: 'application/json', deliveryMode: 2, messageId: 'ü'.repeat(100), timestamp: 1_782_898_200, type: 't', appId: 'a',
  };
  assert.deepEqual(readHeader(writeHeader(5_000_000_000, properties)), { bodySize: 5_000_000_000, properties });
  assert.throws(() => writeHeader(1, { messageId: 'x'.repeat(256) }), RangeError);
});

test('tables of every type survive both ways', () => {
  const table = {
    s: 'Zoë', i: -7, big: 2 ** 40, huge: 2n ** 62n, d: 0.5, yes: true, nothing: null,
    when: new AmqpTimestamp(5), list: [1, 'a', [null]], inner: { deep: { er: 1 } },
  };
  const writer = new FieldWriter();
  writer.table(table);
  const read = new FieldReader(writer.finish()).table();
  assert.deepEqual(JSON.parse(JSON.stringify(read, plain)), JSON.parse(JSON.stringify(table, plain)));
});

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

const BAD_TABLES: Array<[string, string]> = [
  ['longer than the frame', '000000ff0161'],
  ['a text longer than the table', '000000070161530000ffff'],
  ['an unknown type', '00000003016151'],
  ['cut in the middle', '0000000a0161490000'],
];
for (const [name, hex] of BAD_TABLES) {
  test(`a malformed table ends in an error: ${name}`, () => {
    assert.throws(() => new FieldReader(Buffer.from(hex, 'hex')).table(), AmqpProtocolError);
  });
}

test('tables nested without end are refused', () => {
  let inner = Buffer.from('00000000', 'hex');
  for (let level = 0; level < 100; level += 1) {
    const content = Buffer.concat([Buffer.from('016146', 'hex'), inner]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(content.length, 0);
    inner = Buffer.concat([size, content]);
  }
  assert.throws(() => new FieldReader(inner).table(), AmqpProtocolError);
});

test('frames come out whole however the stream is cut', () => {
  const stream = Buffer.concat([writeFrame(1, 0, Buffer.from('abc')), writeFrame(8, 0, Buffer.alloc(0)), writeFrame(3, 2, Buffer.alloc(50))]);
  for (let size = 1; size <= stream.length; size += 1) {
    const frames: Frame[] = [];
    const parser = new FrameParser(4096);
    for (let at = 0; at < stream.length; at += size) {
      parser.push(stream.subarray(at, at + size), (frame) => frames.push(frame) > 0);
    }
    assert.deepEqual(frames.map(({ type, channel, payload }) => [type, channel, payload.length]), [[1, 0, 3], [8, 0, 0], [3, 2, 50]]);
  }
});

const BAD_STREAMS: Array<[string, Buffer]> = [
  ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n')],
  ['another AMQP version', Buffer.from('AMQP\u0000\u0001\u0000\u0000', 'latin1')],
  ['a frame that is too long', Buffer.from('010000ffffffff', 'hex')],
  ['a wrong end', Buffer.from('01000000000001aaff', 'hex')],
  ['an unknown type', Buffer.concat([writeFrame(1, 0, Buffer.alloc(0)), Buffer.from('07000000000000ce', 'hex')])],
];
for (const [name, bytes] of BAD_STREAMS) {
  test(`a malformed stream ends in an error: ${name}`, () => {
    assert.throws(() => new FrameParser(4096).push(bytes, () => true), AmqpProtocolError);
  });
}

test('random bytes never do worse than an error', () => {
  let seed = 11;
  for (let round = 0; round < 3000; round += 1) {
    const bytes = Buffer.alloc(40);
    for (let at = 0; at < bytes.length; at += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      bytes.writeUInt8(seed % 256, at);
    }
    if (round % 2 === 0) bytes.set([0, 60, 0, 60], 0);
    for (const read of [readMethod, readHeader]) {
      try {
        read(bytes);
      } catch (error) {
        assert.ok(error instanceof AmqpProtocolError, String(error));
      }
    }
  }
});

test('URLs are taken apart', () => {
  const { tls, host, port, user, password, vhost, heartbeat } = parseAmqpUrl('amqps://us%40er:p%2Fw%25@[::1]:5999/my%2Fvhost?heartbeat=7');
  assert.deepEqual([tls, host, port, user, password, vhost, heartbeat], [true, '::1', 5999, 'us@er', 'p/w%', 'my/vhost', 7]);
  const plainest = parseAmqpUrl('amqp://broker');
  assert.deepEqual([plainest.port, plainest.user, plainest.password, plainest.vhost], [5672, 'guest', 'guest', '/']);
  assert.equal(parseAmqpUrl('amqp://broker/%2F').vhost, '/');
  assert.equal(parseAmqpUrl('amqps://broker').port, 5671);
});

test('the parameters of TLS', () => {
  const address = parseAmqpUrl('amqps://h?cacertfile=%2Fca.pem&certfile=/c&keyfile=/k+1&verify=verify_none&auth_mechanism=EXTERNAL&connection_timeout=2500&x=1');
  assert.deepEqual([address.caFile, address.certFile, address.keyFile], ['/ca.pem', '/c', '/k+1']);
  assert.deepEqual([address.verifyPeer, address.mechanism, address.connectionTimeoutMs], [false, 'external', 2500]);
  assert.equal(warningsOf(address).length, 2);
  const plainest = parseAmqpUrl('amqps://h');
  assert.deepEqual([plainest.verifyPeer, plainest.mechanism, warningsOf(plainest)], [true, 'plain', []]);
});

const UNUSABLE: Array<[url: string, told: RegExp]> = [
  ['http://u:secret@a', /scheme/], ['no url', /not a URL/], ['amqp://u:secret@a:99999', /not a URL/], ['amqp://a:0', /port 0/],
  ['amqp://a/%zz', /percent escape/], ['amqp://a/b/c', /%2F/], ['amqp://a#b', /write %23/], ['amqp://a?heartbeat=x', /heartbeat is 'x'/],
  ['amqp://a?connection_timeout=0', /connection_timeout is '0'/], ['amqps://a?verify=off', /verify is 'off'/],
  ['amqp://a?auth_mechanism=gssapi', /auth_mechanism is 'gssapi'/], ['amqps://a?keyfile=/k', /belong together/],
];
for (const [url, told] of UNUSABLE) {
  test(`a URL that cannot be used: ${url}`, () => {
    assert.throws(() => parseAmqpUrl(url), (error: unknown) => {
      assert.ok(error instanceof AmqpUrlError);
      assert.match(error.message, told);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}

test('a password is never shown', () => {
  assert.equal(redactUrl('amqp://user:secret@host:1/%2F?x=secret'), 'amqp://user@host:1/%2F');
  assert.doesNotMatch(redactUrl('amqp://user:sec ret@:::'), /sec/);
});
