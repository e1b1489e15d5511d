import { X509Certificate } from 'crypto';
import { createServer, request } from 'https';
import type { AddressInfo } from 'net';
import { selfSignedCertificate } from '../../sandbox';

test('a certificate is of this machine, valid now, and signed by itself', () => {
  const { cert } = selfSignedCertificate();
  const parsed = new X509Certificate(cert);
  expect(parsed.checkHost('localhost')).toBe('localhost');
  expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(parsed.checkHost('www.example.com')).toBeUndefined();
  expect(parsed.verify(parsed.publicKey)).toBe(true);
  expect(Date.parse(parsed.validFrom)).toBeLessThan(Date.now());
  expect(Date.parse(parsed.validTo)).toBeGreaterThan(Date.now());
});

test('who is told to trust it does, and nobody else', async () => {
  const certificate = selfSignedCertificate();
  const server = createServer(certificate, (_, response) => response.end('hello'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const visit = (ca?: string) => new Promise((resolve, reject) =>
    request({ host: '127.0.0.1', port, ca, agent: false }, response => response.resume().on('end', () => resolve(response.statusCode))).on('error', reject).end());
  try {
    expect(await visit(certificate.cert)).toBe(200);
    await expect(visit()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await expect(visit(selfSignedCertificate().cert)).rejects.toThrow(/self-signed|unable to/);
  } finally {
    server.close();
  }
});
