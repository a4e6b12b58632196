/** amqps: whom the worker trusts, and what it says when it does not. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';

import { brokerTest, tlsNode } from '../support/fixture.js';
import { execute } from '../support/messages.js';
import { eventually } from '../support/waiting.js';

const STACK = /\n\s+at /;

interface Where {
  host?: string;
  user?: string;
}

function amqps(parameters: string[], { host = 'localhost', user = 'guest:guest@' }: Where = {}): Record<string, string> {
  return { TASKER_AMQP_URL: `amqps://${user}${host}:${tlsNode().tlsPort}/%2F?${parameters.join('&')}` };
}

const trusting = (name: string): string => `cacertfile=${tlsNode().certificate(name)}`;
const showing = (name: string): string[] => [`certfile=${tlsNode().certificate(`${name}.pem`)}`, `keyfile=${tlsNode().certificate(`${name}.key`)}`];

/** The worker's two connections, once the broker has noticed that those of earlier tests are gone. */
async function expectConnections(columns: Record<string, string>): Promise<void> {
  const row = Object.values(columns).join('\t');
  await eventually(() => {
    const lines = tlsNode().ctl('list_connections', ...Object.keys(columns), 'client_properties', '--quiet').split('\n');
    const found = lines.filter((line) => line.includes('tasker-typescript'));
    return found.length === 2 && found.every((line) => line.startsWith(`${row}\t`));
  }, `two connections with ${JSON.stringify(columns)}`);
}

for (const host of ['localhost', '127.0.0.1']) {
  brokerTest(`steps over TLS at ${host}`, { tls: true }, async ({ desk, start }) => {
    const worker = start([], amqps([trusting('ca.pem')], { host }));
    await worker.ready();
    const large = { text: 'x'.repeat(900_000) };
    const inputs = [large, ...Array.from({ length: 50 }, (_, n) => ({ n })), large];
    for (const input of inputs) await desk.send(execute('echo', input));
    const results: unknown[] = [];
    for (const _ of inputs) results.push((await desk.result())['result'].echo);
    const sorted = (values: unknown[]): string[] => values.map((value) => JSON.stringify(value)).sort();
    assert.deepEqual(sorted(results), sorted(inputs));
    await expectConnections({ ssl: 'true', ssl_protocol: 'tlsv1.3' });

    tlsNode().closeWorkerConnections();
    await worker.waitFor('connected to RabbitMQ again');
    await desk.send(execute());
    assert.equal((await desk.result())['status'], 'completed');
    worker.signal('SIGTERM');
    assert.equal(await worker.wait(), 0);
    assert.doesNotMatch(worker.output, /certificate/);
  });
}

brokerTest('the client certificate logs in', { tls: true }, async ({ desk, start }) => {
  const worker = start([], amqps([trusting('ca.pem'), ...showing('client'), 'auth_mechanism=external'], { user: '' }));
  await worker.ready();
  await desk.send(execute());
  assert.equal((await desk.result())['status'], 'completed');
  await expectConnections({ auth_mechanism: 'EXTERNAL', user: 'guest' });
});

