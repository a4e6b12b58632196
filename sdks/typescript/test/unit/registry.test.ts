import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  HandlerRegistry, HandlerSystem, MethodDispatchError, MethodDispatchWrapper, RegistryResolver, ResolverChain, ResolverNotFoundError, StepHandler,
} from '../../src/index.js';
import type { HandlerDefinition, StepContext, StepHandlerResult } from '../../src/index.js';
import { PACKAGE } from '../support/vectors.js';

console.info = () => undefined;
const warnings: string[] = [];
console.warn = (text: string) => warnings.push(text);

class One extends StepHandler {
  static handlerName = 'one';
  async call(_context: StepContext): Promise<StepHandlerResult> {
    return this.success({ from: 'one' });
  }
  async other(_context: StepContext): Promise<StepHandlerResult> {
    return this.success({ from: 'other' });
  }
}
class Two extends One {
  static handlerName = 'two';
}

test('names, class names, instances and factories resolve', async () => {
  const registry = new HandlerRegistry();
  registry.register('one', One);
  registry.register('instance', new Two());
  registry.register('factory', (config) => Object.assign(new One(), { region: config['region'] }));
  assert.deepEqual(registry.listHandlers(), ['one', 'instance', 'factory']);
  assert.ok((await registry.resolve('one')) instanceof One);
  assert.ok((await registry.resolve('One')) instanceof One);
  assert.ok((await registry.resolve('instance')) instanceof Two);
  const made = await registry.resolve({ callable: 'factory', initialization: { region: 'eu' } });
  assert.equal((made as unknown as { region: string }).region, 'eu');
  assert.equal(await registry.resolve('nobody'), null);
  assert.equal(await registry.resolve({ callable: 'one', method: 'none' }), null);
  assert.equal(await registry.resolve({ callable: 'one', resolver: 'none' }), null);
  assert.ok(registry.resolveSync('one') instanceof One);
  assert.throws(() => registry.register('', One), TypeError);
  assert.throws(() => registry.register('x', {} as never), /neither a handler class/);
});

test('a later explicit name wins with a warning, an alias never displaces one', async () => {
  const registry = new HandlerRegistry();
  registry.register('Two', One);
  registry.register('two', Two);
  assert.equal(registry.getHandlerClass('Two'), One);
  registry.register('two', One);
  assert.match(warnings.at(-1) ?? '', /Overwriting handler: two/);
  assert.equal(registry.unregister('two'), true);
  assert.equal(registry.isRegistered('two'), false);
  let changes = 0;
  const stop = registry.onChange(() => { changes += 1; });
  registry.clear();
  stop();
  registry.register('one', One);
  assert.equal(changes, 1);
});

class Prefixed extends RegistryResolver {
  static override _name = 'prefixed';
  static override prefix = 'app:';
  resolveHandler(definition: HandlerDefinition): StepHandler | null {
    return definition.callable === 'app:one' ? new One() : null;
  }
}

test('resolvers are asked in order, a hint skips the chain', async () => {
  const registry = new HandlerRegistry();
  registry.addResolver(new Prefixed());
  assert.deepEqual(registry.listResolvers(), [['explicit_mapping', 10], ['prefixed', 50], ['class_lookup', 100]]);
  assert.ok((await registry.resolve('app:one')) instanceof One);
  assert.equal(await registry.resolve('app:none'), null);
  registry.register('app:one', Two);
  assert.ok((await registry.resolve('app:one')) instanceof Two);
  assert.ok(!((await registry.resolve({ callable: 'app:one', resolver: 'prefixed' })) instanceof Two));
  await assert.rejects(registry.getResolverChain().resolve({ callable: 'x', resolver: 'none' }), ResolverNotFoundError);
  assert.equal(await ResolverChain.default(), await ResolverChain.default());
});

test('another method is called through a wrapper', async () => {
  const wrapper = new MethodDispatchWrapper(new One(), 'other');
  assert.deepEqual((await wrapper.call({} as StepContext)).result, { from: 'other' });
  assert.deepEqual([wrapper.name, wrapper.version, wrapper.unwrap() instanceof One], ['one', '1.0.0', true]);
  for (const method of ['none', 'constructor', 'hasOwnProperty', 'name']) {
    assert.throws(() => new MethodDispatchWrapper(new One(), method), MethodDispatchError);
  }
});

test('directories are searched, modules can be imported by path', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-sdk-load-'));
  try {
    const source = (name: string): string =>
      `import { StepHandler } from '${PACKAGE}dist/src/index.js';\nexport class ${name} extends StepHandler { static handlerName = '${name.toLowerCase()}'; async call() { return this.success({}); } }\n`;
    writeFileSync(join(folder, 'a.mjs'), source('Alpha'));
    writeFileSync(join(folder, 'b.mjs'), source('Beta'));
    writeFileSync(join(folder, 'b.test.mjs'), 'throw new Error("tests are not loaded")');
    const system = new HandlerSystem();
    await system.initialize();
    assert.equal(await system.loadFromPath(folder), 2);
    assert.deepEqual(system.listHandlers(), ['alpha', 'beta']);
    assert.ok(await system.resolve('a.Alpha'));
    writeFileSync(join(folder, 'index.js'), '');
    await assert.rejects(system.loadFromPath(join(folder, 'none')), /there is no file or directory/);
    const upwards = `../../../../../../../../../../../..${folder}`;
    assert.ok(await system.resolve({ callable: `${upwards}/a.mjs#Alpha` }));
    // What does not exist is no handler; a module that is broken is an error.
    for (const callable of [`${upwards}/none.mjs`, `${upwards}/a.mjs#Gamma`, upwards, './none.js', '@none/none', '@none/none#One']) {
      assert.equal(await system.resolve({ callable }), null, callable);
    }
    writeFileSync(join(folder, 'broken.mjs'), "import './missing.mjs';");
    await assert.rejects(system.resolve({ callable: `${upwards}/broken.mjs` }), /missing\.mjs/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
