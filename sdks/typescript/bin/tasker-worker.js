#!/usr/bin/env node
import { main } from '../dist/src/worker/cli.js';

// Handlers that outlast the grace period, and what they hold open, must not keep the process.
process.exit(await main(process.argv.slice(2)));
