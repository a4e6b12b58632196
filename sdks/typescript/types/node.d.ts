// What the SDK uses of Node's own modules. Debian's compiler comes without @types/node, and these declarations are not
// published: nothing in the package's public types mentions them.

interface BufferConstructor {
  from(data: string, encoding?: string): Buffer;
  from(data: ArrayLike<number>): Buffer;
  from(data: ArrayBufferLike, offset?: number, length?: number): Buffer;
  alloc(size: number): Buffer;
  allocUnsafe(size: number): Buffer;
  concat(list: readonly Uint8Array[], total?: number): Buffer;
  byteLength(text: string): number;
  isBuffer(value: unknown): value is Buffer;
  compare(a: Uint8Array, b: Uint8Array): number;
}

interface Buffer extends Uint8Array {
  toString(encoding?: string, start?: number, end?: number): string;
  equals(other: Uint8Array): boolean;
  copy(target: Uint8Array, targetStart?: number, start?: number, end?: number): number;
  subarray(start?: number, end?: number): Buffer;
  write(text: string, offset: number, encoding?: string): number;
  readUInt8(offset: number): number;
  readInt8(offset: number): number;
  readUInt16BE(offset: number): number;
  readInt16BE(offset: number): number;
  readUInt32BE(offset: number): number;
  readInt32BE(offset: number): number;
  readBigUInt64BE(offset: number): bigint;
  readBigInt64BE(offset: number): bigint;
  readFloatBE(offset: number): number;
  readDoubleBE(offset: number): number;
  writeUInt8(value: number, offset: number): number;
  writeInt8(value: number, offset: number): number;
  writeUInt16BE(value: number, offset: number): number;
  writeInt16BE(value: number, offset: number): number;
  writeUInt32BE(value: number, offset: number): number;
  writeInt32BE(value: number, offset: number): number;
  writeBigUInt64BE(value: bigint, offset: number): number;
  writeBigInt64BE(value: bigint, offset: number): number;
  writeDoubleBE(value: number, offset: number): number;
}

declare const Buffer: BufferConstructor;

interface NodeProcess {
  argv: string[];
  env: Record<string, string | undefined>;
  execPath: string;
  execArgv: string[];
  pid: number;
  exitCode: number | undefined;
  version: string;
  versions: Record<string, string | undefined>;
  stdin: NodeReadable;
  stdout: { write(text: string | Uint8Array): boolean };
  stderr: { write(text: string | Uint8Array): boolean };
  cwd(): string;
  exit(code?: number): never;
  kill(pid: number, signal?: string | number): boolean;
  on(event: string, listener: (...values: any[]) => void): NodeProcess;
  once(event: string, listener: (...values: any[]) => void): NodeProcess;
  off(event: string, listener: (...values: any[]) => void): NodeProcess;
  nextTick(callback: () => void): void;
  emitWarning(text: string): void;
  memoryUsage(): { rss: number; heapUsed: number };
}

interface NodeReadable {
  on(event: 'data', listener: (chunk: Buffer) => void): NodeReadable;
  on(event: string, listener: (...values: any[]) => void): NodeReadable;
  pause(): void;
  resume(): void;
  setEncoding(encoding: string): void;
  destroy(): void;
  unref?(): void;
}

declare const process: NodeProcess;

declare module 'node:process' {
  const exported: NodeProcess;
  export default exported;
}

declare module 'node:timers' {
  export interface Timer {
    ref(): Timer;
    unref(): Timer;
  }
  export function setTimeout(callback: () => void, milliseconds: number): Timer;
  export function clearTimeout(timer: Timer | undefined | null): void;
  export function setInterval(callback: () => void, milliseconds: number): Timer;
  export function clearInterval(timer: Timer | undefined | null): void;
  export function setImmediate(callback: () => void): unknown;
}

declare module 'node:events' {
  export class EventEmitter {
    on(event: string, listener: (...values: any[]) => void): this;
    once(event: string, listener: (...values: any[]) => void): this;
    off(event: string, listener: (...values: any[]) => void): this;
    emit(event: string, ...values: any[]): boolean;
    removeAllListeners(event?: string): this;
    listenerCount(event: string): number;
    setMaxListeners(count: number): this;
  }
}

