import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'http';
import type { AddressInfo, Socket } from 'net';
import type { Clock } from './clock';
import type { FaultKind, Faults, ServiceName } from './faults';
import type { Role } from './iam';

/** An API request, as the journal keeps it. */
export interface ApiRequest {
  readonly at: number;
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The role that signed the request. */
  readonly principal?: string;
  status?: number;
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
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is understood, before anything is judged. */
export interface Call {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly distributionId?: string;
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
  roleOf(accessKeyId: string): Role | undefined;
  /** Called when a request has had its effect, and is not answered yet. */
  afterEffect(request: ApiRequest): boolean;
}

/** One AWS service on loopback. */
export abstract class Service {
  /** The scope that a signature must name, as region/service. */
  protected abstract readonly credentialScope: RegExp;

  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(protected readonly name: ServiceName, protected readonly surroundings: Surroundings) {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(error => response.destroy(error));
    });
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

  async stop(): Promise<void> {
    this.sockets.forEach(socket => socket.destroy());
    await new Promise(resolve => this.server.close(resolve));
  }

  /** Reads a request; throws a ServiceError where it is none that the service knows. */
  protected abstract parse(request: RawRequest): Call;
  /** Judges the request and does what it asks. */
  protected abstract perform(call: Call, role: Role | undefined): Answer;
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
      const role = this.signer(raw);
      request = { at: clock.now(), service: this.name, operation: call.operation, input: call.input, principal: role?.name };
      requests.push(request);
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
        if ('throttle' in fault) {
          throw new ServiceError(this.name === 'cloudfront' ? 'Throttling' : 'ThrottlingException', 400, 'Rate exceeded');
        }
        if ('error' in fault) {
          throw new ServiceError(fault.error, fault.status, fault.message ?? `${fault.error} (sandbox)`);
        }
      }
      answer = this.perform(call, role);
      if (this.surroundings.afterEffect(request)) {
        request.errorCode = 'crash';
        return;
      }
    } catch (error) {
      if (!(error instanceof ServiceError)) {
        throw error;
      }
      answer = this.error(error);
      if (request !== undefined) {
        request.errorCode = error.code;
      }
    }

    if (fault !== undefined && 'delay' in fault) {
      await clock.sleep(fault.delay);
    }
    if (fault !== undefined && 'reset' in fault) {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (fault !== undefined && 'hang' in fault) {
      return;
    }
    if (request !== undefined) {
      request.status = answer.status;
    }
    const body = fault !== undefined && 'malformed' in fault ? '<!doctype html><p>proxy' : answer.body;
    response.writeHead(answer.status, {
      ...answer.headers,
      'content-length': Buffer.byteLength(body),
      'x-amzn-requestid': requestId(),
      // The SDK corrects its clock by this header: it must be the sandbox's time, not ours.
      'date': new Date(clock.now()).toUTCString(),
    });
    if (fault !== undefined && 'truncate' in fault) {
      response.write(body.slice(0, body.length / 2), () => incoming.socket.destroy());
      return;
    }
    response.end(body);
  }

  private signer(raw: RawRequest): Role | undefined {
    const authorization = raw.headers.authorization ?? '';
    const [, accessKeyId, scope] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^,]+)\/aws4_request, /.exec(authorization) ?? [];
    if (accessKeyId === undefined) {
      throw new ServiceError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token');
    }
    if (!this.credentialScope.test(scope)) {
      throw new ServiceError('SignatureDoesNotMatch', 403, `Credential should be scoped to ${this.credentialScope.source}, not ${scope}.`);
    }
    return this.surroundings.roleOf(accessKeyId);
  }
}

export function requestId(): string {
  return crypto.randomUUID();
}
