export { StepHandler } from './handler/base.js';