const REFUSED: Array<[name: string, authority: string | null, host: string, why: RegExp]> = [
  ['of an unknown authority', 'other-ca.pem', 'localhost', /unable to get local issuer|self.signed|unable to verify|signature failure/],
  ['of none of those of Node', null, 'localhost', /unable to get local issuer|self.signed|unable to verify/],
  ['of another host', 'ca.pem', '127.0.0.2', /IP: 127\.0\.0\.2 is not in the cert's list/],
];
for (const [name, authority, host, why] of REFUSED) {
  brokerTest(`a certificate ${name} is refused`, { tls: true }, async ({ start }) => {
    const worker = start([], amqps(authority === null ? [] : [trusting(authority)], { host }));
    await worker.waitFor('the certificate is refused: ', 2);
    assert.match(worker.output, why);
    assert.ok(worker.output.includes(`cannot reach RabbitMQ at ${host}:${tlsNode().tlsPort}`));
    assert.ok(worker.output.includes('cacertfile in the URL names the authorities to trust'));
    assert.doesNotMatch(worker.output, STACK);
    worker.signal('SIGTERM');
    assert.equal(await worker.wait(), 0);
  });
}

brokerTest('trusting anybody has to be asked for and is told', { tls: true }, async ({ start }) => {
  const worker = start([], amqps(['verify=verify_none', 'frame_size=1'], { host: '127.0.0.2' }));
  await worker.ready();
  assert.match(worker.output, /verify=verify_none: anybody can pretend to be the broker/);
  assert.match(worker.output, /not known and ignored: frame_size/);
});

const SELF = fileURLToPath(import.meta.url);
const WRONG: Array<[url: string, told: string]> = [
  ['amqps://h?verify=none', "verify is 'none', neither verify_peer nor verify_none"],
  ['amqps://h?cacertfile=/no/such.pem', "'/no/such.pem' (cacertfile) cannot be read: no such file or directory"],
  [`amqps://h?cacertfile=${SELF}`, '(cacertfile) cannot be used: '],
  ['amqps://h?certfile=/a.pem', 'certfile and keyfile belong together and one is missing'],
  ['amqps://h?certfile=/a.pem&keyfile=/a.key', "'/a.pem' with the key '/a.key' cannot be read"],
];
for (const [url, told] of WRONG) {
  brokerTest(`wrong settings end the worker: ${url.replace(SELF, 'a file without certificates')}`, {}, async ({ start }) => {
    const worker = start([], { TASKER_AMQP_URL: url });
    assert.equal(await worker.wait(), 2);
    assert.ok(worker.output.includes(told), worker.output);
    assert.match(worker.output, /^error: .*TASKER_AMQP_URL\n$/);
  });
}

brokerTest('wrong credentials over TLS', { tls: true }, async ({ start }) => {
  const worker = start([], amqps([trusting('ca.pem')], { user: 'guest:secret@' }));
  assert.equal(await worker.wait(), 2);
  assert.match(worker.output, /refused user 'guest': wrong user or password/);
  assert.doesNotMatch(worker.output, /secret|\n\s+at /);
});

brokerTest('a certificate that no user has', { tls: true }, async ({ start }) => {
  const worker = start([], amqps([trusting('ca.pem'), ...showing('server'), 'auth_mechanism=external']));
  assert.equal(await worker.wait(), 2);
  assert.match(worker.output, /refused the client certificate/);
  assert.doesNotMatch(worker.output, STACK);
});

brokerTest('a login that the broker does not offer', {}, async ({ desk, start }) => {
  const worker = start([], { TASKER_AMQP_URL: `${desk.environment['TASKER_AMQP_URL']}?auth_mechanism=external` });
  assert.equal(await worker.wait(), 2);
  assert.match(worker.output, /does not offer the login 'external'/);
  assert.doesNotMatch(worker.output, STACK);
});

brokerTest('TLS on one side only', { tls: true }, async ({ start }) => {
  const plain = start([], { TASKER_AMQP_URL: `amqp://guest:guest@localhost:${tlsNode().tlsPort}/%2F` });
  await plain.waitFor('or wants TLS (amqps://)');
  const port = new URL(tlsNode().url).port;
  const secure = start([], { TASKER_AMQP_URL: `amqps://guest:guest@localhost:${port}/%2F?${trusting('ca.pem')}` });
  await secure.waitFor('whatever answers there does not speak TLS');
  assert.doesNotMatch(plain.output + secure.output, STACK);
});

brokerTest('a broker that demands a certificate', { tls: true }, async ({ start }) => {
  const file = (name: string): Buffer => readFileSync(tlsNode().certificate(name));
  const server = createServer({
    cert: file('server.pem'), key: file('server.key'), ca: [file('ca.pem')], requestCert: true, rejectUnauthorized: true,
  });
  let port = 0;
  server.listen(0, '127.0.0.1', () => {
    port = server.address().port;
  });
  try {
    await eventually(() => port > 0, 'the server');
    const worker = start([], { TASKER_AMQP_URL: `amqps://localhost:${port}?${trusting('ca.pem')}` });
    await worker.waitFor('certfile and keyfile in the URL name the client certificate', 2);
    assert.match(worker.output, /certificate required/);
    assert.doesNotMatch(worker.output, STACK);
  } finally {
    server.close();
  }
});
