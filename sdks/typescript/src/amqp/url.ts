/** Where and as whom to connect. */
export interface AmqpAddress {
  tls: boolean;
  host: string;
  port: number;
  user: string;
  password: string;
  vhost: string;
  /** Seconds between heartbeats that the URL asks for; null when it does not say. */
  heartbeat: number | null;
  /** Milliseconds for connecting and the handshake; null when the URL does not say. */
  connectionTimeoutMs: number | null;
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
  serverName: string | null;
  verifyPeer: boolean;
}

/** An AMQP URL that cannot be used; the message never contains the password. */
export class AmqpUrlError extends Error {
  override name = 'AmqpUrlError';
}

/**
 * Reads `amqp://user:password@host:5672/vhost?heartbeat=20` and its `amqps` sibling; all parts may be percent-encoded.
 * An empty path means the virtual host `/`, as RabbitMQ's own tools read it. Query members of RabbitMQ's URI
 * specification that are understood: `heartbeat` (s), `connection_timeout` (ms), `cacertfile`, `certfile`, `keyfile`,
 * `verify` (`verify_peer`, `verify_none`), `server_name_indication`. Throws {@link AmqpUrlError}.
 */
export function parseAmqpUrl(text: string): AmqpAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new AmqpUrlError('it is not a URL');
  }
  if (url.protocol !== 'amqp:' && url.protocol !== 'amqps:') {
    throw new AmqpUrlError(`its scheme is ${url.protocol.slice(0, -1)}, not amqp or amqps`);
  }
  const tls = url.protocol === 'amqps:';
  const port = url.port === '' ? (tls ? 5671 : 5672) : Number(url.port);
  if (port < 1) throw new AmqpUrlError('port 0 cannot be connected to');
  const path = url.pathname.replace(/^\//, '');
  if (path.includes('/')) throw new AmqpUrlError('the virtual host contains a slash: write it as %2F');
  const query = url.searchParams;
  const seconds = whole(query.get('heartbeat'), 'heartbeat', 65_535);
  return {
    tls,
    host: decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'), 'host') || 'localhost',
    port,
    user: url.username === '' ? 'guest' : decoded(url.username, 'user'),
    password: url.username === '' ? 'guest' : decoded(url.password, 'password'),
    vhost: path === '' ? '/' : decoded(path, 'virtual host'),
    heartbeat: seconds,
    connectionTimeoutMs: whole(query.get('connection_timeout'), 'connection_timeout', 2 ** 31 - 1),
    caFile: query.get('cacertfile'),
    certFile: query.get('certfile'),
    keyFile: query.get('keyfile'),
    serverName: query.get('server_name_indication'),
    verifyPeer: query.get('verify') !== 'verify_none',
  };
}

/** The URL without its password, for logs. */
export function redactUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return '(unreadable URL)';
  }
  const user = url.username === '' ? '' : `${url.username}@`;
  return `${url.protocol}//${user}${url.host === '' ? 'localhost' : url.host}${url.pathname}`;
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AmqpUrlError(`its ${part} has a wrong percent escape (a % itself is written %25)`);
  }
}

function whole(text: string | null, name: string, most: number): number | null {
  if (text === null || text === '') return null;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) throw new AmqpUrlError(`its ${name} is not a whole number`);
  return value;
}
