/** A reporter for `node --test` that writes JUnit XML; Node 18 has none. */
interface TestEvent {
  type: string;
  data: {
    name: string;
    nesting: number;
    file?: string;
    skip?: string | boolean;
    todo?: string | boolean;
    details?: { duration_ms?: number; type?: string; error?: { message?: string; stack?: string; cause?: unknown } };
  };
}

function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

function textOf(error: unknown): string {
  const { cause, stack, message } = error as { cause?: unknown; stack?: string; message?: string };
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return stack ?? message ?? String(cause ?? error);
}

export default async function* junit(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const cases: string[] = [];
  let failures = 0;
  let skipped = 0;
  let seconds = 0;
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file or a suite is not a test of its own, unless it failed by itself.
    const isGroup = data.details?.type === 'suite' || /\.test\.js$/.test(data.name);
    if (isGroup && type === 'test:pass') continue;
    if (isGroup && (data.details?.error as { failureType?: string } | undefined)?.failureType === 'subtestsFailed') continue;
    const time = (data.details?.duration_ms ?? 0) / 1000;
    seconds += time;
    const file = (data.file ?? '').replace(/^.*\/dist\/test\//, '').replace(/\.js$/, '');
    const head = `  <testcase classname="typescript.${escaped(file)}" name="${escaped(data.name)}" time="${time.toFixed(3)}"`;
    if (data.skip !== undefined && data.skip !== false) {
      skipped += 1;
      cases.push(`${head}><skipped message="${escaped(String(data.skip))}"/></testcase>`);
    } else if (type === 'test:fail') {
      failures += 1;
      const text = textOf(data.details?.error);
      cases.push(`${head}><failure message="${escaped(text.split('\n')[0] ?? '')}">${escaped(text)}</failure></testcase>`);
    } else {
      cases.push(`${head}/>`);
    }
  }
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuite name="typescript" tests="${cases.length}" failures="${failures}" skipped="${skipped}" time="${seconds.toFixed(3)}">\n`;
  yield `${cases.join('\n')}\n</testsuite>\n`;
}
