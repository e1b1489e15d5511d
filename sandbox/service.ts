import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'http';
import type { AddressInfo, Socket } from 'net';
import type { Clock } from './clock';
import type { FaultKind, Faults, ServiceName } from './faults';
import type { Role } from './iam';
import { RateLimit, type RateLimitSettings } from './rate-limit';

/** An API request, as the journal keeps it. */
export interface ApiRequest {
  readonly at: number;
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The trace of X-Ray that the request belongs to. */
  readonly traceId?: string;
  /** The role that signed the request. */
  principal?: string;
  /** Undefined for a request that got no answer. */
  status?: number;
  /** The error that the service answered with, or `reset`, `hang` or `crash` where there was no answer. */
  errorCode?: string;
}

/** An error that a service answers with. */
export class ServiceError extends Error {
  constructor(readonly code: string, readonly status: number, message: string) {
    super(message);
  }
}

export interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is understood, before anything is judged. */
export interface Call {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly distributionId?: string;
  /** Of the caller. */
  readonly sessionToken?: string;
  /** What is wrong with the body: said once it is clear who asks. */
  readonly problem?: ServiceError;
}

/** Who asks. */
export interface Caller {
  readonly role: Role;
  /** The name of the function, for a function; for an assumed role what its assumer has chosen. */
  readonly session: string;
}

export interface RawRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** What all services of the sandbox share: a role for each access key, faults, a journal, and crashes to order. */
export interface Surroundings {
  readonly clock: Clock;
  readonly faults: Faults;
  readonly requests: ApiRequest[];
  /** Whose credentials these are. Throws a ServiceError where they are no longer valid. */
  callerOf(accessKeyId: string, sessionToken: string): Caller | undefined;
  /** Called when a request has had its effect, and is not answered yet. Returns whether the process that sent it is gone. */
  afterEffect(request: ApiRequest, sessionToken: string): boolean;
}

/** One AWS service on loopback. */
export abstract class Service {
  /** The scope that a signature must name, as region/service. */
  protected abstract readonly credentialScope: RegExp;

  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** By operation. */
  private readonly rateLimits = new Map<string, RateLimit>();

  constructor(protected readonly name: ServiceName, protected readonly surroundings: Surroundings) {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(error => response.destroy(error));
    });
    // A client that computes for seconds between two requests keeps its connection, as with AWS.
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', socket => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>(resolve => this.server.listen(0, '127.0.0.1', resolve));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.sockets.size;
  }

  /** As AWS does after a while, or when a part of it is replaced. */
  closeConnections(): void {
    this.sockets.forEach(socket => socket.destroy());
  }

  async stop(): Promise<void> {
    this.closeConnections();
    await new Promise(resolve => this.server.close(resolve));
  }

  /** Throttles an operation for all callers together. AWS does so without saying at what rate; the sandbox does not unless told. */
  limitRate(operation: string, settings: RateLimitSettings): void {
    this.rateLimits.set(operation, new RateLimit(this.surroundings.clock, settings));
  }

  /** Reads a request; throws a ServiceError where it is none that the service knows. */
  protected abstract parse(request: RawRequest): Call;
  /** Judges the request and does what it asks. */
  protected abstract perform(call: Call, caller: Caller | undefined): Answer;
  protected abstract error(error: ServiceError): Answer;

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) {
      chunks.push(chunk as Buffer);
    }
    const raw: RawRequest = {
      method: incoming.method ?? 'GET',
      url: new URL(incoming.url ?? '/', this.endpoint),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    const { clock, faults, requests } = this.surroundings;

    let request: ApiRequest | undefined;
    let fault: FaultKind | undefined;
    let answer: Answer;
    try {
      const call = this.parse(raw);
      const traceId = raw.headers['x-amzn-trace-id'];
      request = {
        at: clock.now(),
        service: this.name,
        operation: call.operation,
        input: call.input,
        ...traceId !== undefined && { traceId: String(traceId) },
      };
      requests.push(request);
      const sessionToken = String(raw.headers['x-amz-security-token'] ?? '');
      const caller = this.caller(raw, sessionToken);
      request.principal = caller?.role.name;
      fault = faults.strike(this.name, call.operation, call.distributionId);
      if (fault !== undefined) {
        if ('reset' in fault && fault.reset === 'before') {
          request.errorCode = 'reset';
          incoming.socket.resetAndDestroy();
          return;
        }
        if ('hang' in fault && fault.hang === 'before') {
          request.errorCode = 'hang';
          return;
        }
        if ('error' in fault) {
          throw new ServiceError(fault.error, fault.status, fault.message ?? `${fault.error} (sandbox)`);
        }
      }
      if (fault !== undefined && 'throttle' in fault || this.rateLimits.get(call.operation)?.take() === false) {
        throw new ServiceError(this.name === 'codepipeline' ? 'ThrottlingException' : 'Throttling', 400, 'Rate exceeded');
      }
      if (call.problem !== undefined) {
        throw call.problem;
      }
      answer = this.perform(call, caller);
      if (this.surroundings.afterEffect(request, sessionToken)) {
        request.errorCode = 'crash';
        return;
      }
    } catch (error) {
      const problem = error instanceof ServiceError ? error : ownProblem(error);
      answer = this.error(problem);
      if (request !== undefined) {
        request.errorCode = problem.code;
      }
    }

    if (fault !== undefined && 'delay' in fault) {
      await clock.sleep(fault.delay);
    }
    if (request !== undefined && fault !== undefined && ('reset' in fault || 'hang' in fault)) {
      request.errorCode = 'reset' in fault ? 'reset' : 'hang';
      if ('reset' in fault) {
        incoming.socket.resetAndDestroy();
      }
      return;
    }
    const isMalformed = fault !== undefined && 'malformed' in fault;
    const status = isMalformed ? 200 : answer.status;
    const body = isMalformed ? '<!doctype html><p>proxy' : answer.body;
    if (request !== undefined) {
      request.status = status;
    }
    response.writeHead(status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(body),
      'x-amzn-requestid': requestId(),
      // The SDK corrects its clock by this header: it must be the sandbox's time, not ours.
      'date': new Date(clock.now()).toUTCString(),
    });
    if (fault !== undefined && 'truncate' in fault) {
      response.write(body.slice(0, Math.floor(body.length / 2)), () => incoming.socket.destroy());
      return;
    }
    response.end(body);
  }

  private caller(raw: RawRequest, sessionToken: string): Caller | undefined {
    const authorization = raw.headers.authorization ?? '';
    const [, accessKeyId, scope] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^,]+)\/aws4_request, /.exec(authorization) ?? [];
    if (accessKeyId === undefined) {
      throw new ServiceError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token');
    }
    if (!this.credentialScope.test(scope)) {
      throw new ServiceError('SignatureDoesNotMatch', 403, `Credential should be scoped to ${this.credentialScope.source}, not ${scope}.`);
    }
    return this.surroundings.callerOf(accessKeyId, sessionToken);
  }
}

/** What the sandbox itself cannot do, such as a policy that it cannot judge: nothing that waiting would mend. */
function ownProblem(error: unknown): ServiceError {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`The sandbox cannot answer: ${message}\n`);
  return new ServiceError('SandboxError', 400, message);
}

export function requestId(): string {
  return crypto.randomUUID();
}
