/** Something went wrong on an AMQP connection; the connection is closed. */
export class AmqpError extends Error {
  override name = 'AmqpError';
}

/** The bytes that came are not AMQP 0-9-1 as we expect it. */
export class AmqpProtocolError extends AmqpError {
  override name = 'AmqpProtocolError';
}

/** The broker closed the connection or a channel and said why. */
export class AmqpCloseError extends AmqpError {
  override name = 'AmqpCloseError';
  readonly code: number;
  readonly text: string;
  readonly scope: 'connection' | 'channel';

  constructor(scope: 'connection' | 'channel', code: number, text: string) {
    super(`${code} ${text}`);
    this.scope = scope;
    this.code = code;
    this.text = text;
  }
}

/** A file named in the URL cannot be used. */
export class AmqpTrustError extends AmqpError {
  override name = 'AmqpTrustError';
}

/** Why a broker does not let a client in; `mechanism`: it does not offer that login. */
export type Refusal = 'credentials' | 'vhost' | 'mechanism';

/** The broker did not let us in. */
export class AmqpRefusedError extends AmqpError {
  override name = 'AmqpRefusedError';
  readonly reason: Refusal;

  constructor(reason: Refusal, text: string) {
    super(text);
    this.reason = reason;
  }
}
