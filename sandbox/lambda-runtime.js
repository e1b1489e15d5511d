/**
 * Lambda's client in the process of a function, as far as a function can tell it from AWS's own (aws-lambda-ric), which can run in its place:
 * it loads the handler, asks for one event after the other, and answers.
 */
'use strict';

const { existsSync } = require('fs');
const { Agent, request } = require('http');
const { createRequire } = require('module');
const { basename, join, resolve } = require('path');
const { pathToFileURL } = require('url');

const { AWS_LAMBDA_RUNTIME_API, _HANDLER: handlerName, LAMBDA_TASK_ROOT: taskRoot } = process.env;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = `Runtime.${name}`;
  }
}

main();

async function main() {
  let handler;
  try {
    handler = await load();
  } catch (error) {
    logError('-', 'Init Error', error);
    await call('POST', 'init/error', formatted(error));
    throw error;
  }
  for (;;) {
    await serve(handler, await call('GET', 'invocation/next'));
  }
}

async function load() {
  if (handlerName.includes('..')) {
    throw new RuntimeError('MalformedHandlerName', `'${handlerName}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const [, file, method] = /^([^.]*)\.(.*)$/.exec(basename(handlerName)) ?? [];
  if (file === undefined) {
    throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  }
  const module = await loadModule(handlerName.slice(0, -basename(handlerName).length), file);
  const handler = find(module, method) ?? find(module.default, method);
  if (typeof handler !== 'function') {
    throw new RuntimeError('HandlerNotFound', handler ? `${handlerName} is not a function` : `${handlerName} is undefined or not exported`);
  }
  if (handler.length >= 3) {
    throw new RuntimeError('CallbackHandlerDeprecated', 'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24.');
  }
  return handler;
}

async function loadModule(root, file) {
  try {
    const path = ['', '.js', '.mjs', '.cjs'].map(extension => resolve(taskRoot, root, file) + extension).find(existsSync);
    return path === undefined ? createRequire(join(taskRoot, root, 'index.js'))(file) : await import(pathToFileURL(path));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw Object.assign(new RuntimeError('UserCodeSyntaxError', String(error)), { stack: error.stack });
    }
    throw error.code === 'MODULE_NOT_FOUND' ? new RuntimeError('ImportModuleError', String(error)) : error;
  }
}

function find(module, method) {
  return method.split('.').reduce((found, name) => typeof found === 'object' ? found?.[name] : undefined, module);
}

async function serve(handler, { headers, body }) {
  const requestId = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  const context = {
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: requestId,
    xRayTraceId: headers['lambda-runtime-trace-id'],
    // Negative where the time is over, and the process has been asleep.
    getRemainingTimeInMillis: () => deadline - Date.now(),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
  };
  try {
    const result = await handler(JSON.parse(body), context);
    await call('POST', `invocation/${requestId}/response`, result ?? null);
  } catch (error) {
    logError(requestId, 'Invoke Error', error);
    await call('POST', `invocation/${requestId}/error`, formatted(error));
  }
}

function formatted(error) {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function logError(requestId, what, error) {
  const { errorType, errorMessage, trace: stackTrace } = formatted(error);
  const timestamp = new Date().toISOString();
  process.stdout.write(process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON'
    ? `${JSON.stringify({ timestamp, level: 'ERROR', requestId, message: { errorType, errorMessage, stackTrace } })}\n`
    : `${[timestamp, requestId, 'ERROR', `${what} `, JSON.stringify({ errorType, errorMessage, stack: stackTrace })].join('\t')}\n`);
}

function call(method, path, body) {
  return new Promise((resolved, reject) => {
    request(`http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/${path}`, { method, agent }, response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk)).on('error', reject)
        .on('end', () => resolved({ headers: response.headers, body: Buffer.concat(chunks).toString('utf8') }));
    }).on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  });
}
