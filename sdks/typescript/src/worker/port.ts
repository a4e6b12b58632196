/** What passes between the thread that owns the connections and the thread that runs handlers. */
import type { ExecuteMessage } from '../wire/execute.js';
import type { Progress } from '../wire/outgoing.js';
import type { StopReason } from './stop-reason.js';
import type { WorkerSettings } from './settings.js';

export interface HandlerName {
  callable: string;
  version: string | null;
}

/** The handlers there are. `open` = resolvers may find more than the names. */
export interface HandlerList {
  names: HandlerName[];
  open: boolean;
}

export interface LoopStart {
  settings: WorkerSettings;
  workerId: string;
  handlers: HandlerList;
}

/** To the connections. */
export type ToLoop =
  | { kind: 'finished'; key: string; body: string; failed: boolean }
  | { kind: 'progress'; key: string; progress: Progress }
  | { kind: 'handlers'; handlers: HandlerList }
  | { kind: 'drain'; reason: string }
  | { kind: 'status' };

/** How the connections' side ended: 0 = all answers confirmed, 1 = some could not be sent, 2 = the broker refuses us. */
export interface LoopEnd {
  code: number;
  refusal: string | null;
  handlersLeft: boolean;
}

/** From the connections. */
export type FromLoop =
  | { kind: 'run'; key: string; message: ExecuteMessage }
  | { kind: 'stop'; key: string; reason: StopReason }
  | { kind: 'settled'; key: string }
  | { kind: 'ready' }
  | { kind: 'connected'; connected: boolean }
  | ({ kind: 'ended' } & LoopEnd);
