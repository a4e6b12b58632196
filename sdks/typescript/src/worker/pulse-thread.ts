/** Entry of the thread that writes heartbeats over stdio, so that a handler that computes does not hold them up. */
import { clearTimeout, setTimeout } from 'node:timers';
import type { Timer } from 'node:timers';
import { parentPort, workerData } from 'node:worker_threads';

import type { ExecuteMessage } from '../wire/execute.js';
import { MessageWriter } from '../wire/outgoing.js';
import type { Progress, WorkerIdentity } from '../wire/outgoing.js';
import { LineOutput } from './line-output.js';

const FIRST_HEARTBEAT_MS = 1000;

export interface PulseStart {
  fd: number;
  shared: SharedArrayBuffer;
  identity: WorkerIdentity;
}

export type PulseStep = Pick<ExecuteMessage, 'dispatchId' | 'taskUuid' | 'stepUuid' | 'heartbeatIntervalMs'>;
export type ToPulse =
  | { kind: 'begin'; number: number; step: PulseStep; startedAt: number }
  | { kind: 'progress'; number: number; progress: Progress }
  | { kind: 'end' };

const port = parentPort;
if (port !== null) {
  const { fd, shared, identity } = workerData as PulseStart;
  const output = new LineOutput(fd, shared);
  const writer = new MessageWriter(identity);
  let timer: Timer | null = null;
  let progress: Progress | null = null;
  let current = 0;

  const begin = (number: number, step: PulseStep, startedAt: number): void => {
    let sequence = 0;
    current = number;
    progress = null;
    const beat = (wait: number): void => {
      timer = setTimeout(() => {
        sequence += 1;
        const state = { startedAt, sequence, detached: false, progress };
        output.write(writer.heartbeat(step as ExecuteMessage, state), number);
        beat(step.heartbeatIntervalMs);
      }, wait);
    };
    clearTimeout(timer);
    beat(FIRST_HEARTBEAT_MS);
  };

  port.on('message', (message: ToPulse) => {
    if (message.kind === 'begin') begin(message.number, message.step, message.startedAt);
    else if (message.kind === 'end') clearTimeout(timer);
    else if (message.number === current) ({ progress } = message);
  });
}
