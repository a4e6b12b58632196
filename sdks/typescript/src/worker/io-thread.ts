/** Entry of the thread that owns the connections, so that a handler that computes starves neither of them. */
import { parentPort, workerData } from 'node:worker_threads';

import { BrokerLoop } from './broker-loop.js';
import { setLogLevel } from './log.js';
import type { LoopStart, ToLoop } from './port.js';

const port = parentPort;
if (port !== null) {
  const start = workerData as LoopStart;
  setLogLevel(start.settings.logLevel);
  const loop = new BrokerLoop(start, (message) => port.postMessage(message));
  port.on('message', (message: ToLoop) => loop.receive(message));
  loop.open();
}
