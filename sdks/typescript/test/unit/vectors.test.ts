import assert from 'node:assert/strict';
import { test } from 'node:test';

import { JsonSyntaxError, parseJson } from '../../src/json/parse.js';
import { writeJson } from '../../src/json/write.js';
import { parseExecute, Unreadable } from '../../src/wire/execute.js';
import { isPrefix, isQueueName, Topology } from '../../src/wire/names.js';
import { timestamp } from '../../src/wire/outgoing.js';
import { parseTraceparent } from '../../src/wire/trace.js';
import { body } from '../support/messages.js';
import { textBytes, vectors } from '../support/vectors.js';

for (const { name, data, valid } of vectors('messages/step.execute.json')) {
  test(`step.execute: ${name}`, () => {
    const raw = body(data);
    if (valid === true) assert.equal(parseExecute(raw).dispatchId, data['dispatch_id']);
    else assert.throws(() => parseExecute(raw), Unreadable);
  });
}

for (const { name, data, valid } of vectors('versions.json')) {
  test(`version: ${name}`, () => {
    // A version that is accepted leads to the next complaint, about the missing task.
    const expected = valid === true ? 'invalid_message' : 'unsupported_protocol';
    assert.throws(() => parseExecute(body({ kind: 'step.execute', ...data })), { errorType: expected });
  });
}

for (const { name, data, valid, may_accept } of vectors('invalid-json.json')) {
  test(`JSON text: ${name}`, () => {
    const raw = textBytes(data);
    if (valid === true) {
      parseJson(raw);
    } else if (may_accept === true) {
      try {
        parseJson(raw);
      } catch (error) {
        assert.ok(error instanceof JsonSyntaxError);
      }
    } else {
      assert.throws(() => parseJson(raw), JsonSyntaxError);
    }
  });
}

/** 1 and 1.0 are equal on the wire, and so are a bigint and a number of the same value. */
function comparable(value: unknown): unknown {
  if (typeof value === 'bigint') return `integer ${value}`;
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? `integer ${BigInt(value)}` : value;
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).map(([key, member]) => [key, comparable(member)]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  }
  return value;
}

for (const { name, data } of vectors('round-trips.json')) {
  test(`round trip: ${name}`, () => {
    const value: unknown = parseJson(textBytes(data));
    const text = writeJson(value, 64);
    assert.deepEqual(comparable(parseJson(text)), comparable(value));
  });
}

for (const { name, data, valid, expected } of vectors('queue-names.json', 'queue')) {
  test(`queue: ${name}`, () => {
    assert.equal(isQueueName(data), valid);
    if (valid === true) assert.equal(new Topology().steps(data), expected);
  });
}

for (const { name, data, valid } of vectors('queue-names.json', 'prefix')) {
  test(`prefix: ${name}`, () => assert.equal(isPrefix(data), valid));
}

for (const { name, data, expected } of vectors('queue-names.json', 'names')) {
  test(`names: ${name}`, () => {
    const names = new Topology(data['prefix']);
    const made = { steps: names.steps(data['queue']), workers: names.workers, control: names.control, dead: names.dead };
    for (const [key, value] of Object.entries(made)) if (expected[key] !== undefined) assert.equal(value, expected[key]);
  });
}

for (const { name, data, valid, expected } of vectors('traceparent.json')) {
  test(`traceparent: ${name}`, () => {
    const parsed = parseTraceparent(data);
    assert.equal(parsed !== null, valid);
    if (parsed !== null) {
      assert.deepEqual({ trace_id: parsed.traceId, parent_id: parsed.parentId, sampled: parsed.sampled }, expected);
    }
  });
}

for (const { name, data, expected } of vectors('timestamps.json', 'write')) {
  test(`written time: ${name}`, () => assert.equal(timestamp(Number(data)), expected));
}