declare module 'node:net' {
  import { EventEmitter } from 'node:events';
  export class Socket extends EventEmitter {
    constructor(options?: { fd?: number; readable?: boolean });
    readonly destroyed: boolean;
    readonly writableLength: number;
    readonly remotePort?: number;
    write(data: string | Uint8Array): boolean;
    end(data?: string | Uint8Array): void;
    destroy(error?: Error): void;
    cork(): void;
    uncork(): void;
    pause(): this;
    resume(): this;
    setNoDelay(on?: boolean): void;
    setKeepAlive(on: boolean, delay?: number): void;
    unref(): void;
  }
  export interface Server extends EventEmitter {
    listen(port: number, host: string, callback?: () => void): Server;
    address(): { port: number; address: string };
    close(callback?: () => void): void;
    unref(): void;
  }
  export function connect(options: { host: string; port: number }): Socket;
  export function createServer(listener: (socket: Socket) => void): Server;
  export function isIP(text: string): number;
}

declare module 'node:tls' {
  import type { Server, Socket } from 'node:net';
  export interface SecureContextOptions {
    ca?: Uint8Array[];
    cert?: Uint8Array;
    key?: Uint8Array;
    minVersion?: string;
  }
  export interface ConnectionOptions extends SecureContextOptions {
    host: string;
    port: number;
    servername?: string;
    rejectUnauthorized?: boolean;
  }
  export interface TLSSocket extends Socket {
    /** Null when the peer's certificate was accepted. */
    readonly authorizationError: string | Error | null;
  }
  export interface TlsServerOptions extends SecureContextOptions {
    requestCert?: boolean;
    rejectUnauthorized?: boolean;
  }
  export function connect(options: ConnectionOptions): TLSSocket;
  export function createSecureContext(options: SecureContextOptions): unknown;
  export function createServer(options: TlsServerOptions): Server;
}

declare module 'node:tty' {
  import { Socket } from 'node:net';
  export function isatty(fd: number): boolean;
  export class ReadStream extends Socket {
    constructor(fd: number);
  }
}

declare module 'node:http' {
  export interface IncomingMessage extends AsyncIterable<Buffer> {
    method: string;
    url: string;
    headers: Record<string, string | undefined>;
  }
  export interface ServerResponse {
    statusCode: number;
    setHeader(name: string, value: string): void;
    writeHead(status: number, headers?: Record<string, string>): ServerResponse;
    end(body?: string | Uint8Array): void;
    destroy(): void;
  }
  export interface Server {
    listen(port: number, host: string, callback?: () => void): Server;
    address(): { port: number };
    close(callback?: () => void): void;
    closeAllConnections(): void;
  }
  export function createServer(listener: (request: IncomingMessage, response: ServerResponse) => void): Server;
  export const STATUS_CODES: Record<string, string | undefined>;
}

declare module 'node:fs' {
  export function readFileSync(path: string | URL | number, encoding: 'utf8'): string;
  export function readFileSync(path: string | URL): Buffer;
  export function writeFileSync(path: string, data: string | Uint8Array): void;
  export function appendFileSync(path: string, data: string): void;
  export function writeSync(fd: number, data: string | Uint8Array, offset?: number, length?: number): number;
  export function existsSync(path: string | URL): boolean;
  export function mkdtempSync(prefix: string): string;
  export function mkdirSync(path: string, options?: { recursive?: boolean }): void;
  export function rmSync(path: string, options?: { recursive?: boolean; force?: boolean }): void;
  export function fstatSync(fd: number): { isFIFO(): boolean; isSocket(): boolean };
  export function createReadStream(path: string, options: { fd: number }): import('node:events').EventEmitter;
  export function cpSync(from: string, to: string, options?: { recursive?: boolean }): void;
  export function symlinkSync(target: string, path: string): void;
  export function realpathSync(path: string): string;
  export function readdirSync(path: string): string[];
  export function statSync(path: string): { isDirectory(): boolean; isFile(): boolean };
}

declare module 'node:path' {
  export function join(...parts: string[]): string;
  export function resolve(...parts: string[]): string;
  export function dirname(path: string): string;
  export function basename(path: string, suffix?: string): string;
  export function extname(path: string): string;
  export function relative(from: string, to: string): string;
  export function isAbsolute(path: string): boolean;
}

