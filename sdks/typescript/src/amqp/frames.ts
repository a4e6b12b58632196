import { AmqpProtocolError } from './errors.js';

export const FRAME_METHOD = 1;
export const FRAME_HEADER = 2;
export const FRAME_BODY = 3;
export const FRAME_HEARTBEAT = 8;
export const FRAME_END = 0xce;
const OVERHEAD = 8;

export interface Frame {
  type: number;
  channel: number;
  payload: Buffer;
}

/** The protocol header that opens a connection. */
export const PROTOCOL_HEADER = Buffer.from('AMQP\u0000\u0000\u0009\u0001', 'latin1');

export function writeFrame(type: number, channel: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + OVERHEAD);
  frame.writeUInt8(type, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(payload.length, 3);
  frame.set(payload, 7);
  frame.writeUInt8(FRAME_END, payload.length + 7);
  return frame;
}

/** Cuts a byte stream into frames. Keeps at most one incomplete frame of the size that was agreed on. */
export class FrameParser {
  /** Longest frame that is accepted, overhead included. */
  maxFrame: number;
  private pending: Buffer[] = [];
  private size = 0;
  private first = true;

  constructor(maxFrame: number) {
    this.maxFrame = maxFrame;
  }

  /** Adds bytes and calls `emit` per complete frame, until it returns false. Throws {@link AmqpProtocolError}. */
  push(chunk: Buffer, emit: (frame: Frame) => boolean): void {
    this.pending.push(chunk);
    this.size += chunk.length;
    let needed = this.needed();
    if (needed > this.size) return;
    let bytes = this.pending.length === 1 ? (this.pending[0] as Buffer) : Buffer.concat(this.pending, this.size);
    this.pending = [bytes];
    while (needed <= this.size) {
      if (bytes.readUInt8(needed - 1) !== FRAME_END) throw new AmqpProtocolError('a frame does not end where it should');
      const frame = {
        type: bytes.readUInt8(0),
        channel: bytes.readUInt16BE(1),
        payload: bytes.subarray(7, needed - 1),
      };
      bytes = bytes.subarray(needed);
      this.pending = [bytes];
      this.size = bytes.length;
      if (!emit(frame)) return;
      needed = this.needed();
    }
    if (this.size === 0) this.pending = [];
  }

  /** Bytes of the frame that begins here, or more than there are when its head is not complete. */
  private needed(): number {
    if (this.size < 7) {
      this.checkStart();
      return this.size + 1;
    }
    const head = this.head();
    const type = head.readUInt8(0);
    if (this.first) this.checkStart();
    if (type !== FRAME_METHOD && type !== FRAME_HEADER && type !== FRAME_BODY && type !== FRAME_HEARTBEAT) {
      throw new AmqpProtocolError(`a frame of unknown type ${type}`);
    }
    this.first = false;
    const total = head.readUInt32BE(3) + OVERHEAD;
    if (total > this.maxFrame) {
      throw new AmqpProtocolError(`a frame of ${total} bytes where at most ${this.maxFrame} were agreed on`);
    }
    return total;
  }

  /** Whatever does not speak our version answers with a protocol header or something else entirely. */
  private checkStart(): void {
    if (!this.first || this.size === 0) return;
    const type = this.head().readUInt8(0);
    if (type !== FRAME_METHOD) {
      throw new AmqpProtocolError('whatever answers there does not speak AMQP 0-9-1');
    }
  }

  private head(): Buffer {
    const first = this.pending[0] as Buffer;
    if (first.length >= 7 || this.pending.length === 1) return first;
    const joined = Buffer.concat(this.pending, this.size);
    this.pending = [joined];
    return joined;
  }
}
