import { connect, type AddressInfo } from 'net';
import { createServer, type Server } from 'tls';
import type { Certificate } from '../sandbox';

/** HTTPS in front of a service of the sandbox, which has none: a handshake is a part of what a cold job costs. */
export class TlsFront {
  static async start(certificate: Certificate): Promise<TlsFront> {
    const front = new TlsFront(certificate);
    await new Promise<void>(resolve => front.server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  /** The service's own endpoint, to be set before the first request. */
  target = '';

  private readonly server: Server;

  private constructor(certificate: Certificate) {
    this.server = createServer(certificate, socket => {
      const upstream = connect(Number(new URL(this.target).port), '127.0.0.1');
      const end = () => [socket, upstream].forEach(each => each.destroy());
      [socket, upstream].forEach(each => each.on('error', end).on('close', end));
      socket.pipe(upstream).pipe(socket);
    });
  }

  get endpoint(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
  }
}
