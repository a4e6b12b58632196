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
  /** `external`: the client certificate says who it is. */
  mechanism: 'plain' | 'external';
  /** PEM files: authorities to trust (null: those of Node), and the client's certificate with its key. */
  caFile: string | null;
  certFile: string | null;
  keyFile: string | null;
  verifyPeer: boolean;
  /** Parameters of other libraries. */
  ignored: string[];
}

/** An AMQP URL that cannot be used; the message never contains the password. */
export class AmqpUrlError extends Error {
  override name = 'AmqpUrlError';
}

/**
 * Reads `amqp://user:password@host:5672/vhost?heartbeat=20` and its `amqps` sibling; all parts may be percent-encoded.
 * An empty path means the virtual host `/`, as RabbitMQ's own tools read it. Query members of RabbitMQ's URI
 * specification that are understood: `heartbeat` (s), `connection_timeout` (ms), `cacertfile`, `certfile`, `keyfile`,
 * `verify` (`verify_peer`, `verify_none`), `auth_mechanism` (`plain`, `external`). Throws {@link AmqpUrlError}.
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
  if (url.hash !== '') throw new AmqpUrlError("it contains '#': write %23 when it belongs to a name or the password");
  const query = parameters(url.search);
  const certFile = query.get('certfile') ?? null;
  const keyFile = query.get('keyfile') ?? null;
  if ((certFile === null) !== (keyFile === null)) {
    throw new AmqpUrlError('certfile and keyfile belong together and one is missing');
  }
  return {
    tls,
    host: decoded(url.hostname.replace(/^\[(.*)\]$/, '$1'), 'host') || 'localhost',
    port,
    user: url.username === '' ? 'guest' : decoded(url.username, 'user'),
    password: url.username === '' ? 'guest' : decoded(url.password, 'password'),
    vhost: path === '' ? '/' : decoded(path, 'virtual host'),
    heartbeat: whole(query, 'heartbeat', 0, 65_535),
    connectionTimeoutMs: whole(query, 'connection_timeout', 1, 3_600_000),
    mechanism: oneOf(query.get('auth_mechanism')?.toLowerCase(), 'auth_mechanism', ['plain', 'external']),
    caFile: query.get('cacertfile') ?? null,
    certFile,
    keyFile,
    verifyPeer: oneOf(query.get('verify'), 'verify', ['verify_peer', 'verify_none']) === 'verify_peer',
    ignored: [...query.keys()].filter((name) => !PARAMETERS.has(name)),
  };
}

const PARAMETERS = new Set(
  ['cacertfile', 'certfile', 'keyfile', 'verify', 'auth_mechanism', 'heartbeat', 'connection_timeout'],
);

/** What the person who starts the worker should know. */
export function warningsOf(address: AmqpAddress): string[] {
  const found: string[] = [];
  if (address.ignored.length > 0) {
    found.push(`parameters of the AMQP URL are not known and ignored: ${address.ignored.join(', ')}`);
  }
  if (address.tls && !address.verifyPeer) {
    found.push('verify=verify_none: anybody can pretend to be the broker and read what is sent');
  }
  return found;
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

/** Not `URLSearchParams`, for which a plus sign is a blank. */
function parameters(search: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of search.replace(/^\?/, '').split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    const [name, value] = at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)];
    found.set(decoded(name, 'query'), decoded(value, `parameter ${name}`));
  }
  return found;
}

function oneOf<T extends string>(value: string | undefined, name: string, allowed: [T, T]): T {
  if (value === undefined) return allowed[0];
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new AmqpUrlError(`${name} is '${value}', neither ${allowed.join(' nor ')}`);
  return found;
}

function whole(query: Map<string, string>, name: string, least: number, most: number): number | null {
  const text = query.get(name);
  if (text === undefined) return null;
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) {
    throw new AmqpUrlError(`${name} is '${text}', not a whole number from ${least} to ${most}`);
  }
  return value;
}
