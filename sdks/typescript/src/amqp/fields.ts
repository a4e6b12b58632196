import { AmqpProtocolError } from './errors.js';

const MOST_TABLE_LEVELS = 32;
const LONGEST_SHORT_STRING = 255;

/** A time of an AMQP table: seconds since the epoch. */
export class AmqpTimestamp {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

/** A value in an AMQP table. */
export type AmqpValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | AmqpTimestamp
  | AmqpValue[]
  | { [key: string]: AmqpValue };
export type AmqpTable = { [key: string]: AmqpValue };

/** Reads AMQP's primitive types; every length is checked against what is there. */
export class FieldReader {
  private readonly bytes: Buffer;
  private at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  private take(size: number): number {
    const start = this.at;
    if (size > this.bytes.length - start) throw new AmqpProtocolError('a field is longer than its frame');
    this.at = start + size;
    return start;
  }

  octet(): number {
    return this.bytes.readUInt8(this.take(1));
  }

  short(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  long(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  longlong(): number {
    const value = this.bytes.readBigUInt64BE(this.take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new AmqpProtocolError('a number is beyond 2^53');
    return Number(value);
  }

  shortString(): string {
    const size = this.octet();
    const start = this.take(size);
    return this.bytes.toString('utf8', start, start + size);
  }

  longBytes(): Buffer {
    const size = this.long();
    const start = this.take(size);
    return this.bytes.subarray(start, start + size);
  }

  table(levels = MOST_TABLE_LEVELS): AmqpTable {
    if (levels === 0) throw new AmqpProtocolError('a table is nested too deeply');
    const inner = new FieldReader(this.longBytes());
    const table: AmqpTable = Object.create(null) as AmqpTable;
    while (inner.at < inner.bytes.length) {
      const key = inner.shortString();
      table[key] = inner.value(levels - 1);
    }
    return table;
  }

  private array(levels: number): AmqpValue[] {
    if (levels === 0) throw new AmqpProtocolError('an array is nested too deeply');
    const inner = new FieldReader(this.longBytes());
    const list: AmqpValue[] = [];
    while (inner.at < inner.bytes.length) list.push(inner.value(levels - 1));
    return list;
  }

  private value(levels: number): AmqpValue {
    const kind = String.fromCharCode(this.octet());
    const bytes = this.bytes;
    switch (kind) {
      case 't': return this.octet() !== 0;
      case 'b': return bytes.readInt8(this.take(1));
      case 'B': return this.octet();
      case 's': case 'U': return bytes.readInt16BE(this.take(2));
      case 'u': return this.short();
      case 'I': return bytes.readInt32BE(this.take(4));
      case 'i': return this.long();
      case 'l': return exact(bytes.readBigInt64BE(this.take(8)));
      case 'L': return exact(bytes.readBigUInt64BE(this.take(8)));
      case 'f': return bytes.readFloatBE(this.take(4));
      case 'd': return bytes.readDoubleBE(this.take(8));
      case 'D': {
        const scale = this.octet();
        return bytes.readInt32BE(this.take(4)) / 10 ** scale;
      }
      case 'S': return this.longBytes().toString('utf8');
      case 'x': return this.longBytes();
      case 'A': return this.array(levels);
      case 'T': return new AmqpTimestamp(Number(bytes.readBigUInt64BE(this.take(8))));
      case 'F': return this.table(levels);
      case 'V': return null;
      default: throw new AmqpProtocolError(`a table holds a value of unknown type ${JSON.stringify(kind)}`);
    }
  }
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Writes AMQP's primitive types. Throws `RangeError` for what has no form there. */
export class FieldWriter {
  private readonly parts: Uint8Array[] = [];

  private number(size: number, write: (buffer: Buffer) => void): void {
    const buffer = Buffer.allocUnsafe(size);
    write(buffer);
    this.parts.push(buffer);
  }

  octet(value: number): void {
    this.number(1, (buffer) => buffer.writeUInt8(value, 0));
  }

  short(value: number): void {
    this.number(2, (buffer) => buffer.writeUInt16BE(value, 0));
  }

  long(value: number): void {
    this.number(4, (buffer) => buffer.writeUInt32BE(value, 0));
  }

  longlong(value: number): void {
    this.number(8, (buffer) => buffer.writeBigUInt64BE(BigInt(Math.trunc(value)), 0));
  }

  shortString(text: string): void {
    const bytes = Buffer.from(text);
    if (bytes.length > LONGEST_SHORT_STRING) throw new RangeError('a short string has at most 255 bytes');
    this.octet(bytes.length);
    this.parts.push(bytes);
  }

  longBytes(bytes: Uint8Array): void {
    this.long(bytes.length);
    this.parts.push(bytes);
  }

  table(table: AmqpTable): void {
    const inner = new FieldWriter();
    for (const [key, value] of Object.entries(table)) {
      inner.shortString(key);
      inner.value(value);
    }
    this.longBytes(inner.finish());
  }

  private kind(letter: string): void {
    this.octet(letter.charCodeAt(0));
  }

  private value(value: AmqpValue): void {
    if (value === null) {
      this.kind('V');
    } else if (typeof value === 'string') {
      this.kind('S');
      this.longBytes(Buffer.from(value));
    } else if (typeof value === 'boolean') {
      this.kind('t');
      this.octet(value ? 1 : 0);
    } else if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
      this.integer(value as number | bigint);
    } else if (typeof value === 'number') {
      this.kind('d');
      this.number(8, (buffer) => buffer.writeDoubleBE(value, 0));
    } else if (value instanceof Uint8Array) {
      this.kind('x');
      this.longBytes(value);
    } else if (value instanceof AmqpTimestamp) {
      this.kind('T');
      this.longlong(value.seconds);
    } else if (Array.isArray(value)) {
      this.kind('A');
      const inner = new FieldWriter();
      for (const member of value) inner.value(member);
      this.longBytes(inner.finish());
    } else {
      this.kind('F');
      this.table(value);
    }
  }

  private integer(value: number | bigint): void {
    if (typeof value === 'number' && value === (value | 0)) {
      this.kind('I');
      this.number(4, (buffer) => buffer.writeInt32BE(value, 0));
    } else {
      this.kind('l');
      this.number(8, (buffer) => buffer.writeBigInt64BE(BigInt(value), 0));
    }
  }

  finish(): Buffer {
    return Buffer.concat(this.parts);
  }
}