declare module 'node:url' {
  export function fileURLToPath(url: string | URL): string;
  export function pathToFileURL(path: string): URL;
}

declare module 'node:os' {
  export function hostname(): string;
  export function tmpdir(): string;
  export const constants: { signals: Record<string, number> };
}

declare module 'node:crypto' {
  export function randomUUID(): string;
  export function randomBytes(size: number): Buffer;
  export class X509Certificate {
    constructor(pem: Uint8Array);
  }
  export function createHash(name: string): { update(text: string): { digest(encoding: string): string } };
}

declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, callback: () => R): R;
    getStore(): T | undefined;
  }
}

declare module 'node:worker_threads' {
  import { EventEmitter } from 'node:events';
  export interface MessagePort extends EventEmitter {
    postMessage(value: unknown, transfer?: unknown[]): void;
    close(): void;
    unref(): void;
    ref(): void;
  }
  export class Worker extends EventEmitter {
    constructor(file: URL, options?: { workerData?: unknown; name?: string; execArgv?: string[]; stdout?: boolean });
    postMessage(value: unknown, transfer?: unknown[]): void;
    terminate(): Promise<number>;
    unref(): void;
  }
  export const parentPort: MessagePort | null;
  export const workerData: any;
  export const isMainThread: boolean;
}

declare module 'node:child_process' {
  import { EventEmitter } from 'node:events';
  export interface ChildProcess extends EventEmitter {
    readonly pid: number;
    readonly exitCode: number | null;
    readonly signalCode: string | null;
    readonly stdin: { write(text: string | Uint8Array): boolean; end(text?: string | Uint8Array): void; on(event: string, listener: (...values: any[]) => void): void };
    readonly stdout: NodeReadable;
    readonly stderr: NodeReadable;
    kill(signal?: string | number): boolean;
  }
  export interface SpawnOptions {
    cwd?: string;
    env?: Record<string, string | undefined>;
    stdio?: Array<'pipe' | 'inherit' | 'ignore' | number> | 'inherit' | 'pipe';
    detached?: boolean;
  }
  export function spawn(command: string, args: string[], options?: SpawnOptions): ChildProcess;
  export function fork(file: string, args?: string[], options?: SpawnOptions): ChildProcess;
  export function spawnSync(
    command: string,
    args: string[],
    options?: { cwd?: string; env?: Record<string, string | undefined>; encoding?: 'utf8'; input?: string; timeout?: number; stdio?: string[] },
  ): { status: number | null; signal: string | null; stdout: string; stderr: string; error?: Error };
}

declare module 'node:test' {
  type Body = (context: TestContext) => void | Promise<void>;
  interface TestOptions {
    skip?: boolean | string;
    timeout?: number;
    concurrency?: number | boolean;
  }
  export interface TestContext {
    diagnostic(text: string): void;
    skip(reason?: string): void;
    after(body: () => void | Promise<void>): void;
    test(name: string, body: Body): Promise<void>;
  }
  interface Test {
    (name: string, body: Body): Promise<void>;
    (name: string, options: TestOptions, body: Body): Promise<void>;
  }
  export const test: Test;
  export const it: Test;
  export function describe(name: string, body: () => void): void;
  export function describe(name: string, options: TestOptions, body: () => void): void;
  export function before(body: () => void | Promise<void>, options?: { timeout?: number }): void;
  export function after(body: () => void | Promise<void>, options?: { timeout?: number }): void;
  export function beforeEach(body: () => void | Promise<void>): void;
  export function afterEach(body: () => void | Promise<void>): void;
}

declare module 'node:assert/strict' {
  interface Assert {
    (value: unknown, message?: string): asserts value;
    ok(value: unknown, message?: string): asserts value;
    equal<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
    notEqual(actual: unknown, expected: unknown, message?: string): void;
    deepEqual<T>(actual: unknown, expected: T, message?: string): asserts actual is T;
    notDeepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(text: string, expression: RegExp, message?: string): void;
    doesNotMatch(text: string, expression: RegExp, message?: string): void;
    throws(body: () => unknown, expected?: unknown, message?: string): void;
    rejects(body: Promise<unknown> | (() => Promise<unknown>), expected?: unknown, message?: string): Promise<void>;
    fail(message?: string): never;
  }
  const assert: Assert;
  export default assert;
}
