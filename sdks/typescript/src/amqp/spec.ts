/** The methods of AMQP 0-9-1 with RabbitMQ's extensions, as a table; both directions read it. */
import { AmqpProtocolError } from './errors.js';
import { FieldReader, FieldWriter } from './fields.js';
import type { AmqpTable } from './fields.js';

type Kind = 'octet' | 'short' | 'long' | 'longlong' | 'str' | 'bytes' | 'bit' | 'table';
type Layout = ReadonlyArray<readonly [name: string, kind: Kind]>;

export interface Method {
  name: string;
  fields: Record<string, any>;
}

function layout(text: string): Layout {
  if (text === '') return [];
  return text.split(' ').map((part) => part.split(':') as [string, Kind]);
}

const METHODS: Record<string, [number, number, Layout]> = {
  'connection.start': [10, 10, layout('major:octet minor:octet properties:table mechanisms:bytes locales:bytes')],
  'connection.start-ok': [10, 11, layout('properties:table mechanism:str response:bytes locale:str')],
  'connection.secure': [10, 20, layout('challenge:bytes')],
  'connection.tune': [10, 30, layout('channelMax:short frameMax:long heartbeat:short')],
  'connection.tune-ok': [10, 31, layout('channelMax:short frameMax:long heartbeat:short')],
  'connection.open': [10, 40, layout('vhost:str reserved1:str reserved2:bit')],
  'connection.open-ok': [10, 41, layout('reserved:str')],
  'connection.close': [10, 50, layout('code:short text:str classId:short methodId:short')],
  'connection.close-ok': [10, 51, []],
  'connection.blocked': [10, 60, layout('reason:str')],
  'connection.unblocked': [10, 61, []],
  'channel.open': [20, 10, layout('reserved:str')],
  'channel.open-ok': [20, 11, layout('reserved:bytes')],
  'channel.flow': [20, 20, layout('active:bit')],
  'channel.flow-ok': [20, 21, layout('active:bit')],
  'channel.close': [20, 40, layout('code:short text:str classId:short methodId:short')],
  'channel.close-ok': [20, 41, []],
  'exchange.declare': [
    40, 10,
    layout('reserved:short exchange:str type:str passive:bit durable:bit autoDelete:bit internal:bit noWait:bit arguments:table'),
  ],
  'exchange.declare-ok': [40, 11, []],
  'exchange.delete': [40, 20, layout('reserved:short exchange:str ifUnused:bit noWait:bit')],
  'exchange.delete-ok': [40, 21, []],
  'queue.declare': [
    50, 10,
    layout('reserved:short queue:str passive:bit durable:bit exclusive:bit autoDelete:bit noWait:bit arguments:table'),
  ],
  'queue.declare-ok': [50, 11, layout('queue:str messageCount:long consumerCount:long')],
  'queue.bind': [50, 20, layout('reserved:short queue:str exchange:str routingKey:str noWait:bit arguments:table')],
  'queue.bind-ok': [50, 21, []],
  'queue.delete': [50, 40, layout('reserved:short queue:str ifUnused:bit ifEmpty:bit noWait:bit')],
  'queue.delete-ok': [50, 41, layout('messageCount:long')],
  'basic.qos': [60, 10, layout('prefetchSize:long prefetchCount:short global:bit')],
  'basic.qos-ok': [60, 11, []],
  'basic.consume': [
    60, 20,
    layout('reserved:short queue:str consumerTag:str noLocal:bit noAck:bit exclusive:bit noWait:bit arguments:table'),
  ],
  'basic.consume-ok': [60, 21, layout('consumerTag:str')],
  'basic.cancel': [60, 30, layout('consumerTag:str noWait:bit')],
  'basic.cancel-ok': [60, 31, layout('consumerTag:str')],
  'basic.publish': [60, 40, layout('reserved:short exchange:str routingKey:str mandatory:bit immediate:bit')],
  'basic.return': [60, 50, layout('code:short text:str exchange:str routingKey:str')],
  'basic.deliver': [60, 60, layout('consumerTag:str deliveryTag:longlong redelivered:bit exchange:str routingKey:str')],
  'basic.get': [60, 70, layout('reserved:short queue:str noAck:bit')],
  'basic.get-ok': [60, 71, layout('deliveryTag:longlong redelivered:bit exchange:str routingKey:str messageCount:long')],
  'basic.get-empty': [60, 72, layout('reserved:str')],
  'basic.ack': [60, 80, layout('deliveryTag:longlong multiple:bit')],
  'basic.nack': [60, 120, layout('deliveryTag:longlong multiple:bit requeue:bit')],
  'confirm.select': [85, 10, layout('noWait:bit')],
  'confirm.select-ok': [85, 11, []],
};

const BY_NUMBER = new Map<number, [string, Layout]>();
for (const [name, [classId, methodId, fields]] of Object.entries(METHODS)) {
  BY_NUMBER.set(classId * 65_536 + methodId, [name, fields]);
}

const MISSING: Record<Kind, unknown> = {
  octet: 0, short: 0, long: 0, longlong: 0, str: '', bytes: new Uint8Array(0), bit: false, table: {},
};

