import { INT64_MAX, INT64_MIN } from './value.js';

const NEEDS_ESCAPE = /[\u0000-\u001f"\\]|\p{Surrogate}/u;
const LONE_SURROGATE = /\p{Surrogate}/u;
const TWO_63 = 2 ** 63;

/** A value has no representation on the wire; the message names the place and the reason. */
export class NotSerializable extends Error {
  override name = 'NotSerializable';
}

/**
 * Writes compact JSON that is valid on the wire. `toJSON` methods are honoured, `undefined` members are left out, as
 * `JSON.stringify` does; what that would silently turn into something else is refused. `levels` is how deep arrays
 * and objects may nest. Throws {@link NotSerializable}.
 */
export function writeJson(value: unknown, levels = 63): string {
  return write(value, '', '$', levels, levels) ?? 'null';
}

function write(given: unknown, key: string, place: string, left: number, levels: number): string | undefined {
  const value = plain(given, key, place);
  switch (typeof value) {
    case 'string':
      return writeString(value, place);
    case 'number':
      return writeNumber(value, place);
    case 'bigint':
      if (value < INT64_MIN || value > INT64_MAX) {
        throw new NotSerializable(`the integer at ${place} does not fit into 64 bits: send it as a string`);
      }
      return value.toString();
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return undefined;
    case 'object':
      if (value === null) return 'null';
      if (left === 0) {
        throw new NotSerializable(
          `the value refers to itself or is nested more than ${levels} levels deep (below ${shortened(place)})`,
        );
      }
      return Array.isArray(value)
        ? writeArray(value, place, left - 1, levels)
        : writeObject(value as Record<string, unknown>, place, left - 1, levels);
    default:
      throw new NotSerializable(`a ${typeof value} at ${place} has no JSON form`);
  }
}

function writeArray(list: unknown[], place: string, left: number, levels: number): string {
  let text = '[';
  for (let index = 0; index < list.length; index += 1) {
    if (index > 0) text += ',';
    text += write(list[index], String(index), `${place}[${index}]`, left, levels) ?? 'null';
  }
  return `${text}]`;
}

function writeObject(object: Record<string, unknown>, place: string, left: number, levels: number): string {
  let text = '{';
  for (const key of Object.keys(object)) {
    const member = write(object[key], key, `${place}.${key}`, left, levels);
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${writeString(key, `the key ${JSON.stringify(key)} of ${place}`)}:${member}`;
  }
  return `${text}}`;
}

function writeString(text: string, place: string): string {
  if (!NEEDS_ESCAPE.test(text)) return `"${text}"`;
  if (LONE_SURROGATE.test(text)) throw new NotSerializable(`the string at ${place} contains half a surrogate pair`);
  if (text.includes('\u0000')) {
    throw new NotSerializable(`the string at ${place} contains U+0000, which the wire does not carry: remove it`);
  }
  return JSON.stringify(text);
}

function writeNumber(value: number, place: string): string {
  if (!Number.isFinite(value)) throw new NotSerializable(`${value} at ${place} is not a JSON number`);
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value === 0 ? '0' : String(value);
  // Digits alone are an integer of at most 64 bits. String() would write them up to 1e21, and rounds below 2^63.
  return Math.abs(value) < TWO_63 ? BigInt(value).toString() : value.toExponential();
}

/** Wrapper objects and `toJSON` resolved; what JSON.stringify would quietly empty is refused. */
function plain(value: unknown, key: string, place: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const convert = (value as { toJSON?: unknown }).toJSON;
  if (typeof convert === 'function') return convert.call(value, key) as unknown;
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
  const advice = adviceFor(value);
  if (advice !== undefined) {
    throw new NotSerializable(`a ${value.constructor?.name ?? 'value'} at ${place} has no JSON form: ${advice}`);
  }
  return value;
}

function adviceFor(value: object): string | undefined {
  if (value instanceof Map) return 'use Object.fromEntries(map)';
  if (value instanceof Set) return 'use [...set]';
  if (value instanceof Promise) return 'await it first';
  if (value instanceof Error) return 'send its message';
  if (value instanceof RegExp || value instanceof WeakMap || value instanceof WeakSet) return 'convert it to a string';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'use Array.from(...) or base64';
  return undefined;
}

function shortened(place: string): string {
  return place.length > 60 ? `${place.slice(0, 60)}...` : place;
}

/** UTF-8 bytes of a text. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text);
}

/** Text that can always be sent: no lone surrogates, no U+0000, at most `mostBytes` UTF-8 bytes, whole characters. */
export function safeText(text: string, mostBytes = Infinity): string {
  let safe = text;
  if (safe.includes('\u0000')) safe = safe.replaceAll('\u0000', '\ufffd');
  if (LONE_SURROGATE.test(safe)) safe = safe.replace(/\p{Surrogate}/gu, '\ufffd');
  if (safe.length * 3 <= mostBytes || Buffer.byteLength(safe) <= mostBytes) return safe;
  let bytes = Buffer.from(safe).subarray(0, mostBytes);
  // Back to the beginning of the character that was cut.
  let end = bytes.length;
  let back = 1;
  while (back <= 4 && back <= end && ((bytes[end - back] as number) & 0xc0) === 0x80) back += 1;
  const lead = bytes[end - back];
  if (lead !== undefined && lead >= 0x80) {
    const needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (needed > back) end -= back;
  }
  bytes = bytes.subarray(0, end);
  return bytes.toString('utf8');
}
