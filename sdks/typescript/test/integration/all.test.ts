// One file for the runner, so that the tests share one node and run one after the other.
import './steps.js';
import './failures.js';
import './server.js';
import './tls.js';
import './readme.js';