/** The payload of a method frame; fields that are not given are empty. */
export function writeMethod(name: string, fields: Record<string, any> = {}): Buffer {
  const found = METHODS[name];
  if (found === undefined) throw new RangeError(`unknown method ${name}`);
  const [classId, methodId, members] = found;
  const writer = new FieldWriter();
  writer.short(classId);
  writer.short(methodId);
  let bits = 0;
  let bitCount = 0;
  const flush = (): void => {
    if (bitCount > 0) writer.octet(bits);
    bits = bitCount = 0;
  };
  for (const [field, kind] of members) {
    const value = fields[field] ?? MISSING[kind];
    if (kind === 'bit') {
      if (value === true) bits |= 1 << bitCount;
      bitCount += 1;
      continue;
    }
    flush();
    writeField(writer, kind, value);
  }
  flush();
  return writer.finish();
}

function writeField(writer: FieldWriter, kind: Exclude<Kind, 'bit'>, value: any): void {
  switch (kind) {
    case 'octet': return writer.octet(value as number);
    case 'short': return writer.short(value as number);
    case 'long': return writer.long(value as number);
    case 'longlong': return writer.longlong(value as number);
    case 'str': return writer.shortString(value as string);
    case 'bytes': return writer.longBytes(value as Uint8Array);
    default: return writer.table(value as AmqpTable);
  }
}

/** Reads the payload of a method frame. Throws {@link AmqpProtocolError}. */
export function readMethod(payload: Buffer): Method {
  const reader = new FieldReader(payload);
  const number = reader.short() * 65_536 + reader.short();
  const found = BY_NUMBER.get(number);
  if (found === undefined) {
    throw new AmqpProtocolError(`unknown method ${Math.floor(number / 65_536)}.${number % 65_536}`);
  }
  const [name, members] = found;
  const fields: Record<string, any> = {};
  let bits = 0;
  let bitCount = 8;
  for (const [field, kind] of members) {
    if (kind === 'bit') {
      if (bitCount === 8) {
        bits = reader.octet();
        bitCount = 0;
      }
      fields[field] = (bits & (1 << bitCount)) !== 0;
      bitCount += 1;
      continue;
    }
    bitCount = 8;
    fields[field] = readField(reader, kind);
  }
  return { name, fields };
}

function readField(reader: FieldReader, kind: Exclude<Kind, 'bit'>): unknown {
  switch (kind) {
    case 'octet': return reader.octet();
    case 'short': return reader.short();
    case 'long': return reader.long();
    case 'longlong': return reader.longlong();
    case 'str': return reader.shortString();
    case 'bytes': return reader.longBytes();
    default: return reader.table();
  }
}

/** The properties of a message; `timestamp` in seconds since the epoch. */
export interface MessageProperties {
  contentType?: string;
  contentEncoding?: string;
  headers?: AmqpTable;
  deliveryMode?: number;
  priority?: number;
  correlationId?: string;
  replyTo?: string;
  expiration?: string;
  messageId?: string;
  timestamp?: number;
  type?: string;
  userId?: string;
  appId?: string;
  clusterId?: string;
}

const PROPERTIES: ReadonlyArray<readonly [keyof MessageProperties, Kind]> = [
  ['contentType', 'str'], ['contentEncoding', 'str'], ['headers', 'table'], ['deliveryMode', 'octet'],
  ['priority', 'octet'], ['correlationId', 'str'], ['replyTo', 'str'], ['expiration', 'str'], ['messageId', 'str'],
  ['timestamp', 'longlong'], ['type', 'str'], ['userId', 'str'], ['appId', 'str'], ['clusterId', 'str'],
];

export interface ContentHeader {
  bodySize: number;
  properties: MessageProperties;
}

/** The payload of a content header frame. */
export function writeHeader(bodySize: number, properties: MessageProperties): Buffer {
  const writer = new FieldWriter();
  writer.short(60);
  writer.short(0);
  writer.longlong(bodySize);
  let flags = 0;
  PROPERTIES.forEach(([name], index) => {
    if (properties[name] !== undefined) flags |= 1 << (15 - index);
  });
  writer.short(flags);
  for (const [name, kind] of PROPERTIES) {
    const value = properties[name];
    if (value !== undefined) writeField(writer, kind as Exclude<Kind, 'bit'>, value);
  }
  return writer.finish();
}

/** Reads the payload of a content header frame. Throws {@link AmqpProtocolError}. */
export function readHeader(payload: Buffer): ContentHeader {
  const reader = new FieldReader(payload);
  if (reader.short() !== 60) throw new AmqpProtocolError('a content header of an unknown class');
  reader.short();
  const bodySize = reader.longlong();
  const flags = reader.short();
  if ((flags & 1) !== 0) throw new AmqpProtocolError('a content header with unknown properties');
  const properties: Record<string, unknown> = {};
  PROPERTIES.forEach(([name, kind], index) => {
    if ((flags & (1 << (15 - index))) !== 0) properties[name] = readField(reader, kind as Exclude<Kind, 'bit'>);
  });
  return { bodySize, properties: properties as MessageProperties };
}
