/** Importing the modules that hold handlers, with errors a person can act on. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { handlerNameOf, isHandlerClass } from '../handler/base.js';
import type { StepHandlerClass } from '../handler/base.js';
import { setAliases } from './aliases.js';
import type { HandlerRegistry } from './registry.js';

const INDEXES = ['examples/index', 'index', 'dsl_examples/index'];
const SCRIPTS = ['.js', '.mjs', '.ts', '.mts'];
const LISTS = ['ALL_EXAMPLE_HANDLERS', 'ALL_DSL_HANDLERS'];
const OWN = new URL('..', import.meta.url).href;
let saidTypes = false;

/** A module with handlers cannot be used; the message names the file and the remedy. */
export class LoadError extends Error {
  override name = 'LoadError';
}

/** Loads a file, or a directory as {@link loadDirectory}; gives the number of handlers. */
export async function loadPath(path: string, registry: HandlerRegistry): Promise<number> {
  const full = resolve(path);
  if (!existsSync(full)) {
    throw new LoadError(`there is no file or directory '${path}' (a path counts from ${process.cwd()})`);
  }
  return statSync(full).isDirectory() ? loadDirectory(full, registry) : loadFile(full, registry);
}

/**
 * Loads the handlers of a directory: the index files that older packages have (`examples/index`, `index`,
 * `dsl_examples/index`), else all scripts below it.
 */
export async function loadDirectory(directory: string, registry: HandlerRegistry): Promise<number> {
  let count = 0;
  for (const index of INDEXES) {
    const found = ['.js', '.ts'].map((extension) => join(directory, index + extension)).find((file) => existsSync(file));
    if (found !== undefined) count += await loadFile(found, registry);
  }
  if (count > 0) return count;
  for (const file of scripts(directory)) count += await loadFile(file, registry);
  return count;
}

function scripts(directory: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(directory).sort()) {
    if (entry.startsWith('.') || entry === 'node_modules') continue;
    const path = join(directory, entry);
    if (statSync(path).isDirectory()) found.push(...scripts(path));
    else if (SCRIPTS.includes(extname(path)) && !/\.d\.m?ts$/.test(path) && !/\.(test|spec)\.m?[jt]s$/.test(path)) found.push(path);
  }
  return found;
}

async function loadFile(file: string, registry: HandlerRegistry): Promise<number> {
  if (/\.m?ts$/.test(file) && !runtimeStripsTypes()) {
    if (!saidTypes) {
      saidTypes = true;
      console.warn(`this Node (${process.version}) does not run TypeScript: ${file} and its like are skipped; compile them and name the .js files`);
    }
    return 0;
  }
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw new LoadError(`${file} cannot be imported: ${problem(error, file)}`);
  }
  const classes = handlersOf(module);
  for (const handlerClass of classes) {
    registry.register(handlerNameOf(handlerClass), handlerClass);
    setAliases(registry, handlerClass, basename(file).replace(/\.m?[jt]s$/, ''));
  }
  return classes.length;
}

function runtimeStripsTypes(): boolean {
  return (process as unknown as { features?: { typescript?: unknown } }).features?.typescript ? true : 'Bun' in globalThis;
}

/** Exported lists of older packages, else every export that is a handler with a name of its own. */
function handlersOf(module: Record<string, unknown>): StepHandlerClass[] {
  for (const name of LISTS) {
    const list = module[name];
    if (Array.isArray(list)) return list.filter(isHandlerClass);
  }
  const found = Object.values(module).filter(isHandlerClass).filter((value) => isConcrete(value));
  return [...new Set(found)];
}

/** Base classes that a module re-exports have neither a name of their own nor a `call`. */
function isConcrete(value: StepHandlerClass): boolean {
  const own: unknown = (value as { handlerName?: unknown }).handlerName;
  return (typeof own === 'string' && own !== '') || typeof (value.prototype as { call?: unknown }).call === 'function';
}

function problem(error: unknown, file: string): string {
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split('\n').find((line) => /^file:|^\s+at .*file:/.test(line) && !line.includes(OWN))?.trim()
    ?? (error instanceof SyntaxError ? placeOfSyntaxError(file) : undefined);
  const name = error.name === 'ProcessExitError' ? '' : `${error.name}: `;
  return `${name}${error.message.split('\n')[0]}${place === undefined ? '' : ` (${place})`}`;
}

/**
 * Node tells the place of a syntax error only when a program ends of it. One without a frame of the module was found while
 * linking, so nothing of the module runs in that program either.
 */
function placeOfSyntaxError(file: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 10_000 });
  return /^(file:\S+|\/.*):\d+$/m.exec(stderr)?.[0];
}
