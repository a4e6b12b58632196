// JSON.parse rounds integers beyond 2^53, and its revivers do not see the source text before Node 21, so the SDK reads
// JSON itself. The reader is strict (RFC 8259 and the wire protocol's rules) and bounded in depth.
import { INT64_MAX, INT64_MIN, setMember } from './value.js';
import type { JsonObject } from './value.js';

/** Deeper than any message may be (66); shallower than what the stack could not take. */
const MOST_LEVELS = 256;

/** A text that is not JSON of the wire; the message says what and where. */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError';
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LONE_SURROGATE = /\p{Surrogate}/u;
const PLAIN_RUN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const HEX = /^[0-9a-fA-F]{4}$/;
const ESCAPES: Record<string, string> = {
  '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t',
};

/**
 * Reads one JSON text, given as UTF-8 bytes or as a string. Throws {@link JsonSyntaxError}: for malformed text, lone
 * surrogates, U+0000, integers beyond 64 bits, numbers that overflow a double, and more than 256 levels.
 */
export function parseJson(text: string | Uint8Array): any {
  let source: string;
  if (typeof text === 'string') {
    source = text;
  } else {
    try {
      source = decoder.decode(text);
    } catch {
      throw new JsonSyntaxError('the text is not UTF-8');
    }
  }
  return new Reader(source).read();
}

class Reader {
  private readonly text: string;
  private at = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  read(): any {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) this.fail('more text after the value');
    return value;
  }

  private fail(what: string): never {
    throw new JsonSyntaxError(`not JSON: ${what} at character ${this.at}`);
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.at += 1;
    }
  }

  private value(): any {
    this.space();
    switch (this.text[this.at]) {
      case '{': return this.object();
      case '[': return this.array();
      case '"': return this.string();
      case 't': return this.word('true', true);
      case 'f': return this.word('false', false);
      case 'n': return this.word('null', null);
      default: return this.number();
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('an unknown word');
    this.at += word.length;
    return value;
  }

  private enter(): void {
    this.at += 1;
    this.depth += 1;
    if (this.depth > MOST_LEVELS) this.fail(`more than ${MOST_LEVELS} levels`);
    this.space();
  }

  private leave(): void {
    this.at += 1;
    this.depth -= 1;
  }

  private object(): JsonObject {
    const result: JsonObject = {};
    this.enter();
    if (this.text[this.at] === '}') {
      this.leave();
      return result;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail('a member name was expected');
      const key = this.string();
      this.space();
      if (this.text[this.at] !== ':') this.fail("':' was expected");
      this.at += 1;
      setMember(result, key, this.value());
      this.space();
      const next = this.text[this.at];
      if (next === '}') break;
      if (next !== ',') this.fail("',' or '}' was expected");
      this.at += 1;
    }
    this.leave();
    return result;
  }

  private array(): any[] {
    const result: any[] = [];
    this.enter();
    if (this.text[this.at] === ']') {
      this.leave();
      return result;
    }
    for (;;) {
      result.push(this.value());
      this.space();
      const next = this.text[this.at];
      if (next === ']') break;
      if (next !== ',') this.fail("',' or ']' was expected");
      this.at += 1;
    }
    this.leave();
    return result;
  }

  private string(): string {
    const start = this.at;
    let result = '';
    this.at += 1;
    for (;;) {
      PLAIN_RUN.lastIndex = this.at;
      PLAIN_RUN.test(this.text);
      const end = PLAIN_RUN.lastIndex;
      if (end > this.at) {
        result += this.text.slice(this.at, end);
        this.at = end;
      }
      const next = this.text[this.at];
      if (next === '"') break;
      if (next === undefined) this.fail('the text ends within a string');
      if (next !== '\\') this.fail('a control character within a string');
      result += this.escape();
    }
    this.at += 1;
    if (LONE_SURROGATE.test(result)) {
      this.at = start;
      this.fail('half a surrogate pair within the string');
    }
    return result;
  }

  private escape(): string {
    const letter = this.text[this.at + 1];
    if (letter === 'u') {
      const digits = this.text.slice(this.at + 2, this.at + 6);
      if (!HEX.test(digits)) this.fail('a \\u escape without four hexadecimal digits');
      const code = parseInt(digits, 16);
      if (code === 0) this.fail('U+0000 within a string');
      this.at += 6;
      return String.fromCharCode(code);
    }
    const character = letter === undefined ? undefined : ESCAPES[letter];
    if (character === undefined) this.fail('an unknown escape');
    this.at += 2;
    return character;
  }

  private number(): number | bigint {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) {
      this.fail(this.at >= this.text.length ? 'the text ends where a value was expected' : 'no value');
    }
    const digits = match[0] as string;
    const value = Number(digits);
    if (match[1] !== undefined || match[2] !== undefined) {
      if (!Number.isFinite(value)) this.fail('a number that is too large');
    } else if (!Number.isSafeInteger(value)) {
      // 20 characters hold every integer of 64 bits; more would cost time for nothing.
      const integer = digits.length > 20 ? null : BigInt(digits);
      if (integer === null || integer < INT64_MIN || integer > INT64_MAX) this.fail('an integer beyond 64 bits');
      this.at += digits.length;
      return integer;
    }
    this.at += digits.length;
    return value;
  }
}
