import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface TestServer {
  url: string;
  stop: () => void;
}

/** A real HTTP server on the loopback interface. */
export function httpServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<TestServer> {
  const server = createServer(answer);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        stop: () => {
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}

/** A port on which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = await httpServer(() => undefined);
  server.stop();
  return server.url;
}
