/** TLS: whom a connection trusts, and which certificate it shows. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

import { AmqpError, AmqpTrustError } from './errors.js';
import type { AmqpAddress } from './url.js';

/**
 * Reads the files of an address, so certificates that were renewed count from the next connection on.
 * Throws {@link AmqpTrustError} that names a file which cannot be used.
 */
export function tlsOptions(address: AmqpAddress): ConnectionOptions {
  const { host, port, caFile, certFile, keyFile } = address;
  const authorities: Partial<ConnectionOptions> = {};
  if (caFile !== null) {
    reading(`the certificate authorities in '${caFile}' (cacertfile)`, () => {
      const ca = readFileSync(caFile);
      // Node itself trusts nobody, without a word, when there is no certificate in the file.
      new X509Certificate(ca);
      authorities.ca = [ca];
    });
  }
  const shown: Partial<ConnectionOptions> = {};
  if (certFile !== null && keyFile !== null) {
    reading(`the client certificate '${certFile}' with the key '${keyFile}'`, () => {
      shown.cert = readFileSync(certFile);
      shown.key = readFileSync(keyFile);
      createSecureContext(shown);
    });
  }
  return {
    host, port, ...authorities, ...shown,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: address.verifyPeer,
  };
}

function reading(what: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    const reason = typeof code === 'string' ? FILE_ERRORS[code] : undefined;
    if (reason !== undefined) throw new AmqpTrustError(`${what} cannot be read: ${reason}`);
    throw new AmqpTrustError(`${what} cannot be used: ${message.split(':').at(-1)?.trim() ?? message}`);
  }
}

const FILE_ERRORS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** An error of a TLS socket in words for people; others come back as they are. */
export function describeTls(error: Error, socket: TLSSocket): Error {
  if (socket.authorizationError) {
    return new AmqpError(`the certificate is refused: ${error.message}; cacertfile in the URL names the authorities to trust`);
  }
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (typeof code !== 'string' || !/^(ERR_SSL|EPROTO)/.test(code)) return error;
  const text = String(reason ?? error.message);
  if (/wrong version number/i.test(text)) return new AmqpError('TLS failed: whatever answers there does not speak TLS');
  const hint = /certificate/i.test(text) ? '; certfile and keyfile in the URL name the client certificate' : '';
  const alert = /alert ([a-z ]+)/.exec(text)?.[1];
  return new AmqpError(alert === undefined ? `TLS failed: ${text}${hint}` : `the broker ended TLS: ${alert}${hint}`);
}
