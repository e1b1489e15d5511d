import { request } from 'https';
import type { Visit } from './world';

/**
 * Visits a page as anybody would.
 *
 * @param ca the authority of the certificate. @default - those that Node.js knows
 */
export function visit(url: string, ca?: string): Promise<Visit> {
  return new Promise((resolve, reject) => {
    request(url, { ca, agent: false }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject).on('end', () => {
        const { 'x-cache': cache, age } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString('utf8'),
          cache: cache === undefined ? undefined : String(cache),
          age: age === undefined ? undefined : Number(age),
        });
      });
    }).on('error', reject).end();
  });
}
