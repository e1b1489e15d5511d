import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'http';
import type { AddressInfo } from 'net';

/** What a process has answered to an event, or why it does not start. */
export type RuntimeAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly type: string; readonly message: string } };

/** An event, and what Lambda says with it. */
export interface RuntimeEvent {
  readonly event: unknown;
  readonly requestId: string;
  readonly functionArn: string;
  /** Epoch milliseconds. */
  readonly deadline: number;
  /** For X-Ray, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0`. */
  readonly traceId: string;
}

/**
 * Lambda's side of one process: it asks for the next event, and answers it.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export class RuntimeApi {
  static async start(): Promise<RuntimeApi> {
    const api = new RuntimeApi();
    await new Promise<void>(resolve => api.server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  private readonly server: Server;
  private next: ServerResponse | undefined;

  private constructor() {
    this.server = createServer((request, response) => {
      // A process that is killed takes its connection with it.
      this.serve(request, response).catch(() => response.destroy());
    });
    // A process keeps its connection for as long as it works on an event, and while it is frozen.
    this.server.keepAliveTimeout = 0;
  }

  /** Called when the process is ready for an event, which `deliver` gives it. */
  onNext: () => void = () => {};
  onAnswer: (answer: RuntimeAnswer) => void = () => {};

  /** Host and port, as `AWS_LAMBDA_RUNTIME_API` has them. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  deliver({ event, requestId, functionArn, deadline, traceId }: RuntimeEvent): void {
    this.next?.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': requestId,
      'lambda-runtime-deadline-ms': String(deadline),
      'lambda-runtime-invoked-function-arn': functionArn,
      'lambda-runtime-trace-id': traceId,
    }).end(JSON.stringify(event));
    this.next = undefined;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk as Buffer);
    }
    const [, what] = /^\/2018-06-01\/runtime\/(?:invocation\/[^/]+|invocation|init)\/(next|response|error)$/.exec(request.url ?? '') ?? [];
    if (what === 'next') {
      this.next = response;
      this.onNext();
      return;
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (what === 'response') {
      this.onAnswer({ result: body });
    } else {
      const { errorType, errorMessage } = body as { errorType: string; errorMessage: string };
      this.onAnswer({ error: { type: errorType, message: errorMessage } });
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
  }
}
