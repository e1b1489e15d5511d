/**
 * The native part of AWS's client, where it cannot be built: it calls Lambda's Runtime API over HTTP, and no more. Loads AWS's JavaScript.
 */
'use strict';

const { Agent, request } = require('http');
const Module = require('module');

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
/** AWS's own does not return before it is answered. */
let answered = Promise.resolve();

const part = {
  next: async () => {
    await answered;
    const { headers, body } = await call('GET', 'next');
    return { bodyJson: body, headers };
  },
  done: (id, body) => void (answered = call('POST', `${id}/response`, body)),
  error: (id, body) => void (answered = call('POST', `${id}/error`, body)),
};

Module._extensions['.node'] = module => {
  module.exports = part;
};

import('aws-lambda-ric');

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    request(`http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/${path}`, { method, agent }, response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk)).on('error', reject)
        .on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }));
    }).on('error', reject).end(body);
  });
}
