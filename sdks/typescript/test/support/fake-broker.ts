/** A server that speaks just enough AMQP to misbehave. */
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

import { FRAME_HEADER, FRAME_METHOD, FrameParser, writeFrame } from '../../src/amqp/frames.js';
import type { Frame } from '../../src/amqp/frames.js';
import { readMethod, writeHeader, writeMethod } from '../../src/amqp/spec.js';
import { parseAmqpUrl } from '../../src/amqp/url.js';
import type { AmqpAddress } from '../../src/amqp/url.js';

export const method = (channel: number, name: string, fields: Record<string, any> = {}): Buffer =>
  writeFrame(FRAME_METHOD, channel, writeMethod(name, fields));
export const header = (channel: number, size: number): Buffer => writeFrame(FRAME_HEADER, channel, writeHeader(size, {}));

export const START = method(0, 'connection.start', {
  major: 0, minor: 9, properties: { product: 'fake', nested: { list: [1, 'a', null, true, 2.5] } },
  mechanisms: Buffer.from('PLAIN AMQPLAIN'), locales: Buffer.from('en_US'),
});
export const TUNE = method(0, 'connection.tune', { channelMax: 10, frameMax: 8192, heartbeat: 0 });

/** What the server does when a method arrives (`connect` = the protocol header). Bytes are sent as they are. */
export type Script = Record<string, (socket: Socket, fields: Record<string, any>) => Uint8Array | void>;

export const POLITE: Script = {
  connect: () => START,
  'connection.start-ok': () => TUNE,
  'connection.open': () => method(0, 'connection.open-ok'),
  'channel.open': () => method(1, 'channel.open-ok'),
  'confirm.select': () => method(1, 'confirm.select-ok'),
  'queue.declare': () => method(1, 'queue.declare-ok', { queue: 'q', messageCount: 0, consumerCount: 0 }),
  'basic.consume': (_socket, { consumerTag }) => method(1, 'basic.consume-ok', { consumerTag }),
  'connection.close': () => method(0, 'connection.close-ok'),
  'channel.close': () => method(1, 'channel.close-ok'),
};

export interface FakeBroker {
  address: AmqpAddress;
  /** Methods that arrived. */
  seen: string[];
  socket: () => Socket;
  /** Whether the client has gone. */
  closed: () => boolean;
  stop: () => void;
}

export function fakeBroker(changes: Script = {}, query = ''): Promise<FakeBroker> {
  const script: Script = { ...POLITE, ...changes };
  const seen: string[] = [];
  let last: Socket | null = null;
  let closed = false;
  const server = createServer((socket) => {
    last = socket;
    const parser = new FrameParser(131_072);
    let greeted = false;
    const act = (name: string, fields: Record<string, any>): void => {
      seen.push(name);
      const bytes = script[name]?.(socket, fields);
      if (bytes instanceof Uint8Array) socket.write(bytes);
    };
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed = true;
    });
    socket.on('data', (chunk: Buffer) => {
      let rest = chunk;
      if (!greeted) {
        greeted = true;
        rest = chunk.subarray(8);
        act('connect', {});
      }
      if (rest.length > 0) {
        parser.push(rest, (frame: Frame) => {
          if (frame.type === FRAME_METHOD) {
            const { name, fields } = readMethod(frame.payload);
            act(name, fields);
          }
          return true;
        });
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({
        address: parseAmqpUrl(`amqp://u:p@127.0.0.1:${server.address().port}/v${query}`),
        seen,
        socket: () => last as Socket,
        closed: () => closed,
        stop: () => {
          last?.destroy();
          server.close();
        },
      });
    });
  });
}
