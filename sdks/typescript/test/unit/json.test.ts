import assert from 'node:assert/strict';
import { test } from 'node:test';

import { JsonSyntaxError, parseJson } from '../../src/json/parse.js';
import { byteLength, NotSerializable, safeText, writeJson } from '../../src/json/write.js';

test('integers of 64 bits are exact', () => {
  const text = '[9007199254740991,9007199254740993,-9223372036854775808,9223372036854775807]';
  assert.deepEqual(parseJson(text), [9007199254740991, 9007199254740993n, -(2n ** 63n), 2n ** 63n - 1n]);
  assert.equal(writeJson(parseJson(text)), text);
});

test('large doubles are written so that nobody reads an integer', () => {
  assert.equal(writeJson([1e20, -1e20, 2 ** 63, 1e21, 5e300]), '[1e+20,-1e+20,9.223372036854776e+18,1e+21,5e+300]');
  assert.equal(writeJson(2 ** 62), '4611686018427387904');
  assert.equal(writeJson(-0), '0');
});

test('a member called __proto__ is an ordinary member', () => {
  const value = parseJson('{"__proto__":{"admin":true},"a":1}') as Record<string, unknown>;
  assert.equal((value as { admin?: boolean }).admin, undefined);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(writeJson(value), '{"__proto__":{"admin":true},"a":1}');
});

test('the reader agrees with JSON.parse on what both accept', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const make = (depth: number): unknown => {
    switch (random(depth > 4 ? 5 : 7)) {
      case 0: return null;
      case 1: return random(2) === 0;
      case 2: return (random(2000) - 1000) / (random(9) + 1);
      case 3: return random(1_000_000) - 500_000;
      case 4: return String.fromCodePoint(...Array.from({ length: random(6) }, () => [34, 92, 10, 233, 0x1f98a, 65][random(6)] as number));
      case 5: return Array.from({ length: random(4) }, () => make(depth + 1));
      default: return Object.fromEntries(Array.from({ length: random(4) }, (_, index) => [`k${index}\n"`, make(depth + 1)]));
    }
  };
  for (let round = 0; round < 2000; round += 1) {
    const value = make(0);
    const text = JSON.stringify(value, null, random(3));
    assert.deepEqual(parseJson(text), JSON.parse(text));
    assert.deepEqual(JSON.parse(writeJson(value)), value);
  }
});

test('cut and changed texts are refused or read, and never crash', () => {
  const text = '{"a":[1,2.5e3,"x\\u00e9\\n",{"b":null,"c":true}],"d":-7}';
  for (let at = 0; at < text.length; at += 1) {
    assert.throws(() => parseJson(text.slice(0, at)), JsonSyntaxError);
    for (const changed of ['"', '\\', '{', ']', '0', 'e', ',', '\u0001', '\ud800']) {
      try {
        parseJson(text.slice(0, at) + changed + text.slice(at + 1));
      } catch (error) {
        assert.ok(error instanceof JsonSyntaxError, String(error));
      }
    }
  }
});

const cycle: Record<string, unknown> = {};
cycle['self'] = [cycle];
const UNSENDABLE: Array<[string, unknown, RegExp]> = [
  ['NaN', { total: NaN }, /NaN at \$\.total is not a JSON number/],
  ['infinity', [1, -Infinity], /-Infinity at \$\[1\]/],
  ['2^63', { a: { b: 2n ** 63n } }, /the integer at \$\.a\.b does not fit into 64 bits: send it as a string/],
  ['a lone surrogate', { s: 'a\ud83e' }, /half a surrogate pair/],
  ['U+0000', { s: 'a\u0000' }, /U\+0000/],
  ['U+0000 in a key', { 'a\u0000': 1 }, /U\+0000/],
  ['a cycle', cycle, /refers to itself or is nested/],
  ['a function', { f: () => 1 }, /a function at \$\.f has no JSON form/],
  ['a symbol', [Symbol('x')], /a symbol at \$\[0\]/],
  ['a Map', { m: new Map() }, /a Map at \$\.m has no JSON form: use Object\.fromEntries/],
  ['a Set', new Set([1]), /use \[\.\.\.set\]/],
  ['a promise', { p: Promise.resolve(1) }, /await it first/],
  ['an error', { e: new Error('x') }, /send its message/],
];
for (const [name, value, message] of UNSENDABLE) {
  test(`what has no JSON form is refused with the place: ${name}`, () => {
    assert.throws(() => writeJson(value), (error: unknown) => error instanceof NotSerializable && message.test(error.message));
  });
}

test('toJSON, undefined members and wrapper objects are as with JSON.stringify', () => {
  const value = { when: new Date(0), url: new URL('http://a/'), none: undefined, list: [undefined], n: Object(5) as unknown };
  assert.equal(writeJson(value), '{"when":"1970-01-01T00:00:00.000Z","url":"http://a/","list":[null],"n":5}');
});

test('text is cut at whole characters and made sendable', () => {
  for (let most = 0; most < 30; most += 1) {
    const cut = safeText('aé🦊z€🦊é', most);
    assert.ok(byteLength(cut) <= most);
    assert.ok('aé🦊z€🦊é'.startsWith(cut), `${most}: ${cut}`);
  }
  assert.equal(safeText('a\u0000b\ud800c'), 'a\ufffdb\ufffdc');
  assert.equal(safeText('short', 8192), 'short');
});
